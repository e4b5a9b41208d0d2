//! What `main` dispatches to: printing and exit codes.

use std::path::Path;
use std::process::ExitCode;

use swarm::Engine;

use super::manifest::Manifest;
use super::remove::remove;
use super::retire::Snapshots;
use super::run::{Options, run};

/// Checks a manifest and says nothing when it is good.
///
/// # Errors
/// What is wrong with it.
pub fn check(path: &Path) -> anyhow::Result<ExitCode> {
    state::manifest::read::<Manifest>(path)?.check()?;
    Ok(ExitCode::SUCCESS)
}

/// Looks at the apps that left the flake. With `json` the receipt goes to standard output and the progress to standard error.
///
/// # Errors
/// When the manifest cannot be read or the receipt cannot be written.
pub async fn look(path: &Path, options: Options, json: bool) -> anyhow::Result<ExitCode> {
    let manifest: Manifest = state::manifest::read(path)?;
    let engine = Engine::connect(&manifest.docker_socket)?;
    let mut say = |line: String| if json { state::err!("{line}") } else { state::out!("{line}") };
    let receipt = run(&engine, &Snapshots { engine: &engine }, &manifest, options, &mut say).await?;
    Ok(receipt.print(json)?)
}

/// Removes what is left of an app.
///
/// # Errors
/// When the manifest cannot be read or the receipt cannot be written.
pub async fn remove_app(path: &Path, app: &str, with_data: bool, json: bool) -> anyhow::Result<ExitCode> {
    let manifest: Manifest = state::manifest::read(path)?;
    let engine = Engine::connect(&manifest.docker_socket)?;
    let mut say = |line: String| if json { state::err!("{line}") } else { state::out!("{line}") };
    let receipt = remove(&manifest, &engine, app, with_data, &mut say).await?;
    Ok(receipt.print(json)?)
}
