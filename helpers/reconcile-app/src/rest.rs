//! An app that is declared stopped: nothing of it runs, its data is kept, and nothing waits for anybody.
//!
//! It needs no inputs: a secret that is not rendered any more keeps no app from being stopped. What a run that was cut off
//! was in the middle of stays in the journal, and is ended when the app is declared to run.

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;
use state::{Outcome, remove_durably, write_atomic};
use swarm::{Quiesce, Service, Services as _};

use crate::apply::{Parts, Run};
use crate::colour::FAILED_LABEL;
use crate::manifest::{DeclaredState, Update};
use crate::pin::{Answer, Pins};
use crate::plan::Plan;
use crate::undeclared::kept;
use crate::undeclared::record::Record;

/// Since when nothing of an app runs, because it is declared so; `snapshot-volumes` reads it, too.
const FILE: &str = "stopped.json";

fn remember(state_folder: &Path) -> std::io::Result<()> {
    let path = state_folder.join(FILE);
    if path.exists() {
        return Ok(());
    }
    let text = format!("{}\n", json!({ "schema": 1, "since": Timestamp::now() }));
    write_atomic(&path, text.as_bytes(), 0o640)
}

/// What comes of a run before it reads what would be deployed.
pub enum Before {
    /// It has ended.
    Ended(Outcome, String),
    /// It goes on.
    GoOn,
}

/// What to do about the services of an app that is declared stopped.
pub fn plan<'a>(services: impl Iterator<Item = &'a Service>) -> Plan {
    let run: Vec<String> =
        services.filter(|service| service.is_told_to_run()).map(|service| service.name.clone()).collect();
    if run.is_empty() { Plan::Nothing } else { Plan::Stop(run) }
}

impl<P: Parts> Run<'_, P> {
    /// Ends a run over an app whose stack waits for a person, or that is declared stopped.
    pub(crate) async fn before_inputs(&mut self, dry_run: bool) -> anyhow::Result<Before> {
        if let Some((outcome, summary)) = self.held_stack(dry_run).await? {
            if !dry_run {
                self.refuse_what_is_asked(&summary)?;
            }
            return Ok(Before::Ended(outcome, summary));
        }
        if !dry_run {
            self.keep_declaration()?;
            Record::clear(&self.manifest.state_folder)?;
        }
        if self.manifest.state == DeclaredState::Stopped {
            let (outcome, summary) = self.rest(dry_run).await?;
            return Ok(Before::Ended(outcome, summary));
        }
        if !dry_run {
            remove_durably(&self.manifest.state_folder.join(FILE))?;
        }
        Ok(Before::GoOn)
    }

    /// Keeps what is declared for a final snapshot. On a full disk the copy of an earlier run will do, and the run says by
    /// itself what it has no room for.
    fn keep_declaration(&mut self) -> std::io::Result<()> {
        match kept::keep(&self.manifest.state_folder, &self.manifest.text) {
            Err(error) if state::is_full(&error) => {
                self.warn(format!("what is declared cannot be kept for a final snapshot: {error}"));
                Ok(())
            }
            kept => kept,
        }
    }

    async fn rest(&mut self, dry_run: bool) -> anyhow::Result<(Outcome, String)> {
        let mut services = self.host.engine.services(&self.label()).await?;
        if self.manifest.update == Update::BlueGreen {
            services.extend(self.host.engine.services(&self.failed_label()).await?);
        }
        let plan = plan(services.iter());
        for line in plan.lines() {
            (self.say)(line);
        }
        self.receipt.plan = plan.lines();
        if dry_run {
            return Ok((Outcome::Unchanged, format!("would {}", plan.verb())));
        }
        let begun = Timestamp::now();
        if plan != Plan::Nothing {
            // What ran since then has changed data that no snapshot holds yet.
            remove_durably(&self.manifest.state_folder.join(FILE))?;
        }
        for label in [self.label(), self.failed_label()].iter().filter(|_| plan != Plan::Nothing) {
            let quiesce = Quiesce::new(self.host.engine, label.clone());
            quiesce.stop(self.manifest.snapshot.stop(), self.say).await?;
        }
        remember(&self.manifest.state_folder)?;
        let app = &self.manifest.name;
        self.refuse_what_is_asked(&format!(
            "the app is declared stopped, and nothing was deployed; set hearth.apps.{app}.state = \"running\", then deploy again"
        ))?;
        if plan == Plan::Nothing {
            return Ok((Outcome::Unchanged, "it is declared stopped, and nothing of it runs".to_owned()));
        }
        self.note("stop", begun, None);
        Ok((Outcome::Changed, "it is stopped, as declared; its data is kept".to_owned()))
    }

    fn failed_label(&self) -> String {
        format!("{FAILED_LABEL}={}", self.manifest.name)
    }

    /// Whoever asked for a deploy hears at once why there is none.
    fn refuse_what_is_asked(&self, why: &str) -> std::io::Result<()> {
        let pins = Pins::in_folder(&self.manifest.state_folder);
        let Some(to) = pins.asked()? else { return Ok(()) };
        pins.settle(&Answer { to, outcome: Outcome::Held, summary: why.to_owned() }, false)
    }
}

#[cfg(test)]
#[path = "rest_tests.rs"]
mod tests;
