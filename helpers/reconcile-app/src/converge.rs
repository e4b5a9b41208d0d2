//! Where an app's tasks stand: a pure reading of services and tasks, in the words that a person needs.

use std::collections::BTreeSet;
use std::fmt;

use swarm::{Service, Task, TaskState};

/// What can be said of an app after one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every service runs what it was told, with all its tasks.
    Converged,
    /// Not yet, and for each service that is not there, why.
    Waiting(Vec<Progress>),
    /// It will not get there.
    Failed(Failure),
}

/// What a service that has not converged is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The service.
    pub service: String,
    /// What it is doing.
    pub phase: Phase,
    /// The container of its newest task, to ask its health check or its log.
    pub container: Option<String>,
}

/// What a service that has not converged is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No task was made yet.
    Scheduling,
    /// No node can take its task; the swarm's words.
    NoSuitableNode(String),
    /// Its image is pulled, its volumes and networks are made.
    Pulling,
    /// Its container starts and is not healthy yet.
    Starting,
    /// Its tasks run; older ones are still being replaced.
    Replacing,
    /// A task failed and is tried again.
    Restarting {
        /// How many have failed so far.
        failures: usize,
        /// The swarm's words on the last one.
        last: String,
    },
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheduling => f.write_str("scheduling"),
            Self::NoSuitableNode(why) => write!(f, "{why}"),
            Self::Pulling => f.write_str("pulling"),
            Self::Starting => f.write_str("starting, not healthy yet"),
            Self::Replacing => f.write_str("replacing older tasks"),
            Self::Restarting { failures, last } => write!(f, "restarting after {failures} failures ({last})"),
        }
    }
}

/// Why an app will not converge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The service.
    pub service: String,
    /// The word for it.
    pub kind: FailureKind,
    /// The swarm's or the health check's words.
    pub detail: String,
    /// A container whose log tells more.
    pub container: Option<String>,
}

