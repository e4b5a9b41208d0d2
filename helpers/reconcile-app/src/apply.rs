//! Making a stack run: replace, hold the gate, and go back when it does not hold.

use std::time::Duration;

use jiff::Timestamp;
use state::{Journal, Outcome, Receipt, Step};
use swarm::{Configs, Containers, Images, Secrets, Service, Services, Tasks};

use crate::answers::Answers;
use crate::connections::Connections;
use crate::converge::{Failure, FailureKind};
use crate::divert::Divert;
use crate::gate::Watch;
use crate::handover::Handover;
use crate::images;
use crate::inputs::Inputs;
use crate::manifest::{Manifest, Update};
use crate::plan::{APP_LABEL, STANDBY_LABEL};
use crate::record::{Deployed, FailedDeploy, Files, Intent, Seen};
use crate::rewrite::Stack;
use crate::secrets;
use crate::stack::Stacks;

/// Everything of the engine that a run needs.
pub trait Engine: Services + Tasks + Containers + Images + Secrets + Configs {}
impl<T: Services + Tasks + Containers + Images + Secrets + Configs> Engine for T {}

/// What a run works with.
pub struct Host<'a, E, S, D, C, A> {
    /// The engine.
    pub engine: &'a E,
    /// The Docker client.
    pub stacks: &'a S,
    /// Who moves connections.
    pub divert: &'a D,
    /// Who counts connections.
    pub connections: &'a C,
    /// Who asks the app.
    pub answers: &'a A,
}

/// One run over one app.
pub struct Run<'a, E, S, D, C, A> {
    /// What it works with.
    pub host: Host<'a, E, S, D, C, A>,
    /// What is declared.
    pub manifest: &'a Manifest,
    /// What is remembered.
    pub files: Files,
    /// What it is in the middle of.
    pub journal: Journal,
    /// What it writes down.
    pub receipt: &'a mut Receipt,
    /// Where it says how it goes on.
    pub say: &'a mut dyn FnMut(String),
}

