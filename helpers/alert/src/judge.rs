//! Is something wrong? Pure functions of what was seen.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use state::{Outcome, Receipt};

use crate::event::{Kind, Problem, identity_of};
use crate::manifest::{Disk, Watched};
use crate::undeclared;

/// What systemd says of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitState {
    /// It runs now; the end of the run is looked at when it comes.
    Running,
    /// It ended well, or has not run since the boot.
    Well,
    /// It failed.
    Failed {
        /// systemd's word for how: `exit-code`, `signal`, `timeout`, …
        result: String,
        /// The exit status, or the signal.
        status: String,
    },
}

/// A deploy that is not tried again, as `reconcile-app` remembers it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct FailedBefore {
    /// The digest of everything that went into it.
    pub digest: String,
    /// Why, in a sentence.
    pub reason: String,
    /// The last lines of what the containers that failed wrote.
    #[serde(default)]
    pub logs: Vec<String>,
}

/// What was seen of a unit.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What systemd says.
    pub state: UnitState,
    /// The newest receipt; an error where it cannot be read.
    pub receipt: Result<Option<Receipt>, String>,
    /// The deploy that is not tried again, where there is one.
    pub failed_before: Option<FailedBefore>,
    /// The last lines of the unit's journal.
    pub journal: Vec<String>,
}

/// What is wrong with a unit; none when that cannot be said yet, because it runs.
pub fn unit(name: &str, watched: &Watched, seen: &Seen, now: Timestamp) -> Option<Vec<Problem>> {
    if seen.state == UnitState::Running {
        return None;
    }
    let about = About { unit: name, watched };
    let run = match (&seen.state, &seen.receipt) {
        (_, Err(reason)) => Some(about.no_receipt("its receipt cannot be read", reason, &seen.journal)),
        (UnitState::Failed { result, status }, Ok(receipt)) if !is_of(receipt.as_ref(), result, status) => {
            Some(about.no_receipt(&ending(result, status), "", &seen.journal))
        }
        // Each of the apps that it holds for is told by itself.
        (_, Ok(Some(receipt))) if receipt.outcome == Outcome::Held && undeclared::names_apps(receipt) => None,
        (_, Ok(Some(receipt))) => about.ended(receipt, seen.failed_before.as_ref()),
        (_, Ok(None)) => None,
    };
    let expires = seen.receipt.as_ref().ok().and_then(Option::as_ref).and_then(|receipt| about.expires(receipt, now));
    Some(run.into_iter().chain(expires).collect())
}

/// Whether a receipt is that of the run that failed: it says so, and the process ended as such a run does.
fn is_of(receipt: Option<&Receipt>, result: &str, status: &str) -> bool {
    receipt.is_some_and(|receipt| {
        let bad = matches!(receipt.outcome, Outcome::Failed | Outcome::RolledBack);
        bad && result == "exit-code" && status == receipt.outcome.exit_code().to_string()
    })
}

/// How a unit ended, in words; the numbers are those of systemd.exec(5), "Process Exit Codes".
fn ending(result: &str, status: &str) -> String {
    match (result, status) {
        ("exit-code", "203") => "its program cannot be executed (203/EXEC): it is missing, or no program".to_owned(),
        ("exit-code", "200") => "its working folder is missing (200/CHDIR)".to_owned(),
        ("exit-code", "216" | "217") => format!("its user or group is missing (exit status {status})"),
        ("exit-code", "226") => "a path that it may use is missing (226/NAMESPACE)".to_owned(),
        ("exit-code", "238") => "its state folder cannot be made (238/STATE_DIRECTORY)".to_owned(),
        ("exit-code", status) => format!("it ended with exit status {status} and left no receipt"),
        ("signal" | "core-dump", signal) => format!("it was killed by {}", signal_name(signal)),
        ("oom-kill", _) => "it was killed because memory ran out".to_owned(),
        ("timeout", _) => "it did not end in its time (TimeoutStartSec=) and was killed".to_owned(),
        ("start-limit-hit", _) => "it was started too often in a short time".to_owned(),
        ("resources", _) => "systemd could not set it up: a file, folder or other resource is missing".to_owned(),
        (result, _) => format!("systemd says: {result}"),
    }
}

/// systemd tells a signal by its number; the names are those of signal(7).
fn signal_name(number: &str) -> String {
    let name = match number {
        "4" => "SIGILL",
        "6" => "SIGABRT",
        "7" => "SIGBUS",
        "9" => "SIGKILL",
        "11" => "SIGSEGV",
        "15" => "SIGTERM",
        "31" => "SIGSYS, which means that the unit's SystemCallFilter= forbids what it did",
        _ => return format!("signal {number}"),
    };
    name.to_owned()
}

struct About<'a> {
    unit: &'a str,
    watched: &'a Watched,
}

