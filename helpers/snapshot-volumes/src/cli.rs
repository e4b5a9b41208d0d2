//! What `main` dispatches to: printing and exit codes.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use crate::manifest::Manifest;
use crate::run::{self, Job};
use crate::table;

/// Does a job. With `json` the receipt goes to standard output and the progress to standard error.
///
/// # Errors
/// When the manifest cannot be read or the receipt cannot be written.
pub async fn job(path: &Path, job: &Job, json: bool) -> anyhow::Result<ExitCode> {
    let manifest = Manifest::read(path)?.as_deployed();
    let engine = swarm::Engine::connect(&manifest.docker_socket)?;
    let mut say = |line: String| if json { state::err!("{line}") } else { state::out!("{line}") };
    let receipt = run::run(&engine, &manifest, job, &mut say).await?;
    Ok(receipt.print(json)?)
}

/// Shows the snapshots.
///
/// # Errors
/// When the manifest or the store cannot be read.
pub fn list(path: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let store = Manifest::read(path)?.store();
    let listing = store.list()?;
    let last_good = store.last_good().ok().flatten().map(|snapshot| snapshot.id);
    if json {
        let list = json!({ "lastGood": last_good, "snapshots": listing.snapshots, "unreadable": listing.unreadable });
        state::out!("{}", serde_json::to_string_pretty(&list)?);
    } else {
        state::out!("{}", table::lines(&listing, last_good.as_ref()).join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}
