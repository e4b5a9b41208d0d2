//! What waits for a person, and what a person accepted, on disk beside the app's other records.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use recipe::Version;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use state::{remove_durably, write_atomic};

use crate::{Commit, Hold, Reason, Tag};

/// The shape of both files.
const SCHEMA: u32 = 1;

/// A hold as it is remembered: `hold.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Held {
    /// Version of this record's shape.
    pub schema: u32,
    /// Since when this version waits.
    pub since: Timestamp,
    /// What waits and why.
    pub hold: Hold,
}

/// A person's word that one version may be deployed although something held it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Acceptance {
    /// The version.
    pub version: Version,
    /// Where it stood when it was accepted: what is there now if the tag is moved was not accepted.
    pub commit: Commit,
    /// When.
    pub at: Timestamp,
    /// What it asks for beyond what served, as it was shown then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<String>,
}

impl Acceptance {
    /// Whether it is for exactly this version at exactly this commit.
    pub fn is_for(&self, tag: &Tag) -> bool {
        self.version == tag.version && self.commit == tag.commit
    }
}

/// `accepted.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Accepted {
    schema: u32,
    accepted: Vec<Acceptance>,
}

/// Why nothing was accepted. Nothing has been written when one of these is returned.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Another version waits.
    #[error("{asked} does not wait for a person, {held} does; nothing was accepted")]
    Other {
        /// The version that was named.
        asked: Box<Version>,
        /// The one that waits.
        held: Box<Version>,
    },
    /// No version waits.
    #[error("{0} does not wait for a person, and no other version does; nothing was accepted")]
    Nothing(Box<Version>),
    /// Something else waits than was shown.
    #[error("what waits as {0} changed while you looked at it; nothing was accepted. Look again")]
    Changed(Box<Version>),
    /// A file cannot be read or written.
    #[error("{0}; nothing was accepted")]
    Io(#[from] io::Error),
}

/// The holds and acceptances of one app.
#[derive(Clone, Debug)]
pub struct Holds {
    folder: PathBuf,
}

impl Holds {
    /// Those in an app's state folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// What waits.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn held(&self) -> io::Result<Option<Held>> {
        read(&self.hold_file())
    }

    /// What was accepted and not used yet.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn accepted(&self) -> io::Result<Vec<Acceptance>> {
        Ok(read::<Accepted>(&self.accepted_file())?.map(|file| file.accepted).unwrap_or_default())
    }

    /// Remembers what waits now, or that nothing does. What waited already goes on doing so since it began; true when
    /// it is news to a person.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn remember(&self, hold: Option<&Hold>, now: Timestamp) -> io::Result<bool> {
        let Some(hold) = hold else {
            remove_durably(&self.hold_file())?;
            return Ok(false);
        };
        let before = self.held()?;
        if before.as_ref().is_some_and(|before| before.hold == *hold) {
            return Ok(false);
        }
        let since = before.filter(|before| before.hold.to == hold.to).map_or(now, |before| before.since);
        write(&self.hold_file(), &Held { schema: SCHEMA, since, hold: hold.clone() })?;
        Ok(true)
    }

    /// Accepts the version that waits, at the commit at which it waits. To do so twice is no error.
    ///
    /// # Errors
    /// [`AcceptError`], when another version waits or none.
    pub fn accept(&self, version: &Version, now: Timestamp) -> Result<Acceptance, AcceptError> {
        match self.held()? {
            Some(held) if held.hold.to.version == *version => Ok(self.accept_with(&held.hold, now)?),
            Some(held) => {
                Err(AcceptError::Other { asked: Box::new(version.clone()), held: Box::new(held.hold.to.version) })
            }
            None => Err(AcceptError::Nothing(Box::new(version.clone()))),
        }
    }

    /// Accepts exactly what a person was shown.
    ///
    /// # Errors
    /// [`AcceptError`], when something else waits by now.
    pub fn accept_shown(&self, shown: &Hold, now: Timestamp) -> Result<Acceptance, AcceptError> {
        match self.held()? {
            Some(held) if held.hold == *shown => Ok(self.accept_with(shown, now)?),
            _ => Err(AcceptError::Changed(Box::new(shown.to.version.clone()))),
        }
    }

    /// Accepts what waits, with everything that its reasons say it asks for, and with what was agreed to earlier.
    fn accept_with(&self, hold: &Hold, now: Timestamp) -> io::Result<Acceptance> {
        let mut asks: Vec<String> = hold.reasons.iter().filter_map(Reason::more).flatten().cloned().collect();
        let earlier = self.accepted()?.into_iter().find(|before| before.is_for(&hold.to));
        asks.extend(earlier.into_iter().flat_map(|before| before.asks));
        asks.sort();
        asks.dedup();
        self.put(&hold.to, asks, now)
    }

    /// Accepts a version at the commit where its tag stands, also one beyond the app's policy that nothing holds.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn accept_tag(&self, tag: &Tag, now: Timestamp) -> io::Result<Acceptance> {
        match self.accepted()?.into_iter().find(|acceptance| acceptance.is_for(tag)) {
            Some(before) => Ok(before),
            None => self.put(tag, Vec::new(), now),
        }
    }

    fn put(&self, tag: &Tag, asks: Vec<String>, now: Timestamp) -> io::Result<Acceptance> {
        let mut accepted = self.accepted()?;
        let acceptance = Acceptance { version: tag.version.clone(), commit: tag.commit.clone(), at: now, asks };
        if let Some(before) = accepted.iter().find(|before| before.is_for(tag) && before.asks == acceptance.asks) {
            return Ok(before.clone());
        }
        // One version has one acceptance: that of a commit where the tag stood before is no longer anybody's word.
        accepted.retain(|before| before.version != tag.version);
        accepted.push(acceptance.clone());
        write(&self.accepted_file(), &Accepted { schema: SCHEMA, accepted })?;
        Ok(acceptance)
    }

    /// Takes an acceptance back. True when there was one.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn refuse(&self, version: &Version) -> io::Result<bool> {
        self.keep(|acceptance| acceptance.version != *version)
    }

    /// A version was deployed and is good: what was accepted up to it is used up, and what waited for it is over.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn deployed(&self, tag: &Tag) -> io::Result<()> {
        self.keep(|acceptance| acceptance.version > tag.version)?;
        if self.held()?.is_some_and(|held| held.hold.to.version <= tag.version) {
            remove_durably(&self.hold_file())?;
        }
        Ok(())
    }

    fn keep(&self, wanted: impl Fn(&Acceptance) -> bool) -> io::Result<bool> {
        let before = self.accepted()?;
        let accepted: Vec<_> = before.iter().filter(|acceptance| wanted(acceptance)).cloned().collect();
        if accepted.len() == before.len() {
            return Ok(false);
        }
        if accepted.is_empty() {
            remove_durably(&self.accepted_file())?;
        } else {
            write(&self.accepted_file(), &Accepted { schema: SCHEMA, accepted })?;
        }
        Ok(true)
    }

    fn hold_file(&self) -> PathBuf {
        self.folder.join("hold.json")
    }

    fn accepted_file(&self) -> PathBuf {
        self.folder.join("accepted.json")
    }
}

/// Reads a JSON record, if it is there.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let about = |kind, error: &dyn std::fmt::Display| io::Error::new(kind, format!("{}: {error}", path.display()));
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| about(io::ErrorKind::InvalidData, &error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(about(error.kind(), &error)),
    }
}

/// Writes a JSON record, whole or not at all.
pub(crate) fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    write_atomic(path, &text, 0o640)
}

#[cfg(test)]
#[path = "holds_tests.rs"]
mod tests;
