//! Blue-green: the new version comes up in the colour that does not serve, is asked through the proxy by a route of its
//! own, and gets the visitors in one step. When it does not hold, they go back in one step.
//!
//! The journal says what it says of any deploy. Where the routes stand is in the engine: a run that finds a deploy that was
//! cut off makes the candidate idle again, which gives the visitors back to what passed its gate, and goes on from there.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use probe::Url;
use state::Outcome;
use swarm::{STACK_LABEL, Service, Services as _};
use tokio::time::sleep;

use crate::answers::{Answers as _, Question};
use crate::apply::{Parts, Run};
use crate::colour::{self, FAILED_LABEL, Stage, Turn};
use crate::converge::{Failure, FailureKind};
use crate::gate::Watch;
use crate::inputs::Inputs;
use crate::manifest::{Credentials, Expect, Probe, Smoke, Update};
use crate::middlewares::{PASSWORD_LABEL, asks_password, expected};
use crate::plan::APP_LABEL;
use crate::rewrite::Stack;
use crate::routes::{self, HEADER};
use crate::stack::Stacks as _;

/// How often labels are changed again when somebody else was quicker.
const ATTEMPTS: u32 = 5;
/// How long the proxy may take to notice that a route was changed, before it is gone on without.
const NOTICED_SECONDS: u64 = 30;
/// What Docker itself says of a service, in labels that are no part of the compose file.
const DOCKERS_LABELS: &str = "com.docker.stack.";

/// Where a stack is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the app's own stack.
    Own,
    /// In the colour that serves, which is only put right.
    Same(Turn),
    /// In the other colour.
    Other(Turn),
}

impl Place {
    /// The stack as it is when it serves there.
    pub(crate) fn live(&self, stack: &Stack, app_stack: &str) -> anyhow::Result<Stack> {
        match self {
            Self::Own => Ok(stack.clone()),
            Self::Same(turn) | Self::Other(turn) => stack.coloured(app_stack, turn, Stage::Live),
        }
    }
}

