//! What Hearth remembers about an app between two runs: what it deployed last, and what failed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use state::{remove_durably, write_atomic};
use swarm::Service;

/// The last deploy that passed its gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployed {
    /// Version of this record's shape.
    pub schema: u32,
    /// The digest of everything that went into it.
    pub digest: String,
    /// The recipe's version.
    pub version: Option<String>,
    /// When it passed its gate.
    pub at: Timestamp,
    /// Each service as it was then.
    pub services: BTreeMap<String, Seen>,
}

/// A service as it was left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seen {
    /// The version index that the swarm gave it.
    pub version: u64,
    /// The digest of everything it was told.
    pub spec: String,
}

impl Seen {
    /// What is seen of a service now.
    pub fn of(service: &Service) -> Self {
        Self { version: service.version, spec: service.spec_digest() }
    }
}

/// A deploy that did not pass its gate; it is not tried again until something in it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailedDeploy {
    /// The digest of everything that went into it.
    pub digest: String,
    /// Why, in a sentence.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What a run is in the middle of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Intent {
    /// The declared state is being deployed and has not passed its gate.
    Deploy {
        /// Its digest.
        digest: String,
    },
    /// The last good state is being deployed again.
    Rollback {
        /// The digest of what failed.
        digest: String,
        /// Why it failed.
        reason: String,
    },
}

/// The files of an app's state folder.
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// The files in `folder`.
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The lock that a run holds.
    pub fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// The last deploy that passed its gate.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn deployed(&self) -> io::Result<Option<Deployed>> {
        read(&self.folder.join("deployed.json"))
    }

    /// The deploy that failed, if the newest one did.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn failed(&self) -> io::Result<Option<FailedDeploy>> {
        read(&self.folder.join("failed.json"))
    }

    /// The rendered compose file of the last deploy that passed its gate.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn last_good(&self) -> io::Result<Option<String>> {
        match std::fs::read_to_string(self.folder.join("deployed.compose.json")) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Remembers a deploy that passed its gate, and forgets the one that failed before it.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn commit(&self, deployed: &Deployed, rendered: &str) -> io::Result<()> {
        write_atomic(&self.folder.join("deployed.compose.json"), rendered.as_bytes(), 0o640)?;
        self.write("deployed.json", deployed)?;
        self.forget_failure()
    }

    /// Remembers what services look like now, after a change that left what was deployed as it is.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn settle(&self, deployed: &Deployed) -> io::Result<()> {
        self.write("deployed.json", deployed)
    }

    /// Remembers a deploy that failed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remember_failure(&self, failed: &FailedDeploy) -> io::Result<()> {
        self.write("failed.json", failed)
    }

    /// Lets a failed deploy be tried again.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn forget_failure(&self) -> io::Result<()> {
        remove_durably(&self.folder.join("failed.json"))
    }

    fn write<T: Serialize>(&self, name: &str, value: &T) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        write_atomic(&self.folder.join(name), &text, 0o640)
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
}
