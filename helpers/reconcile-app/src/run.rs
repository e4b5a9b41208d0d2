//! One run over one app: read, observe, plan, apply, and the receipt of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use state::{Journal, Lock, LockError, Outcome, Receipt};
use swarm::{Engine as RealEngine, Service, Services as _};

use crate::answers::Network;
use crate::apply::{Host, Parts, Run};
use crate::connections::Proc;
use crate::divert::Nft;
use crate::inputs::Inputs;
use crate::keep::Back;
use crate::manifest::{Manifest, Update};
use crate::pin::Pins;
use crate::plan::{Known, Plan, Rollback};
use crate::record::{Deployed, Files, Intent};
use crate::render::render;
use crate::rest::Before;
use crate::source::Chosen;
use crate::stack::DockerCommand;
use crate::story::still_serving;
use crate::volumes::Volumes;
use crate::{back, colour, inputs, plan, record, strategy};

/// How a run was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Try what failed before once more.
    pub retry: bool,
}

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub enum Job {
    /// To make what is declared run.
    Reconcile(Options),
    /// To go back to what ran when a snapshot was taken.
    GoBack(Back),
    /// To remove what is kept of colours that failed.
    CleanUp,
}

/// Does a job over one app on the real host and writes its receipt.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub async fn run(manifest: &Manifest, job: &Job, say: &mut dyn FnMut(String)) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("reconcile-app", manifest.name.as_str());
    // Until the receipt is written: of two runs, the one that ended last is the one that is read.
    let lock = lock(&Files::in_folder(&manifest.state_folder).lock(), say);
    let ended = match &lock {
        Ok(_) => on_real_host(manifest, job, &mut receipt, say).await,
        Err(error) => Err(anyhow::anyhow!("{error}; the app was not touched")),
    };
    receipt.end(ended);
    // How the app is does not change with what is kept of a colour that failed.
    if !matches!(job, Job::Reconcile(Options { dry_run: true, .. }) | Job::CleanUp) {
        // On a full disk it is often the second write that fails: the first is what the person wants to know of.
        let unwritten = || format!("{}; and its receipt cannot be written", receipt.summary);
        receipt.write(&manifest.state_folder).with_context(unwritten)?;
    }
    drop(lock);
    Ok(receipt)
}

async fn on_real_host(
    manifest: &Manifest,
    job: &Job,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<(Outcome, String)> {
    manifest.check()?;
    let engine = RealEngine::connect(&manifest.docker_socket)?;
    let stacks = DockerCommand {
        command: manifest.docker_command.clone(),
        socket: manifest.docker_socket.clone(),
        config_folder: manifest.docker_config_folder.clone(),
    };
    let divert = Nft { command: manifest.nft_command.clone().unwrap_or_default() };
    let snapshots = Volumes { engine: &engine, manifest };
    let network = Network { certificate: Duration::from_secs(manifest.gate.certificate_seconds) };
    let host: Host<'_, Real<'_>> = Host {
        engine: &engine,
        stacks: &stacks,
        divert: &divert,
        connections: &Proc,
        answers: &network,
        snapshots: &snapshots,
    };
    match job {
        Job::Reconcile(options) => on(host, manifest, *options, receipt, say).await,
        Job::GoBack(to) => back::on(host, manifest, to, receipt, say).await,
        Job::CleanUp => begin(host, manifest, receipt, say).clean_up().await,
    }
}

/// The parts of a real host.
struct Real<'a>(std::marker::PhantomData<&'a ()>);

impl<'a> Parts for Real<'a> {
    type Engine = RealEngine;
    type Stacks = DockerCommand;
    type Divert = Nft;
    type Connections = Proc;
    type Answers = Network;
    type Snapshots = Volumes<'a>;
}

/// Reconciles one app on a host.
///
/// # Errors
/// What went wrong before anything was touched, or an engine or a disk that failed in the middle.
pub async fn on<P: Parts>(
    host: Host<'_, P>,
    manifest: &Manifest,
    options: Options,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<(Outcome, String)> {
    let left = left_behind(manifest)?;
    let mut run = begin(host, manifest, receipt, say);
    if let Left::Finished = left
        && !options.dry_run
    {
        run.journal.clear()?;
    }
    run.unfinished = if let Left::Unfinished(intent) = &left { Some(intent.clone()) } else { None };
    let mut ended = run.once(options).await;
    if !options.dry_run {
        ended = ended.map(|ended| with_what_was_left(ended, &left));
        run.answer(&ended)?;
    }
    ended
}

/// A run that knows nothing yet.
pub(crate) fn begin<'a, P: Parts>(
    host: Host<'a, P>,
    manifest: &'a Manifest,
    receipt: &'a mut Receipt,
    say: &'a mut dyn FnMut(String),
) -> Run<'a, P> {
    Run {
        host,
        manifest,
        files: Files::in_folder(&manifest.state_folder),
        journal: Journal::in_folder(&manifest.state_folder),
        stack: manifest.stack.to_string(),
        unfinished: None,
        asked: None,
        at: None,
        told: BTreeMap::new(),
        logs: Vec::new(),
        missing: Vec::new(),
        receipt,
        say,
    }
}

