//! Going back by hand: to a version that served before, with the data that it had, or on the data of now where that version
//! was seen to work on it.
//!
//! What serves is kept in a snapshot of its own first, so that a person can go forward again, and so that a run that is
//! cut off, or a gate that does not hold, ends with what served. What was gone back from is set aside: the next run does
//! not take it again before it changes or a person accepts it.

use anyhow::{bail, ensure};
use jiff::Timestamp;
use state::{Journal, Outcome, Receipt, Step};

use crate::apply::{Host, Parts, Run};
use crate::data::{About, Secured, Snapshots as _};
use crate::keep::{Back, Data, by_verdict};
use crate::manifest::{DeclaredState, Manifest, Mode, Source};
use crate::plan::Rollback;
use crate::record::{Deployed, FailedDeploy, Intent};
use crate::rewrite::Stack;
use crate::run::begin;
use crate::{colour, source};

/// Goes back to what ran when a snapshot was taken.
///
/// # Errors
/// What went wrong before anything was touched, or an engine or a disk that failed in the middle; the journal then says
/// what the next run has to undo.
pub async fn on<P: Parts>(
    host: Host<'_, P>,
    manifest: &Manifest,
    to: &Back,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<(Outcome, String)> {
    let app = &manifest.name;
    ensure!(
        manifest.state == DeclaredState::Running,
        "{app} is declared stopped; nothing was done. Set hearth.apps.{app}.state = \"running\" first"
    );
    let journal = Journal::in_folder(&manifest.state_folder);
    ensure!(
        journal.unfinished::<Intent>()?.is_none() && host.snapshots.unfinished()?.is_none(),
        "a run over this app was cut off; nothing was done. `systemctl start hearth-app-{}` ends it well, then go back",
        manifest.name
    );
    let mut run = begin(host, manifest, receipt, say);
    run.go_back(to).await
}

impl<P: Parts> Run<'_, P> {
    async fn go_back(&mut self, back: &Back) -> anyhow::Result<(Outcome, String)> {
        let id = &back.snapshot;
        let Some((deployed, last_good)) = self.files.deployed()?.zip(self.files.last_good()?) else {
            bail!("nothing good was ever deployed, so there is nothing to go back from")
        };
        self.stack = colour::recorded_stack(self.manifest.stack.as_str(), Some(&deployed));
        let to = self.earlier(id, &deployed)?;
        let stack = self.stack_of(&to).await?;
        let data = self.data_for(back, &deployed, &to)?;
        let aside = self.aside(&deployed)?;
        let failed = self.files.failed()?;
        let before = match self.secure_data(&to.digest).await? {
            Secured::Yes(Some(before)) => before,
            Secured::Yes(None) => bail!("it has no volumes now that a snapshot could be of; nothing was done"),
            Secured::No(outcome, summary) => {
                // Nothing that is declared failed.
                self.files.recall_failure(failed.as_ref())?;
                return Ok((outcome, summary));
            }
        };
        let intent = Intent::Back { digest: to.digest.clone(), to: id.to_owned(), snapshot: before.clone() };
        self.journal.record(&intent)?;
        if let Err(reason) = self.serve_earlier(&stack, id, data).await? {
            let digest = to.digest.clone();
            let undo = Rollback { digest, reason, snapshot: Some(before), tag: None, failed: false };
            return self.rollback(&last_good, undo).await;
        }
        self.at.clone_from(&to.recipe);
        self.commit_back(&stack, &to, &aside).await?;
        self.tidy(Some(&before)).await;
        let version = to.named().unwrap_or_else(|| "the earlier version".to_owned());
        let left = deployed.named().unwrap_or_else(|| "the later version".to_owned());
        let with = match data {
            Data::Keep => "on the data of now".to_owned(),
            Data::Restore => format!("with its data of snapshot {id}"),
        };
        let summary =
            format!("{version} serves again {with}; {left} is set aside, its data is kept in snapshot {before}");
        Ok((Outcome::Changed, summary))
    }

    /// Brings the data back, unless that of now stays, and starts the earlier version on it. The inner error is why it does
    /// not serve.
    async fn serve_earlier(&mut self, stack: &Stack, id: &str, data: Data) -> anyhow::Result<Result<(), String>> {
        if data == Data::Restore
            && let Err(error) = self.restore_data(id).await
        {
            return Ok(Err(format!("{error:#}")));
        }
        let held = self.replace(stack).await?;
        if let Err(failure) = &held {
            self.show_log(failure).await;
        }
        Ok(held.map_err(|failure| failure.to_string()))
    }

    /// What becomes of the data, which the receipt tells with the reason.
    fn data_for(&mut self, back: &Back, deployed: &Deployed, to: &About) -> anyhow::Result<Data> {
        let (by_verdict, why) = by_verdict(self.files.migrations()?.as_ref(), &deployed.digest, &to.digest);
        let (data, why) = match back.data {
            Some(data) => (data, format!("a person said so; {why}")),
            None => (by_verdict, why),
        };
        let word = match data {
            Data::Keep => "kept",
            Data::Restore => "that of the snapshot",
        };
        (self.say)(format!("data: {word}: {why}"));
        let step = Step { name: "data".to_owned(), milliseconds: 0, result: format!("{word}: {why}") };
        self.receipt.steps.push(step);
        Ok(data)
    }

    /// What the snapshot is of, and that it can be gone back to.
    fn earlier(&mut self, id: &str, deployed: &Deployed) -> anyhow::Result<About> {
        let app = &self.manifest.name;
        ensure!(
            self.manifest.snapshot.mode != Mode::None,
            "snapshots of {app} are turned off; declare the version instead"
        );
        let to = self.host.snapshots.examine(id, self.say)?;
        ensure!(
            to.digest != deployed.digest,
            "snapshot {id} is of what serves; nothing was done. `hearth restore {app} {id}` brings its data back"
        );
        ensure!(
            !to.digest.is_empty() && !to.stack.trim().is_empty(),
            "snapshot {id} does not say what ran on it; nothing was done. `hearth restore {app} {id}` brings its data back"
        );
        ensure!(
            to.recipe.is_some() || matches!(self.manifest.recipe, Source::Folder(_)),
            "snapshot {id} does not say where in its repository the recipe stood; nothing was done. Declare that version"
        );
        Ok(to)
    }

    /// The stack that ran, with everything that it needs here before anything is stopped.
    async fn stack_of(&mut self, to: &About) -> anyhow::Result<Stack> {
        let mut stack = Stack::parse(&to.stack)?;
        let missing = stack.take_from_swarm(&self.contents().await?);
        ensure!(
            missing.is_empty(),
            "{}, which that version uses, is not in the swarm any more; nothing was done. Declare that version instead",
            missing.join(" and ")
        );
        self.host.images(self.manifest).provide(&mut stack, self.say).await?;
        Ok(stack)
    }

    /// What is not to be taken again by itself: what serves now. What is declared and failed already stays what it is.
    fn aside(&self, deployed: &Deployed) -> std::io::Result<FailedDeploy> {
        let failed = self.files.failed()?;
        let declared = source::serving(self.manifest, Some(deployed)).ok().map(|inputs| inputs.digest);
        let tag = deployed.recipe.as_ref().and_then(|at| at.tag.as_ref());
        let versions = source::failed_with(failed.clone(), tag);
        Ok(match failed.filter(|failed| declared.as_ref() == Some(&failed.digest)) {
            Some(failed) => FailedDeploy { versions, ..failed },
            None => FailedDeploy {
                digest: deployed.digest.clone(),
                reason: "a person went back from it".to_owned(),
                versions,
                logs: Vec::new(),
                at: Timestamp::now(),
                by_hand: true,
                version: deployed.version.clone(),
                image: deployed.image.clone(),
                gate: None,
                asked: None,
            },
        })
    }

    async fn commit_back(&mut self, stack: &Stack, to: &About, aside: &FailedDeploy) -> anyhow::Result<()> {
        let deployed = self.now_serving(stack, &to.digest, to.image.clone()).await?;
        self.files.commit_back(&deployed, &stack.text(), aside)?;
        self.journal.clear()?;
        self.retire(stack).await;
        Ok(())
    }
}
