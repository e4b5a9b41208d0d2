//! What Hearth remembers about an app between two runs: what it deployed last, and what failed.
//!
//! A field that is not known is passed over: whoever goes back to an older system must not lose what a newer one wrote.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use check_migrations::Verdict;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use state::{Digest, Image, named, remove_durably, write_atomic};
use swarm::Service;
use updates::{At, Tag};

use crate::pin::Pin;

/// How the names of rendered compose files begin.
const COMPOSE_PREFIX: &str = "compose-";

/// The last deploy that passed its gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployed {
    /// Version of this record's shape.
    pub schema: u32,
    /// The digest of everything that went into it.
    pub digest: String,
    /// The recipe's version.
    pub version: Option<String>,
    /// Its image, where that came through the door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// Where the recipe stands in its repository, if it came from one.
    #[serde(default)]
    pub recipe: Option<At>,
    /// When it passed its gate.
    pub at: Timestamp,
    /// The name of the file with its rendered compose file. It is named by its content and written before this record:
    /// a crash between the two leaves both the old record and the old file.
    pub compose: String,
    /// Each service as it was then.
    pub services: BTreeMap<String, Seen>,
}

impl Deployed {
    /// What a person calls it, where it has a name.
    pub fn named(&self) -> Option<String> {
        named(self.version.as_deref(), self.image.as_ref())
    }
}

/// A service as it was left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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

/// What a trial said of the migrations of a deploy, which is under way or was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriedMigrations {
    /// The digest of everything that goes into the deploy.
    pub digest: String,
    /// The digest of the deploy that served then, which is the old version of the verdict.
    pub over: Option<String>,
    /// What was said.
    pub verdict: Verdict,
}

/// A deploy that did not pass its gate; it is not tried again until something in it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedDeploy {
    /// The digest of everything that went into it.
    pub digest: String,
    /// Why, in a sentence.
    pub reason: String,
    /// The versions that failed since the last deploy that did not, where the recipe is from a repository.
    #[serde(default)]
    pub versions: Vec<Tag>,
    /// The last lines of what the containers that failed wrote.
    #[serde(default)]
    pub logs: Vec<String>,
    /// When.
    pub at: Timestamp,
    /// Whether it did not fail, but a person went back from it. It waits for a person, too.
    #[serde(default)]
    pub by_hand: bool,
    /// Its version.
    #[serde(default)]
    pub version: Option<String>,
    /// Its image, where that came through the door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// The digest of the gate that it did not pass; none in records from before this was kept.
    #[serde(default)]
    pub gate: Option<String>,
    /// What was asked for when it failed; none where it was declared, and in records from before this was kept.
    #[serde(default)]
    pub asked: Option<Pin>,
}

impl FailedDeploy {
    /// Whether it would meet another gate now than the one that it did not pass. What a person went back from met none.
    pub fn meets_another_gate(&self, gate: &str) -> bool {
        !self.by_hand && self.gate.as_deref().is_some_and(|failed| failed != gate)
    }

    /// What a person calls it: its image or its version, or the start of its digest.
    pub fn named(&self) -> String {
        let digest = || self.digest.get(..12).unwrap_or(&self.digest).to_owned();
        named(self.version.as_deref(), self.image.as_ref()).unwrap_or_else(digest)
    }

    /// The one word with which a person accepts it.
    pub fn word(&self) -> String {
        self.image.as_ref().map_or_else(|| self.named(), |image| image.tag.clone())
    }

    /// Whether a person means it.
    pub fn is_called(&self, name: &str) -> bool {
        self.word() == name || self.named() == name
    }

    /// What is told of one that a person went back from, for as long as it waits.
    pub fn waits(&self, app: &str) -> String {
        let (name, word, at) = (self.named(), self.word(), self.at);
        format!(
            "{name} waits for a person, who went back from it on {at:.0}. Accept it with `hearth accept {app} {word}`"
        )
    }
}

