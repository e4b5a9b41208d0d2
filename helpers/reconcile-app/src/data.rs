//! An app's data before and after an update: stopped, copied, and put back when the update fails.

use anyhow::Context as _;
use jiff::Timestamp;
use state::{Image, Outcome, named};
use swarm::{Quiesce, Service};
use updates::At;

use crate::apply::{Parts, Run};
use crate::manifest::{Mode, Update};
use crate::plan::STANDBY_LABEL;
use crate::record::{Deployed, Intent};
use crate::room::{PAUSE, with_room};

/// What is written beside a copy of an app's volumes, so that the version comes back with the data.
#[derive(Clone, Debug)]
pub struct About {
    /// The app.
    pub app: String,
    /// The version that runs on this data.
    pub version: Option<String>,
    /// Its image, where that came through the door.
    pub image: Option<Image>,
    /// The digest of the inputs of that version.
    pub digest: String,
    /// Its rendered compose file, which names its images by digest and its secrets by content.
    pub stack: String,
    /// Where its recipe stands in its repository, if it came from one.
    pub recipe: Option<At>,
    /// Whether all of it runs. Only a copy of what runs is a good one.
    pub healthy: bool,
}

impl About {
    /// What a person calls the version, where it has a name.
    pub fn named(&self) -> Option<String> {
        named(self.version.as_deref(), self.image.as_ref())
    }
}

/// Why no snapshot was taken. The volumes are as they were.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// There is not enough room for it.
    #[error("{0}")]
    NoRoom(String),
    /// Something else went wrong.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Copies of an app's volumes. The app is stopped when `take` and `restore` are called.
pub trait Snapshots {
    /// Whether the app has volumes, and there is room to copy them.
    async fn needed(&self) -> Result<bool, NotTaken>;
    /// Takes a verified copy and returns its name.
    async fn take(&self, about: &About, say: &mut dyn FnMut(String)) -> Result<String, NotTaken>;
    /// Puts back exactly what was in the volumes. Cut off and called again, it ends the same.
    async fn restore(&self, id: &str, say: &mut dyn FnMut(String)) -> anyhow::Result<()>;
    /// The copy that somebody began to put back by hand, if that was cut off: the volumes may be half of each.
    fn unfinished(&self) -> anyhow::Result<Option<String>>;
    /// What a copy is of, after all of it was read back: a whole one of this app's volumes.
    fn examine(&self, id: &str, say: &mut dyn FnMut(String)) -> anyhow::Result<About>;
    /// The compose files of all copies that are kept.
    fn stacks(&self) -> anyhow::Result<Vec<String>>;
    /// Removes what the retention does not keep, but never `keep`.
    async fn prune(&self, keep: &str, say: &mut dyn FnMut(String)) -> anyhow::Result<()>;
}

/// What a deploy may go on with.
#[derive(Debug)]
pub enum Secured {
    /// The data is safe: in this snapshot, or there is nothing that this deploy could harm.
    Yes(Option<String>),
    /// It is not, and nothing was changed.
    No(Outcome, String),
}

