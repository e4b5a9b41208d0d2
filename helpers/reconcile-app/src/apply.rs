//! Making a stack run: its data is made safe, it is replaced, and its gate is held.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use jiff::Timestamp;
use state::{Image, Journal, Outcome, Receipt, named};
use swarm::{Configs, Images, STACK_LABEL, Secrets, Service, Services as _, Stop};
use updates::At;

use crate::answers::{Answers, Question};
use crate::blue_green::Place;
use crate::colour;
use crate::connections::Connections;
use crate::converge::Failure;
use crate::data::{Secured, Snapshots};
use crate::divert::Divert;
use crate::gate::Watch;
use crate::handover::Handover;
use crate::images::Sources;
use crate::inputs::Inputs;
use crate::manifest::{Manifest, Update};
use crate::middlewares::{asks_password, expected};
use crate::pin::Asked;
use crate::plan::{APP_LABEL, STANDBY_LABEL};
use crate::prove::failure_of;
use crate::record::{Deployed, Files, Intent, Seen};
use crate::rewrite::Stack;
use crate::stack::Stacks;
use crate::{secrets, source};

/// Everything of the engine that a run needs.
pub trait Engine: check_migrations::Engine + Stop + Images + Secrets + Configs {}
impl<T: check_migrations::Engine + Stop + Images + Secrets + Configs> Engine for T {}

/// The kinds of what a run works with: those of a real host, or those of a test.
pub trait Parts {
    /// The engine.
    type Engine: Engine;
    /// The Docker client.
    type Stacks: Stacks;
    /// Who moves connections.
    type Divert: Divert;
    /// Who counts connections.
    type Connections: Connections;
    /// Who asks the app.
    type Answers: Answers;
    /// Who copies volumes.
    type Snapshots: Snapshots;
}

/// What a run works with.
pub struct Host<'a, P: Parts> {
    /// The engine.
    pub engine: &'a P::Engine,
    /// The Docker client.
    pub stacks: &'a P::Stacks,
    /// Who moves connections.
    pub divert: &'a P::Divert,
    /// Who counts connections.
    pub connections: &'a P::Connections,
    /// Who asks the app.
    pub answers: &'a P::Answers,
    /// Who copies volumes.
    pub snapshots: &'a P::Snapshots,
}

/// One run over one app.
pub struct Run<'a, P: Parts> {
    /// What it works with.
    pub host: Host<'a, P>,
    /// What is declared.
    pub manifest: &'a Manifest,
    /// What is remembered.
    pub files: Files,
    /// What it is in the middle of.
    pub journal: Journal,
    /// The stack in the swarm that this run looks at: the app's own, or that of one of its colours.
    pub stack: String,
    /// What a run before it was in the middle of when it was cut off.
    pub unfinished: Option<Intent>,
    /// What this run was asked for through the door.
    pub asked: Option<Asked>,
    /// Where the recipe that is declared stands in its repository.
    pub at: Option<At>,
    /// The services as the last deploy of this run left them.
    pub told: BTreeMap<String, Seen>,
    /// The last lines of the containers that failed in this run.
    pub logs: Vec<String>,
    /// Why images that its services name cannot be had.
    pub missing: Vec<String>,
    /// What it writes down.
    pub receipt: &'a mut Receipt,
    /// Where it says how it goes on.
    pub say: &'a mut dyn FnMut(String),
}

impl<'a, P: Parts> Host<'a, P> {
    /// Where the images of an app come from.
    pub(crate) fn images(&self, manifest: &'a Manifest) -> Sources<'a, P::Engine> {
        let (from_store, config_folder) = (&manifest.images, &manifest.docker_config_folder);
        Sources { engine: self.engine, from_store, config_folder }
    }
}

impl<P: Parts> Run<'_, P> {
    /// Deploys a stack whose images are here, and ends as the gate says.
    ///
    /// # Errors
    /// When the engine or the disk fails; the journal then says what the next run has to finish.
    pub async fn deploy(&mut self, stack: &Stack, inputs: &Inputs) -> anyhow::Result<(Outcome, String)> {
        self.can_prove(inputs)?;
        let created = secrets::create(self.host.engine, self.manifest, inputs).await?;
        if created > 0 {
            (self.say)(format!("created {created} secrets"));
        }
        let snapshot = match self.secure_data(&inputs.digest).await? {
            Secured::Yes(snapshot) => snapshot,
            Secured::No(outcome, summary) => return Ok((outcome, summary)),
        };
        let intent = Intent::Deploy { digest: inputs.digest.clone(), snapshot: snapshot.clone() };
        if self.unfinished.as_ref() != Some(&intent) {
            self.journal.record(&intent)?;
        }
        let place = self.place(inputs).await?;
        let live = place.live(stack, self.manifest.stack.as_str())?;
        let replaced = match &place {
            Place::Other(turn) => self.change_colour(stack, turn).await?,
            Place::Own | Place::Same(_) => self.replace(&live).await?,
        };
        let stack = &live;
        let held = match replaced {
            Ok(()) => self.prove(inputs).await?,
            failed => failed,
        };
        match held {
            Ok(()) => {
                self.commit(stack, inputs).await?;
                self.tidy(snapshot.as_deref()).await;
                let version = stack.version(self.manifest.stack.as_str());
                let name = named(version.as_deref(), inputs.image().as_ref());
                let name = name.as_deref().unwrap_or("the recipe");
                Ok((Outcome::Changed, format!("{name} is deployed and healthy")))
            }
            Err(failure) => self.undo(stack, inputs, failure, snapshot).await,
        }
    }

