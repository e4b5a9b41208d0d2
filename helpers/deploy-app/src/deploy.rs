//! One deploy: the image is here and is what it should be, its digest is asked for, the app's unit does the rest.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use image_signature::{Registry, Unsigned};
use jiff::Timestamp;
use reconcile_app::pin::{Answer, Pin, Pins};
use state::Outcome;
use swarm::Credentials;

use crate::manifest::Environment;
use crate::words::{Digest, Tag};

/// How often the unit is started until it has answered. A second time where a run of it was under way that did not know
/// of this deploy, or where it was killed; one that is killed again and again is for a person to look at.
const STARTS: usize = 3;

/// An image as the engine has it after a pull.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// The digest of what was pulled, as the engine told it.
    pub digest: Option<String>,
    /// `name@sha256:…`, for each name under which it was pulled.
    pub digests: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// What must be free on the engine's disk before an image is pulled, in bytes. How much of an image is new to the host is
/// known when it is there; a full disk stops all apps.
pub const ROOM: u64 = 1 << 30;

/// What a deploy does to the host, and nothing else.
pub trait Host {
    /// Bytes that are free on the disk that the engine has its images on, and the folder that this was asked of.
    ///
    /// # Errors
    /// When the system does not say.
    fn free(&self) -> anyhow::Result<(u64, PathBuf)>;
    /// Pulls an image, with this login or else the host's own.
    ///
    /// # Errors
    /// The engine's or the registry's words.
    fn pull(&self, image: &str, login: Option<Credentials>) -> anyhow::Result<Pulled>;
    /// The registry of an image, which is asked for its signatures with this login or else the host's own.
    ///
    /// # Errors
    /// When there is none to ask.
    fn registry(&self, image: &str, login: Option<Credentials>) -> anyhow::Result<Box<dyn Registry>>;
    /// Starts a unit, tells what it says as it says it, and returns when it has ended, however that was.
    ///
    /// # Errors
    /// When it cannot be started.
    fn run(&self, unit: &str, say: &mut dyn FnMut(&str)) -> anyhow::Result<()>;
}

/// A deploy that was allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job<'m> {
    /// Where to.
    pub environment: &'m Environment,
    /// What was asked for.
    pub tag: Tag,
    /// The image's digest, where it is not for the registry to say.
    pub digest: Option<Digest>,
    /// Who asked.
    pub by: String,
}

impl Job<'_> {
    /// The image that is pulled.
    pub fn reference(&self) -> String {
        match &self.digest {
            Some(digest) => format!("{}@{}", self.environment.image, digest.as_str()),
            None => format!("{}:{}", self.environment.image, self.tag.as_str()),
        }
    }

    /// Deploys it, and returns how that ended.
    ///
    /// # Errors
    /// When it was given up before anything was touched, or nobody answered.
    pub fn carry_out(
        &self,
        host: &impl Host,
        login: Option<Credentials>,
        at: Timestamp,
        say: &mut dyn FnMut(&str),
    ) -> anyhow::Result<(Outcome, String)> {
        let image = self.reference();
        let nothing = "nothing was deployed, what serves goes on serving";
        ensure_room(host, &image).context(nothing)?;
        say(&format!("pulling {image}"));
        let pulled =
            host.pull(&image, login.clone()).with_context(|| format!("{image} cannot be pulled; {nothing}"))?;
        let digest = self.digest_of(&pulled).context(nothing)?;
        self.check_labels(&pulled).context(nothing)?;
        say(&format!("{image} is {digest}"));
        self.check_signature(host, &digest, login, say).context(nothing)?;
        let pin = Pin {
            schema: 1,
            image: self.environment.image.clone(),
            tag: self.tag.as_str().to_owned(),
            digest: digest.into(),
            by: self.by.clone(),
            at,
        };
        self.hand_over(host, &pin, say)
    }

    fn digest_of(&self, pulled: &Pulled) -> anyhow::Result<Digest> {
        if let Some(digest) = &self.digest {
            return Ok(digest.clone());
        }
        let known = pulled.digests.iter().filter_map(|known| known.split_once('@'));
        let own = known.filter(|(name, _)| *name == self.environment.image).map(|(_, digest)| digest.to_owned());
        let told = pulled.digest.iter().cloned();
        let Some(digest) = told.chain(own).find_map(|digest| Digest::try_from(digest).ok()) else {
            bail!(
                "the engine knows no digest of {}: it was not pulled from a registry under this name",
                self.reference()
            )
        };
        Ok(digest)
    }

    fn check_labels(&self, pulled: &Pulled) -> anyhow::Result<()> {
        for (label, wanted) in &self.environment.labels {
            let found = pulled.labels.get(label);
            ensure!(
                found == Some(wanted),
                "{} is refused: its label {label} is {}, and `{wanted}` is declared",
                self.reference(),
                found.map_or_else(|| "missing".to_owned(), |found| format!("`{found}`"))
            );
        }
        Ok(())
    }

    /// Where keys are declared: that one of them signed exactly this digest.
    fn check_signature(
        &self,
        host: &impl Host,
        digest: &Digest,
        login: Option<Credentials>,
        say: &mut dyn FnMut(&str),
    ) -> anyhow::Result<()> {
        let keys = self.environment.signers()?;
        if keys.is_empty() {
            return Ok(());
        }
        let (image, option) = (&self.environment.image, format!("{}.cosignKeys", self.environment.option()));
        let refused = |unsigned: &Unsigned| {
            let remedy = match unsigned {
                Unsigned::Surely(_) => format!(
                    "sign it with `cosign sign --key cosign.key {image}@{digest}`, or add the key that signed it to {option}"
                ),
                Unsigned::Unknown(_) => format!("deploy again when {image} answers; {option} wants a signature"),
            };
            format!("{} is refused; {remedy}", self.reference())
        };
        let registry = host.registry(image, login)?;
        let found = image_signature::find(&*registry, digest, &keys);
        let signed = found.map_err(|unsigned| {
            let refusal = refused(&unsigned);
            anyhow::Error::from(unsigned).context(refusal)
        })?;
        say(&format!("signed by key {} of the {} in {option} ({})", signed.key, keys.len(), signed.place));
        Ok(())
    }

    /// Asks for the image and starts the unit until there is an answer.
    fn hand_over(&self, host: &impl Host, pin: &Pin, say: &mut dyn FnMut(&str)) -> anyhow::Result<(Outcome, String)> {
        let (pins, unit) = (Pins::in_folder(&self.environment.state_folder), self.environment.unit());
        pins.ask(pin)?;
        for _ in 0..STARTS {
            host.run(&unit, say)?;
            if let Some(Answer { outcome, summary, .. }) = pins.answer()?.filter(|answer| answer.to == *pin) {
                return Ok((outcome, summary));
            }
            say(&format!("{unit} ended before it was done with this; starting it again"));
        }
        bail!(
            "{unit} did not say what came of it; its next run goes on with it. Look at `hearth history {}` on the host",
            self.environment.name.as_str()
        )
    }
}

fn ensure_room(host: &impl Host, image: &str) -> anyhow::Result<()> {
    let (free, folder) = host.free()?;
    let mib = |bytes: u64| bytes >> 20;
    ensure!(
        free >= ROOM,
        "{image} is not pulled: {} MiB are free on the disk of {}, and {} MiB must be; make room there, or have old images removed (hearth.pruning)",
        mib(free),
        folder.display(),
        mib(ROOM)
    );
    Ok(())
}

#[cfg(test)]
#[path = "deploy_tests.rs"]
mod tests;
