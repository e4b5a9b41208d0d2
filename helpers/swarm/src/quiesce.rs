//! Keeping an app from writing: all of its services are stopped, and afterwards started as they were.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{Service, Services, Stop, Task, TaskState, Tasks};

/// How often the engine is asked while something is awaited.
const PAUSE: Duration = Duration::from_millis(200);
/// For how long a task without a container that is known counts as one that may still get it. A swarm under load
/// may be seconds late; and a stop that waited for such a task without an end was seen to wait until its limit.
const DOUBT: Duration = Duration::from_secs(10);
/// How often a service is told once more, when somebody else changed it at the same moment.
const ATTEMPTS: u32 = 5;

/// The services of an app, to be stopped and started together.
pub struct Quiesce<'a, E> {
    engine: &'a E,
    label: String,
    without: Option<&'static str>,
}

/// Why an app is not stopped, or not up.
#[derive(Debug, thiserror::Error)]
pub enum QuiesceError {
    /// The engine refused, or does not answer.
    #[error(transparent)]
    Engine(#[from] crate::Error),
    /// A task did not end.
    #[error("a task of {service} still runs after {seconds} s: {stands}")]
    StillRuns {
        /// Its service.
        service: String,
        /// Where the task stands, in the swarm's words.
        stands: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A service did not come up.
    #[error("{service} was started again and is not up after {seconds} s")]
    NotUp {
        /// The service.
        service: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

impl<'a, E: Services + Tasks + Stop> Quiesce<'a, E> {
    /// The services that carry a label (`key` or `key=value`).
    pub fn new(engine: &'a E, label: String) -> Self {
        Self { engine, label, without: None }
    }

    /// The same, but for those that carry this label.
    #[must_use]
    pub fn without(self, label: &'static str) -> Self {
        Self { without: Some(label), ..self }
    }

    /// Whether a service is stopped, by this run or one that was killed.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn is_stopped(&self) -> Result<bool, QuiesceError> {
        Ok(self.services().await?.iter().any(Service::is_stopped))
    }

    /// Whether every service has all the tasks that it should have, and there is one.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn is_up(&self) -> Result<bool, QuiesceError> {
        let services = self.services().await?;
        Ok(!services.is_empty() && services.iter().all(is_up))
    }

    /// Stops all services and waits until nothing of them writes any more.
    ///
    /// # Errors
    /// When a service cannot be stopped, or a task does not end: within the time that its service gives it, and `patience`
    /// on top. [`start`](Self::start) undoes what was done.
    pub async fn stop(&self, patience: Duration, say: &mut dyn FnMut(String)) -> Result<(), QuiesceError> {
        let services = self.services().await?;
        for service in services.iter().filter(|service| service.is_told_to_run()) {
            say(format!("stopping {}", service.name));
            self.tell(&service.name, Tell::Stop).await?;
            state::fault::point(|| format!("after stopping {}", service.name));
        }
        self.until_nothing_writes(&services, patience).await?;
        state::fault::point(|| "after everything stopped".to_owned());
        Ok(())
    }

    /// Starts all services that were stopped, as they were. One that somebody started meanwhile is left alone.
    ///
    /// # Errors
    /// When the engine refuses; the next run tries again.
    pub async fn start(&self, say: &mut dyn FnMut(String)) -> Result<(), QuiesceError> {
        for service in self.services().await?.iter().filter(|service| service.is_stopped()) {
            say(format!("starting {}", service.name));
            self.tell(&service.name, Tell::Start).await?;
            state::fault::point(|| format!("after starting {}", service.name));
        }
        Ok(())
    }

    /// Waits until every service has all its tasks, healthy where they have a health check.
    ///
    /// # Errors
    /// When that takes longer than `limit`.
    pub async fn until_up(&self, limit: Duration) -> Result<(), QuiesceError> {
        let begun = Instant::now();
        loop {
            let services = self.services().await?;
            let Some(down) = services.iter().find(|service| !is_up(service)) else { return Ok(()) };
            if begun.elapsed() > limit {
                return Err(QuiesceError::NotUp { service: down.name.clone(), seconds: limit.as_secs() });
            }
            sleep(PAUSE).await;
        }
    }

    async fn until_nothing_writes(&self, services: &[Service], patience: Duration) -> Result<(), QuiesceError> {
        let names: Vec<String> = services.iter().map(|service| service.name.clone()).collect();
        let limit = patience + services.iter().map(|service| service.stop_grace).max().unwrap_or_default();
        let begun = Instant::now();
        let mut asked = begun;
        loop {
            let tasks = self.engine.tasks(&names).await?;
            let in_doubt = begun.elapsed() < DOUBT;
            let Some(task) = tasks.iter().find(|task| may_write(task) || (in_doubt && may_write_yet(task))) else {
                return Ok(());
            };
            if begun.elapsed() > limit {
                let name = services.iter().find(|service| service.id == task.service).map(|service| &service.name);
                let service = name.unwrap_or(&task.service).clone();
                return Err(QuiesceError::StillRuns { service, stands: stands(task), seconds: limit.as_secs() });
            }
            if task.wanted && asked.elapsed() >= DOUBT {
                self.wake(&task.service).await?;
                asked = Instant::now();
            }
            sleep(PAUSE).await;
        }
    }

    /// Has the swarm look at a service again, by telling it the same once more. It was seen to keep a task that it had made
    /// in place of one that failed, in the moment in which it was told that nothing is to run: it looks at a service when
    /// that is changed or a task of it ends, and of a task that waits to be started neither happens.
    async fn wake(&self, id: &str) -> Result<(), QuiesceError> {
        let services = self.services().await?;
        let Some(service) = services.iter().find(|service| service.id == id) else { return Ok(()) };
        match self.engine.relabel(service, &service.labels).await {
            // Whoever was quicker has woken it.
            Err(crate::Error::Refused { message, .. }) if message.contains("out of sequence") => Ok(()),
            other => Ok(other?),
        }
    }

    /// Tells a service as it is now; somebody else may change it at the same moment.
    async fn tell(&self, name: &str, what: Tell) -> Result<(), QuiesceError> {
        for attempt in 1.. {
            let services = self.services().await?;
            let Some(service) = services.iter().find(|service| service.name == name) else { return Ok(()) };
            let told = match what {
                Tell::Stop => self.engine.stop(service).await,
                Tell::Start => self.engine.start(service).await,
            };
            match told {
                Err(crate::Error::Refused { message, .. })
                    if attempt <= ATTEMPTS && message.contains("out of sequence") => {}
                other => return Ok(other?),
            }
        }
        Ok(())
    }

    async fn services(&self) -> Result<Vec<Service>, QuiesceError> {
        let mut services = self.engine.services(&self.label).await?;
        services.retain(|service| self.without.is_none_or(|label| !service.labels.contains_key(label)));
        Ok(services)
    }
}

#[derive(Clone, Copy)]
enum Tell {
    Stop,
    Start,
}

/// What is told to run nothing is up, unless that was told to it by [`Quiesce::stop`].
fn is_up(service: &Service) -> bool {
    !service.is_stopped() && (!service.is_told_to_run() || (service.desired > 0 && service.running >= service.desired))
}

/// Whether a task has a container that runs or will run.
fn may_write(task: &Task) -> bool {
    !has_ended(task) && (task.wanted || task.container.is_some())
}

/// Whether a task or its successor may still get a container.
///
/// The swarm does what it is told a while later. As long as it wants a task, it has not yet seen that nothing is to run: of
/// one that has failed it makes a successor meanwhile. And one that it does not want any more may be starting on its node,
/// with its container not told yet; only what was never placed on a node has none.
fn may_write_yet(task: &Task) -> bool {
    task.wanted || !(has_ended(task) || task.state == TaskState::Pending)
}

/// Where a task stands, for the person who asks why it does not end.
fn stands(task: &Task) -> String {
    let wanted = if task.wanted { "wanted" } else { "not wanted" };
    let container = if task.container.is_some() { "with" } else { "without" };
    format!("it is {:?}, {wanted}, {container} a container ({})", task.state, task.message)
}

fn has_ended(task: &Task) -> bool {
    matches!(task.state, TaskState::Complete | TaskState::Failed | TaskState::Rejected | TaskState::Shutdown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fake::Fake;

    #[tokio::test]
    async fn what_was_stopped_is_not_up() {
        let engine = Fake::default();
        let mut service = Service::replicated("x_app", 1);
        service.labels.insert("hearth.app".to_owned(), "x".to_owned());
        (service.specification.0, service.running) = (json!({ "Name": "x_app" }), 1);
        engine.services.borrow_mut().push(service);
        let quiesce = Quiesce::new(&engine, "hearth.app=x".to_owned());
        assert!(quiesce.is_up().await.unwrap());
        quiesce.stop(Duration::ZERO, &mut |_| ()).await.unwrap();
        assert!(quiesce.is_stopped().await.unwrap() && !quiesce.is_up().await.unwrap());
    }
}
