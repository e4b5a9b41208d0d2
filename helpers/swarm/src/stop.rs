//! Stopping a service, and starting it again as it was.
//!
//! What it was stands in a label of the service itself, written by the request that stops it: who finds it stopped, also
//! after a power cut, can start it again, and there is no moment in which it is stopped and nobody knows what it was.

use bollard::models::{ServiceSpec, ServiceSpecMode, ServiceSpecModeReplicated, TaskSpec, TaskSpecPlacement};
use serde::{Deserialize, Serialize};

use crate::fake::Fake;
use crate::{Engine, Result, Service};

/// The label of a service that is stopped.
const STOPPED_LABEL: &str = "hearth.stopped";
/// What keeps a service from running where it has no number of tasks that could be nothing. No node has this label.
const NOWHERE: &str = "node.labels.hearth.stopped == true";

/// Stopping services and starting them again.
pub trait Stop {
    /// Tells a service to run nothing, and to remember what it ran. One that is stopped stays so. The next deploy of its
    /// stack starts it, too.
    async fn stop(&self, service: &Service) -> Result<()>;
    /// Tells a service that was stopped to be exactly what it was. What somebody changed meanwhile is left alone.
    async fn start(&self, service: &Service) -> Result<()>;
}

/// What stopping takes from a service.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Was {
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<ServiceSpecMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placement: Option<TaskSpecPlacement>,
}

impl Service {
    /// Whether it was stopped and not started since.
    pub fn is_stopped(&self) -> bool {
        self.labels.contains_key(STOPPED_LABEL) && !self.is_told_to_run()
    }

    /// Whether it was told to run anything.
    pub fn is_told_to_run(&self) -> bool {
        runs(&self.specification.0)
    }
}

impl Stop for Engine {
    async fn stop(&self, service: &Service) -> Result<()> {
        let doing = format!("stopping service {}", service.name);
        self.tell(service, stopped(service.specification.0.clone()), doing).await
    }

    async fn start(&self, service: &Service) -> Result<()> {
        let doing = format!("starting service {}", service.name);
        self.tell(service, started(service.specification.0.clone()), doing).await
    }
}

/// Whether it has a number of tasks. A service with a task on every node has none, and a job has one that cannot be changed.
fn is_replicated(spec: &ServiceSpec) -> bool {
    spec.mode
        .as_ref()
        .is_none_or(|mode| mode.global.is_none() && mode.global_job.is_none() && mode.replicated_job.is_none())
}

fn runs(spec: &ServiceSpec) -> bool {
    if is_replicated(spec) {
        // What is not said is one, in the engine's API.
        let told = spec.mode.as_ref().and_then(|mode| mode.replicated.as_ref()?.replicas);
        return told != Some(0);
    }
    let placement = spec.task_template.as_ref().and_then(|task| task.placement.as_ref());
    let mut constraints = placement.and_then(|placement| placement.constraints.as_ref()).into_iter().flatten();
    !constraints.any(|constraint| constraint == NOWHERE)
}

/// The specification under which no task runs.
fn stopped(mut spec: ServiceSpec) -> ServiceSpec {
    if !runs(&spec) {
        return spec;
    }
    let was = if is_replicated(&spec) {
        let none = ServiceSpecModeReplicated { replicas: Some(0) };
        let none = ServiceSpecMode { replicated: Some(none), ..Default::default() };
        Was { mode: spec.mode.replace(none), placement: None }
    } else {
        let task = spec.task_template.get_or_insert_default();
        let was = task.placement.clone();
        task.placement.get_or_insert_default().constraints.get_or_insert_default().push(NOWHERE.to_owned());
        Was { mode: None, placement: was }
    };
    // Of texts and numbers only, which always can be written.
    let was = serde_json::to_string(&was).unwrap_or_default();
    spec.labels.get_or_insert_default().insert(STOPPED_LABEL.to_owned(), was);
    spec
}

/// The specification from before [`stopped`].
fn started(mut spec: ServiceSpec) -> ServiceSpec {
    let Some(was) = spec.labels.as_mut().and_then(|labels| labels.remove(STOPPED_LABEL)) else { return spec };
    if runs(&spec) {
        return spec;
    }
    // Somebody who writes into this label gets one task.
    let was: Was = serde_json::from_str(&was).unwrap_or_default();
    if is_replicated(&spec) {
        spec.mode = was.mode;
    } else {
        spec.task_template.get_or_insert_default().placement = was.placement;
    }
    spec
}

