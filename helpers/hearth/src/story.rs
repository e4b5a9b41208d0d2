//! What happened to one subject, from what its helper left on disk.

use std::path::Path;

use anyhow::Context as _;
use drill_restore::proof::Proof;
use jiff::Timestamp;
use reconcile_app::record::{Deployed, Files, Intent};
use reconcile_app::undeclared::record::Record;
use state::{Image, Journal, Outcome, Receipt};
use updates::{Held, Holds};

use crate::host::{Kind, Subject};
use crate::pinned::{Pinned, pinned};

/// One run that is on record.
#[derive(Clone, Debug)]
pub struct Run {
    /// What a person types to see it: the start of its name is enough.
    pub id: String,
    /// Its receipt.
    pub receipt: Receipt,
}

impl Run {
    /// Whether a person means it: by the beginning of its number, or of its time.
    pub fn is_called(&self, word: &str) -> bool {
        let time = self.id.split_once('-').map(|(_, time)| time);
        self.id.starts_with(word) || time.is_some_and(|time| time.starts_with(word))
    }
}

/// What is known of a subject.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The newest run.
    pub last: Option<Receipt>,
    /// The runs that are kept, newest first.
    pub runs: Vec<Run>,
    /// The version that serves.
    pub version: Option<String>,
    /// Its image, where that came through the door.
    pub image: Option<Image>,
    /// What was deployed through the door, and what the flake says in its place.
    pub pinned: Option<Pinned>,
    /// What waits for a decision.
    pub held: Option<Held>,
    /// What a run that was cut off was doing.
    pub unfinished: Option<String>,
    /// The last restore that was proved, of a drill.
    pub proof: Option<Proof>,
    /// What is known of an app that left the flake.
    pub left: Option<Record>,
    /// What of this could not be read.
    pub damaged: Vec<String>,
}

impl Story {
    /// Reads what is known. What cannot be read is told in [`Story::damaged`] and hides nothing else.
    pub fn read(subject: &Subject) -> Self {
        let mut story = Self::default();
        let folder = match &subject.state {
            Ok(folder) => folder,
            Err(reason) => {
                story.damaged.push(reason.clone());
                return story;
            }
        };
        story.last = story.take(receipt(&folder.join("last.json"))).flatten();
        story.runs = story.take(runs(folder)).unwrap_or_default();
        if subject.kind == Kind::App {
            if let Some(deployed) = story.take(deployed(folder)).flatten() {
                (story.version, story.image) = (Some(version(&deployed)), deployed.image);
            }
            story.pinned = story.take(pinned(&subject.manifest, folder)).flatten();
            story.held = story.take(Holds::in_folder(folder).held().map_err(Into::into)).flatten();
            story.unfinished = story.take(unfinished(folder)).flatten();
        }
        if subject.kind == Kind::Undeclared {
            story.left = story.take(Record::read(folder).map_err(Into::into)).flatten();
            let deployed = story.take(deployed(folder)).flatten();
            (story.version, story.image) = (deployed.as_ref().map(version), deployed.and_then(|good| good.image));
        }
        if let (Kind::Drill, Some(of_app)) = (subject.kind, folder.parent()) {
            story.proof = story.take(Proof::read(of_app).map_err(Into::into)).flatten();
        }
        story
    }

    fn take<T>(&mut self, read: anyhow::Result<T>) -> Option<T> {
        read.map_err(|error| self.damaged.push(format!("{error:#}"))).ok()
    }

    /// Whether a person went back from what was deployed through the door, and something else serves.
    pub fn went_back(&self) -> bool {
        let replaced = self.pinned.as_ref().and_then(|pinned| pinned.replaced.as_ref());
        replaced.is_some_and(|replaced| replaced.went_back.is_some())
    }

    /// What a person calls the version that serves.
    pub fn named(&self) -> Option<String> {
        state::named(self.version.as_deref(), self.image.as_ref())
    }

    /// Since when its runs end as the newest one did: well, held, or badly. Runs that changed nothing are not on record,
    /// so a good one between two bad ones is not seen.
    pub fn since(&self) -> Option<Timestamp> {
        let last = self.last.as_ref()?;
        let same = self.runs.iter().take_while(|run| tone(run.receipt.outcome) == tone(last.outcome));
        Some(same.last().map_or(last.started, |run| run.receipt.started).min(last.started))
    }

    /// When it last ended well, as far as that is on record.
    pub fn last_good(&self) -> Option<Timestamp> {
        let kept = self.runs.iter().map(|run| &run.receipt);
        let good = self.last.iter().chain(kept).find(|receipt| tone(receipt.outcome) == Tone::Well);
        good.map(|receipt| receipt.started)
    }
}

/// How a person takes an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Nothing to do.
    Well,
    /// To be decided.
    Waits,
    /// To be looked at.
    Bad,
}

/// How a person takes an outcome.
pub fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Unchanged | Outcome::Changed => Tone::Well,
        Outcome::Held => Tone::Waits,
        Outcome::RolledBack | Outcome::Failed => Tone::Bad,
    }
}

fn receipt(path: &Path) -> anyhow::Result<Option<Receipt>> {
    let text = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text.with_context(|| path.display().to_string())?,
    };
    serde_json::from_slice(&text).map(Some).with_context(|| path.display().to_string())
}

/// The runs that are kept, newest first.
fn runs(folder: &Path) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    let kept = state::kept_receipts(folder).with_context(|| folder.display().to_string())?;
    for path in kept.into_iter().rev() {
        let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // One that a run has just removed for a newer one is no loss.
        if let Some(receipt) = receipt(&path)? {
            runs.push(Run { id, receipt });
        }
    }
    Ok(runs)
}

fn deployed(folder: &Path) -> anyhow::Result<Option<Deployed>> {
    Files::in_folder(folder).deployed().context("what is deployed")
}

fn version(deployed: &Deployed) -> String {
    deployed.version.clone().unwrap_or_else(|| "no version".to_owned())
}

fn unfinished(folder: &Path) -> anyhow::Result<Option<String>> {
    let intent: Option<Intent> = Journal::in_folder(folder).unfinished().context("its journal")?;
    Ok(intent.map(|intent| intent.doing().to_owned()))
}
