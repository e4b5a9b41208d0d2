//! `hearth restore`: an app's data back to what it was.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use snapshot_volumes::Snapshot;

use crate::accept::agreed;
use crate::host::Host;
use crate::snapshots::{self, Kept};
use crate::when::{ago, size};

/// Restores a snapshot with the helper that owns them, which says what it does as it does it.
///
/// # Errors
/// When there is no such app or snapshot, when the person says no, and when the helper cannot be started.
pub fn restore(host: &Host, app: &str, name: &str, yes: bool) -> anyhow::Result<ExitCode> {
    let subject = host.app(app)?;
    let Some(kept) = snapshots::of(subject)? else { bail!("{app} keeps no snapshots") };
    let snapshot = find(&kept, app, name)?;
    let about = &snapshot.manifest;
    println!(
        "{app}: snapshot {} was taken {}, of version {}, and holds {} in {} volumes; what was written since is lost",
        snapshot.id,
        ago(about.at, Timestamp::now()),
        about.version.as_deref().unwrap_or("unknown"),
        size(about.bytes()),
        about.volumes.len()
    );
    ensure!(
        yes || agreed(&format!("Stop {app}, put this data in place of what it has now, and start it again?"))?,
        "nothing was restored"
    );
    let helper = std::env::current_exe().context("finding the helper")?.with_file_name("snapshot-volumes");
    let status = Command::new(&helper).arg(&subject.manifest).args(["restore", snapshot.id.as_str()]).status();
    let status = status.with_context(|| format!("{}; nothing was restored", helper.display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn find<'a>(kept: &'a Kept, app: &str, name: &str) -> anyhow::Result<&'a Snapshot> {
    let is_it = |snapshot: &&Snapshot| match name {
        "last-good" => kept.last_good.as_ref() == Some(&snapshot.id),
        start => snapshot.id.as_str().starts_with(start),
    };
    let found: Vec<&Snapshot> = kept.snapshots.iter().filter(is_it).collect();
    match found[..] {
        [snapshot] => Ok(snapshot),
        [] => bail!("no snapshot of {app} is called `{name}`; `hearth snapshots {app}` lists them"),
        _ => bail!("{} snapshots of {app} have an ID that begins with `{name}`; write more of it", found.len()),
    }
}
