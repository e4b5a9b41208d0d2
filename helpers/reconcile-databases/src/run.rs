//! One run: look, plan, apply until nothing differs, try it, and the receipt.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use check_migrations::postgres::Server;
use jiff::Timestamp;
use serde_json::json;
use state::{Lock, Outcome, Receipt};

use crate::manifest::Manifest;
use crate::password::Password;
use crate::plan::{Step, plan};
use crate::server::{Engine, find, observe, take, try_app};

/// How many plans one run makes. A change of an owner turns what the old one was granted into rights of the new one, which
/// only the look after it tells.
const ROUNDS: usize = 3;

/// Reconciles and writes the receipt.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub async fn reconcile(
    manifest: &Manifest,
    engine: &impl Engine,
    dry_run: bool,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("reconcile-databases", "databases");
    let lock = Lock::acquire(&manifest.state_folder.join("lock"));
    let ended = match &lock {
        Ok(_) => attempt(manifest, engine, dry_run, &mut receipt, say).await,
        Err(error) => Err(anyhow::anyhow!("{error}; nothing was changed")),
    };
    receipt.end(ended);
    if !dry_run {
        receipt.write(&manifest.state_folder).context("writing the receipt")?;
    }
    drop(lock);
    Ok(receipt)
}

async fn attempt<E: Engine>(
    manifest: &Manifest,
    engine: &E,
    dry_run: bool,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<(Outcome, String)> {
    manifest.check()?;
    let passwords = manifest
        .roles()
        .map(|(role, file)| Ok((role.to_owned(), Password::read(role, file)?)))
        .collect::<anyhow::Result<BTreeMap<_, _>>>()?;
    let server = find(engine, manifest).await?;
    let observed = observe(&server, manifest).await?;
    let mut steps = plan(manifest, &passwords, &observed);
    receipt.found = json!({ "databases": observed.inside.keys().collect::<Vec<_>>() });
    receipt.plan = steps.iter().map(ToString::to_string).collect();
    if dry_run {
        for step in &steps {
            say(format!("would {step}"));
        }
        return Ok((Outcome::Unchanged, format!("would take {} steps", steps.len())));
    }
    let mut rounds = 0;
    while !steps.is_empty() {
        if rounds == ROUNDS {
            bail!(
                "it still differs after {rounds} rounds: {}; somebody changes it meanwhile, the next run tries again",
                steps[0]
            );
        }
        apply(&server, &steps, &passwords, receipt, say).await?;
        steps = plan(manifest, &passwords, &observe(&server, manifest).await?);
        rounds += 1;
    }
    for (name, database) in &manifest.databases {
        if let Some(password) = passwords.get(&database.app.name) {
            try_app(&server, manifest, (name.as_str(), database), password).await?;
        }
    }
    Ok(match receipt.steps.len() {
        0 => (Outcome::Unchanged, "nothing differs".to_owned()),
        1 => (Outcome::Changed, receipt.steps[0].name.clone()),
        taken => (Outcome::Changed, format!("as declared, in {taken} steps")),
    })
}

async fn apply<E: Engine>(
    server: &Server<'_, E>,
    steps: &[Step],
    passwords: &BTreeMap<String, Password>,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<()> {
    for step in steps {
        say(step.to_string());
        let begun = Timestamp::now();
        let taken = take(server, step, passwords).await;
        let result = taken.as_ref().map_or_else(|error| format!("failed: {error:#}"), |()| "done".to_owned());
        receipt.step(step.to_string(), begun, result);
        taken.with_context(|| format!("{step}; the next run goes on from there"))?;
    }
    Ok(())
}
