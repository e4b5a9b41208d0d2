//! One run: look, plan, apply until nothing differs, try it, and the receipt. Each database for itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Error, bail};
use check_migrations::postgres::Server;
use jiff::Timestamp;
use serde_json::json;
use state::{Lock, Outcome, Receipt};
use tokio::time::Instant;

use crate::manifest::{Manifest, Part};
use crate::observed::{Observed, Server as Seen};
use crate::password::Password;
use crate::plan::{Step, plan};
use crate::server::{Engine, TRIES, find, observe, observe_inside, take, try_app};

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
    let Ready { passwords, parts, mut errors } = read_passwords(manifest)?;
    let mut planned = 0;
    match find(engine, manifest).await {
        Ok(server) => {
            let mut work = Work { server: &server, manifest, passwords: &passwords, receipt, say, only_say: dry_run };
            errors.extend(work.see_to(&parts).await);
            planned = work.receipt.plan.len();
        }
        Err(error) => errors.push(error),
    }
    if !errors.is_empty() {
        bail!("{}", errors.iter().map(|error| format!("{error:#}")).collect::<Vec<_>>().join("\n"));
    }
    Ok(match receipt.steps.len() {
        _ if dry_run => (Outcome::Unchanged, format!("would take {planned} steps")),
        0 => (Outcome::Unchanged, "nothing differs".to_owned()),
        1 => (Outcome::Changed, receipt.steps[0].name.clone()),
        taken => (Outcome::Changed, format!("as declared, in {taken} steps")),
    })
}

/// What can be worked with.
#[derive(Default)]
struct Ready<'a> {
    /// The passwords, by role.
    passwords: BTreeMap<String, Password>,
    /// The parts that lack none.
    parts: Vec<Part<'a>>,
    /// Of each database that lacks one, why.
    errors: Vec<Error>,
}

fn read_passwords(manifest: &Manifest) -> anyhow::Result<Ready<'_>> {
    let mut ready = Ready::default();
    for part in manifest.parts() {
        let read = |(role, file): (&str, &PathBuf)| Ok((role.to_owned(), Password::read(role, file)?));
        match (part.roles().into_iter().map(read).collect::<anyhow::Result<Vec<_>>>(), part) {
            (Ok(read), _) => {
                ready.passwords.extend(read);
                ready.parts.push(part);
            }
            (Err(error), Part::Pooler(_)) => return Err(error.context("the pooler; nothing was changed")),
            (Err(error), Part::Database(..)) => {
                ready.errors.push(error.context(format!("{part} was left as it is, see to its secret")));
            }
        }
    }
    Ok(ready)
}

/// A run against a server that answers.
struct Work<'a, E> {
    server: &'a Server<'a, E>,
    manifest: &'a Manifest,
    passwords: &'a BTreeMap<String, Password>,
    receipt: &'a mut Receipt,
    say: &'a mut dyn FnMut(String),
    only_say: bool,
}

impl<E: Engine> Work<'_, E> {
    /// Sees to each part, and tries those that are as declared. Returns what failed.
    async fn see_to(&mut self, parts: &[Part<'_>]) -> Vec<Error> {
        let seen = match observe(self.server, self.manifest).await {
            Ok(seen) => seen,
            Err(error) => return vec![error],
        };
        let (mut settled, mut errors) = (Vec::new(), Vec::new());
        for part in parts {
            match self.settle(*part, &seen).await {
                Ok(()) => settled.push(*part),
                Err(error) => errors.push(error),
            }
        }
        self.receipt.found = json!({ "databases": seen.databases.iter().map(|found| &found.name).collect::<Vec<_>>() });
        if !self.only_say {
            errors.extend(self.try_apps(&settled).await);
        }
        errors
    }

    async fn settle(&mut self, part: Part<'_>, seen: &Seen) -> anyhow::Result<()> {
        let mut observed = Observed { server: seen.clone(), inside: observe_inside(self.server, seen, part).await? };
        let mut steps = plan(part, self.passwords, &observed);
        self.receipt.plan.extend(steps.iter().map(ToString::to_string));
        if self.only_say {
            for step in &steps {
                (self.say)(format!("would {step}"));
            }
            return Ok(());
        }
        let mut rounds = 0;
        while let Some(first) = steps.first() {
            if rounds == ROUNDS {
                bail!(
                    "{part}: it still differs after {rounds} rounds: {first}; somebody changes it meanwhile, the next run tries again"
                );
            }
            self.apply(&steps).await?;
            observed.server = observe(self.server, self.manifest).await?;
            observed.inside = observe_inside(self.server, &observed.server, part).await?;
            steps = plan(part, self.passwords, &observed);
            rounds += 1;
        }
        Ok(())
    }

    async fn apply(&mut self, steps: &[Step]) -> anyhow::Result<()> {
        for step in steps {
            (self.say)(step.to_string());
            let begun = Timestamp::now();
            let taken = take(self.server, step, self.passwords).await;
            let result = taken.as_ref().map_or_else(|error| format!("failed: {error:#}"), |()| "done".to_owned());
            self.receipt.step(step.to_string(), begun, result);
            taken.with_context(|| format!("{step}; the next run goes on from there"))?;
        }
        Ok(())
    }

    async fn try_apps(&self, parts: &[Part<'_>]) -> Vec<Error> {
        let until = Instant::now() + TRIES;
        let mut errors = Vec::new();
        for part in parts {
            let Part::Database(name, database) = part else { continue };
            if let Some(password) = self.passwords.get(&database.app.name) {
                errors.extend(try_app(self.server, self.manifest, (name, database), password, until).await.err());
            }
        }
        errors
    }
}
