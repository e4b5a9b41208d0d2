//! What is known of one app that left the flake: `undeclared.json` in its state folder. It is gone once the app is declared
//! again.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use state::{remove_durably, write_atomic};

/// An app that left the flake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Version of this record's shape.
    pub schema: u32,
    /// When a look found first that it is not declared.
    pub since: Timestamp,
    /// What has become of it.
    pub standing: Standing,
    /// Why it is not stopped, or what a person should know.
    #[serde(default)]
    pub reason: Option<String>,
    /// The final snapshot.
    #[serde(default)]
    pub snapshot: Option<String>,
    /// Whether it was healthy before it was stopped.
    #[serde(default)]
    pub healthy: bool,
    /// Whether an attempt to stop it failed, which is not made again by itself: each would interrupt it.
    #[serde(default)]
    pub failed: bool,
}

/// What has become of an app that left the flake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It runs on.
    Running,
    /// It is being stopped; a run that was cut off left it so.
    Stopping,
    /// Nothing of it runs.
    Stopped,
    /// Its stack is that of another app, which is declared.
    TakenOver,
}

impl Standing {
    /// The word that a person reads.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::TakenOver => "taken over",
        }
    }
}

impl Record {
    /// The record of an app that is found for the first time.
    pub fn found(since: Timestamp) -> Self {
        Self {
            schema: 1,
            since,
            standing: Standing::Running,
            reason: None,
            snapshot: None,
            healthy: false,
            failed: false,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(state_folder: &Path) -> io::Result<Option<Self>> {
        let path = path(state_folder);
        let about = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| about(error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(about(error)),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, state_folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        write_atomic(&path(state_folder), &text, 0o640)
    }

    /// Forgets that an app left the flake: it is declared again, or removed.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn clear(state_folder: &Path) -> io::Result<()> {
        remove_durably(&path(state_folder))
    }
}

fn path(state_folder: &Path) -> PathBuf {
    state_folder.join("undeclared.json")
}
