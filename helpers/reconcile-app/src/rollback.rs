//! Going back: the last good version, and the data that it had.

use jiff::Timestamp;
use state::Outcome;
use swarm::Service;
use updates::Tag;

use crate::apply::{Parts, Run};
use crate::converge::Failure;
use crate::inputs::Inputs;
use crate::plan::Rollback;
use crate::record::{FailedDeploy, Intent};
use crate::rewrite::Stack;
use crate::source;

/// When what failed is tried again.
const CHANGED: &str = " and this is not tried again until something in it changes";
/// The same, of what came through the door.
const ASKED_AGAIN: &str = " and no run tries this again by itself; ask for it again to try it once more";

impl<P: Parts> Run<'_, P> {
    /// Remembers what failed, so that it is not tried again before it changes.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remember_failure(&self, digest: &str, reason: &str, tag: Option<&Tag>) -> std::io::Result<()> {
        let before = self.files.failed()?;
        // A run that only puts the good version back once more has seen nothing of what failed.
        let seen_before = before.as_ref().filter(|before| self.logs.is_empty() && before.digest == digest);
        let logs = seen_before.map_or_else(|| self.logs.clone(), |before| before.logs.clone());
        self.files.remember_failure(&FailedDeploy {
            digest: digest.to_owned(),
            reason: reason.to_owned(),
            versions: source::failed_with(before, tag),
            logs,
            at: Timestamp::now(),
            by_hand: false,
            version: None,
            image: None,
            gate: Some(self.manifest.gate.digest()),
            asked: self.asked_for(digest),
        })
    }

    /// The version of the recipe's repository that this run chose.
    pub(crate) fn tag(&self) -> Option<&Tag> {
        self.at.as_ref().and_then(|at| at.tag.as_ref())
    }

    /// The gate did not hold: back to the last good state, or, where there is none, leave what there is for a person.
    ///
    /// # Errors
    /// When the engine or the disk fails; the journal then says what the next run has to finish.
    pub async fn undo(
        &mut self,
        stack: &Stack,
        inputs: &Inputs,
        failure: Failure,
        snapshot: Option<String>,
    ) -> anyhow::Result<(Outcome, String)> {
        self.show_log(&failure).await;
        let Some(last_good) = self.files.last_good()?.filter(|text| *text != stack.text()) else {
            self.journal.clear()?;
            let summary =
                format!("{failure}; there is no earlier good state to go back to, its services are left as they are");
            return Ok((Outcome::Failed, summary));
        };
        let back = Rollback {
            digest: inputs.digest.clone(),
            reason: failure.to_string(),
            snapshot,
            tag: self.tag().cloned(),
            failed: true,
        };
        self.rollback(&last_good, back).await
    }

    /// Puts the last good state back, its data first, and holds the gate for it.
    ///
    /// # Errors
    /// When the engine or the disk fails; the journal then says what the next run has to finish.
    pub async fn rollback(&mut self, last_good: &str, back: Rollback) -> anyhow::Result<(Outcome, String)> {
        let Rollback { digest, reason, snapshot, tag, failed } = back;
        (self.say)(format!("rolling back: {reason}"));
        if let Some(snapshot) = &snapshot {
            let intent = Intent::Restore {
                digest: digest.clone(),
                reason: reason.clone(),
                snapshot: snapshot.clone(),
                tag: tag.clone(),
                failed,
            };
            self.intend(&intent).await?;
            self.restore_data(snapshot).await?;
        }
        // From here on the old version may write: the data is not restored a second time.
        let intent = Intent::Rollback { digest: digest.clone(), reason: reason.clone(), tag: tag.clone(), failed };
        self.intend(&intent).await?;
        let stack = self.kept_stack(last_good).await?;
        let stack = self.with_images(stack).await;
        self.stack = stack.stack_name(self.manifest.stack.as_str());
        self.switch_back(&stack, failed).await?;
        let restored = self.replace(&stack).await?;
        let waits = self.files.failed()?.filter(|aside| aside.by_hand && aside.digest == digest);
        if failed && waits.is_none() {
            self.remember_failure(&digest, &reason, tag.as_ref())?;
        }
        let good = self.files.deployed()?.and_then(|deployed| deployed.named());
        let version = good.unwrap_or_else(|| "the last good state".to_owned());
        let again = if self.asked_for(&digest).is_some() { ASKED_AGAIN } else { CHANGED };
        let again = if failed { again } else { "" };
        let ended = match restored {
            Ok(()) => {
                self.settle().await?;
                self.forget_what_serves()?;
                // Nothing failed: what serves was put right, and another version waits as before.
                if let Some(aside) = waits.filter(|_| failed) {
                    let waits = aside.waits(self.manifest.name.as_str());
                    (Outcome::Held, format!("{version} was put right; {waits}"))
                } else {
                    let kept = self.kept_if_any().await?;
                    let told = came_back(&reason, &version, snapshot.as_deref(), again);
                    (Outcome::RolledBack, with_kept(told, &kept, self.manifest.name.as_str()))
                }
            }
            Err(again) => {
                self.show_log(&again).await;
                (Outcome::Failed, did_not_come_back(&reason, &version, snapshot.as_deref(), &again))
            }
        };
        self.journal.clear()?;
        self.set_room_aside_again();
        Ok(ended)
    }

    /// What a person was about to go back from serves: it does not wait for anybody.
    fn forget_what_serves(&self) -> std::io::Result<()> {
        let (deployed, failed) = (self.files.deployed()?, self.files.failed()?);
        let same = deployed.zip(failed).is_some_and(|(deployed, failed)| deployed.digest == failed.digest);
        if same { self.files.forget_failure() } else { Ok(()) }
    }
}

fn with_kept(told: String, kept: &[Service], app: &str) -> String {
    match kept.first() {
        Some(service) => {
            format!("{told}; what failed is kept without routes as {}, until `hearth cleanup {app}`", service.name)
        }
        None => told,
    }
}

fn came_back(reason: &str, version: &str, snapshot: Option<&str>, again: &str) -> String {
    let data = snapshot.map(|id| format!(" with its data of snapshot {id}")).unwrap_or_default();
    format!("{reason}; {version} serves again{data}{again}")
}

fn did_not_come_back(reason: &str, version: &str, snapshot: Option<&str>, again: &Failure) -> String {
    let data = snapshot.map(|id| format!("; its data is that of snapshot {id}, which is kept")).unwrap_or_default();
    format!("{reason}; and going back to {version} failed too: {again}{data}")
}
