//! What `main` dispatches to: printing and exit codes.

use std::path::Path;
use std::process::ExitCode;

use crate::manifest::Manifest;
use crate::run::{Asked, run};

fn read(path: &Path) -> anyhow::Result<Manifest> {
    let manifest: Manifest = state::manifest::read(path)?;
    manifest.check().map_err(|error| anyhow::anyhow!("manifest {}: {error:#}; nothing was done", path.display()))?;
    Ok(manifest)
}

/// Checks a manifest and says nothing when it is good.
///
/// # Errors
/// What is wrong with it.
pub fn check(path: &Path) -> anyhow::Result<ExitCode> {
    read(path).map(|_| ExitCode::SUCCESS)
}

/// Tells what is to be told.
///
/// # Errors
/// When the manifest cannot be read or the receipt cannot be written.
pub fn tell(path: &Path, asked: &Asked, dry_run: bool, json: bool) -> anyhow::Result<ExitCode> {
    let manifest = read(path)?;
    let mut say = |line: String| if json { state::err!("{line}") } else { state::out!("{line}") };
    let receipt = run(&manifest, asked, dry_run, &mut say)?;
    receipt.warnings.iter().for_each(|line| state::err!("warning: {line}"));
    Ok(receipt.print(json)?)
}