impl<P: Parts> Run<'_, P> {
    /// Where these inputs are to be deployed.
    ///
    /// # Errors
    /// When the engine or the disk fails.
    pub(crate) async fn place(&self, inputs: &Inputs) -> anyhow::Result<Place> {
        if self.manifest.update != Update::BlueGreen {
            return Ok(Place::Own);
        }
        let deployed = self.files.deployed()?;
        if deployed.as_ref().is_some_and(|deployed| deployed.digest == inputs.digest)
            && let Some(last_good) = self.files.last_good()?
            && let Some(turn) = Stack::parse(&last_good)?.turn()
        {
            return Ok(Place::Same(turn));
        }
        let observed = self.host.engine.services(&self.label()).await?;
        let kept = self.kept().await?;
        Ok(Place::Other(colour::next(&observed, &kept, deployed.as_ref(), &inputs.digest)))
    }

    /// Brings a stack up beside the one that serves, and sends the visitors to it once it answers.
    ///
    /// # Errors
    /// When the engine fails; the journal then says what the next run has to finish.
    pub async fn change_colour(&mut self, stack: &Stack, turn: &Turn) -> anyhow::Result<Result<(), Failure>> {
        let app_stack = self.manifest.stack.as_str();
        self.stack = turn.stack(app_stack);
        let idle = stack.coloured(app_stack, turn, Stage::Idle)?;
        let begun = Timestamp::now();
        let held = self.come_up(&idle, turn).await?;
        self.note(&format!("{} comes up", turn.colour), begun, held.as_ref().err());
        if let Err(failure) = held {
            return Ok(Err(failure));
        }
        let begun = Timestamp::now();
        self.route(&stack.coloured(app_stack, turn, Stage::Live)?).await?;
        state::fault::point(|| "after switching the route".to_owned());
        let answered = self.colour_answers(turn, Stage::Live, stack).and_then(|()| self.probe(stack));
        // What is not there any more stays as it was told.
        self.told.extend(self.seen().await?);
        self.note(&format!("the route is switched to {}", turn.colour), begun, answered.as_ref().err());
        if answered.is_ok() {
            (self.say)(format!("{} serves", turn.colour));
        }
        Ok(answered)
    }

    async fn come_up(&mut self, idle: &Stack, turn: &Turn) -> anyhow::Result<Result<(), Failure>> {
        let place = self.stack.clone();
        let before = self.host.engine.services(&format!("{STACK_LABEL}={place}")).await?;
        if before.iter().any(|service| !service.labels.contains_key(APP_LABEL)) {
            (self.say)(format!("what was kept of {} makes room", turn.colour));
        }
        self.take_down(before).await?;
        let watch = Watch::begin(self.host.engine, format!("{STACK_LABEL}={place}"), None).await?;
        (self.say)(format!("deploying in {}, beside what serves", turn.colour));
        if let refused @ Err(_) = self.apply(&place, idle).await? {
            return Ok(refused);
        }
        state::fault::point(|| "after telling the swarm what to run".to_owned());
        self.told = self.seen().await?;
        let watch = watch.of(idle.service_names(&place));
        let held = watch.hold(&self.manifest.gate, self.say).await?;
        state::fault::point(|| format!("after the gate, which {}", if held.is_ok() { "held" } else { "did not hold" }));
        Ok(held.and_then(|()| self.colour_answers(turn, Stage::Idle, idle)))
    }

    /// Gives the services of a colour the labels of a stack: the step in which visitors are sent elsewhere. Whether they
    /// had others.
    async fn route(&mut self, stack: &Stack) -> anyhow::Result<bool> {
        let mut changed = false;
        for (name, labels) in stack.routed() {
            let name = format!("{}_{name}", self.stack);
            state::fault::point(|| format!("before switching the route to {name}"));
            let told = self.relabel(&name, |now| {
                let dockers = now.iter().filter(|(key, _)| key.starts_with(DOCKERS_LABELS));
                dockers.map(|(key, value)| (key.clone(), value.clone())).chain(labels.clone()).collect()
            });
            let told = told.await?;
            changed |= told.with_context(|| format!("service {name} is gone; the routes are as they were"))?;
        }
        Ok(changed)
    }

    /// Changes a service's labels, also when somebody else changes it at the same moment. Whether they had to be changed;
    /// `None` where it is gone.
    async fn relabel(
        &self,
        name: &str,
        change: impl Fn(&BTreeMap<String, String>) -> BTreeMap<String, String>,
    ) -> anyhow::Result<Option<bool>> {
        for attempt in 1.. {
            let services = self.host.engine.services(STACK_LABEL).await?;
            let Some(service) = services.iter().find(|service| service.name == name) else { return Ok(None) };
            let labels = change(&service.labels);
            if labels == service.labels {
                return Ok(Some(false));
            }
            match self.host.engine.relabel(service, &labels).await {
                Err(swarm::Error::Refused { message, .. })
                    if attempt <= ATTEMPTS && message.contains("out of sequence") => {}
                told => {
                    told?;
                    break;
                }
            }
        }
        Ok(Some(true))
    }

    /// Whether a colour answers through the proxy, which has noticed its stage.
    fn colour_answers(&mut self, turn: &Turn, stage: Stage, stack: &Stack) -> Result<(), Failure> {
        let Some(probe) = &self.manifest.gate.probe else { return Ok(()) };
        let probe = &expected(probe, asks_password(stack.value()));
        let asked = question(probe, turn, Some(turn.mark(stage)), probe.budget_seconds);
        let answered = asked.and_then(|smoke| self.host.answers.ask(Question::Smoke(&smoke), self.say));
        answered.map(drop).map_err(|detail| Failure {
            service: "app".to_owned(),
            kind: FailureKind::ProbeFailed,
            detail,
            container: None,
        })
    }

    /// Waits until the proxy sends nobody to a colour any more. What is asked by its route is then answered by another.
    async fn wait_until_left(&mut self, turn: &Turn) -> anyhow::Result<()> {
        let Some(probe) = &self.manifest.gate.probe else { return Ok(()) };
        let services = self.host.engine.services(&self.label()).await?;
        let routed = services.iter().filter(|service| routes::is_enabled(&service.labels));
        let answers = routed.max_by_key(|service| colour::generation(service));
        let Some(answers) = answers else { return Ok(()) };
        let probe = &expected(probe, answers.labels.contains_key(PASSWORD_LABEL));
        let asked = question(probe, turn, None, NOTICED_SECONDS);
        if let Err(why) = asked.and_then(|smoke| self.host.answers.ask(Question::Smoke(&smoke), self.say)) {
            self.warn(format!("it is not known whether the proxy has left {}: {why}", turn.colour));
        }
        Ok(())
    }

    /// Takes the routes from services, and returns the deploys that they were of.
    async fn unroute(&mut self, services: &[Service]) -> anyhow::Result<Vec<Turn>> {
        let mut turns = Vec::new();
        for service in services.iter().filter(|service| colour::is_live(service)) {
            self.relabel(&service.name, colour::unrouted).await?;
            if let Some(turn) = Turn::of(&service.labels).filter(|turn| !turns.contains(turn)) {
                turns.push(turn);
            }
        }
        Ok(turns)
    }

    /// Takes the routes from every stack of the app but the one that this run deploys: what outranks it.
    pub(crate) async fn unroute_others(&mut self) -> anyhow::Result<()> {
        let others = self.others().await?;
        for turn in self.unroute(&others).await? {
            self.wait_until_left(&turn).await?;
        }
        Ok(())
    }

    /// Removes services once nobody is sent to them, and what they are still answering had its time.
    async fn take_down(&mut self, services: Vec<Service>) -> anyhow::Result<()> {
        let turns = self.unroute(&services).await?;
        for turn in &turns {
            self.wait_until_left(turn).await?;
        }
        if services.iter().any(colour::has_served) {
            sleep(Duration::from_secs(self.manifest.drain_seconds)).await;
        }
        for service in &services {
            state::fault::point(|| format!("before removing {}", service.name));
            self.host.engine.remove_service(&service.name).await?;
        }
        Ok(())
    }

    /// The services of the app's other stacks than the one that this run deploys.
    async fn others(&self) -> anyhow::Result<Vec<Service>> {
        let observed = self.host.engine.services(&self.label()).await?;
        let others = colour::beside(&observed, self.manifest.stack.as_str(), &self.stack);
        Ok(others.into_iter().cloned().collect())
    }

    /// Removes what served before, or what a deploy that was cut off left beside what serves.
    ///
    /// # Errors
    /// When the engine fails; the next run removes it.
    pub async fn retire_others(&mut self) -> anyhow::Result<usize> {
        let others = self.others().await?;
        let count = others.len();
        if count > 0 {
            let begun = Timestamp::now();
            (self.say)(format!("removing {}", names(&others)));
            self.take_down(others).await?;
            self.note("what served before is removed", begun, None);
        }
        Ok(count)
    }

    /// Sends the visitors back to what serves, and keeps what failed beside it, without routes.
    ///
    /// What serves is brought up first where it is not there any more: nobody is sent to what does not run.
    ///
    /// # Errors
    /// When the engine or the disk fails; the journal then says what the next run has to finish.
    pub(crate) async fn switch_back(&mut self, last_good: &Stack, failed: bool) -> anyhow::Result<()> {
        let others = self.others().await?;
        if others.is_empty() {
            return Ok(());
        }
        let begun = Timestamp::now();
        if !self.runs(last_good).await? {
            (self.say)("what serves otherwise does not run; it is brought up first".to_owned());
            let watch = Watch::begin(self.host.engine, self.scope(), None).await?;
            self.host.stacks.deploy(&self.stack, &last_good.to_deploy()).await?;
            // Whether it holds or not is told by the gate that follows.
            drop(watch.hold(&self.manifest.gate, self.say).await?);
        }
        // Whether it answers or not is told by the gate that follows, too.
        if let Some(turn) = last_good.turn()
            && self.route(last_good).await?
        {
            drop(self.colour_answers(&turn, Stage::Live, last_good));
        }
        let keeps = self.manifest.update == Update::BlueGreen && self.manifest.keep_failed_hours > 0;
        if !failed || !keeps {
            self.take_down(others).await?;
        } else {
            self.set_aside(&others).await?;
        }
        self.note("switch back", begun, None);
        Ok(())
    }

    /// Whether all services of a stack run.
    async fn runs(&self, stack: &Stack) -> anyhow::Result<bool> {
        let there = self.host.engine.services(&self.scope()).await?;
        let runs = |name| there.iter().any(|service| service.name == name && service.running >= service.desired);
        Ok(stack.service_names(&self.stack).into_iter().all(runs))
    }

    async fn set_aside(&mut self, services: &[Service]) -> anyhow::Result<()> {
        let (app, now) = (self.manifest.name.as_str(), Timestamp::now());
        let live: Vec<Turn> =
            services.iter().filter(|service| colour::is_live(service)).filter_map(|of| Turn::of(&of.labels)).collect();
        // What visitors are sent to comes first.
        let (routed, rest): (Vec<_>, Vec<_>) =
            services.iter().partition(|service| service.labels.contains_key("traefik.enable"));
        for service in routed.into_iter().chain(rest) {
            self.relabel(&service.name, |labels| colour::set_aside(labels, app, now)).await?;
            state::fault::point(|| format!("after setting {} aside", service.name));
        }
        if let Some(turn) = live.first() {
            self.wait_until_left(turn).await?;
        }
        let hours = self.manifest.keep_failed_hours;
        (self.say)(format!(
            "{} is kept for a look, without routes, for {hours} hours or until `hearth cleanup {app}`",
            names(services)
        ));
        Ok(())
    }

    /// The services of colours that failed and are kept.
    pub(crate) async fn kept(&self) -> anyhow::Result<Vec<Service>> {
        Ok(self.host.engine.services(&format!("{FAILED_LABEL}={}", self.manifest.name)).await?)
    }

    /// Removes the services of failed colours whose time is over.
    ///
    /// # Errors
    /// When the engine fails; the next run removes them.
    pub(crate) async fn remove_expired(&mut self, kept: &[Service]) -> anyhow::Result<()> {
        let expired = colour::expired(kept, self.manifest.keep_failed_hours, Timestamp::now());
        for service in expired {
            (self.say)(format!("removing {}, which failed", service.name));
            self.host.engine.remove_service(&service.name).await?;
        }
        Ok(())
    }

    /// Removes what is kept of failed colours, whatever its time.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn clean_up(&mut self) -> anyhow::Result<(Outcome, String)> {
        let kept = self.kept().await?;
        if kept.is_empty() {
            return Ok((Outcome::Unchanged, "nothing that failed is kept".to_owned()));
        }
        for service in &kept {
            self.host.engine.remove_service(&service.name).await.context("removing what failed")?;
        }
        Ok((Outcome::Changed, format!("{} is removed", names(&kept))))
    }
}

fn names(services: &[Service]) -> String {
    services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The probe's request by the route of one deploy; `mark` is what its answer must be marked with, none for the answer of
/// anybody else.
fn question(probe: &Probe, turn: &Turn, mark: Option<String>, budget_seconds: u64) -> Result<Smoke, String> {
    let url = Url::parse(&probe.url).map_err(|error| format!("{}: {error}", probe.url))?;
    let name = match &mark {
        Some(_) => format!("{} by its own route", turn.colour),
        None => format!("no more of {}", turn.colour),
    };
    Ok(Smoke {
        name,
        url,
        ca_file: probe.ca_file.clone(),
        connect_to: probe.connect_to,
        method: "GET".to_owned(),
        headers: BTreeMap::from([(HEADER.to_owned(), turn.token.clone())]),
        credentials: Credentials::default(),
        body: String::new(),
        follow_redirects: false,
        redirect_hosts: Vec::new(),
        expect: Expect {
            status: probe.status,
            contains: probe.contains.clone(),
            lacks: None,
            headers: BTreeMap::from([(HEADER.to_owned(), mark)]),
            json: BTreeMap::new(),
        },
        budget_seconds,
    })
}

#[cfg(test)]
#[path = "blue_green_tests.rs"]
mod tests;