/// What a run that was cut off left behind.
enum Left {
    Nothing,
    /// A deploy that it had remembered as good. That is finished: its snapshot is of the data before what serves now, and a
    /// way back to it would lose what was written since.
    Finished,
    Unfinished(Intent),
}

fn left_behind(manifest: &Manifest) -> anyhow::Result<Left> {
    let deployed = Files::in_folder(&manifest.state_folder).deployed()?;
    let intent = Journal::in_folder(&manifest.state_folder).unfinished::<Intent>()?;
    Ok(match intent {
        Some(intent) if plan::is_committed(&intent, deployed.as_ref()) => Left::Finished,
        Some(intent) => Left::Unfinished(intent),
        None => Left::Nothing,
    })
}

/// Whoever waits for a deploy hears that it was made, also where the run that made it could not say so.
fn with_what_was_left((outcome, summary): (Outcome, String), left: &Left) -> (Outcome, String) {
    match (outcome, left) {
        (Outcome::Unchanged, Left::Finished) => (
            Outcome::Changed,
            "what a run deployed that was cut off before it could say so; nothing else differs".to_owned(),
        ),
        ended => (ended.0, summary),
    }
}

/// What waits for a person is the outcome of a run that had nothing else to tell.
fn with_what_waits((outcome, summary): (Outcome, String), waits: Option<String>) -> (Outcome, String) {
    match (outcome, waits) {
        (Outcome::Unchanged, Some(waits)) => (Outcome::Held, waits),
        (outcome, Some(waits)) => (outcome, format!("{summary}; {waits}")),
        (outcome, None) => (outcome, summary),
    }
}