impl Service {
    /// A replicated service of this name, for tests.
    pub fn replicated(name: &str, replicas: u64) -> Self {
        let replicated = ServiceSpecModeReplicated { replicas: Some(i64::try_from(replicas).unwrap_or(i64::MAX)) };
        let mode = ServiceSpecMode { replicated: Some(replicated), ..Default::default() };
        Self::in_mode(name, mode, replicas)
    }

    /// A service of this name with a task on every node, of which there is one, for tests.
    pub fn global(name: &str) -> Self {
        // As the engine writes it; bollard's type for it is an odd one.
        Self::in_mode(name, serde_json::from_str(r#"{"Global":{}}"#).unwrap_or_default(), 1)
    }

    fn in_mode(name: &str, mode: ServiceSpecMode, tasks: u64) -> Self {
        let mut service = Self { id: format!("id-{name}"), name: name.to_owned(), ..Self::default() };
        (service.running, service.desired) = (tasks, tasks);
        service.specification.0.mode = Some(mode);
        service.specification.0.task_template = Some(TaskSpec::default());
        service
    }

    fn obey(&mut self, change: impl FnOnce(ServiceSpec) -> ServiceSpec) {
        let labels = self.labels.clone().into_iter().collect();
        let spec = ServiceSpec { labels: Some(labels), ..self.specification.0.clone() };
        let spec = change(spec);
        let told = spec.mode.as_ref().and_then(|mode| mode.replicated.as_ref()?.replicas).unwrap_or(1);
        let tasks = if runs(&spec) { u64::try_from(told).unwrap_or_default() } else { 0 };
        (self.running, self.desired) = (tasks, tasks);
        self.labels = spec.labels.clone().unwrap_or_default().into_iter().collect();
        self.specification.0 = ServiceSpec { labels: None, ..spec };
    }
}

impl Fake {
    /// Tells a service to have so many tasks, as a person does.
    pub fn scale(&self, name: &str, replicas: i64) {
        self.change(name, |mut spec| {
            let replicated = ServiceSpecModeReplicated { replicas: Some(replicas) };
            spec.mode = Some(ServiceSpecMode { replicated: Some(replicated), ..Default::default() });
            spec
        });
    }

    fn change(&self, name: &str, change: impl Fn(ServiceSpec) -> ServiceSpec) {
        let mut services = self.services.borrow_mut();
        services.iter_mut().filter(|own| own.name == name).for_each(|own| own.obey(&change));
    }
}

impl Stop for Fake {
    async fn stop(&self, service: &Service) -> Result<()> {
        self.calls.borrow_mut().push(format!("stop {}", service.name));
        self.change(&service.name, stopped);
        Ok(())
    }

    async fn start(&self, service: &Service) -> Result<()> {
        self.calls.borrow_mut().push(format!("start {}", service.name));
        self.change(&service.name, started);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replicated(replicas: Option<i64>) -> ServiceSpec {
        let replicated = ServiceSpecModeReplicated { replicas };
        let mode = ServiceSpecMode { replicated: Some(replicated), ..Default::default() };
        ServiceSpec { mode: Some(mode), ..Default::default() }
    }

    fn global(placement: Option<TaskSpecPlacement>) -> ServiceSpec {
        let mode = serde_json::from_str(r#"{"Global":{}}"#).unwrap();
        let task = TaskSpec { placement, ..Default::default() };
        ServiceSpec { mode: Some(mode), task_template: Some(task), ..Default::default() }
    }

    #[test]
    fn a_service_is_exactly_what_it_was_after_a_stop_and_a_start() {
        let constrained =
            TaskSpecPlacement { constraints: Some(vec!["node.role == manager".to_owned()]), ..Default::default() };
        let labels = Some([("a".to_owned(), "b".to_owned())].into());
        for spec in [
            replicated(Some(3)),
            replicated(None),
            ServiceSpec::default(),
            global(None),
            global(Some(TaskSpecPlacement::default())),
            global(Some(constrained)),
        ] {
            let spec = ServiceSpec { labels: labels.clone(), ..spec };
            let halted = stopped(spec.clone());
            assert!(runs(&spec) && !runs(&halted), "{halted:?}");
            assert_eq!(stopped(halted.clone()), halted, "stopped twice");
            assert_eq!(started(halted), spec);
        }
    }

    #[test]
    fn a_service_that_runs_nothing_by_itself_is_neither_stopped_nor_started() {
        let off = replicated(Some(0));
        assert_eq!(stopped(off.clone()), off);
        assert_eq!(started(off.clone()), off);
    }
}
