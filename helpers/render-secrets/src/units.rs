//! Telling systemd that the content of files changed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::plan::Plan;

/// Units that still have to be told: what the journal holds between the new generation and systemd's answer.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Units to restart.
    pub restart: BTreeSet<String>,
    /// Units to reload.
    pub reload: BTreeSet<String>,
}

impl Pending {
    /// Those of a plan, and those that an earlier run did not get to.
    pub fn of(plan: &Plan, earlier: Option<Self>) -> Self {
        let mut pending = earlier.unwrap_or_default();
        pending.restart.extend(plan.restart.iter().map(|unit| unit.as_str().to_owned()));
        pending.reload.extend(plan.reload.iter().map(|unit| unit.as_str().to_owned()));
        pending.reload = &pending.reload - &pending.restart;
        pending
    }

    /// Whether nobody has to be told.
    pub fn is_empty(&self) -> bool {
        self.restart.is_empty() && self.reload.is_empty()
    }

    /// What is said of it.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let line = |verb: &'static str| move |unit: &String| format!("{verb} {unit}");
        self.restart.iter().map(line("restart")).chain(self.reload.iter().map(line("reload")))
    }

    /// Tells systemd, without waiting: a unit may itself wait for this helper. Units that do not run are left alone. What
    /// is left in `self` afterwards was not told. Returns warnings.
    ///
    /// # Errors
    /// When `systemctl` cannot be run or refuses.
    pub fn tell(&mut self, systemctl: &Path) -> anyhow::Result<Vec<String>> {
        let mut warnings = Vec::new();
        tell(systemctl, "try-restart", &mut self.restart, &mut warnings)?;
        tell(systemctl, "try-reload-or-restart", &mut self.reload, &mut warnings)?;
        Ok(warnings)
    }
}

/// What `systemctl` ends with for a unit that systemd does not know.
const NO_SUCH_UNIT: i32 = 5;

/// A call for each unit, so that one that is refused does not let the others be told again.
fn tell(systemctl: &Path, verb: &str, units: &mut BTreeSet<String>, warnings: &mut Vec<String>) -> anyhow::Result<()> {
    while let Some(unit) = units.first().cloned() {
        let manually = || {
            let names = units.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
            format!(
                "the files are rendered and these units still use the old ones; the next run tries again, or do it now: \
                 systemctl {verb} {names}"
            )
        };
        let status = call(systemctl, verb, &unit).with_context(manually)?;
        if status.code() == Some(NO_SUCH_UNIT) {
            warnings.push(format!("systemd knows no `{unit}`, so nothing uses the old content; correct the name"));
        } else {
            ensure!(status.success(), "{}: {} ended with {status}", manually(), systemctl.display());
        }
        units.remove(&unit);
    }
    Ok(())
}

/// `systemctl --no-block VERB UNIT`.
///
/// # Errors
/// When it cannot be run.
pub fn call(systemctl: &Path, verb: &str, unit: &str) -> anyhow::Result<ExitStatus> {
    let status = Command::new(systemctl).args(["--no-block", verb, unit]).status();
    status.with_context(|| format!("{}", systemctl.display()))
}
