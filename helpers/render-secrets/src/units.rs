//! Telling systemd that the content of files changed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Error, anyhow};
use serde::{Deserialize, Serialize};

use crate::plan::Plan;

/// Units that still have to be told: what the journal holds between the new generation and systemd's answer.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Units to restart.
    pub restart: BTreeSet<String>,
    /// Units to reload.
    pub reload: BTreeSet<String>,
    /// Units to start where they have failed: what they read was not there.
    #[serde(default)]
    pub start: BTreeSet<String>,
}

impl Pending {
    /// Those of a plan, and those that an earlier run did not get to.
    pub fn of(plan: &Plan, earlier: Option<Self>) -> Self {
        let mut pending = earlier.unwrap_or_default();
        pending.restart.extend(plan.restart.iter().map(|unit| unit.as_str().to_owned()));
        pending.reload.extend(plan.reload.iter().map(|unit| unit.as_str().to_owned()));
        pending.start.extend(plan.start.iter().map(|unit| unit.as_str().to_owned()));
        pending.reload = &pending.reload - &pending.restart;
        pending.start = &(&pending.start - &pending.restart) - &pending.reload;
        pending
    }

    /// Whether nobody has to be told.
    pub fn is_empty(&self) -> bool {
        self.restart.is_empty() && self.reload.is_empty() && self.start.is_empty()
    }

    /// What is said of it. Which units have failed is known only when systemd is asked.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let line = |verb: &'static str| move |unit: &String| format!("{verb} {unit}");
        self.restart.iter().map(line("restart")).chain(self.reload.iter().map(line("reload")))
    }

    /// Tells systemd, without waiting: a unit may itself wait for this helper. Units that are stopped are left alone; those
    /// that have failed, perhaps for want of this very content, are started. What is left in `self` afterwards was not told.
    pub fn tell(&mut self, systemctl: &Path) -> Told {
        let mut told = Told::default();
        told.tell(systemctl, "try-restart", &mut self.restart);
        told.tell(systemctl, "try-reload-or-restart", &mut self.reload);
        self.start.retain(|unit| has_failed(systemctl, unit));
        told.tell(systemctl, "restart", &mut self.start);
        told
    }
}

/// What came of telling systemd.
#[derive(Debug, Default)]
pub struct Told {
    /// What a person should know.
    pub warnings: Vec<String>,
    /// That `systemctl` could not be run, or refused.
    pub errors: Vec<Error>,
}

/// What `systemctl` ends with for a unit that systemd does not know.
const NO_SUCH_UNIT: i32 = 5;

impl Told {
    /// A call for each unit: one that is refused, perhaps each time, neither lets the others be told again nor keeps them
    /// from being told.
    fn tell(&mut self, systemctl: &Path, verb: &str, units: &mut BTreeSet<String>) {
        let mut first = None;
        for unit in units.clone() {
            let failed = has_failed(systemctl, &unit);
            if failed {
                forget_failures(systemctl, &unit);
            }
            match call(systemctl, if failed { "restart" } else { verb }, &unit) {
                Ok(status) if status.success() => {}
                Ok(status) if status.code() == Some(NO_SUCH_UNIT) => self
                    .warnings
                    .push(format!("systemd knows no `{unit}`, so nothing uses the old content; correct the name")),
                Ok(status) => {
                    first.get_or_insert_with(|| anyhow!("`{unit}`: {} ended with {status}", systemctl.display()));
                    continue;
                }
                Err(error) => {
                    first.get_or_insert(error);
                    continue;
                }
            }
            units.remove(&unit);
        }
        let names = units.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        self.errors.extend(first.map(|error| {
            error.context(format!(
                "the files are rendered and these units still use the old ones; the next run tries again, or do it now: \
                 systemctl {verb} {names}"
            ))
        }));
    }
}

/// Whether a unit has failed, as far as systemd can be asked.
fn has_failed(systemctl: &Path, unit: &str) -> bool {
    let state = Command::new(systemctl)
        .args(["show", "--property=ActiveState", "--value", unit])
        .stderr(Stdio::null())
        .output();
    state.is_ok_and(|state| state.stdout.trim_ascii() == b"failed")
}

/// Has systemd forget how often a unit failed: one that failed too often could not be started. Where that goes wrong, the
/// start says so.
fn forget_failures(systemctl: &Path, unit: &str) {
    let _ = Command::new(systemctl).args(["reset-failed", unit]).stderr(Stdio::null()).status();
}

/// `systemctl --no-block VERB UNIT`.
///
/// # Errors
/// When it cannot be run.
pub fn call(systemctl: &Path, verb: &str, unit: &str) -> anyhow::Result<ExitStatus> {
    let status = Command::new(systemctl).args(["--no-block", verb, unit]).status();
    status.with_context(|| format!("{}", systemctl.display()))
}
