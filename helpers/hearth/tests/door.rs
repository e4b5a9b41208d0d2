//! What is said of an app whose image came through the door, above all after a person went back from it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

/// A host with `wiki test` and `wiki prod`; 1.1.0 was deployed to the first one last. The door itself does not answer.
struct Host(tempfile::TempDir);

fn digest(digit: &str) -> String {
    format!("sha256:{}", digit.repeat(64))
}

impl Host {
    fn new() -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        let of_app = include_str!("cmd/host.in/etc/apps/wiki.json");
        let mut app: Value = serde_json::from_str(of_app).unwrap();
        (app["name"], app["stateFolder"]) = (json!("wiki-test"), json!(host.path("state/wiki-test")));
        app["snapshot"] = json!({ "mode": "none" });
        let mut door: Value = serde_json::from_str(include_str!("cmd/host.in/etc/deploy.json")).unwrap();
        door["environments"][1]["stateFolder"] = app["stateFolder"].clone();
        host.write("etc/apps/wiki-test.json", &app);
        host.write("etc/deploy.json", &door);
        host.write(
            "state/wiki-test/pinned.json",
            &json!({ "schema": 1, "image": "registry.example.org/wiki", "tag": "1.1.0", "digest": digest("b"),
                "by": "key ci", "at": "2026-01-12T08:00:00Z" }),
        );
        host
    }

    /// What serves in `wiki test` is the image with the digest of this digit.
    fn serves(self, digit: &str, image: Option<&str>) -> Self {
        let reference = format!("registry.example.org/wiki@{}", digest(digit));
        self.write("state/wiki-test/compose-1.json", &json!({ "services": { "app": { "image": reference } } }));
        let mut deployed = json!({ "schema": 1, "digest": digit, "version": "0.1.0+1.0.0", "at": "2026-01-12T09:00:00Z",
            "compose": "compose-1.json", "services": {} });
        if let Some(tag) = image {
            deployed["image"] = json!({ "tag": tag, "digest": digest(digit) });
        }
        self.write("state/wiki-test/deployed.json", &deployed);
        self
    }

    /// A person went back from 1.1.0.
    fn went_back(self, image: Option<&str>) -> Self {
        let mut aside = json!({ "digest": "b", "reason": "a person went back from it", "at": "2026-01-12T09:00:00Z",
            "byHand": true, "version": "0.1.0+1.0.0" });
        if let Some(tag) = image {
            aside["image"] = json!({ "tag": tag, "digest": digest("b") });
        }
        self.write("state/wiki-test/failed.json", &aside);
        self
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, value: &Value) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, value.to_string()).unwrap();
    }

    fn hearth(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hearth"));
        let Output { status, stdout, stderr } =
            command.arg("--manifests").arg(self.path("etc")).args(arguments).output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
    }
}

#[test]
fn what_a_person_went_back_from_is_not_promoted() {
    for image in [None, Some("1.0.0")] {
        let host = Host::new().serves("a", image).went_back(image.map(|_| "1.1.0"));
        let (code, said) = host.hearth(&["promote", "wiki", "test", "prod"]);
        assert_eq!(code, Some(2), "{said}");
        assert_eq!(
            said,
            "refused: wiki test does not serve 1.1.0 (sha256:bbbbbbbbbbbb), which was deployed there last: a person went \
             back from it on 2026-01-12T09:00:00Z. Nothing was done. Deploy to test what shall be promoted (`hearth deploy \
             wiki-test TAG`), or deploy the tag itself (`hearth deploy wiki TAG`)\n"
        );
    }
}

#[test]
fn what_does_not_serve_for_another_reason_is_not_promoted_either() {
    let (code, said) = Host::new().serves("c", None).hearth(&["promote", "wiki", "test", "prod"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("which was deployed there last: 0.1.0+1.0.0 serves. Nothing was done"), "{said}");
}

#[test]
fn what_serves_is_promoted_by_its_digest() {
    let (code, said) = Host::new().serves("b", None).hearth(&["promote", "wiki", "test", "prod"]);
    assert_eq!(code, Some(1), "the door does not answer: {said}");
    assert!(said.starts_with(&format!("wiki test has 1.1.0 at {}, deployed by key ci\n", digest("b"))), "{said}");
}

#[test]
fn status_names_what_serves_and_what_a_person_went_back_from() {
    for (image, serves) in [(None, "0.1.0+1.0.0"), (Some("1.0.0"), "1.0.0 (sha256:aaaaaaaaaaaa)")] {
        let host = Host::new().serves("a", image).went_back(image.map(|_| "1.1.0"));
        let (code, said) = host.hearth(&["status"]);
        let expected = format!(
            "{serves} serves; a person went back from 1.1.0 (sha256:bbbbbbbbbbbb) on 2026-01-12T09:00:00Z, deployed by key ci"
        );
        assert!(said.contains(&expected), "{said}");
        assert_eq!(code, Some(20), "it waits for a person, also before the next run says so: {said}");
    }
}

#[test]
fn what_serves_is_named_by_its_tag_and_accepted_by_it() {
    let host = Host::new().serves("b", Some("1.1.0"));
    let (code, said) = host.hearth(&["status"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("wiki-test  app   1.1.0 (sha256:bbbbbbbbbbbb)"), "{said}");
    let (_, json) = host.hearth(&["status", "--json"]);
    assert!(json.contains("\"version\": \"0.1.0+1.0.0\"") && json.contains("\"image\": {"), "{json}");
    let host = host.serves("a", Some("1.0.0")).went_back(Some("1.1.0"));
    let (code, said) = host.hearth(&["accept", "wiki-test", "1.1.0", "--yes"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("1.1.0 (sha256:bbbbbbbbbbbb) waits for a person"), "{said}");
    assert!(said.contains("Accept it with `hearth accept wiki-test 1.1.0`"), "{said}");
}
