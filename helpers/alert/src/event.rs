//! What is told: problems, and events about them, as values and as words.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use state::Digester;

/// What sort of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A change failed and what was there before serves again.
    RolledBack,
    /// A person must decide before anything is done.
    Held,
    /// A run failed.
    Failed,
    /// A unit could not start, or ended without a receipt.
    NotStarted,
    /// A certificate is about to end.
    CertificateExpires,
    /// A file system is about to be full.
    DiskFills,
    /// A snapshot could not be restored in a drill.
    DrillFailed,
    /// An app left the flake, and is still here.
    Undeclared,
}

/// What a problem is about. A source can be well in one and unwell in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// How its last run ended.
    Run,
    /// What is left of a certificate's time.
    Time,
    /// What is left of a disk.
    Space,
    /// Whether the flake has it.
    Declaration,
}

impl Kind {
    /// The words that a person reads.
    pub fn words(self) -> &'static str {
        match self {
            Self::RolledBack => "rolled back",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::NotStarted => "could not run",
            Self::CertificateExpires => "certificate expires",
            Self::DiskFills => "disk is running out",
            Self::DrillFailed => "restore drill failed",
            Self::Undeclared => "not in the flake",
        }
    }

    /// What it is about.
    pub fn aspect(self) -> Aspect {
        match self {
            Self::CertificateExpires => Aspect::Time,
            Self::DiskFills => Aspect::Space,
            Self::Undeclared => Aspect::Declaration,
            _ => Aspect::Run,
        }
    }

    /// Whether it can wait until somebody is at a desk: nothing is broken yet.
    pub fn can_wait(self) -> bool {
        matches!(self, Self::Held | Self::CertificateExpires)
    }
}

/// Something that is wrong now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What sort of problem.
    pub kind: Kind,
    /// The unit or path that it was seen at.
    pub source: String,
    /// What it concerns: `app wiki`.
    pub object: String,
    /// Why, in a sentence.
    pub cause: String,
    /// What it means for those who use the host.
    pub consequence: String,
    /// What a person can do.
    pub remedy: String,
    /// The receipt's own sentence.
    pub summary: Option<String>,
    /// Lines that help to find the reason, such as the end of a log.
    pub details: Vec<String>,
    /// What stays the same while the cause is the same: two problems that differ in it are two problems.
    pub identity: String,
}

impl Problem {
    /// Twelve digits that stay the same while kind, object and cause do.
    pub fn key(&self) -> String {
        let mut digester = Digester::default();
        digester.add("kind", self.kind.words().as_bytes()).add("object", self.object.as_bytes());
        digester.add("source", self.source.as_bytes()).add("cause", self.identity.as_bytes());
        digester.finish().short()
    }
}

/// What is left of a sentence when everything is taken out that changes from one run to the next although the cause
/// does not: times, durations, counts, identifiers. Versions stay.
pub fn identity_of(sentence: &str) -> String {
    let words = sentence.split_whitespace().map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let digits = bare.bytes().any(|byte| byte.is_ascii_digit());
        let number =
            digits && bare.trim_end_matches(|c: char| c.is_ascii_alphabetic()).bytes().all(|b| b.is_ascii_digit());
        let long = bare.len() >= 12 && bare.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
        if number || (digits && long) || bare.parse::<Timestamp>().is_ok() { "#" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Where a problem stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is new.
    Problem,
    /// It lasts.
    Still,
    /// It is over.
    Resolved,
    /// Somebody wants to see whether alerts arrive.
    Test,
}

impl Status {
    /// The word that machines read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Still => "still",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }
}

/// One alert, as it goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Version of this record's shape.
    pub schema: u32,
    /// Where the problem stands.
    pub status: Status,
    /// The same for all events about one problem.
    pub key: String,
    /// The host.
    pub host: String,
    /// When the problem was seen first.
    pub since: Timestamp,
    /// When this event was made.
    pub at: Timestamp,
    /// The problem.
    #[serde(flatten)]
    pub problem: Problem,
}

impl Event {
    /// An event that is made now.
    pub fn new(status: Status, host: &str, problem: Problem, since: Timestamp, at: Timestamp) -> Self {
        Self { schema: 1, status, key: problem.key(), host: host.to_owned(), since, at, problem }
    }

    /// The line that a person sees first.
    pub fn title(&self) -> String {
        let Problem { object, kind, .. } = &self.problem;
        let words = kind.words();
        let said = match self.status {
            Status::Problem => format!("{object}: {words}"),
            Status::Still => format!("{object}: still {words}"),
            Status::Resolved => format!("{object}: well again (was: {words})"),
            Status::Test => "a test, nothing is wrong".to_owned(),
        };
        format!("{}: {said}", self.host)
    }

    /// The whole, for a person, ending in a line break.
    pub fn text(&self) -> String {
        let problem = &self.problem;
        let mut text = String::new();
        let mut line = |label: &str, said: &str| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{label:<10}{}", said.trim().replace('\n', "\n          "));
        };
        if self.status == Status::Resolved {
            line("was:", &problem.cause);
            line("since:", &format!("{:.0}", self.since));
            return text;
        }
        line("cause:", &problem.cause);
        line("means:", &problem.consequence);
        line("do:", &problem.remedy);
        if let Some(summary) = problem.summary.as_deref().filter(|summary| *summary != problem.cause) {
            line("receipt:", summary);
        }
        line("since:", &format!("{:.0}", self.since));
        for detail in &problem.details {
            let _ = writeln!(text, "| {detail}");
        }
        text
    }

    /// The line for the journal.
    pub fn line(&self) -> String {
        format!(
            "{}: {}: {}: {}",
            self.status.word(),
            self.problem.object,
            self.problem.kind.words(),
            self.problem.cause
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_from_run_to_run_does_not_make_another_cause() {
        let first = "service app: crash-looping (3 times): exit code 1, task k2x9v0c7b1m5n8q4w6e3r0t9y, at 2026-11-21T10:00:00Z, after 31 s";
        let again = "service app: crash-looping (4 times): exit code 1, task a1s2d3f4g5h6j7k8l9z0x1c2v, at 2026-11-21T10:05:00Z, after 29s";
        assert_eq!(identity_of(first).replace("# s", "#"), identity_of(again));
        assert!(identity_of(first).contains("crash-looping"));
    }

    #[test]
    fn another_version_is_another_cause() {
        assert_ne!(identity_of("1.2.0+9.9.9 cannot be pulled"), identity_of("1.2.0+9.9.8 cannot be pulled"));
        assert_ne!(
            identity_of("image hello:9.9.9 cannot be pulled"),
            identity_of("image hello:9.9.8 cannot be pulled")
        );
    }
}
