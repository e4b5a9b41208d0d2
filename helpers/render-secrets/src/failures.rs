//! Secrets that could not be rendered, each with a unit of its own that fails for it: whoever watches a host's units sees
//! which secret is missing, and which is there again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, ensure};
use state::Journal;

use crate::manifest::{Manifest, Unit};
use crate::units;

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
/// The folder of the journal of units that were not told yet.
const UNTOLD: &str = "failed";

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

/// Writes down what could not be rendered and lets the unit of each such file, and of each that is there again, look. What
/// systemd knew of them is gone with a boot, and so is the generation.
///
/// # Errors
/// When a file cannot be written, or `systemctl` refuses; the next run then tells them.
pub fn tell(manifest: &Manifest, failed: &Reasons, had_generation: bool, systemctl: &Path) -> anyhow::Result<()> {
    let before = known(&manifest.state_folder)?;
    let untold = Journal::in_folder(&manifest.state_folder.join(UNTOLD));
    let mut names: BTreeSet<String> = untold.unfinished().context("the units that were not told")?.unwrap_or_default();
    if before != *failed || !had_generation {
        names.extend(before.keys().chain(failed.keys()).cloned());
    }
    if names.is_empty() {
        return Ok(());
    }
    // Written first: a run that is killed in between owes them.
    untold.record(&names)?;
    state::write_atomic(&manifest.state_folder.join(FILE), &serde_json::to_vec_pretty(failed)?, 0o600)?;
    let mut refused = None;
    for name in names.clone() {
        let told = manifest.unit_of(&name).map_or(Ok(()), |unit| look(systemctl, unit));
        match told {
            Ok(()) => drop(names.remove(&name)),
            // The others are told all the same.
            Err(error) => drop(refused.get_or_insert(error)),
        }
    }
    let Some(refused) = refused else { return untold.clear().context("the units that were not told") };
    untold.record(&names)?;
    Err(refused)
}

fn look(systemctl: &Path, unit: &Unit) -> anyhow::Result<()> {
    let status = units::call(systemctl, "restart", unit.as_str())?;
    ensure!(status.success(), "`{}` could not be told: {} ended with {status}", unit.as_str(), systemctl.display());
    Ok(())
}
