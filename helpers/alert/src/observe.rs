//! Looking: at receipts, at what systemd says, at disks.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use state::Receipt;

use crate::judge::{FailedBefore, Seen, Space, UnitState};
use crate::manifest::Manifest;

/// How many lines of a unit's journal go with an alert.
const JOURNAL_LINES: &str = "--lines=5";

/// What systemd says of units, by name.
pub(crate) fn states(manifest: &Manifest, units: &[&str]) -> anyhow::Result<BTreeMap<String, UnitState>> {
    if units.is_empty() {
        return Ok(BTreeMap::new());
    }
    let output = Command::new(&manifest.systemctl_command)
        .args(["show", "--property=Id,ActiveState,Result,ExecMainStatus", "--"])
        .args(units)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("asking systemd with {}", manifest.systemctl_command.display()))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "asking systemd about its units: {}", complaint.trim());
    Ok(String::from_utf8_lossy(&output.stdout).split("\n\n").filter_map(parse).collect())
}

/// One block of `systemctl show`.
fn parse(block: &str) -> Option<(String, UnitState)> {
    let fields: BTreeMap<&str, &str> = block.lines().filter_map(|line| line.split_once('=')).collect();
    let field = |name: &str| fields.get(name).copied().unwrap_or_default();
    let state = match field("ActiveState") {
        "activating" | "deactivating" | "reloading" => UnitState::Running,
        "failed" => {
            UnitState::Failed { result: field("Result").to_owned(), status: field("ExecMainStatus").to_owned() }
        }
        _ => UnitState::Well,
    };
    fields.get("Id").map(|id| ((*id).to_owned(), state))
}

/// What is seen of a unit whose state is known.
pub(crate) fn unit(manifest: &Manifest, name: &str, state: UnitState) -> Seen {
    let folder = manifest.units.get(name).and_then(|watched| watched.state_folder.as_deref());
    let journal = if matches!(state, UnitState::Failed { .. }) { journal(manifest, name) } else { Vec::new() };
    let receipt = folder.map_or(Ok(None), |folder| json::<Receipt>(&folder.join("last.json")));
    // That a record of another helper cannot be read is for that helper to say.
    let failed_before = folder.and_then(|folder| json::<FailedBefore>(&folder.join("failed.json")).ok().flatten());
    Seen { state, receipt, failed_before, journal }
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| format!("{}: {error}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// The last lines of a unit's journal. That there are none to be had never keeps an alert back.
fn journal(manifest: &Manifest, unit: &str) -> Vec<String> {
    let output = Command::new(&manifest.journalctl_command)
        .args(["--no-pager", "--output=cat", JOURNAL_LINES, "--unit", unit])
        .stdin(Stdio::null())
        .output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(ToOwned::to_owned).collect()
}

/// Space on the file system that holds `path`.
pub(crate) fn space(path: &Path) -> anyhow::Result<Space> {
    let found =
        rustix::fs::statvfs(path).with_context(|| format!("disk of {}: asking for its free space", path.display()))?;
    Ok(Space { size: found.f_blocks * found.f_frsize, free: found.f_bavail * found.f_frsize })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemd_shows_is_read() {
        let (id, state) = parse("Result=exit-code\nExecMainStatus=203\nId=a.service\nActiveState=failed").unwrap();
        assert_eq!(id, "a.service");
        assert_eq!(state, UnitState::Failed { result: "exit-code".to_owned(), status: "203".to_owned() });
        assert_eq!(parse("Id=b.service\nActiveState=inactive").unwrap().1, UnitState::Well);
        assert_eq!(parse("Id=b.service\nActiveState=activating").unwrap().1, UnitState::Running);
    }
}
