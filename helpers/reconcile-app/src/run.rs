//! One run over one app: read, observe, plan, apply, and the receipt of it.

use std::path::Path;

use anyhow::Context as _;
use state::{Journal, Lock, LockError, Outcome, Receipt};
use swarm::Engine as RealEngine;

use crate::answers::{Answers, Network};
use crate::apply::{Engine, Host, Run};
use crate::connections::{Connections, Proc};
use crate::divert::{Divert, Nft};
use crate::inputs::Inputs;
use crate::manifest::Manifest;
use crate::plan::{APP_LABEL, Known, Plan, plan};
use crate::record::{Deployed, Files, Intent, Seen};
use crate::render::render;
use crate::stack::{DockerCommand, Stacks};
use crate::{images, record};

/// How a run was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Try what failed before once more.
    pub retry: bool,
}

/// Reconciles one app on the real host and writes its receipt.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub async fn reconcile(manifest: &Manifest, options: Options, say: &mut dyn FnMut(String)) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("reconcile-app", manifest.name.as_str());
    match on_real_host(manifest, options, &mut receipt, say).await {
        Ok((outcome, summary)) => receipt.finish(outcome, summary),
        Err(error) => {
            receipt.error = Some(format!("{error:#}"));
            receipt.finish(Outcome::Failed, format!("{error:#}"));
        }
    }
    if !options.dry_run {
        receipt.write(&manifest.state_folder).context("writing the receipt")?;
    }
    Ok(receipt)
}

async fn on_real_host(
    manifest: &Manifest,
    options: Options,
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
    let host = Host { engine: &engine, stacks: &stacks, divert: &divert, connections: &Proc, answers: &Network };
    on(host, manifest, options, receipt, say).await
}

/// Reconciles one app on a host.
///
/// # Errors
/// What went wrong before anything was touched, or an engine or a disk that failed in the middle.
pub async fn on<E: Engine, S: Stacks, D: Divert, C: Connections, A: Answers>(
    host: Host<'_, E, S, D, C, A>,
    manifest: &Manifest,
    options: Options,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<(Outcome, String)> {
    let files = Files::in_folder(&manifest.state_folder);
    let _lock = lock(&files.lock(), say)?;
    let inputs = Inputs::read(manifest)?;
    if options.retry {
        files.forget_failure()?;
    }
    let journal = Journal::in_folder(&manifest.state_folder);
    let observed = host.engine.services(&format!("{APP_LABEL}={}", manifest.name)).await?;
    let (deployed, failed, unfinished) = (files.deployed()?, files.failed()?, journal.unfinished::<Intent>()?);
    let known = Known {
        desired: &inputs.digest,
        observed: &observed,
        deployed: deployed.as_ref(),
        failed: failed.as_ref(),
        unfinished: unfinished.as_ref(),
    };
    let plan = plan(known);
    receipt.plan = plan.lines();
    if !matches!(plan, Plan::Nothing | Plan::Settle) {
        receipt.plan.iter().for_each(|line| say(line.clone()));
    }
    if options.dry_run {
        return Ok((Outcome::Unchanged, format!("would {}", plan.verb())));
    }
    let mut run = Run { host, manifest, files, journal, receipt, say };
    match plan {
        Plan::Nothing => Ok((Outcome::Unchanged, "nothing differs".to_owned())),
        Plan::Settle => {
            let services = observed.iter().map(|service| (service.name.clone(), Seen::of(service))).collect();
            if let Some(deployed) = deployed {
                run.files.settle(&Deployed { services, ..deployed })?;
            }
            Ok((Outcome::Unchanged, "nothing differs but version numbers".to_owned()))
        }
        Plan::Watch(_) => run.watch().await,
        Plan::FailedBefore(record::FailedDeploy { reason, at, .. }) => Ok((
            Outcome::Failed,
            format!(
                "failed before, on {at:.0}, and nothing in it changed since: {reason}; the last good version serves. Try it again with `reconcile-app --retry`"
            ),
        )),
        Plan::Rollback { digest, reason } => match run.files.last_good()? {
            Some(last_good) => run.rollback(&last_good, &digest, reason).await,
            None => deploy(&mut run, &inputs).await,
        },
        Plan::Deploy(_) => deploy(&mut run, &inputs).await,
    }
}

async fn deploy<E: Engine, S: Stacks, D: Divert, C: Connections, A: Answers>(
    run: &mut Run<'_, E, S, D, C, A>,
    inputs: &Inputs,
) -> anyhow::Result<(Outcome, String)> {
    let manifest = run.manifest;
    let mut rendered = render(run.host.stacks, manifest, inputs).await?;
    for warning in &rendered.warnings {
        (run.say)(format!("warning: {warning}"));
    }
    run.receipt.warnings.append(&mut rendered.warnings);
    let mut stack = rendered.stack;
    images::provide(run.host.engine, &mut stack, &manifest.images, &manifest.docker_config_folder, run.say)
        .await
        .with_context(|| still_serving(run))?;
    run.deploy(&stack, inputs).await
}

/// What a person wants to know first when a deploy was given up before it began.
fn still_serving<E, S, D, C, A>(run: &Run<'_, E, S, D, C, A>) -> String {
    match run.files.deployed() {
        Ok(Some(Deployed { version: Some(version), .. })) => format!("nothing was deployed, {version} still serves"),
        Ok(Some(_)) => "nothing was deployed, the last good version still serves".to_owned(),
        _ => "nothing was deployed".to_owned(),
    }
}

/// One run at a time; a second one waits, because it was asked for by somebody who wants it done.
fn lock(path: &Path, say: &mut dyn FnMut(String)) -> Result<Lock, LockError> {
    match Lock::try_acquire(path) {
        Err(LockError::Held(_)) => {
            say("waiting for another run over this app".to_owned());
            Lock::acquire(path)
        }
        other => other,
    }
}