impl<P: Parts> Run<'_, P> {
    /// Ends a restore that somebody began by hand and that was cut off, before anything is started on half of it.
    ///
    /// # Errors
    /// When the app runs, so that its volumes cannot be touched, or the restore fails again.
    pub async fn finish_restore(&mut self, observed: &[Service]) -> anyhow::Result<()> {
        let Some(id) = self.host.snapshots.unfinished()? else { return Ok(()) };
        if let Some(service) = observed.iter().find(|service| service.desired > 0 || service.running > 0) {
            anyhow::bail!(
                "the restore of {id} was cut off and {} runs on what it left; nothing was touched. Run `snapshot-volumes … restore {id}` again",
                service.name
            );
        }
        (self.say)(format!("going on with the restore of {id}"));
        self.host.snapshots.restore(&id, self.say).await
    }

    /// Sees to it that the data can be put back, before a deploy of `digest` touches it.
    ///
    /// # Errors
    /// When the engine or the disk fails; the journal then says what the next run has to finish.
    pub async fn secure_data(&mut self, digest: &str) -> anyhow::Result<Secured> {
        if let Some(Intent::Deploy { snapshot, .. }) = &self.unfinished {
            // Taken before that deploy was cut off. A new one would hold what that deploy did to the data.
            return Ok(Secured::Yes(snapshot.clone()));
        }
        let stopped = matches!(self.unfinished, Some(Intent::Snapshot { .. }));
        let Some(about) = self.about().await?.filter(|about| about.digest != digest) else {
            return Ok(Secured::Yes(None));
        };
        if let Some(reason) = self.set_room_aside()? {
            return self.not_secured(NotTaken::NoRoom(reason), &about, digest, stopped).await;
        }
        // Neither colour has a volume, and what serves goes on.
        if self.manifest.update == Update::BlueGreen || self.manifest.snapshot.mode == Mode::None {
            return Ok(Secured::Yes(None));
        }
        match self.host.snapshots.needed().await {
            Ok(true) => {}
            Ok(false) => return Ok(Secured::Yes(None)),
            Err(reason) => return self.not_secured(reason, &about, digest, stopped).await,
        }
        self.journal.record(&Intent::Snapshot { digest: digest.to_owned() })?;
        if let Err(error) = self.stop().await {
            return self.not_secured(NotTaken::Failed(error), &about, digest, true).await;
        }
        let begun = Timestamp::now();
        match self.host.snapshots.take(&about, self.say).await {
            Ok(id) => {
                self.note("snapshot", begun, None);
                (self.say)(format!("snapshot {id} is taken and verified"));
                Ok(Secured::Yes(Some(id)))
            }
            Err(reason) => self.not_secured(reason, &about, digest, true).await,
        }
    }

    /// What serves now, as a snapshot describes it.
    pub(crate) async fn about(&self) -> anyhow::Result<Option<About>> {
        let (Some(deployed), Some(stack)) = (self.files.deployed()?, self.files.last_good()?) else { return Ok(None) };
        let app = self.manifest.name.to_string();
        let healthy = Quiesce::new(self.host.engine, self.label()).without(STANDBY_LABEL).is_up().await?;
        let Deployed { version, image, digest, recipe, .. } = deployed;
        Ok(Some(About { app, version, image, digest, stack, recipe, healthy }))
    }

    /// No snapshot, no update: the old version goes on.
    async fn not_secured(
        &mut self,
        reason: NotTaken,
        about: &About,
        digest: &str,
        stopped: bool,
    ) -> anyhow::Result<Secured> {
        let (outcome, word, reason) = match reason {
            NotTaken::NoRoom(reason) => (Outcome::Held, "held", reason),
            NotTaken::Failed(error) => (Outcome::Failed, "given up", format!("no snapshot could be taken: {error:#}")),
        };
        let version = about.named().unwrap_or_else(|| "the last good version".to_owned());
        let mut summary = format!("the update is {word}, {version} serves on: {reason}");
        if stopped {
            (self.say)(format!("starting {version} again: {reason}"));
            let stack = self.kept_stack(&about.stack).await?;
            if let Err(failure) = self.replace(&stack).await? {
                let summary = format!("{reason}; and starting {version} again failed: {failure}");
                return Ok(Secured::No(Outcome::Failed, summary));
            }
            self.settle().await?;
            summary = format!("{summary} (it was stopped for the attempt)");
        }
        if outcome == Outcome::Failed {
            // Or every run would stop the app for an attempt that fails.
            self.remember_failure(digest, &reason, self.tag())?;
        }
        self.journal.clear()?;
        Ok(Secured::No(outcome, summary))
    }

    /// Stops the app and waits until nothing of it writes.
    ///
    /// # Errors
    /// When the engine does not answer, or a task does not end in its time.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let quiesce = Quiesce::new(self.host.engine, self.label()).without(STANDBY_LABEL);
        let stopped = quiesce.stop(self.manifest.snapshot.stop(), self.say).await;
        stopped.context("the app did not stop; its volumes were not touched, and the next run goes on")
    }

    /// Puts an app's data back. It is stopped for it, and stays so.
    ///
    /// # Errors
    /// When the engine or the disk fails. The journal says so, and the next run does it again.
    pub async fn restore_data(&mut self, snapshot: &str) -> anyhow::Result<()> {
        self.stop().await?;
        (self.say)(format!("restoring snapshot {snapshot}"));
        let begun = Timestamp::now();
        with_room(PAUSE, async || self.host.snapshots.restore(snapshot, self.say).await).await?;
        state::fault::point(|| "after restoring the volumes".to_owned());
        self.note("restore", begun, None);
        Ok(())
    }
}
