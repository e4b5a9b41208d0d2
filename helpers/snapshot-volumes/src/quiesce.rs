//! Keeping an app from writing: all of its services are scaled to nothing, and afterwards back to what they were.
//!
//! What they were is on disk before the first of them is touched, so that also the run after a killed one knows it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use state::{remove_durably, write_atomic};
use swarm::{STACK_LABEL, Scale, Service, Services, TaskState, Tasks};
use tokio::time::{Instant, sleep};

/// How often the engine is asked while something is awaited.
const PAUSE: Duration = Duration::from_millis(200);

/// What is needed of the engine.
pub trait Engine: Services + Tasks + Scale {}
impl<T: Services + Tasks + Scale> Engine for T {}

/// An app that can be stopped and started again.
pub struct Quiesce<'a, E> {
    engine: &'a E,
    stack: &'a str,
    record: PathBuf,
}

/// How many tasks each service had.
#[derive(Debug, Serialize, Deserialize)]
struct Stopped {
    schema: u32,
    services: BTreeMap<String, u64>,
}

impl<'a, E: Engine> Quiesce<'a, E> {
    /// The services of a stack; what they were is written into the app's state folder.
    pub fn new(engine: &'a E, stack: &'a str, state_folder: &Path) -> Self {
        Self { engine, stack, record: state_folder.join("stopped.json") }
    }

    /// Whether the app is stopped, by this run or one that was killed.
    ///
    /// # Errors
    /// When the record of it cannot be read.
    pub fn is_stopped(&self) -> anyhow::Result<bool> {
        Ok(self.read()?.is_some())
    }

    /// Whether every service has all the tasks that it should have, and there is one.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn is_up(&self) -> anyhow::Result<bool> {
        let services = self.services().await?;
        Ok(!services.is_empty() && services.iter().all(is_up))
    }

    /// Stops all services and waits until no task runs any more.
    ///
    /// # Errors
    /// When a service cannot be scaled or its tasks do not end within `limit`. [`start`](Self::start) undoes what was done.
    pub async fn stop(&self, limit: Duration, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        let services = self.services().await?;
        let mut counts = self.read()?.map(|stopped| stopped.services).unwrap_or_default();
        for service in &services {
            let Some(replicas) = service.replicas() else {
                bail!(
                    "service {} has a task on every node and cannot be scaled to none; nothing was stopped. Make it replicated",
                    service.name
                );
            };
            // What a killed run wrote down stands: the service is at nothing because of that.
            counts.entry(service.name.clone()).or_insert(replicas);
        }
        self.write(&Stopped { schema: 1, services: counts })?;
        for service in services.iter().filter(|service| service.replicas() != Some(0)) {
            say(format!("stopping {}", service.name));
            self.scale(&service.name, 0).await?;
        }
        self.until_nothing_runs(&services, limit).await
    }

    /// Scales all services that were stopped back to what they were. One that somebody scaled meanwhile is left alone.
    ///
    /// # Errors
    /// When the engine refuses; the next run tries again.
    pub async fn start(&self, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        let Some(stopped) = self.read()? else { return Ok(()) };
        let services = self.services().await?;
        for service in services.iter().filter(|service| service.replicas() == Some(0)) {
            if let Some(count) = stopped.services.get(&service.name).filter(|count| **count > 0) {
                say(format!("starting {}", service.name));
                self.scale(&service.name, *count).await?;
            }
        }
        remove_durably(&self.record).with_context(|| self.record.display().to_string())
    }

    /// Waits until every service has all its tasks, healthy where they have a health check.
    ///
    /// # Errors
    /// When that takes longer than `limit`.
    pub async fn until_up(&self, limit: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let services = self.services().await?;
            let Some(down) = services.iter().find(|service| !is_up(service)) else { return Ok(()) };
            if Instant::now() > deadline {
                bail!("{} was started again and is not up after {} s", down.name, limit.as_secs());
            }
            sleep(PAUSE).await;
        }
    }

    async fn until_nothing_runs(&self, services: &[Service], limit: Duration) -> anyhow::Result<()> {
        let names: Vec<String> = services.iter().map(|service| service.name.clone()).collect();
        let deadline = Instant::now() + limit;
        loop {
            let tasks = self.engine.tasks(&names).await?;
            let Some(task) = tasks.iter().find(|task| task.state < TaskState::Complete) else { return Ok(()) };
            if Instant::now() > deadline {
                let name = services.iter().find(|service| service.id == task.service).map(|service| &service.name);
                bail!("a task of {} still runs after {} s", name.unwrap_or(&task.service), limit.as_secs());
            }
            sleep(PAUSE).await;
        }
    }

    /// Scales a service as it is now; somebody else may change it at the same moment.
    async fn scale(&self, name: &str, replicas: u64) -> anyhow::Result<()> {
        for attempt in 0.. {
            let services = self.services().await?;
            let Some(service) = services.iter().find(|service| service.name == name) else { return Ok(()) };
            match self.engine.scale(service, replicas).await {
                Err(swarm::Error::Refused { message, .. }) if attempt < 5 && message.contains("out of sequence") => {}
                other => return Ok(other?),
            }
        }
        Ok(())
    }

    async fn services(&self) -> anyhow::Result<Vec<Service>> {
        Ok(self.engine.services(&format!("{STACK_LABEL}={}", self.stack)).await?)
    }

    fn read(&self) -> anyhow::Result<Option<Stopped>> {
        match std::fs::read(&self.record) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            text => {
                let parsed = text.and_then(|text| Ok(serde_json::from_slice(&text)?));
                parsed.map(Some).with_context(|| self.record.display().to_string())
            }
        }
    }

    fn write(&self, stopped: &Stopped) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec_pretty(stopped)?;
        text.push(b'\n');
        write_atomic(&self.record, &text, 0o640).with_context(|| self.record.display().to_string())
    }
}

fn is_up(service: &Service) -> bool {
    service.replicas() == Some(0) || (service.desired > 0 && service.running >= service.desired)
}
