//! Whole runs: receipts and systemd's words in, alerts out.

use std::path::{Path, PathBuf};

use alert::manifest::Manifest;
use alert::memory::Memory;
use alert::{Asked, run};
use serde_json::json;
use state::{Outcome, Receipt};

const UNIT: &str = "hearth-app-wiki.service";

/// A host with one app, a systemctl that says what a file says, and a channel that writes to a file.
struct Host(tempfile::TempDir);

impl Host {
    fn new() -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        host.script("systemctl", "cat $0.says");
        host.script("journalctl", "echo journal");
        host.script("good", "cat > /dev/null; echo \"$HEARTH_ALERT_STATUS $HEARTH_ALERT_KIND\" >> $0.told");
        host.systemd("inactive", "success", 0);
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn script(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(self.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn systemd(&self, active: &str, result: &str, status: u8) {
        let says = format!("Id={UNIT}\nActiveState={active}\nResult={result}\nExecMainStatus={status}\n");
        std::fs::write(self.path("systemctl.says"), says).unwrap();
    }

    fn receipt(&self, outcome: Outcome, summary: &str) {
        let mut receipt = Receipt::start("reconcile-app", "wiki");
        receipt.finish(outcome, summary);
        receipt.write(&self.path("wiki")).unwrap();
        let failed = matches!(outcome, Outcome::Failed | Outcome::RolledBack);
        self.systemd(
            if failed { "failed" } else { "inactive" },
            if failed { "exit-code" } else { "success" },
            outcome.exit_code(),
        );
    }

    fn manifest(&self, channels: &serde_json::Value) -> Manifest {
        let text = json!({
            "schema": 1, "stateFolder": self.path("alerts"), "host": "example", "repeatSeconds": 3600,
            "timeoutSeconds": 5, "systemctlCommand": self.path("systemctl"),
            "journalctlCommand": self.path("journalctl"),
            "units": { UNIT: { "object": "app wiki", "stateFolder": self.path("wiki") } },
            "disks": {}, "channels": channels,
        });
        state::manifest::parse(Path::new("alerts.json"), text.to_string().as_bytes()).unwrap()
    }

    fn run_with(&self, channels: &serde_json::Value, asked: &Asked) -> Receipt {
        run(&self.manifest(channels), asked, false, &mut |_| ()).unwrap()
    }

    fn run(&self) -> Receipt {
        self.run_with(&self.good(), &Asked::Look)
    }

    fn good(&self) -> serde_json::Value {
        json!({ "good": { "kind": "command", "command": [self.path("good")] } })
    }

    fn told(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("good.told")).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }
}

#[test]
fn a_failure_is_told_once_and_its_end_once() {
    let host = Host::new();
    host.receipt(Outcome::Failed, "service app: crash-looping");
    assert_eq!(host.run().outcome, Outcome::Changed);
    host.receipt(Outcome::Failed, "service app: crash-looping");
    assert_eq!(host.run().outcome, Outcome::Unchanged);
    host.receipt(Outcome::Changed, "deployed");
    assert_eq!(host.run().outcome, Outcome::Changed);
    host.receipt(Outcome::Unchanged, "nothing differs");
    host.run();
    assert_eq!(host.told(), ["problem failed", "resolved failed"]);
}

#[test]
fn on_a_full_disk_it_is_told_and_the_run_fails() {
    if !test_needs::mounts() {
        return;
    }
    let host = Host::new();
    let records = host.path("alerts");
    std::fs::create_dir(&records).unwrap();
    let mounted =
        std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=8k", "tmpfs"]).arg(&records).status();
    assert!(mounted.unwrap().success());
    // It ends where there is no room left.
    let _ = std::fs::write(records.join("flood"), [1; 16 << 10]);
    host.receipt(Outcome::Failed, "service app: crash-looping");
    let ended = run(&host.manifest(&host.good()), &Asked::Look, false, &mut |_| ());
    // Lazily: a process that another test starts at this moment holds it for an instant.
    assert!(std::process::Command::new("umount").arg("--lazy").arg(&records).status().unwrap().success());
    assert_eq!(host.told(), ["problem failed"]);
    assert!(format!("{:#}", ended.unwrap_err()).contains("No space left"));
}

#[test]
fn a_helper_that_could_not_start_is_told_although_its_last_receipt_is_good() {
    let host = Host::new();
    host.receipt(Outcome::Changed, "deployed");
    host.systemd("failed", "exit-code", 203);
    assert_eq!(host.run().outcome, Outcome::Changed);
    assert_eq!(host.told(), ["problem could not run"]);
    let memory = Memory::read(&host.path("alerts")).unwrap();
    assert_eq!(memory.open.values().next().unwrap().problem.details, ["journal"]);
}

#[test]
fn a_hold_is_told_and_so_is_its_end() {
    let host = Host::new();
    host.receipt(Outcome::Held, "2.0.0+3 is a major version");
    host.run();
    host.receipt(Outcome::Held, "2.0.0+3 is a major version");
    host.run();
    host.receipt(Outcome::Changed, "deployed");
    host.run();
    assert_eq!(host.told(), ["problem held", "resolved held"]);
}

#[test]
fn a_channel_that_fails_holds_back_no_other_and_gets_it_later() {
    let host = Host::new();
    host.script("down", "exit 1");
    let mut channels = host.good();
    channels["down"] = json!({ "kind": "command", "command": [host.path("down")] });
    host.receipt(Outcome::Failed, "no image");
    let receipt = host.run_with(&channels, &Asked::Look);
    assert_eq!(
        (receipt.outcome, receipt.summary.as_str()),
        (Outcome::Held, "down did not take what is to be told yet")
    );
    let mut memory = Memory::read(&host.path("alerts")).unwrap();
    memory.outbox[0].event.at -= jiff::SignedDuration::from_hours(1);
    memory.write(&host.path("alerts")).unwrap();
    assert_eq!(host.run_with(&channels, &Asked::Look).outcome, Outcome::Failed, "after an hour nobody may overlook it");
    assert!(receipt.warnings[0].starts_with("channel down: "), "{:?}", receipt.warnings);
    host.script("down", "cat > /dev/null; echo \"$HEARTH_ALERT_STATUS\" >> $0.told");
    assert_eq!(host.run_with(&channels, &Asked::Look).outcome, Outcome::Changed);
    assert_eq!(host.run_with(&channels, &Asked::Look).outcome, Outcome::Unchanged);
    assert_eq!(host.told(), ["problem failed"]);
    assert_eq!(std::fs::read_to_string(host.path("down.told")).unwrap(), "problem\n");
}

#[test]
fn what_was_told_is_remembered_across_a_run_that_was_killed_before_it_told_anybody() {
    let host = Host::new();
    host.receipt(Outcome::Failed, "no image");
    // What such a run leaves behind: the outbox, written before anything went out.
    host.run_with(&json!({ "good": { "kind": "command", "command": ["/nonexistent"] } }), &Asked::Look);
    host.run();
    assert_eq!(host.told(), ["problem failed"]);
}

#[test]
fn a_dry_run_tells_nobody_and_remembers_nothing() {
    let host = Host::new();
    host.receipt(Outcome::Failed, "no image");
    let mut said = Vec::new();
    run(&host.manifest(&host.good()), &Asked::Look, true, &mut |line| said.push(line)).unwrap();
    assert_eq!(said, ["problem: app wiki: failed: no image"]);
    assert!(host.told().is_empty() && !host.path("alerts").exists());
}

#[test]
fn a_test_reaches_every_channel_and_opens_no_problem() {
    let host = Host::new();
    assert_eq!(host.run_with(&host.good(), &Asked::Test).outcome, Outcome::Changed);
    assert_eq!(host.told(), ["test failed"]);
    assert!(Memory::read(&host.path("alerts")).unwrap().open.is_empty());
}

#[test]
fn what_ends_while_alerts_go_out_is_told_in_the_same_run() {
    let host = Host::new();
    host.receipt(Outcome::Failed, "no image");
    // The unit is put right by the time that its failure has been told.
    let well = format!("Id={UNIT}\nActiveState=inactive\nResult=success\nExecMainStatus=0\n");
    let mut good = Receipt::start("reconcile-app", "wiki");
    good.finish(Outcome::Changed, "deployed");
    let good = serde_json::to_string(&good).unwrap();
    host.script(
        "good",
        &format!(
            "cat > /dev/null; echo \"$HEARTH_ALERT_STATUS\" >> $0.told; echo '{good}' > {}; printf '{well}' > {}",
            host.path("wiki/last.json").display(),
            host.path("systemctl.says").display()
        ),
    );
    host.run();
    assert_eq!(host.told(), ["problem", "resolved"]);
}
