//! `hearth metrics`: what Prometheus reads, in its text format,
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use alert::memory::Memory;
use anyhow::Context as _;
use jiff::Timestamp;
use state::Outcome;

use crate::host::{Host, Kind, Subject};
use crate::snapshots;
use crate::story::Story;

const OUTCOMES: [Outcome; 5] =
    [Outcome::Unchanged, Outcome::Changed, Outcome::Held, Outcome::RolledBack, Outcome::Failed];

/// Prints the metrics, or writes them into a file that is whole at every moment.
///
/// # Errors
/// When they cannot be written.
pub fn show(host: &Host, output: Option<&Path>) -> anyhow::Result<ExitCode> {
    let text = text(host);
    match output {
        // Whatever collects it runs as a user of its own; there is no secret in it.
        Some(path) => state::write_atomic(path, text.as_bytes(), 0o644).context("writing the metrics")?,
        None => state::part(std::io::stdout().lock(), format_args!("{text}")),
    }
    Ok(ExitCode::SUCCESS)
}

/// One metric with its samples.
struct Family {
    name: &'static str,
    help: &'static str,
    samples: Vec<(Vec<(&'static str, String)>, f64)>,
}

impl Family {
    fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help, samples: Vec::new() }
    }

    fn add(&mut self, labels: &[(&'static str, &str)], value: Option<f64>) {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.samples.extend(value.map(|value| (labels, value)));
    }
}

/// All metrics of a host.
pub fn text(host: &Host) -> String {
    let mut families = Families::default();
    for subject in &host.subjects {
        if subject.kind == Kind::Undeclared {
            families.undeclared.add(&[("name", subject.name.as_str())], Some(1.0));
            continue;
        }
        families.run(subject);
        if subject.kind == Kind::App {
            families.snapshots(subject);
        }
        if subject.manifest.ends_with("alerts.json") {
            families.alerts(subject);
        }
    }
    families.render()
}

struct Families {
    outcome: Family,
    last: Family,
    duration: Family,
    success: Family,
    version: Family,
    held: Family,
    expires: Family,
    snapshot: Family,
    bytes: Family,
    kept: Family,
    proved: Family,
    freed: Family,
    alerts: Family,
    undeclared: Family,
    unreadable: Family,
}

impl Default for Families {
    fn default() -> Self {
        Self {
            outcome: Family::new(
                "hearth_run_outcome",
                "How the newest run ended: 1 for its outcome, 0 for the others.",
            ),
            last: Family::new("hearth_run_timestamp_seconds", "When the newest run started."),
            duration: Family::new("hearth_run_duration_seconds", "How long the newest run took."),
            success: Family::new(
                "hearth_run_last_success_timestamp_seconds",
                "When the newest run that ended well started.",
            ),
            version: Family::new("hearth_app_version_info", "The version of an app that serves."),
            held: Family::new("hearth_app_held", "Whether a version of an app waits for a person's decision."),
            expires: Family::new("hearth_certificate_expiry_timestamp_seconds", "When a certificate expires."),
            snapshot: Family::new(
                "hearth_snapshot_last_good_timestamp_seconds",
                "When the last-good snapshot was taken.",
            ),
            bytes: Family::new("hearth_snapshot_last_good_bytes", "Size of the data in the last-good snapshot."),
            kept: Family::new("hearth_snapshots", "How many snapshots of an app are kept."),
            proved: Family::new(
                "hearth_last_proved_restore_timestamp_seconds",
                "When it was last proved that a snapshot of an app can be restored.",
            ),
            freed: Family::new("hearth_pruned_bytes", "How many bytes pruning has freed since it is declared."),
            alerts: Family::new("hearth_alerts_open", "Problems that were told and are not over."),
            undeclared: Family::new("hearth_app_undeclared", "Apps that left the flake and are still on this host."),
            unreadable: Family::new("hearth_state_unreadable", "Records on disk that cannot be read."),
        }
    }
}

impl Families {
    fn run(&mut self, subject: &Subject) {
        let story = Story::read(subject);
        let labels = [("kind", subject.kind.word()), ("name", subject.name.as_str())];
        self.unreadable.add(&labels, Some(count(story.damaged.len())));
        self.success.add(&labels, story.last_good().map(seconds));
        if subject.kind == Kind::App {
            let name = ("name", subject.name.as_str());
            let waits = story.held.is_some() || story.last.as_ref().is_some_and(|last| last.outcome == Outcome::Held);
            self.held.add(&[name], Some(count(usize::from(waits))));
            if let Some(version) = &story.version {
                self.version.add(&[name, ("version", version)], Some(1.0));
            }
        }
        let Some(receipt) = &story.last else { return };
        for outcome in OUTCOMES {
            let is = count(usize::from(receipt.outcome == outcome));
            self.outcome.add(&[labels[0], labels[1], ("outcome", outcome.word())], Some(is));
        }
        self.last.add(&labels, Some(seconds(receipt.started)));
        #[expect(clippy::cast_precision_loss, reason = "a run takes less than a million years")]
        self.duration.add(&labels, Some(receipt.milliseconds as f64 / 1000.0));
        let expires = receipt.found.get("expires").and_then(|expires| expires.as_str()?.parse().ok());
        self.expires.add(&[("name", subject.name.as_str())], expires.map(seconds));
        #[expect(clippy::cast_precision_loss, reason = "beyond nine petabytes a rounded number will do")]
        let freed = receipt.found.get("freedBytesTotal").and_then(|freed| Some(freed.as_u64()? as f64));
        self.freed.add(&[], freed);
    }

    fn snapshots(&mut self, app: &Subject) {
        let name = [("name", app.name.as_str())];
        // A manifest or store that cannot be read is counted, and its other metrics are left out.
        match snapshots::of(app) {
            Ok(None) => {}
            Ok(Some(kept)) => {
                self.kept.add(&name, Some(count(kept.snapshots.len())));
                self.proved.add(&name, kept.proof.as_ref().map(|proof| seconds(proof.at)));
                let good = kept.snapshots.iter().find(|snapshot| kept.last_good.as_ref() == Some(&snapshot.id));
                self.snapshot.add(&name, good.map(|good| seconds(good.manifest.at)));
                #[expect(clippy::cast_precision_loss, reason = "beyond nine petabytes a rounded number will do")]
                self.bytes.add(&name, good.map(|good| good.manifest.bytes() as f64));
            }
            Err(_) => self.unreadable.add(&[("kind", "snapshots"), ("name", &app.name)], Some(1.0)),
        }
    }

    fn alerts(&mut self, subject: &Subject) {
        let Some(memory) = subject.state.as_ref().ok().and_then(|folder| Memory::read(folder).ok()) else { return };
        self.alerts.add(&[], Some(count(memory.open.len())));
    }

    fn render(self) -> String {
        let all = [
            self.outcome,
            self.last,
            self.duration,
            self.success,
            self.version,
            self.held,
            self.expires,
            self.snapshot,
            self.bytes,
            self.kept,
            self.proved,
            self.freed,
            self.alerts,
            self.undeclared,
            self.unreadable,
        ];
        let mut text = String::new();
        for family in all.iter().filter(|family| !family.samples.is_empty()) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "# HELP {0} {1}\n# TYPE {0} gauge", family.name, family.help);
            for (labels, value) in &family.samples {
                let labels: Vec<_> =
                    labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
                let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
                let _ = writeln!(text, "{}{labels} {value}", family.name);
            }
        }
        text
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn seconds(at: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
    let seconds = at.as_millisecond() as f64 / 1000.0;
    seconds
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}
