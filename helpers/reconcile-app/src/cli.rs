//! What `main` dispatches to: printing and exit codes.

use std::path::Path;
use std::process::ExitCode;

use state::Outcome;
use swarm::Engine;

use crate::host;
use crate::manifest::Manifest;
use crate::run::{Job, run};

/// Checks a manifest and says nothing when it is good.
///
/// # Errors
/// What is wrong with it.
pub fn check(path: &Path) -> anyhow::Result<ExitCode> {
    let manifest = state::manifest::read::<Manifest>(path)?;
    manifest.check()?;
    manifest.check_recipe()?;
    Ok(ExitCode::SUCCESS)
}

/// Does a job over one app. With `json` the receipt goes to standard output and the progress to standard error.
///
/// # Errors
/// When the manifest cannot be read or the receipt cannot be written.
pub async fn one(path: &Path, job: &Job, json: bool) -> anyhow::Result<ExitCode> {
    let manifest = Manifest::read(path)?;
    let mut say = |line: String| if json { state::err!("{line}") } else { state::out!("{line}") };
    let receipt = run(&manifest, job, &mut say).await?;
    Ok(receipt.print(json)?)
}

/// Looks at all apps of the host; with `start`, starts the unit of each that differs.
///
/// # Errors
/// When the folder cannot be read or the engine does not answer.
pub async fn all(folder: &Path, start: bool) -> anyhow::Result<ExitCode> {
    let findings = host::look(&host::manifests(folder)?, Engine::connect).await?;
    let mut outcome = host::outcome(&findings);
    for finding in &findings {
        state::out!("{}", finding.line());
        if start && finding.differs() {
            if let Err(error) = finding.start().await {
                state::err!("error: {error:#}");
                outcome = Outcome::Failed;
            }
        }
    }
    state::out!("{outcome}: {} apps", findings.len());
    Ok(ExitCode::from(outcome.exit_code()))
}
