//! What to tell: a pure function of what was looked at and what is remembered.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::event::{Event, Problem, Status};
use crate::memory::{Memory, Open, Parcel};

/// How long an event that some channel does not take is kept for it. A week-old alert would only mislead.
const KEPT: SignedDuration = SignedDuration::from_hours(72);

/// One source, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The unit or path.
    pub source: String,
    /// What is wrong with it; empty when it is well.
    pub problems: Vec<Problem>,
}

/// What the plan needs to know beside what was looked at.
#[derive(Clone, Debug)]
pub struct Rules<'a> {
    /// The host's name.
    pub host: &'a str,
    /// Now.
    pub now: Timestamp,
    /// After what time a problem that lasts is told again.
    pub repeat: Option<SignedDuration>,
    /// The channels that there are.
    pub channels: BTreeSet<String>,
}

/// Puts what is to be told into the outbox, and returns it.
///
/// A problem with a key that is open is told again only when the time for that has come. While a source is unwell, all
/// its open problems stay open, so that two causes that take turns are told once each. When it is well, one event says
/// so for all of them.
pub fn tell(memory: &mut Memory, looked: &[Looked], rules: &Rules<'_>) -> Vec<Event> {
    let events: Vec<Event> = looked
        .iter()
        .flat_map(|one| {
            let mut events: Vec<Event> = one.problems.iter().filter_map(|found| unwell(memory, found, rules)).collect();
            events.extend(well_again(memory, one, rules));
            events
        })
        .collect();
    for event in &events {
        memory.outbox.push(Parcel { event: event.clone(), channels: rules.channels.clone() });
    }
    clear_out(memory, rules);
    events
}

fn unwell(memory: &mut Memory, found: &Problem, rules: &Rules<'_>) -> Option<Event> {
    let now = rules.now;
    let (status, since) = match memory.open.get(&found.key()) {
        None => (Status::Problem, now),
        Some(open) => {
            // A clock that was set back must not silence a problem for the time it was set back by.
            let passed = now.duration_since(open.told).abs();
            rules.repeat.filter(|repeat| passed >= *repeat)?;
            (Status::Still, open.since.min(now))
        }
    };
    memory.open.insert(found.key(), Open { problem: found.clone(), since, told: now });
    Some(Event::new(status, rules.host, found.clone(), since, now))
}

/// The events that say that a source is well again, one for each aspect in which it was not.
fn well_again(memory: &mut Memory, looked: &Looked, rules: &Rules<'_>) -> Vec<Event> {
    let unwell = |problem: &Problem| looked.problems.iter().any(|now| now.kind.aspect() == problem.kind.aspect());
    let mut over: Vec<Open> = Vec::new();
    memory.open.retain(|_, open| {
        let stays = open.problem.source != looked.source || unwell(&open.problem);
        if !stays {
            over.push(open.clone());
        }
        stays
    });
    // The one that was told last speaks for the others of its aspect.
    over.sort_by_key(|open| open.told);
    let mut events: Vec<Event> = Vec::new();
    for open in over.into_iter().rev() {
        if !events.iter().any(|event| event.problem.kind.aspect() == open.problem.kind.aspect()) {
            events.push(Event::new(Status::Resolved, rules.host, open.problem, open.since, rules.now));
        }
    }
    events
}

/// What cannot be delivered any more: too old, or for channels that are not declared any longer.
fn clear_out(memory: &mut Memory, rules: &Rules<'_>) {
    for parcel in &mut memory.outbox {
        parcel.channels.retain(|channel| rules.channels.contains(channel));
    }
    memory
        .outbox
        .retain(|parcel| !parcel.channels.is_empty() && rules.now.duration_since(parcel.event.at).abs() < KEPT);
}

/// Forgets problems of sources that nobody declares any more. A source of several words is something that its first word,
/// a unit, has found.
pub fn forget_undeclared(memory: &mut Memory, declared: &BTreeSet<String>) {
    let unit = |source: &str| source.split_once(' ').map(|(unit, _)| unit.to_owned());
    let is_declared =
        |source: &String| declared.contains(source) || unit(source).is_some_and(|unit| declared.contains(&unit));
    memory.open.retain(|_, open| is_declared(&open.problem.source));
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
