//! What `main` dispatches to: printing and exit codes.

use std::path::Path;
use std::process::ExitCode;

use anyhow::ensure;

use crate::manifest::Manifest;
use crate::{check, failures, run};

/// The exit code of a run that could render some files and not others.
const PARTLY: u8 = 40;

/// Checks a manifest and the sops files that it names. Prints nothing when all is good.
///
/// # Errors
/// When the manifest cannot be read or contradicts itself.
pub fn check(path: &Path) -> anyhow::Result<ExitCode> {
    let manifest: Manifest = state::manifest::read(path)?;
    manifest.validate()?;
    let complaints = check::sops_files(&manifest);
    for complaint in &complaints {
        state::err!("error: {complaint}");
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Renders the secrets of a manifest, or says what would be done.
///
/// # Errors
/// When the manifest cannot be read, or nothing could be begun or ended as it should.
pub fn render(path: &Path, dry_run: bool, json: bool) -> anyhow::Result<ExitCode> {
    let manifest: Manifest = state::manifest::read(path)?;
    manifest.validate()?;
    let report = run::run(&manifest, dry_run)?;
    for warning in &report.receipt.warnings {
        state::err!("warning: {warning}");
    }
    for error in &report.errors {
        state::err!("error: {error}");
    }
    if json {
        state::out!("{}", serde_json::to_string_pretty(&report.receipt)?);
    } else {
        for line in &report.receipt.plan {
            state::out!("{line}");
        }
        state::out!("{}", report.receipt.closing_line());
    }
    Ok(ExitCode::from(if report.partly { PARTLY } else { report.receipt.outcome.exit_code() }))
}

/// Says whether the last run could render one secret, or one template by its name after `templates/`.
///
/// # Errors
/// When the manifest, or what the last run left, cannot be read, or nothing of that name is declared.
pub fn status(path: &Path, name: &str) -> anyhow::Result<ExitCode> {
    let manifest: Manifest = state::manifest::read(path)?;
    let failed = failures::known(&manifest.state_folder)?;
    if let Some(reason) = failed.get(name) {
        state::err!("error: {reason}");
        return Ok(ExitCode::FAILURE);
    }
    ensure!(manifest.declares(name), "manifest {}: no secret or template is called `{name}`", path.display());
    let file = manifest.link.join(name);
    if !file.try_exists()? {
        state::err!(
            "error: `{name}` was not rendered yet: {} is not there; see `journalctl -u hearth-secrets`",
            file.display()
        );
        return Ok(ExitCode::FAILURE);
    }
    state::out!("`{name}` is rendered");
    Ok(ExitCode::SUCCESS)
}
