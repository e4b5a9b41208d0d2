//! The record of one run.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Outcome, plain, write_atomic};

/// How many receipts of a subject are kept; the oldest go first.
const KEPT: usize = 50;
/// How many digits the number of a receipt has at least: more than a year, with which the names of older ones begin.
const DIGITS: usize = 6;

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

    /// Writes down a step that was begun at a moment and has ended now.
    pub fn step(&mut self, name: impl Into<String>, begun: Timestamp, result: impl Into<String>) {
        self.steps.push(Step { name: name.into(), milliseconds: since(begun), result: result.into() });
    }

    /// Ends it.
    pub fn finish(&mut self, outcome: Outcome, summary: impl Into<String>) {
        self.outcome = outcome;
        self.summary = summary.into();
        self.milliseconds = since(self.started);
        self.clean();
    }

    /// Engines, databases and recipes have their words in it, and it is shown to people and sent to them.
    fn clean(&mut self) {
        let steps = self.steps.iter_mut().flat_map(|step| [&mut step.name, &mut step.result]);
        let lines = self.plan.iter_mut().chain(&mut self.warnings).chain(&mut self.error);
        steps.chain(lines).chain([&mut self.summary]).for_each(|text| *text = plain(text));
    }

    /// Ends it as a run did: with an outcome and a summary, or as failed, with all causes of the error.
    pub fn end<E: std::fmt::Display>(&mut self, ended: Result<(Outcome, String), E>) {
        let (outcome, summary) = ended.unwrap_or_else(|error| {
            let causes = format!("{error:#}");
            self.error = Some(causes.clone());
            (Outcome::Failed, causes)
        });
        self.finish(outcome, summary);
    }

    /// Writes it as `last.json` in `folder`, and into `folder/receipts/` unless nothing was changed, or it only says
    /// again what the run before it said: a host that is checked every few minutes would otherwise push the story of
    /// last week's update out with thousands of those.
    ///
    /// The files in `receipts/` are numbered: with the time alone, what is written after a clock was set back would count
    /// as older than all others, and be the first to go. See [`kept`].
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        if self.outcome != Outcome::Unchanged && !self.repeats(&folder.join("last.json")) {
            let receipts = folder.join("receipts");
            let number = kept(folder)?.last().map_or(0, |newest| number(newest)) + 1;
            let at = self.started.strftime("%Y-%m-%dT%H-%M-%S.%3fZ");
            write_atomic(&receipts.join(format!("{number:0DIGITS$}-{at}.json")), &text, 0o640)?;
            prune(folder)?;
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

    /// Ends a helper: prints this, for machines on standard output, or the closing line, of what went wrong on standard
    /// error; and gives the exit code.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn print(&self, json: bool) -> serde_json::Result<ExitCode> {
        match self.outcome {
            _ if json => crate::out!("{}", serde_json::to_string_pretty(self)?),
            Outcome::Failed | Outcome::RolledBack => crate::err!("{}", self.closing_line()),
            _ => crate::out!("{}", self.closing_line()),
        }
        Ok(ExitCode::from(self.outcome.exit_code()))
    }

    /// The line with which a helper ends: the outcome, what it was about, how long it took.
    pub fn closing_line(&self) -> String {
        format!("{}: {}: {} ({} ms)", self.outcome, self.subject, self.summary, self.milliseconds)
    }
}

/// The milliseconds since then. A clock that is set back meanwhile makes nothing that took less than no time.
fn since(begun: Timestamp) -> i64 {
    Timestamp::now().duration_since(begun).as_millis().max(0).try_into().unwrap_or(i64::MAX)
}

/// The files of the receipts that are kept in a state folder, in the order in which they were written.
///
/// # Errors
/// When the folder cannot be read. One that is not there holds nothing.
pub fn kept(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder.join("receipts")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    paths.sort_by_cached_key(|path| (number(path), path.clone()));
    Ok(paths)
}

