//! What is shown of a store with real snapshots, and what metrics say of it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use snapshot_volumes::{About, Store, Volume};

/// A host with one app, of which two snapshots are kept: a healthy one and one that was taken of a broken app.
fn host() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(path("volume")).unwrap();
    std::fs::write(path("volume/rows"), vec![7; 3 << 20]).unwrap();
    let store = Store::in_folder(path("snapshots"));
    let volumes = [Volume { name: "wiki_data".to_owned(), path: path("volume") }];
    for healthy in [true, false] {
        let version = Some("1.2.0+3.4.5".to_owned());
        let about = About { app: "wiki".to_owned(), version, healthy, ..About::default() };
        store.take(&volumes, &about, &mut |_| ()).unwrap();
    }
    let text = include_str!("cmd/host.in/etc/apps/wiki.json");
    let mut manifest: Value = serde_json::from_str(text).unwrap();
    manifest["stateFolder"] = json!(path("state"));
    manifest["snapshot"]["folder"] = json!(path("snapshots"));
    std::fs::create_dir_all(path("etc/apps")).unwrap();
    std::fs::write(path("etc/apps/wiki.json"), manifest.to_string()).unwrap();
    folder
}

fn hearth(host: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearth"));
    let output = command.arg("--manifests").arg(host.join("etc")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn snapshots_are_listed_newest_first_and_last_good_is_marked() {
    let host = host();
    let shown = hearth(host.path(), &["snapshots"]);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(lines[1].starts_with("wiki  000002-") && lines[1].ends_with("the app was not healthy"), "{shown}");
    assert!(lines[2].contains("just now  1.2.0+3.4.5  1        3.0 MiB  last-good"), "{shown}");
    let all: Value = serde_json::from_str(&hearth(host.path(), &["snapshots", "wiki", "--json"])).unwrap();
    assert_eq!([&all[0]["lastGood"], &all[1]["lastGood"]], [&json!(false), &json!(true)]);
}

#[test]
fn metrics_tell_how_old_and_large_the_last_good_snapshot_is() {
    let metrics = hearth(host().path(), &["metrics"]);
    assert!(metrics.contains("hearth_snapshots{name=\"wiki\"} 2\n"), "{metrics}");
    assert!(metrics.contains("hearth_snapshot_last_good_bytes{name=\"wiki\"} 3145728\n"), "{metrics}");
    assert!(metrics.contains("hearth_snapshot_last_good_timestamp_seconds{name=\"wiki\"} 1"), "{metrics}");
}

#[test]
fn a_restore_asks_first_and_names_exactly_one_snapshot() {
    let host = host();
    let refused = |snapshot: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hearth"));
        command.arg("--manifests").arg(host.path().join("etc")).args(["restore", "wiki", snapshot]);
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("last-good").ends_with("Nobody can be asked without a terminal; say --yes\n"));
    assert!(refused("9").contains("no snapshot of wiki is called `9`"));
    assert!(refused("0").contains("2 snapshots of wiki have an ID that begins with `0`"));
}

#[test]
fn a_proved_restore_is_told_beside_its_snapshot_in_status_and_in_metrics() {
    let host = host();
    let listed: Value = serde_json::from_str(&hearth(host.path(), &["snapshots", "wiki", "--json"])).unwrap();
    assert_eq!(listed[1]["proved"], Value::Null);
    assert!(!hearth(host.path(), &["metrics"]).contains("hearth_last_proved_restore"));
    let proof = drill_restore::proof::Proof {
        schema: 1,
        snapshot: serde_json::from_value(listed[1]["id"].clone()).unwrap(),
        taken: "2026-01-11T08:00:00Z".parse().unwrap(),
        version: None,
        at: "2026-01-12T08:00:00Z".parse().unwrap(),
        milliseconds: 7000,
    };
    proof.write(&host.path().join("state")).unwrap();
    let mut receipt = state::Receipt::start("drill-restore", "wiki");
    receipt.finish(state::Outcome::Changed, "proved");
    receipt.write(&host.path().join("state/drill")).unwrap();
    let shown = hearth(host.path(), &["snapshots"]);
    assert!(shown.contains("last-good; its restore was proved"), "{shown}");
    let status = hearth(host.path(), &["status"]);
    assert!(status.contains("drill-wiki  drill") && status.contains("a restore was last proved"), "{status}");
    let metrics = hearth(host.path(), &["metrics"]);
    assert!(metrics.contains("hearth_last_proved_restore_timestamp_seconds{name=\"wiki\"} 1768204800\n"), "{metrics}");
}
