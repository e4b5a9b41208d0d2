//! One look at the apps that left the flake: observe, plan, retire, and the receipt of it.

use jiff::Timestamp;
use serde_json::json;
use state::{Lock, LockError, Outcome, Receipt};

use super::manifest::Manifest;
use super::observe::{Found, observe};
use super::plan::{Decision, decide};
use super::record::{Record, Standing};
use super::retire::{Copies, Engine, retire};

/// How a look was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Try once more to stop what could not be stopped.
    pub retry: bool,
}

/// Looks, stops what is to be stopped, and writes the receipt.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub async fn run(
    engine: &impl Engine,
    copies: &impl Copies,
    manifest: &Manifest,
    options: Options,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("reconcile-app", "undeclared");
    let ended = attempt(engine, copies, manifest, options, &mut receipt, say).await;
    receipt.end(ended);
    if !options.dry_run {
        receipt.write(&manifest.state_folder)?;
    }
    Ok(receipt)
}

async fn attempt(
    engine: &impl Engine,
    copies: &impl Copies,
    manifest: &Manifest,
    options: Options,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<(Outcome, String)> {
    let _one_at_a_time = if options.dry_run { None } else { Some(Lock::acquire(&manifest.state_folder.join("lock"))?) };
    let all = observe(manifest, engine).await?;
    let mut look = Look { engine, copies, manifest, options, receipt, say, changed: false, errors: Vec::new() };
    let mut known = Vec::new();
    for found in &all {
        known.push((found, look.at(found).await));
    }
    let (changed, errors) = (look.changed, look.errors);
    receipt.found =
        json!({ "undeclared": known.iter().map(|(found, record)| shown(found, record)).collect::<Vec<_>>() });
    anyhow::ensure!(errors.is_empty(), "{}", errors.join("; "));
    let summary = summary(&known);
    Ok(match known.len() {
        0 => (Outcome::Unchanged, summary),
        _ if changed => (Outcome::Changed, summary),
        _ if options.dry_run => (Outcome::Unchanged, summary),
        _ => (Outcome::Held, summary),
    })
}

/// What alerts are told of all apps that left the flake, as the last look left them.
pub(super) fn told(all: &[Found]) -> serde_json::Value {
    let known = all.iter().filter_map(|found| Some(shown(found, found.record.as_ref()?)));
    json!({ "undeclared": known.collect::<Vec<_>>() })
}

/// What alerts are told of an app.
fn shown(found: &Found, record: &Record) -> serde_json::Value {
    json!({
        "app": found.app.as_str(),
        "standing": record.standing,
        "since": record.since,
        "reason": record.reason,
        "snapshot": record.snapshot,
        "stacks": found.stacks(),
    })
}

fn summary(known: &[(&Found, Record)]) -> String {
    if known.is_empty() {
        return "every app of this host is declared".to_owned();
    }
    let one = |(found, record): &(&Found, Record)| format!("{} ({})", found.app, record.standing.word());
    let all: Vec<String> = known.iter().map(one).collect();
    format!("not in the flake: {}; declare it again, or `hearth remove APP`", all.join(", "))
}

struct Look<'a, E, C> {
    engine: &'a E,
    copies: &'a C,
    manifest: &'a Manifest,
    options: Options,
    receipt: &'a mut Receipt,
    say: &'a mut dyn FnMut(String),
    changed: bool,
    errors: Vec<String>,
}

impl<E: Engine, C: Copies> Look<'_, E, C> {
    /// Does what is to be done about one app; what goes wrong with it stops no other.
    async fn at(&mut self, found: &Found) -> Record {
        let before = found.record.clone().unwrap_or_else(|| Record::found(Timestamp::now()));
        let decision = decide(self.manifest, found, self.options.retry);
        let line = decision.line(found.app.as_str());
        if decision == Decision::Stop || found.record.is_none() {
            (self.say)(line.clone());
        }
        self.receipt.plan.push(line);
        if self.options.dry_run {
            return before;
        }
        match self.carry_out(found, decision, before.clone()).await {
            Ok(record) => record,
            Err(error) => {
                self.errors.push(format!("{}: {error:#}", found.app));
                before
            }
        }
    }

    async fn carry_out(&mut self, found: &Found, decision: Decision, before: Record) -> anyhow::Result<Record> {
        let now = match before.standing {
            // Its final snapshot is still to be taken.
            Standing::Stopping => Standing::Stopping,
            _ if found.runs() => Standing::Running,
            _ => Standing::Stopped,
        };
        let record = match decision {
            Decision::Stop => return self.stop(found, before).await,
            Decision::TakenOver { by } => Record {
                standing: Standing::TakenOver,
                reason: Some(format!("its stack is that of `{by}` now")),
                ..before
            },
            Decision::Rest => Record { standing: Standing::Stopped, reason: None, ..before },
            Decision::Keep => {
                Record { standing: now, reason: Some("hearth.undeclared = \"keep\"".to_owned()), ..before }
            }
            Decision::Hold(reason) => Record { standing: now, reason: Some(reason), ..before },
        };
        if found.record.as_ref() != Some(&record) {
            record.write(&found.state_folder)?;
        }
        Ok(record)
    }

    async fn stop(&mut self, found: &Found, before: Record) -> anyhow::Result<Record> {
        let _lock = match Lock::try_acquire(&found.state_folder.join("lock")) {
            Err(LockError::Held(_)) => {
                let reason = Some("another run over it is under way; the next look goes on".to_owned());
                return Ok(Record { reason, ..before });
            }
            lock => lock?,
        };
        // It may have been declared while this look waited for its turn.
        if self.manifest.manifests.join(format!("{}.json", found.app)).exists() {
            return Ok(before);
        }
        let Ok(Some(kept)) = &found.kept else { anyhow::bail!("what was declared of it is not known") };
        let begun = Timestamp::now();
        let record = retire(self.engine, self.copies, found, kept, before, self.say).await?;
        if record.standing == Standing::Stopped {
            self.changed = true;
            self.receipt.step(format!("stop {}", found.app), begun, "done");
            let with = record.snapshot.as_ref().map_or_else(String::new, |id| format!(" after snapshot {id}"));
            (self.say)(format!("{}: stopped{with}; its data is kept", found.app));
        }
        Ok(record)
    }
}
