//! One run: look, plan, apply, and the receipt of it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use state::{Lock, Outcome, Receipt, write_atomic};
use swarm::{Engine, NodeState};

use crate::apply::{init, observe, take};
use crate::logins;
use crate::manifest::Manifest;
use crate::plan::{Entry, Record, entry, plan};

/// Reconciles the swarm on the real host and writes the receipt.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub async fn reconcile(manifest: &Manifest, dry_run: bool, say: &mut dyn FnMut(String)) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("reconcile-swarm", "swarm");
    // Until the receipt is written: of two runs, the one that ended last is the one that is read.
    let lock = Lock::acquire(&manifest.state_folder.join("lock"));
    let ended = match &lock {
        Ok(_) => attempt(manifest, dry_run, &mut receipt, say).await,
        Err(error) => Err(anyhow::anyhow!("{error}; the swarm was not touched")),
    };
    receipt.end(ended);
    if !dry_run {
        receipt.write(&manifest.state_folder).context("writing the receipt")?;
    }
    drop(lock);
    Ok(receipt)
}

async fn attempt(
    manifest: &Manifest,
    dry_run: bool,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<(Outcome, String)> {
    manifest.check()?;
    let engine = Engine::connect(&manifest.docker_socket)?;
    let record = read_record(manifest)?;
    let mut begun = false;
    let (swarm, node) = match entry(swarm::Nodes::node(&engine).await?, record.as_ref()) {
        Entry::Manages { swarm, node } => (swarm, node),
        Entry::Refuse(why) => bail!(why),
        Entry::Init if dry_run => return Ok((Outcome::Unchanged, "would initialise the swarm".to_owned())),
        Entry::Init => {
            receipt.plan.push("initialise the swarm".to_owned());
            say("initialising the swarm".to_owned());
            begun = true;
            match init(&engine, manifest).await? {
                NodeState::Manager { swarm, node } => (swarm, node),
                other => bail!("the swarm was initialised, and the engine calls this node {other:?}"),
            }
        }
    };
    let plan = plan(manifest, &observe(&engine, &swarm, &node).await?, record.as_ref());
    receipt.plan.extend(plan.steps.iter().map(ToString::to_string));
    if dry_run {
        plan.steps.iter().for_each(|step| say(format!("would {step}")));
        return Ok((Outcome::Unchanged, format!("would take {} steps", plan.steps.len())));
    }
    for step in &plan.steps {
        let taken = take(step, &node, &engine, |record| write_record(manifest, record)).await?;
        begun |= taken;
        say(if taken { step.to_string() } else { format!("did not {step}: something still uses it") });
    }
    let logins = logins::prepare(manifest).await?;
    if logins.differ() {
        logins.write(manifest)?;
        logins.changed.iter().for_each(|registry| say(format!("logged in to registry {registry}")));
        logins.removed.iter().for_each(|registry| say(format!("removed the login of registry {registry}")));
    }
    receipt.warnings.extend(plan.held.iter().chain(&logins.failed).cloned());
    receipt.warnings.iter().for_each(|warning| say(format!("warning: {warning}")));
    Ok(match (logins.failed.first(), plan.held.first()) {
        (Some(failed), _) => (Outcome::Failed, failed.clone()),
        (None, Some(held)) => (Outcome::Held, held.clone()),
        _ if begun || logins.differ() => (Outcome::Changed, "as declared".to_owned()),
        _ => (Outcome::Unchanged, "nothing differs".to_owned()),
    })
}

fn record_file(folder: &Path) -> PathBuf {
    folder.join("swarm.json")
}

fn read_record(manifest: &Manifest) -> anyhow::Result<Option<Record>> {
    let path = record_file(&manifest.state_folder);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).with_context(|| path.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

fn write_record(manifest: &Manifest, record: &Record) -> std::io::Result<()> {
    let mut text = serde_json::to_vec_pretty(record)?;
    text.push(b'\n');
    write_atomic(&record_file(&manifest.state_folder), &text, 0o640)
}