impl<E: Engine, S: Stacks, D: Divert, C: Connections, A: Answers> Run<'_, E, S, D, C, A> {
    /// Deploys a stack whose images are here, and ends as the gate says.
    ///
    /// # Errors
    /// When the engine or the disk fails; the journal then says what the next run has to finish.
    pub async fn deploy(&mut self, stack: &Stack, inputs: &Inputs) -> anyhow::Result<(Outcome, String)> {
        let created = secrets::create(self.host.engine, self.manifest, inputs).await?;
        if created > 0 {
            (self.say)(format!("created {created} secrets"));
        }
        self.journal.record(&Intent::Deploy { digest: inputs.digest.clone() })?;
        match self.replace(stack).await? {
            Ok(()) => {
                self.commit(stack, inputs).await?;
                let version = stack.version(self.manifest.stack.as_str());
                Ok((
                    Outcome::Changed,
                    format!("{} is deployed and healthy", version.as_deref().unwrap_or("the recipe")),
                ))
            }
            Err(failure) => self.undo(stack, inputs, failure).await,
        }
    }

    /// The gate did not hold: back to the last good state, or, where there is none, leave what there is for a person.
    async fn undo(&mut self, stack: &Stack, inputs: &Inputs, failure: Failure) -> anyhow::Result<(Outcome, String)> {
        self.show_log(&failure).await;
        let last_good = self.files.last_good()?.filter(|text| *text != stack.text());
        let Some(last_good) = last_good else {
            self.journal.clear()?;
            let summary =
                format!("{failure}; there is no earlier good state to go back to, its services are left as they are");
            return Ok((Outcome::Failed, summary));
        };
        let reason = failure.to_string();
        self.journal.record(&Intent::Rollback { digest: inputs.digest.clone(), reason: reason.clone() })?;
        self.rollback(&last_good, &inputs.digest, reason).await
    }

    /// Puts the last good state back and holds the gate for it.
    ///
    /// # Errors
    /// When the engine or the disk fails; the journal then says what the next run has to finish.
    pub async fn rollback(
        &mut self,
        last_good: &str,
        digest: &str,
        reason: String,
    ) -> anyhow::Result<(Outcome, String)> {
        (self.say)(format!("rolling back: {reason}"));
        let stack = self.with_images(Stack::parse(last_good)?).await;
        let version = stack.version(self.manifest.stack.as_str()).unwrap_or_else(|| "the last good state".to_owned());
        let restored = self.replace(&stack).await?;
        self.files.remember_failure(&FailedDeploy {
            digest: digest.to_owned(),
            reason: reason.clone(),
            at: Timestamp::now(),
        })?;
        let ended = match restored {
            Ok(()) => {
                if let Some(deployed) = self.files.deployed()? {
                    self.files.settle(&Deployed { services: self.seen().await?, ..deployed })?;
                }
                (
                    Outcome::RolledBack,
                    format!(
                        "{reason}; {version} serves again and this is not tried again until something in it changes"
                    ),
                )
            }
            Err(again) => {
                self.show_log(&again).await;
                (Outcome::Failed, format!("{reason}; and going back to {version} failed too: {again}"))
            }
        };
        self.journal.clear()?;
        Ok(ended)
    }

    /// Watches what is deployed already until it runs.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn watch(&mut self) -> anyhow::Result<(Outcome, String)> {
        if let Some(last_good) = self.files.last_good()? {
            self.with_images(Stack::parse(&last_good)?).await;
        }
        let watch = Watch::begin(self.host.engine, self.label(), Some(STANDBY_LABEL)).await?;
        match watch.hold(&self.manifest.gate, self.say).await? {
            Ok(()) => Ok((Outcome::Unchanged, "it came up by itself, nothing was changed".to_owned())),
            Err(failure) => {
                self.show_log(&failure).await;
                Ok((Outcome::Failed, format!("{failure}; nothing was changed")))
            }
        }
    }

    /// Brings back images that somebody removed since they were deployed: the swarm itself has no login to pull them
    /// with. Where that does not work the gate says what came of it.
    async fn with_images(&mut self, mut stack: Stack) -> Stack {
        let (from_store, logins) = (&self.manifest.images, &self.manifest.docker_config_folder);
        if let Err(error) = images::provide(self.host.engine, &mut stack, from_store, logins, self.say).await {
            (self.say)(format!("warning: {error:#}; it is tried without"));
        }
        stack
    }

    /// Applies a stack and holds its gate.
    async fn replace(&mut self, stack: &Stack) -> anyhow::Result<Result<(), Failure>> {
        let standing_in = self.stand_in().await?;
        let watch = Watch::begin(self.host.engine, self.label(), Some(STANDBY_LABEL)).await?;
        (self.say)("deploying".to_owned());
        let begun = Timestamp::now();
        self.host.stacks.deploy(self.manifest.stack.as_str(), &stack.to_deploy()).await?;
        let held = watch.hold(&self.manifest.gate, self.say).await?;
        if self.manifest.update == Update::Handover && (held.is_ok() || !standing_in) {
            handover(&self.host, self.manifest).give_back(self.say).await?;
        }
        let held = match held {
            Ok(()) => self.probe(),
            Err(failure) => Err(failure),
        };
        self.note("deploy and gate", begun, held.as_ref().err());
        Ok(held)
    }

    /// Where ports of the host are held, a standby takes them while the service is replaced. A standby that stands in
    /// already, because the deploy before this one failed, goes on doing so.
    async fn stand_in(&mut self) -> anyhow::Result<bool> {
        if self.manifest.update != Update::Handover {
            return Ok(false);
        }
        let services = self.host.engine.services(&self.label()).await?;
        if services.iter().any(|service| service.labels.contains_key(STANDBY_LABEL) && service.running > 0) {
            return Ok(true);
        }
        let holds_ports = |service: &Service| !service.host_ports.is_empty() && service.running > 0;
        let Some(service) = services.into_iter().find(holds_ports) else { return Ok(false) };
        let begun = Timestamp::now();
        handover(&self.host, self.manifest).take(&service, self.say).await?;
        self.note("handover to the standby", begun, None);
        Ok(true)
    }

    fn label(&self) -> String {
        format!("{APP_LABEL}={}", self.manifest.name)
    }

    fn probe(&mut self) -> Result<(), Failure> {
        let Some(probe) = &self.manifest.gate.probe else { return Ok(()) };
        self.host.answers.ask(probe, self.say).map_err(|detail| Failure {
            service: "app".to_owned(),
            kind: FailureKind::ProbeFailed,
            detail,
            container: None,
        })
    }

    async fn commit(&mut self, stack: &Stack, inputs: &Inputs) -> anyhow::Result<()> {
        let deployed = Deployed {
            schema: 1,
            digest: inputs.digest.clone(),
            version: stack.version(self.manifest.stack.as_str()),
            at: Timestamp::now(),
            services: self.seen().await?,
        };
        self.files.commit(&deployed, &stack.text())?;
        self.journal.clear()?;
        secrets::retire(self.host.engine, self.manifest.name.as_str(), stack).await?;
        Ok(())
    }

    async fn seen(&self) -> anyhow::Result<std::collections::BTreeMap<String, Seen>> {
        let services = Watch::begin(self.host.engine, self.label(), Some(STANDBY_LABEL)).await?.services().await?;
        Ok(services.iter().map(|service| (service.name.clone(), Seen::of(service))).collect())
    }

    async fn show_log(&mut self, failure: &Failure) {
        let Ok(watch) = Watch::begin(self.host.engine, self.label(), Some(STANDBY_LABEL)).await else { return };
        let lines = watch.log_of(failure).await.unwrap_or_default();
        if lines.is_empty() {
            return;
        }
        (self.say)(format!("the last lines of {}:", failure.service));
        for line in &lines {
            (self.say)(format!("  | {line}"));
        }
        self.receipt.steps.push(Step {
            name: format!("log of {}", failure.service),
            milliseconds: 0,
            result: lines.join("\n"),
        });
    }

    fn note(&mut self, name: &str, begun: Timestamp, failure: Option<&Failure>) {
        let milliseconds = Timestamp::now().duration_since(begun).as_millis().try_into().unwrap_or(i64::MAX);
        let result = failure.map_or_else(|| "done".to_owned(), ToString::to_string);
        self.receipt.steps.push(Step { name: name.to_owned(), milliseconds, result });
    }
}

fn handover<'a, E, S, D, C, A>(host: &Host<'a, E, S, D, C, A>, manifest: &'a Manifest) -> Handover<'a, E, D, C> {
    Handover {
        engine: host.engine,
        divert: host.divert,
        connections: host.connections,
        app: manifest.name.as_str(),
        drain: Duration::from_secs(manifest.drain_seconds),
    }
}
