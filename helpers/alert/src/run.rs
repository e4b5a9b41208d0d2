//! One run: look, judge, plan, deliver, and the receipt of it.

use std::collections::BTreeSet;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use state::{Lock, Outcome, Receipt};

use crate::deliver::deliver;
use crate::event::{Event, Kind, Problem, Status};
use crate::judge;
use crate::manifest::Manifest;
use crate::memory::{Memory, Parcel};
use crate::observe;
use crate::plan::{Looked, Rules, forget_undeclared, tell};

/// How long a channel may be down before the run counts as failed: servers restart, networks come late after a boot.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// What a run is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Look at one unit.
    Unit(String),
    /// Look at everything.
    All,
    /// Send a test to every channel.
    Test,
}

/// Tells what is to be told, and writes the receipt.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub fn run(manifest: &Manifest, asked: &Asked, dry_run: bool, say: &mut dyn FnMut(String)) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("send-alert", "alerts");
    match try_run(manifest, asked, dry_run, &mut receipt, say) {
        Ok((outcome, summary)) => receipt.finish(outcome, summary),
        Err(error) => {
            receipt.error = Some(format!("{error:#}"));
            receipt.finish(Outcome::Failed, format!("{error:#}"));
        }
    }
    if !dry_run {
        receipt.write(&manifest.state_folder).context("writing the receipt")?;
    }
    Ok(receipt)
}

fn try_run(
    manifest: &Manifest,
    asked: &Asked,
    dry_run: bool,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<(Outcome, String)> {
    let _lock = if dry_run { None } else { Some(Lock::acquire(&manifest.state_folder.join("lock"))?) };
    let mut memory = Memory::read(&manifest.state_folder).context("reading what was told before")?;
    let now = Timestamp::now();
    let repeat = i64::try_from(manifest.repeat_seconds).ok().filter(|seconds| *seconds > 0);
    let rules = Rules {
        host: &manifest.host,
        now,
        repeat: repeat.map(SignedDuration::from_secs),
        channels: manifest.channels.keys().cloned().collect(),
    };
    let events = match asked {
        Asked::Test => vec![test(&mut memory, &rules)],
        Asked::All => {
            forget_undeclared(&mut memory, &declared(manifest));
            let looked = look(manifest, asked, receipt, now, &memory)?;
            tell(&mut memory, &looked, &rules)
        }
        Asked::Unit(_) => {
            let looked = look(manifest, asked, receipt, now, &memory)?;
            tell(&mut memory, &looked, &rules)
        }
    };
    receipt.plan = events.iter().map(Event::line).collect();
    receipt.plan.iter().for_each(|line| say(line.clone()));
    if dry_run {
        return Ok((Outcome::Unchanged, format!("would tell {}", count(events.len(), "alert"))));
    }
    if memory == Memory::read(&manifest.state_folder)? && memory.outbox.is_empty() {
        return Ok((Outcome::Unchanged, format!("nothing new, {} open", memory.open.len())));
    }
    // On disk before it goes out: a run that is killed in the middle is finished by the next one.
    memory.write(&manifest.state_folder).context("remembering what is told")?;
    let waiting = memory.outbox.len();
    let undelivered = deliver(manifest, &mut memory).context("remembering what was told")?;
    for failed in &undelivered {
        receipt
            .warnings
            .push(format!("channel {}: {}; it is tried again at the next run", failed.channel, failed.reason));
    }
    if undelivered.is_empty() {
        return Ok((
            Outcome::Changed,
            format!("{} told, {} open", count(waiting.max(events.len()), "alert"), memory.open.len()),
        ));
    }
    let channels: Vec<_> = undelivered.iter().map(|failed| failed.channel.as_str()).collect();
    let channels = channels.join(", ");
    let waits = memory.outbox.iter().map(|parcel| now.duration_since(parcel.event.at).abs()).max();
    Ok(if waits.is_some_and(|waits| waits >= PATIENCE) {
        (Outcome::Failed, format!("{channels} did not take what was to be told, for more than an hour"))
    } else {
        (Outcome::Held, format!("{channels} did not take what is to be told yet"))
    })
}

fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

fn declared(manifest: &Manifest) -> BTreeSet<String> {
    let disks = manifest.disks.keys().map(|path| path.display().to_string());
    manifest.units.keys().cloned().chain(disks).collect()
}

fn look(
    manifest: &Manifest,
    asked: &Asked,
    receipt: &mut Receipt,
    now: Timestamp,
    memory: &Memory,
) -> anyhow::Result<Vec<Looked>> {
    if let Asked::Unit(name) = asked {
        anyhow::ensure!(manifest.units.contains_key(name), "unit `{name}` is not among those that are watched");
        let handed_over = observe::of_environment(name, |variable| std::env::var(variable).ok());
        if let Some(state) = handed_over {
            return Ok(look_at(manifest, name, state, now).into_iter().collect());
        }
        return look_at_units(manifest, &[name], now);
    }
    let units: Vec<&str> = manifest.units.keys().map(String::as_str).collect();
    let mut looked = look_at_units(manifest, &units, now)?;
    for (path, disk) in &manifest.disks {
        let source = path.display().to_string();
        let open = memory.open.values().any(|open| open.problem.source == source);
        match observe::space(path) {
            Ok(space) => {
                let problems = judge::disk(path, *disk, space, open).into_iter().collect();
                looked.push(Looked { source, problems });
            }
            Err(error) => receipt.warnings.push(format!("{error:#}")),
        }
    }
    Ok(looked)
}

fn look_at_units(manifest: &Manifest, units: &[&str], now: Timestamp) -> anyhow::Result<Vec<Looked>> {
    let states = observe::states(manifest, units)?;
    Ok(states.into_iter().filter_map(|(name, state)| look_at(manifest, &name, state, now)).collect())
}

fn look_at(manifest: &Manifest, name: &str, state: judge::UnitState, now: Timestamp) -> Option<Looked> {
    let watched = manifest.units.get(name)?;
    let problems = judge::unit(name, watched, &observe::unit(manifest, name, state), now)?;
    Some(Looked { source: name.to_owned(), problems })
}

fn test(memory: &mut Memory, rules: &Rules<'_>) -> Event {
    let problem = Problem {
        kind: Kind::Failed,
        source: "test".to_owned(),
        object: "alerts".to_owned(),
        cause: "somebody asked for a test".to_owned(),
        consequence: "alerts of this host arrive here".to_owned(),
        remedy: "nothing".to_owned(),
        summary: None,
        details: Vec::new(),
        identity: "test".to_owned(),
    };
    let event = Event::new(Status::Test, rules.host, problem, rules.now, rules.now);
    memory.outbox.push(Parcel { event: event.clone(), channels: rules.channels.clone() });
    memory.outbox.retain(|parcel| !parcel.channels.is_empty());
    event
}
