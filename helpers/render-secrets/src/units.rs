//! Telling systemd that the content of files changed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

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

    /// Tells systemd, without waiting: a unit may itself wait for this helper. Units that do not run are left alone.
    ///
    /// # Errors
    /// When `systemctl` cannot be run or refuses.
    pub fn tell(&self, systemctl: &Path) -> anyhow::Result<()> {
        tell(systemctl, "try-restart", &self.restart)?;
        tell(systemctl, "try-reload-or-restart", &self.reload)
    }
}

fn tell(systemctl: &Path, verb: &str, units: &BTreeSet<String>) -> anyhow::Result<()> {
    if units.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = units.iter().map(String::as_str).collect();
    let manually = || {
        format!(
            "the files are rendered and these units still use the old ones; the next run tries again, or do it now: \
             systemctl {verb} {}",
            names.join(" ")
        )
    };
    let status = Command::new(systemctl)
        .args(["--no-block", verb])
        .args(&names)
        .status()
        .with_context(|| format!("{}", systemctl.display()))
        .with_context(manually)?;
    ensure!(status.success(), "{}: {} ended with {status}", manually(), systemctl.display());
    Ok(())
}
