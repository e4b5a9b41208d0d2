//! `hearth drill`: whether a snapshot can be restored.

use std::process::ExitCode;

use anyhow::bail;

use crate::helper;
use crate::host::Host;
use crate::snapshots;

/// Holds a drill over a snapshot, or over last-good.
///
/// # Errors
/// When there is no such app or snapshot, or the helper cannot be started.
pub fn drill(host: &Host, app: &str, snapshot: Option<&str>) -> anyhow::Result<ExitCode> {
    let subject = host.app(app)?;
    let Some(kept) = snapshots::of(subject)? else { bail!("{app} keeps no snapshots") };
    let id = snapshot.map(|name| kept.find(app, name)).transpose()?.map(|snapshot| snapshot.id.as_str());
    helper::run("drill-restore", &[], &subject.manifest, id.as_slice())
}