impl<P: Parts> Run<'_, P> {
    async fn once(&mut self, options: Options) -> anyhow::Result<(Outcome, String)> {
        if options.retry {
            self.files.forget_failure()?;
        }
        if let Before::Ended(outcome, summary) = self.before_inputs(options.dry_run).await? {
            return Ok((outcome, summary));
        }
        let (deployed, failed) = (self.files.deployed()?, self.still_failed(options)?);
        self.stack = colour::recorded_stack(self.manifest.stack.as_str(), deployed.as_ref());
        let Chosen { inputs, at, waits, warnings } = match self.choose(deployed.as_ref(), failed.as_ref()).await {
            Ok(chosen) => chosen,
            Err(error) if options.dry_run => return Err(error.into()),
            Err(error) => return self.without_inputs(error).await,
        };
        self.at = at;
        for warning in warnings {
            self.warn(warning);
        }
        self.take_what_is_asked(&inputs);
        let failed = self.unless_asked_again(failed);
        let observed = self.host.engine.services(&self.label()).await?;
        if !options.dry_run && self.unfinished.is_none() {
            self.finish_restore(&observed).await?;
        }
        let kept = self.kept_if_any().await?;
        let plan = plan::plan(Known {
            desired: &inputs.digest,
            observed: &observed,
            deployed: deployed.as_ref(),
            failed: failed.as_ref(),
            unfinished: self.unfinished.as_ref(),
        });
        let plan = plan.with_expired(&colour::expired(&kept, self.manifest.keep_failed_hours, Timestamp::now()));
        self.tell(&plan, strategy::foretold(self.manifest, &observed, deployed.as_ref()));
        if options.dry_run {
            return Ok((Outcome::Unchanged, format!("would {}", plan.verb())));
        }
        self.remove_expired(&kept).await?;
        let ended = self.carry_out(plan, &inputs).await;
        Ok(with_what_waits(self.unless_full(ended).await?, waits))
    }

    /// What failed before and is not to be tried again: not where the gate that it did not pass was changed since.
    fn still_failed(&self, options: Options) -> std::io::Result<Option<record::FailedDeploy>> {
        let gate = self.manifest.gate.digest();
        let Some(failed) = self.files.failed()? else { return Ok(None) };
        if !failed.meets_another_gate(&gate) {
            return Ok(Some(failed));
        }
        if !options.dry_run {
            self.files.forget_failure()?;
        }
        Ok(None)
    }

    fn tell(&mut self, plan: &Plan, foretold: Option<String>) {
        let mut lines = plan.lines();
        if plan.deploys() {
            lines.extend(foretold.map(|what| format!("{}: {what}", plan.verb())));
        }
        for line in &lines {
            (self.say)(line.clone());
        }
        self.receipt.plan = lines;
    }

    /// What is kept of colours that failed. Of an app without colours nothing is, and nobody is asked.
    pub(crate) async fn kept_if_any(&self) -> anyhow::Result<Vec<Service>> {
        if self.manifest.update == Update::BlueGreen { self.kept().await } else { Ok(Vec::new()) }
    }

    /// What is left of another colour is removed, beside what serves.
    async fn remove_left_over(&mut self) -> anyhow::Result<usize> {
        if self.manifest.update == Update::BlueGreen { self.retire_others().await } else { Ok(0) }
    }

    async fn carry_out(&mut self, plan: Plan, inputs: &Inputs) -> anyhow::Result<(Outcome, String)> {
        match plan {
            Plan::Nothing => {
                self.adopt()?;
                Ok((Outcome::Unchanged, "nothing differs".to_owned()))
            }
            Plan::Settle => {
                self.settle().await?;
                self.adopt()?;
                self.journal.clear()?;
                Ok((Outcome::Unchanged, "nothing differs but version numbers".to_owned()))
            }
            Plan::Watch(_) => self.watch().await,
            Plan::Remove(what) => {
                self.remove_left_over().await?;
                self.settle().await?;
                self.adopt()?;
                self.journal.clear()?;
                Ok((Outcome::Changed, format!("{} services that served nobody are removed", what.len())))
            }
            Plan::FailedBefore(failed) => self.leave_alone(failed).await,
            Plan::Rollback(back) => self.go_back_and_on(back, inputs).await,
            Plan::Deploy(_) => deploy(self, inputs).await,
            Plan::Stop(_) | Plan::Hold(_) => anyhow::bail!("{}: it was to be decided before the inputs", plan.verb()),
        }
    }

    /// What failed before is not tried again.
    async fn leave_alone(&mut self, failed: record::FailedDeploy) -> anyhow::Result<(Outcome, String)> {
        // Of a run that was cut off after it had put everything back.
        self.journal.clear()?;
        if failed.by_hand {
            return Ok((Outcome::Held, failed.waits(self.manifest.name.as_str())));
        }
        self.remove_left_over().await?;
        let record::FailedDeploy { reason, at, .. } = failed;
        let summary = format!(
            "failed before, on {at:.0}, and nothing in it changed since: {reason}; the last good version serves. Try it again with `reconcile-app --retry`"
        );
        Ok((Outcome::Failed, summary))
    }

    /// Goes back to the last good version, and from there to what is declared, unless that is what failed.
    async fn go_back_and_on(&mut self, back: Rollback, inputs: &Inputs) -> anyhow::Result<(Outcome, String)> {
        let Some(last_good) = self.files.last_good()? else { return deploy(self, inputs).await };
        if back.failed {
            return self.rollback(&last_good, back).await;
        }
        let (outcome, summary) = self.rollback(&last_good, back).await?;
        self.unfinished = None;
        let failed_before = self.files.failed()?.is_some_and(|failed| failed.digest == inputs.digest);
        if outcome == Outcome::RolledBack && !failed_before {
            return deploy(self, inputs).await;
        }
        Ok((outcome, summary))
    }

    /// What serves is the version of the repository that was chosen, also where it was deployed from elsewhere.
    fn adopt(&self) -> std::io::Result<()> {
        match self.files.deployed()? {
            Some(deployed) if deployed.recipe != self.at => {
                self.files.settle(&Deployed { recipe: self.at.clone(), ..deployed })
            }
            _ => Ok(()),
        }
    }

    /// What is declared cannot be read. An app that an earlier run left stopped, or on data that is not its own, is
    /// brought back all the same.
    async fn without_inputs(&mut self, error: inputs::Error) -> anyhow::Result<(Outcome, String)> {
        self.asked = Pins::in_folder(&self.manifest.state_folder).asked()?.map(|pin| (pin, None));
        let Some((back, last_good)) = self.unfinished.as_ref().map(plan::undo).zip(self.files.last_good()?) else {
            return Err(error.into());
        };
        let (_, summary) = self.rollback(&last_good, back).await?;
        Err(anyhow::Error::from(error).context(summary))
    }
}

async fn deploy<P: Parts>(run: &mut Run<'_, P>, inputs: &Inputs) -> anyhow::Result<(Outcome, String)> {
    let manifest = run.manifest;
    let mut rendered = render(run.host.stacks, manifest, inputs).await?;
    for warning in &rendered.warnings {
        (run.say)(format!("warning: {warning}"));
    }
    run.receipt.warnings.append(&mut rendered.warnings);
    let mut stack = rendered.stack;
    if run.is_news_at_last(&stack)? {
        return Ok((
            Outcome::Held,
            format!("the new version asks for more than what serves has; {}", still_serving(run)),
        ));
    }
    stack.keep_images_of(run.files.last_good_of(&inputs.digest)?.as_deref())?;
    let sources = run.host.images(manifest);
    sources.provide(&mut stack, run.say).await.with_context(|| still_serving(run))?;
    if let Some(refused) = run.try_migrations(&stack, inputs).await.with_context(|| still_serving(run))? {
        return Ok(refused);
    }
    run.deploy(&stack, inputs).await
}

/// One run at a time; a second one waits, because it was asked for by somebody who wants it done.
pub(crate) fn lock(path: &Path, say: &mut dyn FnMut(String)) -> Result<Lock, LockError> {
    match Lock::try_acquire(path) {
        Err(LockError::Held(_)) => {
            say("waiting for another run over this app".to_owned());
            Lock::acquire(path)
        }
        other => other,
    }
}
