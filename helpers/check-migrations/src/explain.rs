//! From an error of the database, or the words of a tool, to a finding.
//!
//! The codes are those of PostgreSQL's documentation, appendix A.

use crate::finding::{Finding, Kind};
use crate::log::Problem;

/// Where something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// From nothing through all migrations.
    Empty,
    /// From a copy of the live schema.
    Copy,
    /// Once more on what is up to date.
    Again,
}

impl Pass {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "from an empty database",
            Self::Copy => "from a copy of the live schema",
            Self::Again => "run once more",
        }
    }

    fn consequence(self) -> &'static str {
        match self {
            Self::Empty => "no new database can be made with this version, and what it makes differs from the live one",
            Self::Copy => "it would have failed in the same way on the live database, with the old version gone",
            Self::Again => "an app that migrates when it starts fails or changes data at each restart",
        }
    }
}

/// What is known of an attempt that failed.
pub struct Failed<'a> {
    /// The image.
    pub image: &'a str,
    /// Which attempt.
    pub pass: Pass,
    /// The role that ran it.
    pub role: &'a str,
    /// How it ended; `None` when it had to be killed.
    pub exit_code: Option<i64>,
    /// How long it had, in seconds.
    pub seconds: u64,
    /// The last error of the database, where there was one.
    pub problem: Option<Problem>,
    /// Who owns what the error is about, where that can be told.
    pub owner: Option<String>,
    /// The last lines that the command wrote.
    pub lines: Vec<String>,
}

/// The finding.
pub fn explain(failed: &Failed<'_>) -> Finding {
    let object = format!("the migrations of {}, {}", failed.image, failed.pass.name());
    let (kind, cause, remedy) = match (&failed.problem, failed.exit_code) {
        (Some(problem), Some(_)) => {
            let (kind, remedy) = of_state(problem, failed);
            (kind, told(problem, failed), remedy)
        }
        (_, None) => (
            Kind::DidNotEnd,
            format!("the command had not ended after {} s", failed.seconds),
            "Run it by hand, and see what it waits for; gate.migrations.migrate.seconds gives it longer".to_owned(),
        ),
        (None, Some(code)) => {
            let last = failed.lines.iter().rev().find(|line| !line.trim().is_empty());
            let last = last.map_or("it said nothing", |line| line.trim());
            (kind_of_words(last), format!("the command ended with exit code {code}: {last}"), remedy_of_words(last))
        }
    };
    let kind = if failed.pass == Pass::Again { Kind::NotRepeatable } else { kind };
    Finding {
        kind,
        object,
        cause,
        consequence: failed.pass.consequence().to_owned(),
        remedy,
        evidence: failed.lines.clone(),
    }
}

fn told(problem: &Problem, failed: &Failed<'_>) -> String {
    let mut told = format!("{} ({})", problem.message, problem.state);
    if let Some(owner) = &failed.owner {
        told = format!("{told}, which belongs to {owner} while the migrations run as {}", failed.role);
    }
    if !problem.statement.is_empty() {
        told = format!("{told}, in `{}`", problem.statement);
    }
    told
}

fn of_state(problem: &Problem, failed: &Failed<'_>) -> (Kind, String) {
    let role = failed.role;
    match problem.state.as_str() {
        "42501" if problem.message.contains("must be owner of") => (
            Kind::NotOwner,
            format!("Hand it over in the live database, `ALTER … OWNER TO {role}`, or run the migration as its owner"),
        ),
        "42501" => (Kind::NotAllowed, format!("Grant it to {role} in the live database, or run it as the role that may")),
        "42703" | "42P01" | "42704" | "42883" | "3F000" => (
            Kind::Missing,
            "An earlier migration took it away, or none ever made it: look for the last one that names it, and write this one for what is there now".to_owned(),
        ),
        "42701" | "42P07" | "42710" | "42P06" | "42723" => (
            Kind::Exists,
            "Another migration made it, or somebody by hand in the live database: see which, and drop one of the two".to_owned(),
        ),
        "57014" => (
            Kind::TooLong,
            "Make it in smaller steps, or without a lock (CREATE INDEX CONCURRENTLY, NOT VALID); gate.migrations.budget.statementMilliseconds allows more".to_owned(),
        ),
        "55P03" => (Kind::LockTooLong, "Something of the same run holds that lock: see what the command does at once".to_owned()),
        "53100" | "53200" => (Kind::NoRoom, "Raise gate.migrations.memoryMiB".to_owned()),
        state if state.starts_with("23") || state.starts_with("22") => {
            (Kind::Data, "Bring the rows into shape in a migration before this one".to_owned())
        }
        _ => (Kind::Failed, "Mend the migration, and try it on a copy of the live schema".to_owned()),
    }
}

/// Tools have words of their own for what they refuse before they ask the database.
fn kind_of_words(words: &str) -> Kind {
    let words = words.to_lowercase();
    if words.contains("duplicate") || words.contains("more than one migration") || words.contains("multiple head") {
        Kind::DuplicateSlot
    } else if words.contains("out of order") || words.contains("missing migration") {
        Kind::OutOfOrderSlot
    } else {
        Kind::Failed
    }
}

fn remedy_of_words(words: &str) -> String {
    match kind_of_words(words) {
        Kind::DuplicateSlot => "Give the newer one the next free number".to_owned(),
        Kind::OutOfOrderSlot => "Give it a number above the last".to_owned(),
        _ => "Run the command by hand, and mend what it complains about".to_owned(),
    }
}

/// What an error about ownership is about: `must be owner of table reviews`, kind and name.
pub fn owned_object(message: &str) -> Option<(&str, &str)> {
    message.strip_prefix("must be owner of ")?.split_once(' ')
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
