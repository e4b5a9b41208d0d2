//! `hearth rollback`: back to the version that served before, with its data or on that of now.

use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use reconcile_app::keep::{Data, by_verdict};
use reconcile_app::record::{Deployed, Files};
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
pub fn rollback(
    host: &Host,
    app: &str,
    snapshot: Option<&str>,
    asked: Option<Data>,
    yes: bool,
) -> anyhow::Result<ExitCode> {
    let subject = host.app(app)?;
    let folder = subject.state.clone().map_err(anyhow::Error::msg)?;
    let files = Files::in_folder(&folder);
    let Some(deployed) = files.deployed()? else { bail!("nothing of {app} was ever deployed") };
    let Some(kept) = snapshots::of(subject)? else { bail!("{app} keeps no snapshots") };
    let to = match snapshot {
        Some(name) => kept.find(app, name)?,
        None => before(&kept, &deployed.digest).with_context(|| {
            format!("{app} has no snapshot of another version than the one that serves; declare the version that it should have")
        })?,
    };
    let (by_verdict, why) = by_verdict(files.migrations()?.as_ref(), &deployed.digest, &to.manifest.digest);
    let data = asked.unwrap_or(by_verdict);
    state::out!("{app}: {}; what serves now is kept in a new snapshot", shown(&deployed, to, data, &why));
    ensure!(yes || agreed(&format!("Stop {app} and take it back to that?"))?, "nothing was done");
    let mut arguments = vec!["--back-to", to.id.as_str()];
    arguments.extend(asked.iter().flat_map(|data| ["--data", word(*data)]));
    helper::run("reconcile-app", &arguments, &subject.manifest, &[])
}

/// How it is said to the helper.
fn word(data: Data) -> &'static str {
    match data {
        Data::Keep => "keep",
        Data::Restore => "restore",
    }
}

/// What is about to be done, and what a trial said of the data.
fn shown(deployed: &Deployed, to: &Snapshot, data: Data, why: &str) -> String {
    let about = &to.manifest;
    let (serves, version) = (deployed.named(), about.named());
    let nameless = "a version without a name";
    let of = format!("{} ({}, snapshot {})", ago(about.at, Timestamp::now()), size(about.bytes()), to.id);
    let with = match data {
        Data::Keep => format!("on the data of now, not that of {of}"),
        Data::Restore => format!("with its data of {of}"),
    };
    format!(
        "{} serves; back to {} {with}; {why}",
        serves.as_deref().unwrap_or(nameless),
        version.as_deref().unwrap_or(nameless)
    )
}

/// The newest snapshot of another version than serves, with all that this version ran on.
fn before<'a>(kept: &'a Kept, serves: &str) -> Option<&'a Snapshot> {
    let is_it = |snapshot: &&Snapshot| {
        let about = &snapshot.manifest;
        about.digest != serves && !about.digest.is_empty() && !about.is_dumps()
    };
    kept.snapshots.iter().find(is_it)
}
