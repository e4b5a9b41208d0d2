//! The last restore that was proved: what outlives the drills that fail after it.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use snapshot_volumes::Id;

/// Where an app's drills keep their receipts, lock and proof, in its state folder.
pub fn folder(state_folder: &Path) -> PathBuf {
    state_folder.join("drill")
}

/// A snapshot that was restored, and the app ran on it: `proved.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proof {
    /// Version of this record's shape.
    pub schema: u32,
    /// The snapshot.
    pub snapshot: Id,
    /// When it was taken.
    pub taken: Timestamp,
    /// The version that ran on it.
    pub version: Option<String>,
    /// When the restored app had passed its gate.
    pub at: Timestamp,
    /// How long it took from the first byte until the gate held, in milliseconds.
    pub milliseconds: i64,
}

impl Proof {
    /// The last one of an app, from its state folder.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn read(state_folder: &Path) -> io::Result<Option<Self>> {
        let path = folder(state_folder).join("proved.json");
        match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            text => text
                .and_then(|text| Ok(serde_json::from_slice(&text)?))
                .map(Some)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        }
    }

    /// Writes it in place of the one before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, state_folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        state::write_atomic(&folder(state_folder).join("proved.json"), &text, 0o640)
    }
}