/// The words by which failures are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Its container ends again and again.
    CrashLooping(usize),
    /// Its health check never passes.
    Unhealthy,
    /// Its container cannot be made.
    Rejected,
    /// No node can take it.
    NoSuitableNode,
    /// Its image cannot be pulled.
    ImageNotPulled,
    /// The engine does not take what it is told to run.
    Refused,
    /// Somebody removed it.
    Gone,
    /// It took longer than the gate allows.
    TooSlow,
    /// The answer through the proxy is not the one that was declared.
    ProbeFailed,
    /// A declared request is not answered as declared.
    SmokeFailed,
    /// A visitor would miss something of its pages.
    AuditFailed,
    /// It was well, and so many seconds later it was not any more.
    FellIll(u64),
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CrashLooping(1) => f.write_str("ended by itself"),
            Self::CrashLooping(times) => write!(f, "crash-looping ({times} times)"),
            Self::Unhealthy => f.write_str("unhealthy"),
            Self::Rejected => f.write_str("cannot be started"),
            Self::NoSuitableNode => f.write_str("no suitable node"),
            Self::ImageNotPulled => f.write_str("image cannot be pulled"),
            Self::Refused => f.write_str("refused by the engine"),
            Self::Gone => f.write_str("is gone"),
            Self::TooSlow => f.write_str("not converged in time"),
            Self::ProbeFailed => f.write_str("probe failed"),
            Self::SmokeFailed => f.write_str("smoke failed"),
            Self::AuditFailed => f.write_str("page audit failed"),
            Self::FellIll(seconds) => write!(f, "fell ill {seconds} s after it passed its gate"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service {}: {}", self.service, self.kind)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

/// The first of these services that is not there.
pub fn missing(services: &[Service], expected: &[String]) -> Option<Failure> {
    let gone = expected.iter().find(|name| !services.iter().any(|service| service.name == **name))?;
    let detail = "it was deployed, and was removed since".to_owned();
    Some(Failure { service: gone.clone(), kind: FailureKind::Gone, detail, container: None })
}

/// Reads one look at an app. `old` are the tasks that had already ended before this run began; they count for nothing.
pub fn verdict(services: &[Service], tasks: &[Task], old: &BTreeSet<String>, restart_limit: usize) -> Verdict {
    let mut waiting = Vec::new();
    for service in services {
        let mut own: Vec<&Task> =
            tasks.iter().filter(|task| task.service == service.id && !old.contains(&task.id)).collect();
        own.sort_by(|a, b| a.created.cmp(&b.created));
        match of_service(service, &own, restart_limit) {
            Verdict::Converged => {}
            Verdict::Waiting(more) => waiting.extend(more),
            failed @ Verdict::Failed(_) => return failed,
        }
    }
    if waiting.is_empty() { Verdict::Converged } else { Verdict::Waiting(waiting) }
}

/// Whether the update of a service was paused for a task that ended, and what was started instead of it runs: the
/// update can go on.
pub fn can_go_on(service: &Service, tasks: &[Task]) -> bool {
    let mut new = tasks
        .iter()
        .filter(|task| task.service == service.id && task.wanted && task.spec_digest == service.task_digest())
        .peekable();
    service.paused && new.peek().is_some() && new.all(|task| task.state == TaskState::Running)
}

fn of_service(service: &Service, tasks: &[&Task], restart_limit: usize) -> Verdict {
    let failed = |task: &&&Task| match task.state {
        TaskState::Failed | TaskState::Rejected => true,
        TaskState::Complete => !service.may_complete,
        _ => false,
    };
    // What the version before does at its end says nothing about this one.
    let own = |task: &&&Task| task.spec_digest == service.task_digest();
    let failures: Vec<&&Task> = tasks.iter().filter(own).filter(failed).collect();
    if let Some(last) = failures.last().filter(|_| failures.len() >= restart_limit.max(1)) {
        return Verdict::Failed(failure(service, last, failures.len()));
    }
    if is_converged(service, tasks) {
        return Verdict::Converged;
    }
    let newest = tasks.iter().rev().find(|task| task.wanted);
    let phase = phase(service, newest.copied(), &failures);
    let container = newest.and_then(|task| task.container.clone());
    Verdict::Waiting(vec![Progress { service: service.name.clone(), phase, container }])
}

/// All tasks run, and none of them is of an older specification: right after a deploy the old ones still do.
fn is_converged(service: &Service, tasks: &[&Task]) -> bool {
    let current = |task: &&&Task| task.state == TaskState::Running && task.spec_digest == service.task_digest();
    let done = tasks
        .iter()
        .filter(|task| {
            service.may_complete && task.state == TaskState::Complete && task.spec_digest == service.task_digest()
        })
        .count();
    let wanted: Vec<_> = tasks.iter().filter(|task| task.wanted && task.state != TaskState::Complete).collect();
    let running = wanted.iter().filter(|task| current(task)).count();
    let enough = u64::try_from(running + done).is_ok_and(|count| count >= service.desired);
    !service.updating && !service.paused && running == wanted.len() && enough
}

fn phase(service: &Service, newest: Option<&Task>, failures: &[&&Task]) -> Phase {
    let Some(task) = newest else { return Phase::Scheduling };
    match task.state {
        TaskState::Pending if task.error.contains("no suitable node") => Phase::NoSuitableNode(task.error.clone()),
        _ if !failures.is_empty() && task.state != TaskState::Running => Phase::Restarting {
            failures: failures.len(),
            last: failures.last().map(|task| what_went_wrong(task)).unwrap_or_default(),
        },
        TaskState::Preparing => Phase::Pulling,
        TaskState::Running if task.spec_digest == service.task_digest() => Phase::Replacing,
        // A running task of an older specification: the new one was not made yet.
        TaskState::Pending | TaskState::Running => Phase::Scheduling,
        _ => Phase::Starting,
    }
}

fn failure(service: &Service, task: &Task, times: usize) -> Failure {
    let kind = if task.error.contains("unhealthy") || task.message.contains("unhealthy") {
        FailureKind::Unhealthy
    } else if task.error.contains("No such image") || task.error.contains("pull access denied") {
        FailureKind::ImageNotPulled
    } else if task.state == TaskState::Rejected {
        FailureKind::Rejected
    } else {
        FailureKind::CrashLooping(times)
    };
    let detail = what_went_wrong(task);
    Failure { service: service.name.clone(), kind, detail, container: task.container.clone() }
}

fn what_went_wrong(task: &Task) -> String {
    match (task.error.as_str(), task.exit_code) {
        ("", Some(code)) => format!("exit code {code}"),
        (error, _) => error.trim_start_matches("task: ").to_owned(),
    }
}

#[cfg(test)]
#[path = "converge_tests.rs"]
mod tests;