    /// Removes what the new version needs no more. That this fails costs room, and is no reason to call it failed.
    pub(crate) async fn tidy(&mut self, snapshot: Option<&str>) {
        if let Some(snapshot) = snapshot
            && let Err(error) = self.host.snapshots.prune(snapshot, self.say).await
        {
            self.warn(format!("{error:#}"));
        }
        if let Some(at) = self.at.clone()
            && let Err(error) = source::settled(self.manifest, &at)
        {
            self.warn(format!("{error}"));
        }
    }

    /// Says what a person should know, and writes it into the receipt.
    pub(crate) fn warn(&mut self, warning: String) {
        (self.say)(format!("warning: {warning}"));
        self.receipt.warnings.push(warning);
    }

    /// Watches what is deployed already until it runs.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn watch(&mut self) -> anyhow::Result<(Outcome, String)> {
        if let Some(last_good) = self.files.last_good()? {
            let last_good = Stack::parse(&last_good)?;
            self.stack = last_good.stack_name(self.manifest.stack.as_str());
            self.with_images(last_good).await;
        }
        let watch = Watch::begin(self.host.engine, self.scope(), Some(STANDBY_LABEL)).await?;
        match watch.hold(&self.manifest.gate, self.say).await? {
            Ok(()) => Ok((Outcome::Unchanged, "it came up by itself, nothing was changed".to_owned())),
            Err(failure) => {
                let failure = self.caused(failure);
                self.show_log(&failure).await;
                Ok((Outcome::Failed, format!("{failure}; nothing was changed")))
            }
        }
    }

    /// Applies a stack where it is, and holds its gate.
    pub(crate) async fn replace(&mut self, stack: &Stack) -> anyhow::Result<Result<(), Failure>> {
        self.stack = stack.stack_name(self.manifest.stack.as_str());
        let standing_in = self.stand_in().await?;
        let watch = Watch::begin(self.host.engine, self.scope(), Some(STANDBY_LABEL)).await?;
        (self.say)("deploying".to_owned());
        let begun = Timestamp::now();
        let held = match self.apply(&self.stack, stack).await? {
            Ok(()) => {
                self.told = self.seen().await?;
                state::fault::point(|| "after telling the swarm what to run".to_owned());
                watch.of(stack.service_names(&self.stack)).hold(&self.manifest.gate, self.say).await?
            }
            refused => refused,
        };
        if self.manifest.update == Update::Handover && (held.is_ok() || !standing_in) {
            handover(&self.host, self.manifest).give_back(self.say).await?;
        }
        let held = match held {
            Ok(()) => {
                // A colour outranks what is asked now.
                self.unroute_others().await?;
                self.probe(stack)
            }
            Err(failure) => Err(self.caused(failure)),
        };
        state::fault::point(|| format!("after the gate, which {}", if held.is_ok() { "held" } else { "did not hold" }));
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

    /// The label of the app's services, as a filter.
    pub(crate) fn label(&self) -> String {
        format!("{APP_LABEL}={}", self.manifest.name)
    }

    /// The services of the stack that this run looks at, as a filter.
    pub(crate) fn scope(&self) -> String {
        if self.stack == self.manifest.stack.as_str() { self.label() } else { format!("{STACK_LABEL}={}", self.stack) }
    }

    pub(crate) fn probe(&mut self, stack: &Stack) -> Result<(), Failure> {
        let Some(probe) = &self.manifest.gate.probe else { return Ok(()) };
        let probe = expected(probe, asks_password(stack.value()));
        let question = Question::Probe(&probe);
        self.host.answers.ask(question, self.say).map(drop).map_err(|detail| failure_of(question, detail))
    }

    async fn commit(&mut self, stack: &Stack, inputs: &Inputs) -> anyhow::Result<()> {
        let deployed = self.now_serving(stack, &inputs.digest, inputs.image()).await?;
        self.files.commit(&deployed, &stack.text())?;
        self.journal.clear()?;
        match self.retire_others().await {
            // It has no colours any more, and nobody would look for the time of what is kept of them.
            Ok(count) if count > 0 && self.manifest.update != Update::BlueGreen => {
                if let Err(error) = self.clean_up().await {
                    self.warn(format!("{error:#}; `hearth cleanup {}` tries it again", self.manifest.name));
                }
            }
            Ok(_) => {}
            Err(error) => self.warn(format!("what served before is left to the next run: {error:#}")),
        }
        self.retire(stack).await;
        Ok(())
    }

    /// What serves from now on, as it is remembered.
    pub(crate) async fn now_serving(
        &self,
        stack: &Stack,
        digest: &str,
        image: Option<Image>,
    ) -> anyhow::Result<Deployed> {
        Ok(Deployed {
            schema: 1,
            digest: digest.to_owned(),
            version: stack.version(self.manifest.stack.as_str()),
            image,
            recipe: self.at.clone(),
            at: Timestamp::now(),
            compose: Files::compose_name(&stack.text()),
            services: self.seen_since_deploy().await?,
        })
    }

    /// Removes secrets and configs that neither what serves needs nor what the snapshots can bring back. That this fails
    /// is no reason to call a deploy failed that is remembered as good.
    pub(crate) async fn retire(&mut self, stack: &Stack) {
        let kept = match self.host.snapshots.stacks() {
            Ok(kept) => kept,
            Err(error) => {
                self.warn(format!("no secret is retired, because a snapshot may need it: {error:#}"));
                return;
            }
        };
        // One that cannot be read cannot be brought back either.
        let mut stacks: Vec<Stack> = kept.iter().filter_map(|text| Stack::parse(text).ok()).collect();
        stacks.push(stack.clone());
        if let Err(error) = secrets::retire(self.host.engine, self.manifest.name.as_str(), &stacks).await {
            self.warn(format!("secrets that nothing needs any more are left to the next deploy: {error}"));
        }
    }

    /// Remembers what the services of the last good deploy look like now.
    pub(crate) async fn settle(&mut self) -> anyhow::Result<()> {
        if let Some(deployed) = self.files.deployed()? {
            self.files.settle(&Deployed { services: self.seen_since_deploy().await?, ..deployed })?;
        }
        Ok(())
    }

    /// What the services look like now. One that was told something else since this run's deploy, or is gone, is
    /// remembered as that deploy left it, so that the next run sees the difference.
    async fn seen_since_deploy(&self) -> anyhow::Result<BTreeMap<String, Seen>> {
        let mut seen = self.seen().await?;
        for (name, told) in &self.told {
            match seen.entry(name.clone()) {
                Entry::Occupied(now) if now.get().spec == told.spec => {}
                Entry::Occupied(mut now) => drop(now.insert(told.clone())),
                Entry::Vacant(gone) => drop(gone.insert(told.clone())),
            }
        }
        Ok(seen)
    }

    pub(crate) async fn seen(&self) -> anyhow::Result<BTreeMap<String, Seen>> {
        let services = Watch::begin(self.host.engine, self.scope(), Some(STANDBY_LABEL)).await?.services().await?;
        let beside = colour::beside(&services, self.manifest.stack.as_str(), &self.stack);
        let own = services.iter().filter(|service| !beside.iter().any(|other| other.id == service.id));
        Ok(own.map(|service| (service.name.clone(), Seen::of(service))).collect())
    }

    /// Writes a step into the receipt.
    pub(crate) fn note(&mut self, name: &str, begun: Timestamp, failure: Option<&Failure>) {
        self.receipt.step(name, begun, failure.map_or_else(|| "done".to_owned(), ToString::to_string));
    }
}

fn handover<'a, P: Parts>(
    host: &Host<'a, P>,
    manifest: &'a Manifest,
) -> Handover<'a, P::Engine, P::Divert, P::Connections> {
    Handover {
        engine: host.engine,
        divert: host.divert,
        connections: host.connections,
        app: manifest.name.as_str(),
        drain: Duration::from_secs(manifest.drain_seconds),
    }
}
