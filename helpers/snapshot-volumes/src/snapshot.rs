//! What a snapshot says of itself: `snapshot.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use state::{Digest, Image};

use crate::entry::Raw;

/// A volume to take or to put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its name in the engine.
    pub name: String,
    /// The folder that holds its content, with a local volume of Docker's the `_data` folder.
    pub path: PathBuf,
}

/// A volume of which only some paths are taken: where an app writes a dump while it runs, the dump is what counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The volume.
    pub volume: Volume,
    /// The paths from its root; none means all of it.
    pub only: Vec<Raw>,
}

/// What a snapshot is a snapshot of, besides its volumes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The app.
    pub app: String,
    /// The recipe's version that ran.
    pub version: Option<String>,
    /// The image that ran, where it came through the door.
    pub image: Option<Image>,
    /// The digest of the app's inputs.
    pub digest: String,
    /// The rendered compose file of the deploy that ran. It is kept whole, so that exactly this can be deployed again.
    pub stack: String,
    /// Where its recipe stood in its repository, as `reconcile-app` wrote it down; null where it came from none.
    pub recipe: serde_json::Value,
    /// The digest of the environment.
    pub environment: Option<String>,
    /// Digests of the secrets, by their names in the compose files. Never their content.
    pub secrets: BTreeMap<String, String>,
    /// Whether the app was healthy. Only a snapshot of a healthy app becomes last-good.
    pub healthy: bool,
}

/// Names a snapshot: its number, when it was taken, and the start of the digest of its `snapshot.json`.
///
/// Newer ones have higher numbers, also when the clock was set back in between.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id {
    number: u64,
    text: String,
}

impl Id {
    /// The identifier of the snapshot whose `snapshot.json` this is.
    pub(crate) fn of(snapshot: &Manifest, text: &[u8]) -> Self {
        let (number, at) = (snapshot.number, snapshot.at.strftime("%Y%m%dT%H%M%SZ"));
        Self { number, text: format!("{number:06}-{at}-{}", Digest::of(text).short()) }
    }

    /// The text, which is also the name of the snapshot's folder.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its place in the order in which the app's snapshots were taken.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.text)
    }
}

impl std::str::FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` names no snapshot; `snapshot-volumes MANIFEST list` shows them");
        let fields: Vec<&str> = text.split('-').collect();
        let [number, at, digest] = fields[..] else { return Err(bad()) };
        let good = number.len() >= 6
            && at.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && digest.len() == 12
            && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        match number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse()) {
            Some(Ok(number)) if good => Ok(Self { number, text: text.to_owned() }),
            _ => Err(bad()),
        }
    }
}

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.text
    }
}

/// A snapshot in the store.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Its name.
    pub id: Id,
    /// What it says of itself.
    #[serde(flatten)]
    pub manifest: Manifest,
}

/// `snapshot.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Version of this record's shape.
    pub schema: u32,
    /// See [`Id::number`].
    pub number: u64,
    /// When it was taken.
    pub at: Timestamp,
    /// The app.
    pub app: String,
    /// The recipe's version that ran.
    pub version: Option<String>,
    /// The image that ran, where it came through the door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// The digest of the app's inputs.
    pub digest: String,
    /// SHA-256 of the compose file beside it, `stack.yml`.
    pub stack: String,
    /// Where its recipe stood in its repository, as `reconcile-app` wrote it down.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub recipe: serde_json::Value,
    /// The digest of the environment.
    pub environment: Option<String>,
    /// Digests of the secrets.
    pub secrets: BTreeMap<String, String>,
    /// Whether the app was healthy.
    pub healthy: bool,
    /// The volumes, each with what tells that it is whole.
    pub volumes: Vec<Kept>,
}

impl Manifest {
    /// What a person calls the version that ran, where it has a name.
    pub fn named(&self) -> Option<String> {
        state::named(self.version.as_deref(), self.image.as_ref())
    }

    /// Whether it holds dumps that the app made while it ran, and not its volumes.
    pub fn is_dumps(&self) -> bool {
        self.volumes.iter().any(|volume| !volume.only.is_empty())
    }

    /// The length of all files in all volumes, in bytes.
    pub fn bytes(&self) -> u64 {
        self.volumes.iter().map(|volume| volume.bytes).sum()
    }
}

/// One volume in a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// Its name in the engine.
    pub name: String,
    /// The paths that were taken of it; none means all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Raw>,
    /// How it is kept.
    pub form: Form,
    /// How many files, folders, links and devices it holds.
    pub entries: u64,
    /// The length of its files in bytes.
    pub bytes: u64,
    /// What its files took on their file system, in bytes: less than their length where they have holes.
    pub allocated: u64,
    /// Sockets that were left out.
    pub sockets: u64,
    /// SHA-256 of its index, `PLACE.index.zst`: a line of JSON an entry, with a digest a file.
    pub index: String,
}

/// How a volume is kept in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Form {
    /// A tree of clones, which share their blocks with the volume's files: a folder.
    Clone,
    /// A tar archive, compressed with zstd.
    Archive {
        /// SHA-256 of the archive.
        sha256: String,
        /// Its length in bytes.
        size: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_told_from_a_path() {
        let id: Id = "000042-20261121T151703Z-0123456789ab".parse().unwrap();
        assert_eq!(id.number(), 42);
        for bad in
            ["", "..", "000042", "a-b-c", "000042-2026/../x-0123456789ab", "+00042-20261121T151703Z-0123456789ab"]
        {
            assert!(bad.parse::<Id>().is_err(), "{bad}");
        }
    }
}
