//! Where an app saw each version stand: `tags.json` beside its other records.
//!
//! A tag can be moved, by its makers or by whoever took their account. What a person once looked at, or what proved
//! itself on another host under that name, is then not what would be deployed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use recipe::Version;
use serde::{Deserialize, Serialize};

use crate::holds::{read, write};
use crate::{Commit, Tag, Tags};

/// The commit at which each version was first seen.
#[derive(Debug)]
pub struct Seen {
    path: PathBuf,
    known: BTreeMap<Version, Commit>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    schema: u32,
    tags: BTreeMap<Version, Commit>,
}

impl Seen {
    /// What the app in this state folder saw.
    ///
    /// # Errors
    /// When the record is there and cannot be read: then nobody knows which tags were moved.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        let path = folder.join("tags.json");
        let known = read::<Record>(&path)?.map(|record| record.tags).unwrap_or_default();
        Ok(Self { path, known })
    }

    /// Where a version stood when it was first seen, if its tag stands elsewhere now.
    pub fn moved_from(&self, tag: &Tag) -> Option<Commit> {
        self.known.get(&tag.version).filter(|commit| **commit != tag.commit).cloned()
    }

    /// Remembers what was not seen before; a version that vanishes and comes back elsewhere was moved.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn remember(&mut self, tags: &Tags) -> io::Result<()> {
        let before = self.known.len();
        for tag in &tags.versions {
            self.known.entry(tag.version.clone()).or_insert_with(|| tag.commit.clone());
        }
        if self.known.len() == before { Ok(()) } else { self.save() }
    }

    /// A version was deployed at this commit: from now on that is where it belongs.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn deployed(&mut self, tag: &Tag) -> io::Result<()> {
        if self.known.get(&tag.version) == Some(&tag.commit) {
            return Ok(());
        }
        self.known.insert(tag.version.clone(), tag.commit.clone());
        self.save()
    }

    fn save(&self) -> io::Result<()> {
        write(&self.path, &Record { schema: 1, tags: self.known.clone() })
    }
}
