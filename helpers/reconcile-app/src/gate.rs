//! The gate: converged, healthy for a time, answering through the proxy.

use std::collections::BTreeSet;
use std::time::Duration;

use swarm::{Containers, Health, Service, Services, Task, TaskState, Tasks};
use tokio::time::{Instant, sleep};

use crate::converge::{Failure, FailureKind, Phase, Progress, Verdict, can_go_on, missing, verdict};
use crate::manifest::Gate;

/// How often the swarm is asked. Task states are not among the engine's events, so there is nothing to wait for.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// A node may be missing for a moment while an older task gives its ports or memory back.
const NODE_PATIENCE: Duration = Duration::from_secs(15);
/// How many lines of a failed container's log are shown.
const LOG_LINES: usize = 20;

/// Which services are watched, and what is known of them from before.
pub struct Watch<'a, E> {
    engine: &'a E,
    label: String,
    /// Services with this label are left out.
    without: Option<&'static str>,
    /// The services that must be there.
    expected: Vec<String>,
    old: BTreeSet<String>,
}

impl<'a, E: Services + Tasks + Containers> Watch<'a, E> {
    /// Begins to watch the services with `label`; tasks that have ended already will count for nothing.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn begin(engine: &'a E, label: String, without: Option<&'static str>) -> swarm::Result<Self> {
        let mut watch = Self { engine, label, without, expected: Vec::new(), old: BTreeSet::new() };
        let (_, tasks) = watch.look().await?;
        let ended = |task: &&Task| {
            matches!(task.state, TaskState::Complete | TaskState::Failed | TaskState::Rejected | TaskState::Shutdown)
        };
        watch.old = tasks.iter().filter(ended).map(|task| task.id.clone()).collect();
        Ok(watch)
    }

    /// The same, which fails when one of these services is not there.
    #[must_use]
    pub fn of(self, expected: Vec<String>) -> Self {
        Self { expected, ..self }
    }

    /// The services now.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn services(&self) -> swarm::Result<Vec<Service>> {
        let mut services = self.engine.services(&self.label).await?;
        services.retain(|service| self.without.is_none_or(|label| !service.labels.contains_key(label)));
        Ok(services)
    }

    async fn look(&self) -> swarm::Result<(Vec<Service>, Vec<Task>)> {
        let services = self.services().await?;
        let names: Vec<String> = services.iter().map(|service| service.name.clone()).collect();
        let tasks = self.engine.tasks(&names).await?;
        Ok((services, tasks))
    }

    /// How many tasks have failed since it began.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn failures(&self) -> swarm::Result<usize> {
        let (_, tasks) = self.look().await?;
        let failed = |task: &&Task| matches!(task.state, TaskState::Failed | TaskState::Rejected);
        Ok(tasks.iter().filter(failed).filter(|task| !self.old.contains(&task.id)).count())
    }

    /// Waits until all services have converged and stayed so for the time the gate asks, or cannot any more.
    ///
    /// # Errors
    /// When the engine does not answer; a gate that does not hold is the inner error.
    pub async fn hold(&self, gate: &Gate, say: &mut dyn FnMut(String)) -> swarm::Result<Result<(), Failure>> {
        let begun = Instant::now();
        let mut healthy_since: Option<Instant> = None;
        let mut said = String::new();
        loop {
            let (services, tasks) = self.look().await?;
            if let Some(failure) = missing(&services, &self.expected) {
                return Ok(Err(failure));
            }
            match verdict(&services, &tasks, &self.old, gate.restart_limit) {
                Verdict::Failed(failure) => return Ok(Err(self.explain(failure).await?)),
                Verdict::Converged => {
                    let since = *healthy_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= gate.healthy() {
                        return Ok(Ok(()));
                    }
                    said.clear();
                }
                Verdict::Waiting(progress) => {
                    healthy_since = None;
                    if let Some(failure) = self.out_of_patience(&progress, begun, gate).await? {
                        return Ok(Err(failure));
                    }
                    tell_news(&progress, &mut said, say);
                    for service in services.iter().filter(|service| can_go_on(service, &tasks)) {
                        self.engine.resume(service).await?;
                    }
                }
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn out_of_patience(
        &self,
        progress: &[Progress],
        begun: Instant,
        gate: &Gate,
    ) -> swarm::Result<Option<Failure>> {
        let stuck = progress.iter().find(|of| matches!(of.phase, Phase::NoSuitableNode(_)));
        if let Some(stuck) = stuck.filter(|_| begun.elapsed() >= NODE_PATIENCE.min(gate.converge())) {
            return Ok(Some(failure_of(stuck, FailureKind::NoSuitableNode, stuck.phase.to_string())));
        }
        let Some(first) = progress.first().filter(|_| begun.elapsed() >= gate.converge()) else { return Ok(None) };
        let seconds = gate.converge_seconds;
        let failure = failure_of(first, FailureKind::TooSlow, format!("after {seconds} s: {}", first.phase));
        self.explain(failure).await.map(Some)
    }

    /// Asks the container's health check and turns "too slow" into "unhealthy" where that is what it is.
    async fn explain(&self, mut failure: Failure) -> swarm::Result<Failure> {
        let Some(id) = &failure.container else { return Ok(failure) };
        let Some(container) = self.engine.container(id).await? else { return Ok(failure) };
        if failure.kind == FailureKind::TooSlow && matches!(container.health, Health::Starting | Health::Unhealthy) {
            failure.kind = FailureKind::Unhealthy;
        }
        if failure.kind == FailureKind::Unhealthy && !container.health_output.is_empty() {
            failure.detail = format!("{}; its health check says: {}", failure.detail, container.health_output);
        }
        Ok(failure)
    }

    /// The last lines of what the failed container wrote.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn log_of(&self, failure: &Failure) -> swarm::Result<Vec<String>> {
        match &failure.container {
            Some(id) => self.engine.log_tail(id, LOG_LINES).await,
            None => Ok(Vec::new()),
        }
    }

    /// What the engine knows of the failed container.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn inspection_of(&self, failure: &Failure) -> swarm::Result<Option<serde_json::Value>> {
        match &failure.container {
            Some(id) => self.engine.inspection(id).await,
            None => Ok(None),
        }
    }
}

fn failure_of(progress: &Progress, kind: FailureKind, detail: String) -> Failure {
    Failure { service: progress.service.clone(), kind, detail, container: progress.container.clone() }
}

/// Says where things stand, but only when that changed.
fn tell_news(progress: &[Progress], said: &mut String, say: &mut dyn FnMut(String)) {
    let text: Vec<String> = progress.iter().map(|of| format!("{}: {}", of.service, of.phase)).collect();
    let text = text.join("; ");
    if text != *said {
        say(format!("waiting for {text}"));
        *said = text;
    }
}
