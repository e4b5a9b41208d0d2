//! `hearth rollback`: back to the version that served before, with its data.

use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use reconcile_app::record::Files;
use snapshot_volumes::Snapshot;

use crate::accept::agreed;
use crate::helper;
use crate::host::Host;
use crate::snapshots::{self, Kept};
use crate::when::{ago, size};

/// Goes back with the helper that owns the app, after it was shown to what.
///
/// # Errors
/// When there is no such app or snapshot, when the person says no, and when the helper cannot be started.
pub fn rollback(host: &Host, app: &str, snapshot: Option<&str>, yes: bool) -> anyhow::Result<ExitCode> {
    let subject = host.app(app)?;
    let folder = subject.state.clone().map_err(anyhow::Error::msg)?;
    let Some(deployed) = Files::in_folder(&folder).deployed()? else { bail!("nothing of {app} was ever deployed") };
    let Some(kept) = snapshots::of(subject)? else { bail!("{app} keeps no snapshots") };
    let to = match snapshot {
        Some(name) => kept.find(app, name)?,
        None => before(&kept, &deployed.digest).with_context(|| {
            format!("{app} has no snapshot of another version than the one that serves; declare the version that it should have")
        })?,
    };
    let about = &to.manifest;
    println!(
        "{app}: {} serves; back to {} with its data of {} ({}, snapshot {}); what serves now is kept in a new snapshot",
        deployed.version.as_deref().unwrap_or("a version without a name"),
        about.version.as_deref().unwrap_or("a version without a name"),
        ago(about.at, Timestamp::now()),
        size(about.bytes()),
        to.id
    );
    ensure!(yes || agreed(&format!("Stop {app} and take it back to that?"))?, "nothing was done");
    helper::run("reconcile-app", &["--back-to", to.id.as_str()], &subject.manifest, &[])
}

/// The newest snapshot of another version than serves, with all that this version ran on.
fn before<'a>(kept: &'a Kept, serves: &str) -> Option<&'a Snapshot> {
    let is_it = |snapshot: &&Snapshot| {
        let about = &snapshot.manifest;
        about.digest != serves && !about.digest.is_empty() && !about.is_dumps()
    };
    kept.snapshots.iter().find(is_it)
}
