//! Intent on disk before the deed.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Serialize, de::DeserializeOwned};

use crate::{remove_durably, write_atomic};

/// The one step that a run is about to take, durable before it is taken.
///
/// A run [`record`](Self::record)s its intent, acts, and [`clear`](Self::clear)s the journal when all is done. A run that finds an
/// intent of a killed one with [`unfinished`](Self::unfinished) finishes or undoes it before it does anything else.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal in an app's state folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("journal.json") }
    }

    /// Makes the next step durable. Returns once it is on disk.
    ///
    /// # Errors
    /// When it cannot be written; the step must then not be taken.
    pub fn record<T: Serialize>(&self, intent: &T) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(intent)?;
        text.push(b'\n');
        write_atomic(&self.path, &text, 0o640)
    }

    /// What a killed run was about to do, if one was killed.
    ///
    /// # Errors
    /// When the journal cannot be read, or was written by a newer helper in a shape that this one does not know.
    pub fn unfinished<T: DeserializeOwned>(&self) -> io::Result<Option<T>> {
        match std::fs::read(&self.path) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", self.path.display()))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All is done.
    ///
    /// # Errors
    /// When the journal cannot be removed.
    pub fn clear(&self) -> io::Result<()> {
        remove_durably(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_is_found_until_it_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(folder.path());
        assert_eq!(journal.unfinished::<String>().unwrap(), None);
        journal.record(&"deploy").unwrap();
        assert_eq!(journal.unfinished::<String>().unwrap(), Some("deploy".to_owned()));
        journal.clear().unwrap();
        assert_eq!(journal.unfinished::<String>().unwrap(), None);
    }
}
