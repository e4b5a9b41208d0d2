//! What `main` dispatches to: printing and exit codes.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use jiff::Timestamp;
use swarm::Engine;

use crate::certificate::judge_without_clock_and_key;
use crate::manifest::Manifest;
use crate::run;

fn read(path: &Path) -> anyhow::Result<Manifest> {
    let manifest: Manifest = state::manifest::read(path)?;
    manifest.check().map_err(|error| anyhow::anyhow!("manifest {}: {error}; nothing was done", path.display()))?;
    Ok(manifest)
}

/// Checks a manifest, and that the certificate covers its domains where it can be read, which at the build of a system
/// is when it lies in the store. Whether it has expired is left to the run: a build must not depend on the day.
///
/// # Errors
/// What is wrong.
pub fn check(path: &Path) -> anyhow::Result<ExitCode> {
    let manifest = read(path)?;
    if let Ok(certificate) = std::fs::read(&manifest.certificate_file) {
        judge_without_clock_and_key(&certificate, &manifest.domains).with_context(|| {
            format!("certificate `{}`: {}", manifest.name.as_str(), manifest.certificate_file.display())
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Inserts a certificate.
///
/// # Errors
/// When the manifest cannot be read or the receipt cannot be written.
pub async fn insert(path: &Path, dry_run: bool, json: bool) -> anyhow::Result<ExitCode> {
    let manifest = read(path)?;
    let receipt = run(&manifest, || Engine::connect(&manifest.docker_socket), dry_run, Timestamp::now()).await?;
    if json {
        state::out!("{}", serde_json::to_string_pretty(&receipt)?);
    } else {
        for line in &receipt.plan {
            state::out!("{line}");
        }
        for warning in &receipt.warnings {
            state::out!("warning: {warning}");
        }
    }
    if let Some(error) = &receipt.error {
        state::err!("error: certificate `{}`: {error}", receipt.subject);
    }
    if !json {
        state::out!("{}", receipt.closing_line());
    }
    Ok(ExitCode::from(receipt.outcome.exit_code()))
}