impl About<'_> {
    fn problem(&self, kind: Kind, cause: String, consequence: &str, remedy: String) -> Problem {
        Problem {
            kind,
            source: self.unit.to_owned(),
            object: self.watched.object.clone(),
            identity: identity_of(&cause),
            cause,
            consequence: consequence.to_owned(),
            remedy,
            summary: None,
            details: Vec::new(),
        }
    }

    /// What `hearth` calls it.
    fn name(&self) -> &str {
        let unit = self.unit.trim_end_matches(".service");
        unit.strip_prefix("hearth-app-").or_else(|| unit.strip_prefix("hearth-")).unwrap_or(unit)
    }

    fn look(&self) -> String {
        format!("see `hearth history {} last` and `journalctl --unit={}`", self.name(), self.unit)
    }

    fn no_receipt(&self, cause: &str, detail: &str, journal: &[String]) -> Problem {
        let cause = if detail.is_empty() { cause.to_owned() } else { format!("{cause}: {detail}") };
        let unit = self.unit;
        let remedy =
            format!("see `systemctl status {unit}` and `journalctl --unit={unit}`; then `systemctl start {unit}`");
        let consequence = "nothing of it has been looked at or put right since; what runs goes on running";
        let details = journal.to_vec();
        Problem { details, ..self.problem(Kind::NotStarted, cause, consequence, remedy) }
    }

    /// What a receipt says is wrong.
    fn ended(&self, receipt: &Receipt, failed_before: Option<&FailedBefore>) -> Option<Problem> {
        let journal = self.look();
        let waits = |receipt: &Receipt| receipt.error.is_none() && receipt.steps.is_empty();
        let (kind, consequence, remedy) = match receipt.outcome {
            Outcome::Unchanged | Outcome::Changed => return None,
            Outcome::Held => (
                Kind::Held,
                "nothing was changed, what ran goes on running; nothing newer is applied until somebody decides",
                format!(
                    "{journal}; where it is a version that waits, `hearth accept {} VERSION` lets it be deployed",
                    self.name()
                ),
            ),
            _ if self.watched.drill => (
                Kind::DrillFailed,
                "the app itself was not touched; whether its newest snapshot can be restored is not proved",
                journal,
            ),
            // A run that found the failure of an earlier one, and left everything alone, is the same problem.
            Outcome::Failed if failed_before.is_some() && waits(receipt) => self.rolled_back(),
            Outcome::RolledBack => self.rolled_back(),
            Outcome::Failed => (
                Kind::Failed,
                "what was found is untouched, or the receipt says what state it is in; the next run goes on from there",
                journal,
            ),
        };
        let mut problem = self.problem(kind, receipt.summary.clone(), consequence, remedy);
        if let Some(failed) = failed_before.filter(|_| kind == Kind::RolledBack) {
            problem.cause.clone_from(&failed.reason);
            problem.identity = format!("{} {}", failed.digest, identity_of(&failed.reason));
        } else if let Some(error) = &receipt.error {
            problem.cause.clone_from(error);
            problem.identity = identity_of(error);
        }
        problem.summary = Some(receipt.summary.clone());
        problem.details = logs_of(receipt);
        if let Some(failed) = failed_before.filter(|_| kind == Kind::RolledBack && problem.details.is_empty()) {
            problem.details.clone_from(&failed.logs);
        }
        Some(problem)
    }

    fn rolled_back(&self) -> (Kind, &'static str, String) {
        let remedy = format!(
            "{}; correct what is declared, or what was asked for, or try the same once more with `reconcile-app --retry`",
            self.look()
        );
        (Kind::RolledBack, "the version before serves; no run tries the new one again by itself", remedy)
    }

    fn expires(&self, receipt: &Receipt, now: Timestamp) -> Option<Problem> {
        let days = self.watched.expiry_warning_days?;
        let expires: Timestamp = receipt.found.get("expires")?.as_str()?.parse().ok()?;
        let left = expires.duration_since(now);
        if left >= SignedDuration::from_hours(24 * i64::from(days)) {
            return None;
        }
        let cause = if left.is_positive() {
            format!("it expires in {} days, on {expires:.0}", left.as_hours() / 24)
        } else {
            format!("it expired on {expires:.0}")
        };
        let remedy = format!("renew it, put it in its place, and `systemctl start {}`", self.unit);
        let problem = self.problem(
            Kind::CertificateExpires,
            cause,
            "from then on browsers refuse everything served with it",
            remedy,
        );
        // The days that are left change from day to day, the day on which it ends does not.
        Some(Problem { identity: expires.to_string(), ..problem })
    }
}

/// The end of what failed containers wrote, which a receipt keeps among its steps.
fn logs_of(receipt: &Receipt) -> Vec<String> {
    let logs = receipt.steps.iter().filter(|step| step.name.starts_with("log of "));
    logs.flat_map(|step| step.result.lines().map(ToOwned::to_owned)).collect()
}

/// Space on a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// All of it.
    pub size: u64,
    /// What is free for those who are not root.
    pub free: u64,
}

/// What is wrong with a file system. An open problem stays until there is an eighth more free than what is asked for, so
/// that a disk at the limit is not told with each file that comes or goes.
pub fn disk(path: &Path, disk: Disk, space: Space, open: bool) -> Option<Problem> {
    let wanted = space.size / 100 * u64::from(disk.free_percent);
    let enough = if open { wanted + wanted / 8 } else { wanted };
    if space.free >= enough {
        return None;
    }
    let gib = |bytes: u64| format!("{}.{} GiB", bytes >> 30, ((bytes & ((1 << 30) - 1)) * 10) >> 30);
    Some(Problem {
        kind: Kind::DiskFills,
        source: path.display().to_string(),
        object: format!("disk of {}", path.display()),
        cause: format!("{} of {} are free, {} % should be", gib(space.free), gib(space.size), disk.free_percent),
        consequence: "when it is full, apps cannot write, and updates and snapshots are not made".to_owned(),
        remedy: format!(
            "see what fills it with `du -xh --max-depth=3 {} | sort -h | tail`, and `docker system df`",
            path.display()
        ),
        summary: None,
        details: Vec::new(),
        identity: "free space".to_owned(),
    })
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
