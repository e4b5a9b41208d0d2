//! The image that somebody had deployed through the door, by its digest, in place of what the flake declares.
//!
//! The door (`deploy-app`) *asks* for an image: it writes `asked.json` and starts the app's unit. A run takes it as the
//! value of the declared variable, so that it is an input like any other, and *answers*: what passed its gate becomes
//! `pinned.json` and holds from then on; what did not is forgotten, and the earlier pin stands. A run that is cut off has
//! not answered, and the next one goes on with it.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use state::{Image, Journal, Outcome, Step, remove_durably, write_atomic};

use crate::apply::{Parts, Run};
use crate::inputs::Inputs;
use crate::manifest::Deployable;
use crate::record::{FailedDeploy, Files};
use crate::rewrite::Stack;

/// An image at a digest, and how it came to be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pin {
    /// Version of this record's shape.
    pub schema: u32,
    /// The image's name, without tag and digest.
    pub image: String,
    /// The tag that was asked for.
    pub tag: String,
    /// What the registry had under it then: `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Pin {
    /// What stands in the compose file: the image at its digest. The tag is no part of it, so that a tag that is moved
    /// back and forth, or another one for the same image, changes nothing.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.image, self.digest)
    }

    /// Whether it is what passed its gate last. After a person went back from it, it is not.
    ///
    /// # Errors
    /// When there is a record that cannot be read.
    pub fn serves(&self, files: &Files) -> io::Result<bool> {
        if let Some(image) = files.deployed()?.and_then(|deployed| deployed.image) {
            return Ok(image.digest == self.digest);
        }
        // What the flake declares has no such record, nor has what an older Hearth deployed.
        let Some(text) = files.last_good()? else { return Ok(false) };
        Ok(Stack::parse(&text)?.images().contains(&self.reference()))
    }
}

impl From<&Pin> for Image {
    fn from(pin: &Pin) -> Self {
        Self { tag: pin.tag.clone(), digest: pin.digest.clone() }
    }
}

/// What came of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// What was asked for.
    pub to: Pin,
    /// How the run ended.
    pub outcome: Outcome,
    /// The run's sentence for a person.
    pub summary: String,
}

/// A pin that a run works with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The pin.
    pub pin: Pin,
    /// Whether it is asked for and not answered yet.
    pub asked: bool,
}

/// The pins of one app, in its state folder.
#[derive(Clone, Debug)]
pub struct Pins {
    folder: PathBuf,
}

impl Pins {
    /// The pins in an app's state folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// What was deployed last and passed its gate.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn pinned(&self) -> io::Result<Option<Pin>> {
        read(&self.folder.join("pinned.json"))
    }

    /// What is asked for and not answered yet.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn asked(&self) -> io::Result<Option<Pin>> {
        read(&self.folder.join("asked.json"))
    }

    /// What came of what was asked for last.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn answer(&self) -> io::Result<Option<Answer>> {
        read(&self.folder.join("answer.json"))
    }

    /// Asks for an image; the next run takes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn ask(&self, pin: &Pin) -> io::Result<()> {
        write(&self.folder.join("asked.json"), pin)
    }

    /// The pin that holds for an app: what is asked for, else what is pinned; none of an image that the flake does not
    /// name any more.
    ///
    /// # Errors
    /// When a record is there and cannot be read.
    pub fn in_force(&self, declared: Option<&Deployable>) -> io::Result<Option<InForce>> {
        let Some(declared) = declared else { return Ok(None) };
        let is_meant = |pin: &Pin| pin.image == declared.image;
        if let Some(pin) = self.asked()?.filter(is_meant) {
            return Ok(Some(InForce { pin, asked: true }));
        }
        Ok(self.pinned()?.filter(is_meant).map(|pin| InForce { pin, asked: false }))
    }

    /// Writes down what came of it. What was asked for in the meantime stands.
    ///
    /// # Errors
    /// When a record cannot be written; the next run then answers.
    pub fn settle(&self, answer: &Answer, deployed: bool) -> io::Result<()> {
        if deployed {
            write(&self.folder.join("pinned.json"), &answer.to)?;
        }
        // Before the question goes: whoever waits for the answer sees that there is none, or finds it.
        write(&self.folder.join("answer.json"), answer)?;
        if self.asked()?.as_ref() == Some(&answer.to) {
            remove_durably(&self.folder.join("asked.json"))?;
        }
        Ok(())
    }
}

fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    write_atomic(path, &text, 0o640)
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let about = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| about(error.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(about(error)),
    }
}

/// What a run was asked for: the pin, and the digest of the inputs with it where they could be read.
pub type Asked = (Pin, Option<String>);

impl<P: Parts> Run<'_, P> {
    /// Remembers what these inputs answer, and says who wanted it.
    pub(crate) fn take_what_is_asked(&mut self, inputs: &Inputs) {
        let Some(InForce { pin, asked: true }) = &inputs.pin else { return };
        self.mark(format!("{}:{} at {}, asked for by {}", pin.image, pin.tag, pin.digest, pin.by));
        self.asked = Some((pin.clone(), Some(inputs.digest.clone())));
    }

    /// Says it, and writes it into the receipt.
    fn mark(&mut self, name: String) {
        (self.say)(name.clone());
        self.receipt.steps.push(Step { name, milliseconds: 0, result: "done".to_owned() });
    }

    /// What failed, unless somebody asked for it after that: they want it tried again. Who brings back what a person went
    /// back from, as a pipeline that knows nothing of it may, reads that they do.
    pub(crate) fn unless_asked_again(&mut self, failed: Option<FailedDeploy>) -> Option<FailedDeploy> {
        let failed = failed?;
        if !self.asked_for(&failed.digest).is_some_and(|pin| is_another(&pin, &failed)) {
            return Some(failed);
        }
        if failed.by_hand {
            let at = failed.at;
            self.mark(format!("a person went back from this on {at:.0}; it is asked for again, so it is tried again"));
        }
        None
    }

    /// What was asked for, where these inputs answer it.
    pub(crate) fn asked_for(&self, digest: &str) -> Option<Pin> {
        let (pin, desired) = self.asked.as_ref()?;
        (desired.as_deref() == Some(digest)).then(|| pin.clone())
    }

    /// Answers what this run was asked for, unless its journal says that the next one goes on with it.
    ///
    /// # Errors
    /// When a record cannot be read or written.
    pub fn answer(&self, ended: &anyhow::Result<(Outcome, String)>) -> io::Result<()> {
        let Some((pin, desired)) = &self.asked else { return Ok(()) };
        let journal = Journal::in_folder(&self.manifest.state_folder);
        if journal.unfinished::<serde_json::Value>()?.is_some() {
            return Ok(());
        }
        let deployed = self.files.deployed()?.filter(|deployed| desired.as_ref() == Some(&deployed.digest));
        let (outcome, summary) = what_came_of_it(ended, pin.at, deployed.as_ref().map(|deployed| deployed.at));
        let pins = Pins::in_folder(&self.manifest.state_folder);
        let same = pins.pinned()?.is_some_and(|pinned| pinned.reference() == pin.reference());
        // Who asks for what serves already did not deploy it: the record of who did stays.
        let pinned = deployed.is_some_and(|deployed| !same || deployed.at >= pin.at);
        pins.settle(&Answer { to: pin.clone(), outcome, summary }, pinned)
    }
}

/// Whether this was not yet asked for when something failed.
fn is_another(pin: &Pin, failed: &FailedDeploy) -> bool {
    // Not when: clocks are set.
    failed.asked.as_ref() != Some(pin)
}

/// The answer to whoever asked for an image at a moment, from how the run over the whole app ended, and since when that image
/// is deployed.
fn what_came_of_it(
    ended: &anyhow::Result<(Outcome, String)>,
    asked: Timestamp,
    deployed: Option<Timestamp>,
) -> (Outcome, String) {
    let by_a_run_before = deployed.is_some_and(|deployed| deployed >= asked);
    match ended {
        // Where the run that deployed it was cut off, a later one has nothing left to do.
        Ok((Outcome::Unchanged | Outcome::Held, _)) if by_a_run_before => {
            (Outcome::Changed, "deployed, by a run that was cut off before it could say so".to_owned())
        }
        // What waits for a person is another version of the recipe.
        Ok((Outcome::Held, summary)) if deployed.is_some() => (Outcome::Unchanged, summary.clone()),
        Ok((outcome, summary)) => (*outcome, summary.clone()),
        Err(error) => (Outcome::Failed, format!("{error:#}")),
    }
}

#[cfg(test)]
#[path = "pin_tests.rs"]
mod tests;
