//! The record of one run.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Outcome, write_atomic};

/// How many receipts of a subject are kept; the oldest go first.
const KEPT: usize = 50;

/// The JSON record of one run: what was found, decided, done, and how it ended. Holds no secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Version of this record's shape.
    pub schema: u32,
    /// The helper that ran.
    pub helper: String,
    /// What it ran for: an app, a certificate, `swarm`, `secrets`.
    pub subject: String,
    /// When it started.
    pub started: Timestamp,
    /// How long it took, in milliseconds.
    pub milliseconds: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// One sentence for a person.
    pub summary: String,
    /// The plan, a line a step; empty when nothing differed.
    pub plan: Vec<String>,
    /// The steps that were taken.
    pub steps: Vec<Step>,
    /// What a person should know although it did not change the outcome.
    pub warnings: Vec<String>,
    /// The chain of causes when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the engine knew of each container that failed, by its service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub containers: BTreeMap<String, serde_json::Value>,
    /// What the helper observed before it acted, in its own shape.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub found: serde_json::Value,
}

/// One step of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What was done.
    pub name: String,
    /// How long it took, in milliseconds.
    pub milliseconds: i64,
    /// `done`, or why not.
    pub result: String,
}

impl Receipt {
    /// A receipt that starts now. It counts as failed until it is told otherwise.
    pub fn start(helper: &str, subject: &str) -> Self {
        Self {
            schema: 1,
            helper: helper.to_owned(),
            subject: subject.to_owned(),
            started: Timestamp::now(),
            milliseconds: 0,
            outcome: Outcome::Failed,
            summary: String::new(),
            plan: Vec::new(),
            steps: Vec::new(),
            warnings: Vec::new(),
            error: None,
            containers: BTreeMap::new(),
            found: serde_json::Value::Null,
        }
    }

    /// Ends it.
    pub fn finish(&mut self, outcome: Outcome, summary: impl Into<String>) {
        self.outcome = outcome;
        self.summary = summary.into();
        self.milliseconds = Timestamp::now().duration_since(self.started).as_millis().try_into().unwrap_or(i64::MAX);
    }

    /// Writes it as `last.json` in `folder`, and into `folder/receipts/` unless nothing was changed, or it only says
    /// again what the run before it said: a host that is checked every few minutes would otherwise push the story of
    /// last week's update out with thousands of those.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        if self.outcome != Outcome::Unchanged && !self.repeats(&folder.join("last.json")) {
            let receipts = folder.join("receipts");
            let name = self.started.strftime("%Y-%m-%dT%H-%M-%S.%3fZ");
            write_atomic(&receipts.join(format!("{name}.json")), &text, 0o640)?;
            prune(&receipts)?;
        }
        write_atomic(&folder.join("last.json"), &text, 0o640)
    }

    /// Whether it could do nothing, and ended as the run did whose receipt is in a file. One that cannot be read is another.
    fn repeats(&self, last: &Path) -> bool {
        let last = std::fs::read(last).ok().and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        last.is_some_and(|last| {
            matches!(self.outcome, Outcome::Held | Outcome::Failed)
                && self.steps.is_empty()
                && self.outcome == last.outcome
                && self.summary == last.summary
                && self.error == last.error
        })
    }

    /// The line with which a helper ends: the outcome, what it was about, how long it took.
    pub fn closing_line(&self) -> String {
        format!("{}: {}: {} ({} ms)", self.outcome, self.subject, self.summary, self.milliseconds)
    }
}

fn prune(receipts: &Path) -> io::Result<()> {
    let mut names: Vec<_> = std::fs::read_dir(receipts)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    // The names start with the time, so the order of the names is the order in time.
    names.sort();
    for old in names.iter().rev().skip(KEPT) {
        std::fs::remove_file(old)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_says_the_same_again_is_kept_once_and_one_that_did_something_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let kept = || std::fs::read_dir(folder.path().join("receipts")).unwrap().count();
        let run = |steps: usize, summary: &str, second: i64| {
            let mut receipt = Receipt::start("reconcile-app", "hello");
            receipt.started = Timestamp::from_second(second).unwrap();
            receipt.steps = vec![Step { name: "deploy".to_owned(), milliseconds: 1, result: "done".to_owned() }; steps];
            receipt.finish(Outcome::Failed, summary);
            receipt.write(folder.path()).unwrap();
            kept()
        };
        assert_eq!(run(0, "failed before", 1), 1);
        assert_eq!(run(0, "failed before", 2), 1);
        assert_eq!(run(1, "failed before", 3), 2);
        assert_eq!(run(0, "failed in another way", 4), 3);
    }

    #[test]
    fn a_run_that_changed_nothing_leaves_no_history() {
        let folder = tempfile::tempdir().unwrap();
        let mut receipt = Receipt::start("reconcile-app", "hello");
        receipt.finish(Outcome::Unchanged, "nothing differs");
        receipt.write(folder.path()).unwrap();
        assert!(folder.path().join("last.json").exists());
        assert!(!folder.path().join("receipts").exists());
    }

    #[test]
    fn a_run_that_changed_something_is_kept_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let mut receipt = Receipt::start("reconcile-app", "hello");
        for second in 0..(i64::try_from(KEPT).unwrap() + 5) {
            receipt.started = Timestamp::from_second(1_700_000_000 + second).unwrap();
            receipt.finish(Outcome::Changed, "deployed");
            receipt.write(folder.path()).unwrap();
        }
        let kept = std::fs::read_dir(folder.path().join("receipts")).unwrap().count();
        assert_eq!(kept, KEPT);
    }
}
