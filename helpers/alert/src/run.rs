//! One run: look, judge, plan, deliver, and the receipt of it.

use std::collections::BTreeSet;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use state::{Lock, Outcome, Receipt};

use crate::deliver::{Undelivered, deliver};
use crate::event::{Event, Kind, Problem, Status};
use crate::judge;
use crate::manifest::Manifest;
use crate::memory::{Memory, Parcel};
use crate::observe;
use crate::plan::{Looked, Rules, forget_undeclared, tell};
use crate::undeclared;

/// How long a channel may be down before the run counts as failed: servers restart, networks come late after a boot.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// How often one run looks. Something that ends every few seconds must not keep it for ever.
const MOST_LOOKS: usize = 5;

/// What a run is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Look at everything.
    Look,
    /// Send a test to every channel.
    Test,
}

/// Tells what is to be told, and writes the receipt.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub fn run(manifest: &Manifest, asked: &Asked, dry_run: bool, say: &mut dyn FnMut(String)) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("send-alert", "alerts");
    let ended = try_run(manifest, asked, dry_run, &mut receipt, say);
    receipt.end(ended);
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
    forget_undeclared(&mut memory, &declared(manifest));
    let mut round = Round { manifest, rules: &rules, receipt, say, undelivered: Vec::new() };
    if dry_run {
        let events = round.look(&mut memory)?;
        return Ok((Outcome::Unchanged, format!("would tell {}", count(events, "alert"))));
    }
    if *asked == Asked::Test {
        test(&mut memory, &rules);
    }
    // Units that end while alerts go out do not start this one a second time: look again until there is nothing new.
    let mut told = 0;
    for _ in 0..MOST_LOOKS {
        let events = round.look(&mut memory)?;
        if events == 0 && (told > 0 || memory.outbox.is_empty()) {
            break;
        }
        told += round.deliver(&mut memory)?.max(events);
        if events == 0 {
            break;
        }
    }
    Ok(ended(told, &round.undelivered, &memory, now))
}

/// How a run ends that has told what it could.
fn ended(told: usize, undelivered: &[Undelivered], memory: &Memory, now: Timestamp) -> (Outcome, String) {
    if undelivered.is_empty() {
        let (outcome, what) = if told == 0 {
            (Outcome::Unchanged, "nothing new".to_owned())
        } else {
            (Outcome::Changed, format!("{} told", count(told, "alert")))
        };
        return (outcome, format!("{what}, {} open", memory.open.len()));
    }
    let channels: Vec<_> = undelivered.iter().map(|failed| failed.channel.as_str()).collect();
    let channels = channels.join(", ");
    let waits = memory.outbox.iter().map(|parcel| now.duration_since(parcel.event.at).abs()).max();
    if waits.is_some_and(|waits| waits >= PATIENCE) {
        (Outcome::Failed, format!("{channels} did not take what was to be told, for more than an hour"))
    } else {
        (Outcome::Held, format!("{channels} did not take what is to be told yet"))
    }
}

fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

fn declared(manifest: &Manifest) -> BTreeSet<String> {
    let disks = manifest.disks.keys().map(|path| path.display().to_string());
    manifest.units.keys().cloned().chain(disks).collect()
}

/// What one run does again and again.
struct Round<'a> {
    manifest: &'a Manifest,
    rules: &'a Rules<'a>,
    receipt: &'a mut Receipt,
    say: &'a mut dyn FnMut(String),
    undelivered: Vec<Undelivered>,
}

impl Round<'_> {
    /// Looks at everything, and puts what is to be told into the outbox; returns how much that is.
    fn look(&mut self, memory: &mut Memory) -> anyhow::Result<usize> {
        let units: Vec<&str> = self.manifest.units.keys().map(String::as_str).collect();
        let states = observe::states(self.manifest, &units)?;
        let mut looked: Vec<Looked> =
            states.into_iter().flat_map(|(name, state)| self.look_at(&name, state, memory)).collect();
        looked.extend(self.look_at_disks(memory));
        let events = tell(memory, &looked, self.rules);
        for event in &events {
            (self.say)(event.line());
            self.receipt.plan.push(event.line());
        }
        Ok(events.len())
    }

    /// A unit, and what it has found that is told by itself.
    fn look_at(&self, name: &str, state: judge::UnitState, memory: &Memory) -> Vec<Looked> {
        let Some(watched) = self.manifest.units.get(name) else { return Vec::new() };
        let seen = observe::unit(self.manifest, name, state);
        let Some(problems) = judge::unit(name, watched, &seen, self.rules.now) else { return Vec::new() };
        let receipt = seen.receipt.as_ref().ok().and_then(Option::as_ref);
        let apps = receipt.and_then(|receipt| undeclared::looked(name, receipt, memory));
        let unit = Looked { source: name.to_owned(), problems };
        std::iter::once(unit).chain(apps.unwrap_or_default()).collect()
    }

    fn look_at_disks(&mut self, memory: &Memory) -> Vec<Looked> {
        let mut looked = Vec::new();
        for (path, disk) in &self.manifest.disks {
            let source = path.display().to_string();
            let open = memory.open.values().any(|open| open.problem.source == source);
            match observe::space(path) {
                Ok(space) => {
                    let problems = judge::disk(path, *disk, space, open).into_iter().collect();
                    looked.push(Looked { source, problems });
                }
                Err(error) => self.receipt.warnings.push(format!("{error:#}")),
            }
        }
        looked
    }

    /// Hands out the outbox; returns how many events went to every channel.
    fn deliver(&mut self, memory: &mut Memory) -> anyhow::Result<usize> {
        // On disk before it goes out: a run that is killed in the middle is finished by the next one. A disk on which there
        // is no room for it is the last reason to tell nobody.
        let noted = memory.write(&self.manifest.state_folder);
        let waited = memory.outbox.len();
        let down = self.undelivered.iter().map(|failed| failed.channel.clone()).collect();
        let (undelivered, written) = deliver(self.manifest, memory, &down);
        for failed in undelivered {
            let warning = format!("channel {}: {}; it is tried again at the next run", failed.channel, failed.reason);
            self.receipt.warnings.push(warning);
            self.undelivered.push(failed);
        }
        noted.and(written).context("remembering what was told, which the next run tells again")?;
        Ok(waited - memory.outbox.len())
    }
}

fn test(memory: &mut Memory, rules: &Rules<'_>) {
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
    memory.outbox.push(Parcel { event, channels: rules.channels.clone() });
    memory.outbox.retain(|parcel| !parcel.channels.is_empty());
}
