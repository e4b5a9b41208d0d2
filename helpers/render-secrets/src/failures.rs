//! Secrets that could not be rendered, each with a unit of its own that fails for it: whoever watches a host's units sees
//! which secret is missing, and which is there again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::manifest::{Manifest, Unit};

/// Files that could not be rendered, and why.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Their names within the generation.
    pub names: Vec<String>,
    /// What a person is told.
    pub text: String,
}

/// Why, by the name of the file.
pub type Reasons = BTreeMap<String, String>;

const FILE: &str = "failed.json";

/// The reasons of a run, a file each.
pub fn by_name(failures: &[Failure]) -> Reasons {
    failures.iter().flat_map(|failure| failure.names.iter().map(|name| (name.clone(), failure.text.clone()))).collect()
}

/// What the last run could not render.
///
/// # Errors
/// When the file that says so cannot be read.
pub fn known(state_folder: &Path) -> anyhow::Result<Reasons> {
    let path = state_folder.join(FILE);
    match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Reasons::new()),
        Err(error) => Err(error).with_context(|| format!("{}", path.display())),
        Ok(text) => serde_json::from_slice(&text).with_context(|| format!("{}; remove it", path.display())),
    }
}

/// Writes down what could not be rendered and lets the unit of each such file, and of each that is there again, look.
///
/// # Errors
/// When the file cannot be written, or `systemctl` refuses.
pub fn tell(manifest: &Manifest, failed: &Reasons, systemctl: &Path) -> anyhow::Result<()> {
    let before = known(&manifest.state_folder)?;
    if before == *failed {
        return Ok(());
    }
    let text = serde_json::to_vec_pretty(failed)?;
    state::write_atomic(&manifest.state_folder.join(FILE), &text, 0o600)?;
    let names: BTreeSet<&String> = before.keys().chain(failed.keys()).collect();
    let units: Vec<&str> = names.into_iter().filter_map(|name| manifest.unit_of(name)).map(Unit::as_str).collect();
    if units.is_empty() {
        return Ok(());
    }
    let status = Command::new(systemctl).args(["--no-block", "restart"]).args(&units).status();
    let status = status.with_context(|| format!("{}", systemctl.display()))?;
    ensure!(
        status.success(),
        "{} ended with {status}; units still to be told: {}",
        systemctl.display(),
        units.join(" ")
    );
    Ok(())
}
