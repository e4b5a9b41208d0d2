//! One run: what an earlier one left is removed, the drill is held, what it made is removed, and the receipt written.

use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use reconcile_app::manifest::Manifest;
use reconcile_app::stack::Stacks;
use serde_json::json;
use snapshot_volumes::{Id, RestoreError, Snapshot, Store};
use state::{Lock, LockError, Outcome, Receipt};

use crate::clear::clear;
use crate::drill::{Drill, Engine};
use crate::proof::{self, Proof};

/// Holds a drill over a snapshot, or over last-good, and writes its receipt into `drill/` in the app's state folder.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub async fn run(
    engine: &impl Engine,
    stacks: &impl Stacks,
    manifest: &Manifest,
    id: Option<&Id>,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("drill-restore", manifest.name.as_str());
    // Until the receipt is written: of two drills, the one that ended last is the one that is read.
    let lock = lock(&manifest.state_folder, say);
    let ended = match &lock {
        Ok(_) => attempt(engine, stacks, manifest, id, &mut receipt, say).await,
        Err(error) => Err(anyhow::anyhow!("{error}; nothing was restored")),
    };
    receipt.end(ended);
    // Also of a drill that failed: how long ago a restore was proved is what a person wants to know then.
    receipt.found["lastProved"] = json!(Proof::read(&manifest.state_folder).ok().flatten());
    receipt.write(&proof::folder(&manifest.state_folder)).context("writing the receipt")?;
    drop(lock);
    Ok(receipt)
}

async fn attempt(
    engine: &impl Engine,
    stacks: &impl Stacks,
    manifest: &Manifest,
    id: Option<&Id>,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<(Outcome, String)> {
    manifest.check()?;
    if clear(engine, manifest.name.as_str()).await? > 0 {
        say("removed what a drill that was cut off had left".to_owned());
    }
    let store = store(manifest);
    let snapshot = wanted(&store, manifest, id)?;
    receipt.found =
        json!({ "snapshot": snapshot.id, "taken": snapshot.manifest.at, "version": snapshot.manifest.version });
    say(format!("restoring snapshot {} beside {}", snapshot.id, manifest.name));
    let begun = Timestamp::now();
    let mut drill = Drill { engine, stacks, manifest, store: &store, receipt, say };
    let proved = drill.prove(&snapshot).await;
    let at = Timestamp::now();
    let cleared = clear(engine, manifest.name.as_str()).await;
    if let Err(error) = &cleared {
        receipt.warnings.push(format!("{error:#}"));
    }
    match proved {
        Err(error) => return not_proved(error, &snapshot),
        Ok(()) => remember(manifest, &snapshot, begun, at)?,
    }
    cleared.context("the restore is proved, and what it made is not removed")?;
    let seconds = at.duration_since(begun).as_secs();
    Ok((Outcome::Changed, format!("snapshot {} is proved: what was restored came up within {seconds} s", snapshot.id)))
}

fn not_proved(error: anyhow::Error, snapshot: &Snapshot) -> anyhow::Result<(Outcome, String)> {
    match error.downcast_ref::<RestoreError>() {
        // Whether there is to be more room is for a person to say.
        Some(RestoreError::NoSpace { .. }) => Ok((Outcome::Held, format!("{error:#}"))),
        _ => Err(error.context(format!("snapshot {} is not proved, the live app was not touched", snapshot.id))),
    }
}

fn remember(manifest: &Manifest, snapshot: &Snapshot, begun: Timestamp, at: Timestamp) -> anyhow::Result<()> {
    let proof = Proof {
        schema: 1,
        snapshot: snapshot.id.clone(),
        taken: snapshot.manifest.at,
        version: snapshot.manifest.version.clone(),
        at,
        milliseconds: at.duration_since(begun).as_millis().try_into().unwrap_or(i64::MAX),
    };
    proof.write(&manifest.state_folder).context("writing down that the restore is proved")
}

/// The app's snapshots.
pub fn store(manifest: &Manifest) -> Store {
    Store::in_folder(manifest.snapshot.store(manifest.name.as_str()))
}

fn wanted(store: &Store, manifest: &Manifest, id: Option<&Id>) -> anyhow::Result<Snapshot> {
    if let Some(id) = id {
        return Ok(store.read(id)?);
    }
    store.last_good()?.with_context(|| {
        format!(
            "{} has no verified snapshot yet, so nothing can be proved; `snapshot-volumes … take` takes one, and hearth.apps.{}.snapshot.schedule does so on its own",
            manifest.name, manifest.name
        )
    })
}

/// One drill of an app at a time. The app's own lock is not held: updates need not wait for a drill.
pub fn lock(state_folder: &Path, say: &mut dyn FnMut(String)) -> Result<Lock, LockError> {
    let path = proof::folder(state_folder).join("lock");
    match Lock::try_acquire(&path) {
        Err(LockError::Held(_)) => {
            say("waiting for another drill of this app".to_owned());
            Lock::acquire(&path)
        }
        other => other,
    }
}
