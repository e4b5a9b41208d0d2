//! `hearth status`: everything in a line each.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use comfy_table::Cell;
use jiff::Timestamp;
use serde_json::json;

use crate::host::{Host, Kind, Subject};
use crate::left;
use crate::story::{Story, Tone, tone};
use crate::table::Rows;
use crate::when::ago;

/// Prints it; the exit code says whether all is well.
///
/// # Errors
/// When it cannot be printed.
pub fn show(host: &Host, json: bool) -> anyhow::Result<ExitCode> {
    ensure_readable(host)?;
    let lines: Vec<Line> = host.subjects.iter().map(Line::of).collect();
    if json {
        let all: Vec<_> = lines.iter().map(Line::json).collect();
        state::out!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        print(&lines)?;
    }
    Ok(match lines.iter().map(|line| line.tone).max() {
        None | Some(Tone::Well) => ExitCode::SUCCESS,
        Some(Tone::Waits) => ExitCode::from(state::Outcome::Held.exit_code()),
        Some(Tone::Bad) => ExitCode::FAILURE,
    })
}

/// Says it once where a user of the host may read nothing of this, and not for each thing that there is.
fn ensure_readable(host: &Host) -> anyhow::Result<()> {
    let denied = |folder: &&PathBuf| {
        std::fs::read_dir(folder).is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    };
    match host.subjects.iter().filter_map(|subject| subject.state.as_ref().ok()).find(denied) {
        Some(folder) => bail!("hearth status reads {}, which this user may not; run it as root", folder.display()),
        None => Ok(()),
    }
}

fn print(lines: &[Line<'_>]) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let mut rows =
        Rows::new(&["NAME", "KIND", "VERSION", "OUTCOME", "SINCE", "LAST RUN", ""]).whole(&[0, 1, 2, 3, 4, 5]);
    for line in lines {
        let last = line.story.last.as_ref().map(|receipt| ago(receipt.started, now));
        rows.row(vec![
            Cell::new(&line.subject.name),
            Cell::new(line.subject.kind.word()),
            Cell::new(line.story.named().as_deref().unwrap_or("-")),
            if line.story.last.is_some() || line.story.left.is_some() {
                rows.toned(line.word(), line.tone)
            } else {
                Cell::new(line.word())
            },
            Cell::new(line.since().map_or_else(|| "-".to_owned(), |since| ago(since, now))),
            Cell::new(last.as_deref().unwrap_or("-")),
            Cell::new(line.notes().join("; ")),
        ]);
    }
    rows.print()?;
    Ok(())
}

/// One subject as it is shown.
struct Line<'a> {
    subject: &'a Subject,
    story: Story,
    tone: Tone,
}

impl<'a> Line<'a> {
    fn of(subject: &'a Subject) -> Self {
        let story = Story::read(subject);
        if subject.kind == Kind::Undeclared {
            let tone = if story.damaged.is_empty() { Tone::Waits } else { Tone::Bad };
            return Self { subject, story, tone };
        }
        let mut worst = story.last.as_ref().map_or(Tone::Well, |receipt| tone(receipt.outcome));
        // What a person went back from waits from then on, also before the next run says so.
        if story.held.is_some() || story.went_back() {
            worst = worst.max(Tone::Waits);
        }
        if !story.damaged.is_empty() {
            worst = Tone::Bad;
        }
        Self { subject, story, tone: worst }
    }

    fn word(&self) -> &'static str {
        if self.subject.kind == Kind::Undeclared {
            return self.story.left.as_ref().map_or("not looked at", |left| left.standing.word());
        }
        match &self.story.last {
            Some(receipt) => receipt.outcome.word(),
            None if self.story.damaged.is_empty() => "never ran",
            None => "unknown",
        }
    }

    /// Since when its runs end so, or since when it is not declared.
    fn since(&self) -> Option<Timestamp> {
        self.story.left.as_ref().map_or_else(|| self.story.since(), |left| Some(left.since))
    }

    /// What a person should know, the worst first.
    fn notes(&self) -> Vec<String> {
        let mut notes = self.story.damaged.clone();
        if self.subject.kind == Kind::Undeclared {
            notes.push(left::note(&self.subject.name, self.story.left.as_ref()));
            return notes;
        }
        if self.subject.rests {
            notes.push("declared stopped; its data is kept".to_owned());
        }
        if let Some(receipt) = self.story.last.as_ref().filter(|receipt| tone(receipt.outcome) != Tone::Well) {
            notes.push(one_line(&receipt.summary));
        }
        if let Some(doing) = &self.story.unfinished {
            notes.push(format!("a run is in the middle of {doing}, or was cut off there"));
        }
        if let Some(proof) = &self.story.proof {
            notes.push(format!("a restore was last proved {}, of {}", ago(proof.at, Timestamp::now()), proof.snapshot));
        }
        if let Some(held) = &self.story.held {
            notes.push(format!("decide with `hearth accept {} {}`", self.subject.name, held.hold.to.version));
        }
        notes.extend(self.story.pinned.as_ref().map(ToString::to_string));
        if let Some(receipt) = self.story.last.as_ref().filter(|receipt| tone(receipt.outcome) == Tone::Well) {
            notes.extend(receipt.warnings.iter().map(|warning| one_line(warning)));
        }
        notes
    }

    fn json(&self) -> serde_json::Value {
        let last = self.story.last.as_ref();
        json!({
            "name": self.subject.name,
            "kind": self.subject.kind,
            "unit": self.subject.unit,
            "version": self.story.version,
            "image": self.story.image,
            "outcome": last.map(|receipt| receipt.outcome),
            "since": self.since(),
            "lastRun": last.map(|receipt| receipt.started),
            "summary": last.map(|receipt| receipt.summary.as_str()),
            "warnings": last.map(|receipt| receipt.warnings.clone()).unwrap_or_default(),
            "pinned": self.story.pinned,
            "held": self.story.held,
            "lastProved": self.story.proof,
            "undeclared": self.story.left,
            "declaredStopped": self.subject.rests,
            "unfinished": self.story.unfinished,
            "damaged": self.story.damaged,
        })
    }
}

/// The first line of a text, short enough to be taken in at a glance; `hearth history` has the whole.
fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