/// The number of a receipt; 0 for one from before they were numbered, whose name begins with the year.
fn number(path: &Path) -> u64 {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let digits = name.split('-').next().filter(|digits| digits.len() >= DIGITS);
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

fn prune(folder: &Path) -> io::Result<()> {
    for old in kept(folder)?.iter().rev().skip(KEPT) {
        match std::fs::remove_file(old) {
            // Another run removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
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
    fn a_run_that_failed_says_all_causes_and_one_that_did_not_has_no_error() {
        struct Caused;
        impl std::fmt::Display for Caused {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(if f.alternate() { "no snapshot: no room" } else { "no snapshot" })
            }
        }
        let mut receipt = Receipt::start("reconcile-app", "hello");
        receipt.end(Ok::<_, Caused>((Outcome::Changed, "deployed".to_owned())));
        assert_eq!((receipt.outcome, receipt.summary.as_str(), &receipt.error), (Outcome::Changed, "deployed", &None));
        receipt.end(Err(Caused));
        assert_eq!((receipt.outcome, receipt.summary.as_str()), (Outcome::Failed, "no snapshot: no room"));
        assert_eq!(receipt.error.as_deref(), Some("no snapshot: no room"));
    }

    #[test]
    fn what_strangers_called_a_table_or_said_of_an_image_steers_nobodys_terminal() {
        let hostile = "table x\u{1b}]52;c;cm0gLXJm\u{7}\u{1b}[2J\u{202e} of shop";
        let mut receipt = Receipt::start("reconcile-databases", "databases");
        receipt.plan.push(hostile.to_owned());
        receipt.warnings.push(hostile.to_owned());
        receipt.step(hostile, receipt.started, hostile);
        receipt.end(Err::<_, &str>(hostile));
        let texts = [&receipt.plan[0], &receipt.warnings[0], &receipt.steps[0].name, &receipt.steps[0].result];
        for text in texts.into_iter().chain([&receipt.summary]).chain(&receipt.error) {
            assert_eq!(text, "table x of shop");
        }
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

    fn write_at(folder: &Path, second: i64) -> String {
        let mut receipt = Receipt::start("reconcile-app", "hello");
        receipt.started = Timestamp::from_second(second).unwrap();
        receipt.finish(Outcome::Changed, format!("at {second}"));
        receipt.write(folder).unwrap();
        receipt.summary
    }

    fn summaries(folder: &Path) -> Vec<String> {
        let read = |path: &PathBuf| serde_json::from_slice::<Receipt>(&std::fs::read(path).unwrap()).unwrap().summary;
        kept(folder).unwrap().iter().map(read).collect()
    }

    #[test]
    fn after_a_clock_was_set_back_the_newest_is_still_the_last_and_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut written: Vec<_> = (0..60).map(|second| write_at(folder.path(), 1_800_000_000 + second)).collect();
        written.extend((0..3).map(|second| write_at(folder.path(), 1_700_000_000 + second)));
        assert_eq!(summaries(folder.path()), written[written.len() - KEPT..]);
    }

    #[test]
    fn receipts_from_before_they_were_numbered_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = write_at(folder.path(), 1_700_000_000);
        let receipts = folder.path().join("receipts");
        std::fs::rename(&kept(folder.path()).unwrap()[0], receipts.join("2023-11-14T22-13-20.000Z.json")).unwrap();
        let second = write_at(folder.path(), 1_600_000_000);
        assert_eq!(summaries(folder.path()), [first, second]);
    }

    #[test]
    fn a_clock_that_is_set_back_during_a_run_makes_no_negative_duration() {
        let mut receipt = Receipt::start("reconcile-app", "hello");
        receipt.started = Timestamp::now() + jiff::SignedDuration::from_hours(24);
        receipt.step("deploy", receipt.started, "done");
        receipt.finish(Outcome::Changed, "deployed");
        assert_eq!((receipt.milliseconds, receipt.steps[0].milliseconds), (0, 0));
    }
}
