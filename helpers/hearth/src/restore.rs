//! `hearth restore`: an app's data back to what it was.

use std::process::ExitCode;

use anyhow::{bail, ensure};
use jiff::Timestamp;

use crate::accept::agreed;
use crate::helper;
use crate::host::Host;
use crate::snapshots;
use crate::when::{ago, size};

/// Restores a snapshot with the helper that owns them, which says what it does as it does it.
///
/// # Errors
/// When there is no such app or snapshot, when the person says no, and when the helper cannot be started.
pub fn restore(host: &Host, app: &str, name: &str, yes: bool) -> anyhow::Result<ExitCode> {
    let subject = host.app(app)?;
    let Some(kept) = snapshots::of(subject)? else { bail!("{app} keeps no snapshots") };
    let snapshot = kept.find(app, name)?;
    let about = &snapshot.manifest;
    state::out!(
        "{app}: snapshot {} was taken {}, of version {}, and holds {} in {} volumes; what was written since is lost",
        snapshot.id,
        ago(about.at, Timestamp::now()),
        about.named().as_deref().unwrap_or("unknown"),
        size(about.bytes()),
        about.volumes.len()
    );
    ensure!(
        yes || agreed(&format!("Stop {app}, put this data in place of what it has now, and start it again?"))?,
        "nothing was restored"
    );
    helper::run("snapshot-volumes", &[], &subject.manifest, &["restore", snapshot.id.as_str()])
}