/// What a run is in the middle of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Intent {
    /// The app is being stopped, and its volumes are copied. Its data is as it was.
    Snapshot {
        /// The digest of what is to be deployed afterwards.
        digest: String,
    },
    /// The declared state is being deployed and has not passed its gate.
    Deploy {
        /// Its digest.
        digest: String,
        /// The snapshot of the data from before it.
        snapshot: Option<String>,
    },
    /// A person goes back to a version that served before, with its data; it has not passed its gate.
    Back {
        /// Its digest.
        digest: String,
        /// The snapshot of it.
        to: String,
        /// The snapshot of what served until then.
        snapshot: String,
    },
    /// The app is being stopped, and its volumes get back what was in them.
    Restore {
        /// The digest of what failed.
        digest: String,
        /// Why it failed.
        reason: String,
        /// The snapshot that is restored.
        snapshot: String,
        /// The version that failed, where the recipe is from a repository.
        #[serde(default)]
        tag: Option<Tag>,
        /// Whether it failed, and is not merely taken back.
        failed: bool,
    },
    /// The last good state is being deployed again, on the data that it had.
    Rollback {
        /// The digest of what failed.
        digest: String,
        /// Why it failed.
        reason: String,
        /// The version that failed, where the recipe is from a repository.
        #[serde(default)]
        tag: Option<Tag>,
        /// Whether it failed, and is not merely taken back.
        failed: bool,
    },
}

impl Intent {
    /// What was being done, after "while".
    pub fn doing(&self) -> &'static str {
        match self {
            Self::Snapshot { .. } => "taking a snapshot",
            Self::Deploy { .. } => "deploying",
            Self::Back { .. } => "going back by hand",
            Self::Restore { .. } => "restoring the data",
            Self::Rollback { .. } => "rolling back",
        }
    }
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
    /// When there was one, and it cannot be read.
    pub fn last_good(&self) -> io::Result<Option<String>> {
        let Some(deployed) = self.deployed()? else { return Ok(None) };
        let path = self.folder.join(&deployed.compose);
        let text = std::fs::read_to_string(&path);
        text.map(Some).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    }

    /// The same, where it was made of what this digest stands for.
    ///
    /// # Errors
    /// When there was one, and it cannot be read.
    pub fn last_good_of(&self, digest: &str) -> io::Result<Option<String>> {
        let is_it = self.deployed()?.is_some_and(|deployed| deployed.digest == digest);
        if is_it { self.last_good() } else { Ok(None) }
    }

    /// The name under which a rendered compose file is kept.
    pub fn compose_name(rendered: &str) -> String {
        format!("{COMPOSE_PREFIX}{}.json", Digest::of(rendered.as_bytes()).short())
    }

    /// Remembers a deploy that passed its gate. It forgets the one that failed before it, unless what serves was only
    /// healed and is what served then.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn commit(&self, deployed: &Deployed, rendered: &str) -> io::Result<()> {
        let healed = self.deployed()?.is_some_and(|before| before.digest == deployed.digest);
        self.remember_good(deployed, rendered)?;
        if !healed {
            self.forget_failure()?;
        }
        self.remove_old_compose(&deployed.compose)
    }

    /// Remembers a version that a person went back to, and what is not to be taken again by itself. That is written first:
    /// without it the next run would take at once what the person went back from.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn commit_back(&self, deployed: &Deployed, rendered: &str, aside: &FailedDeploy) -> io::Result<()> {
        self.remember_failure(aside)?;
        self.remember_good(deployed, rendered)?;
        self.remove_old_compose(&deployed.compose)
    }

    fn remember_good(&self, deployed: &Deployed, rendered: &str) -> io::Result<()> {
        write_atomic(&self.folder.join(&deployed.compose), rendered.as_bytes(), 0o640)?;
        self.write("deployed.json", deployed)
    }

    fn remove_old_compose(&self, keep: &str) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            if name.to_str().is_some_and(|name| name.starts_with(COMPOSE_PREFIX) && name != keep) {
                std::fs::remove_file(self.folder.join(name))?;
            }
        }
        Ok(())
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

    /// Remembers of failures what was remembered before.
    ///
    /// # Errors
    /// When the file cannot be written or removed.
    pub fn recall_failure(&self, failed: Option<&FailedDeploy>) -> io::Result<()> {
        failed.map_or_else(|| self.forget_failure(), |failed| self.remember_failure(failed))
    }

    /// Lets a failed deploy be tried again.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn forget_failure(&self) -> io::Result<()> {
        remove_durably(&self.folder.join("failed.json"))
    }

    /// Forgets all that was deployed, of an app that begins anew in another stack.
    ///
    /// # Errors
    /// When a record cannot be removed.
    pub fn forget_deployed(&self) -> io::Result<()> {
        self.forget_failure()?;
        remove_durably(&self.folder.join("deployed.json"))
    }

    /// Remembers what a trial said of the migrations of a deploy.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remember_migrations(&self, tried: &TriedMigrations) -> io::Result<()> {
        self.write("migrations.json", tried)
    }

    /// What the last trial said.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn migrations(&self) -> io::Result<Option<TriedMigrations>> {
        read(&self.folder.join("migrations.json"))
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
