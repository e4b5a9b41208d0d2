//! What was told and what is still to be delivered, on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{Event, Problem};

/// What is remembered between two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// Version of this record's shape.
    pub schema: u32,
    /// The problems that were told and are not over, by key.
    pub open: BTreeMap<String, Open>,
    /// What some channel has not taken yet, oldest first.
    pub outbox: Vec<Parcel>,
}

/// A problem that was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Open {
    /// The problem as it was told last.
    pub problem: Problem,
    /// When it was seen first.
    pub since: Timestamp,
    /// When it was told last.
    pub told: Timestamp,
}

/// An event on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parcel {
    /// What is told.
    pub event: Event,
    /// The channels that have not taken it yet.
    pub channels: BTreeSet<String>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { schema: 1, open: BTreeMap::new(), outbox: Vec::new() }
    }
}

/// The file with the memory in a state folder.
pub fn file_in(folder: &Path) -> PathBuf {
    folder.join("open.json")
}

impl Memory {
    /// Reads what is remembered; nothing when there is no file.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let path = file_in(folder);
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        state::write_atomic(&file_in(folder), &text, 0o640)
    }

    /// A channel has taken a parcel.
    pub fn delivered(&mut self, event: &Event, channel: &str) {
        for parcel in self.outbox.iter_mut().filter(|parcel| parcel.event == *event) {
            parcel.channels.remove(channel);
        }
        self.outbox.retain(|parcel| !parcel.channels.is_empty());
    }
}
