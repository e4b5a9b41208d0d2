//! What is remembered between two runs: since when nobody has needed which image, and how much was ever freed.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use state::write_atomic;

use crate::plan::Unused;

/// The record, `unused.json` in the state folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// Version of this record's shape.
    pub schema: u32,
    /// Since when nobody has needed an image, by its identifier.
    pub images: Unused,
    /// How many bytes all runs together freed.
    pub freed_bytes: u64,
}

impl Record {
    /// Reads it; an empty one where there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let path = folder.join("unused.json");
        let about = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| about(error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self { schema: 1, ..Self::default() }),
            Err(error) => Err(about(error)),
        }
    }

    /// Writes it, where it differs from what was read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path, before: &Self) -> io::Result<()> {
        if self == before {
            return Ok(());
        }
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        write_atomic(&folder.join("unused.json"), &text, 0o640)
    }
}
