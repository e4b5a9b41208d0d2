//! What this helper reads of an app's manifest, `/etc/hearth/apps/NAME.json`. `reconcile-app` reads and checks the whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::settings::Settings;
use crate::{Observer, Point};

/// The keys of an app's manifest that concern its volumes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The app's record, lock and receipts.
    pub state_folder: PathBuf,
    /// The engine's socket.
    pub docker_socket: PathBuf,
    /// The app's name.
    pub name: String,
    /// Its stack in the swarm.
    pub stack: String,
    /// What a deploy is held to; how long the app may take to come up again.
    pub gate: Gate,
    /// What it declares about snapshots.
    #[serde(default)]
    pub snapshot: Settings,
    /// Whether it is declared to run.
    #[serde(default)]
    pub state: DeclaredState,
}

/// Whether an app is declared to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeclaredState {
    /// It runs.
    #[default]
    Running,
    /// It is declared, keeps its data, and nothing of it runs.
    Stopped,
}

/// The part of the gate that matters here.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gate {
    /// How long all services may take to run and be healthy.
    pub converge_seconds: u64,
}

struct Faults;

impl Observer for Faults {
    fn passed(&self, point: Point) {
        state::fault::point(|| format!("after {point:?}"));
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it cannot be read, or its name is none.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let manifest: Self = state::manifest::read(path)?;
        let part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let good = !manifest.name.is_empty() && manifest.name.bytes().all(part);
        anyhow::ensure!(
            good,
            "manifest {}: `{}` is no name of an app; nothing was done",
            path.display(),
            manifest.name
        );
        Ok(manifest)
    }

    /// The app's snapshots. Each step of the store is a point at which a test may kill this process.
    pub fn store(&self) -> crate::Store {
        crate::Store::in_folder(self.snapshot.store(&self.name)).observed(Box::new(Faults))
    }

    /// The same, of the stack that has the app's data. While a person has yet to accept another stack, that is not the one
    /// that is declared, but the one that `reconcile-app` keeps beside its record.
    #[must_use]
    pub fn as_deployed(self) -> Self {
        let is_deployed = self.state_folder.join("deployed.json").exists();
        let kept = Self::read(&self.state_folder.join("declared.json")).ok();
        match kept.filter(|kept| is_deployed && kept.name == self.name) {
            Some(kept) => Self { stack: kept.stack, ..self },
            None => self,
        }
    }

    /// Whether nothing of it is to run.
    pub fn rests(&self) -> bool {
        self.state == DeclaredState::Stopped
    }

    /// How long the app may take to come up again.
    pub fn converge(&self) -> Duration {
        Duration::from_secs(self.gate.converge_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(folder: &Path, stack: &str) -> Manifest {
        let text = serde_json::json!({ "schema": 1, "stateFolder": folder, "dockerSocket": "/d", "name": "wiki",
            "stack": stack, "gate": { "convergeSeconds": 1 } });
        let path = folder.join("declared.json");
        std::fs::write(&path, text.to_string()).unwrap();
        Manifest::read(&path).unwrap()
    }

    #[test]
    fn while_another_stack_waits_for_a_person_snapshots_are_of_the_one_with_the_data() {
        let folder = tempfile::tempdir().unwrap();
        let declared = Manifest { stack: "new".to_owned(), ..manifest(folder.path(), "old") };
        assert_eq!(declared.clone().as_deployed().stack, "new", "nothing is deployed yet");
        std::fs::write(folder.path().join("deployed.json"), "{}").unwrap();
        assert_eq!(declared.clone().as_deployed().stack, "old");
        std::fs::write(folder.path().join("declared.json"), "{").unwrap();
        assert_eq!(declared.as_deployed().stack, "new", "nothing says what it was");
    }
}
