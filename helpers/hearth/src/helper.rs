//! The helpers that do what changes something: they own it, and say what they do as they do it.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;

/// Runs a helper that lies beside this program; its exit code is the one to end with.
///
/// # Errors
/// When it cannot be started.
pub fn run(name: &str, arguments: &[&str], manifest: &Path, more: &[&str]) -> anyhow::Result<ExitCode> {
    let helper = std::env::current_exe().context("finding the helper")?.with_file_name(name);
    let status = Command::new(&helper).args(arguments).arg(manifest).args(more).status();
    let status = status.with_context(|| format!("{}; nothing was done", helper.display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
