//! Stopping a service, and starting it again as it was.
//!
//! What it was stands in a label of the service itself, written by the request that stops it: who finds it stopped, also
//! after a power cut, can start it again, and there is no moment in which it is stopped and nobody knows what it was.

use serde_json::{Value, json};

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
        self.tell(service, &stopped(service.specification.0.clone()), &doing).await
    }

    async fn start(&self, service: &Service) -> Result<()> {
        let doing = format!("starting service {}", service.name);
        self.tell(service, &started(service.specification.0.clone()), &doing).await
    }
}

/// Whether it has a number of tasks that can be nothing. A service with a task on every node has none, a job keeps its.
fn is_replicated(spec: &Value) -> bool {
    let mode = &spec["Mode"];
    ["Global", "GlobalJob", "ReplicatedJob"].iter().all(|other| mode.get(other).is_none_or(Value::is_null))
}

fn runs(spec: &Value) -> bool {
    if is_replicated(spec) {
        // What is not said is one, in the engine's API.
        return spec["Mode"]["Replicated"]["Replicas"] != 0;
    }
    let constraints = spec["TaskTemplate"]["Placement"]["Constraints"].as_array();
    !constraints.into_iter().flatten().any(|constraint| constraint == NOWHERE)
}

/// The specification under which no task runs. What it takes away is kept in the label.
fn stopped(mut spec: Value) -> Value {
    if !runs(&spec) {
        return spec;
    }
    let was = if is_replicated(&spec) {
        let none = json!({ "Replicated": { "Replicas": 0 } });
        std::mem::replace(&mut spec["Mode"], none)
    } else {
        let placement = &mut spec["TaskTemplate"]["Placement"];
        let was = placement.clone();
        let mut constraints = was["Constraints"].as_array().cloned().unwrap_or_default();
        constraints.push(json!(NOWHERE));
        placement["Constraints"] = json!(constraints);
        was
    };
    spec["Labels"][STOPPED_LABEL] = json!(was.to_string());
    spec
}

/// The specification from before [`stopped`].
fn started(mut spec: Value) -> Value {
    let label = spec.get_mut("Labels").and_then(Value::as_object_mut).and_then(|labels| labels.remove(STOPPED_LABEL));
    let Some(was) = label else { return spec };
    if runs(&spec) {
        return spec;
    }
    // Somebody who writes into this label gets one task.
    let was: Value = was.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let (place, key) =
        if is_replicated(&spec) { (&mut spec, "Mode") } else { (&mut spec["TaskTemplate"], "Placement") };
    if was.is_null() {
        place.as_object_mut().map(|place| place.remove(key));
    } else {
        place[key] = was;
    }
    spec
}

impl Service {
    /// A replicated service of this name, for tests.
    pub fn replicated(name: &str, replicas: u64) -> Self {
        Self::in_mode(name, &json!({ "Replicated": { "Replicas": replicas } }), replicas)
    }

    /// A service of this name with a task on every node, of which there is one, for tests.
    pub fn global(name: &str) -> Self {
        Self::in_mode(name, &json!({ "Global": {} }), 1)
    }

    fn in_mode(name: &str, mode: &Value, tasks: u64) -> Self {
        let mut service = Self { id: format!("id-{name}"), name: name.to_owned(), ..Self::default() };
        (service.running, service.desired) = (tasks, tasks);
        service.specification.0 = json!({ "Mode": mode, "TaskTemplate": {} });
        service
    }

    fn obey(&mut self, change: impl FnOnce(Value) -> Value) {
        let mut spec = self.specification.0.clone();
        spec["Labels"] = json!(self.labels);
        spec = change(spec);
        let told = spec["Mode"]["Replicated"]["Replicas"].as_u64().unwrap_or(1);
        let tasks = if runs(&spec) { told } else { 0 };
        (self.running, self.desired) = (tasks, tasks);
        let labels = spec.as_object_mut().and_then(|spec| spec.remove("Labels")).unwrap_or_default();
        self.labels = serde_json::from_value(labels).unwrap_or_default();
        self.specification.0 = spec;
    }
}

impl Fake {
    /// Tells a service to have so many tasks, as a person does.
    pub fn scale(&self, name: &str, replicas: u64) {
        self.change(name, |mut spec| {
            spec["Mode"] = json!({ "Replicated": { "Replicas": replicas } });
            spec
        });
    }

    fn change(&self, name: &str, change: impl Fn(Value) -> Value) {
        let mut services = self.services.borrow_mut();
        services.iter_mut().filter(|own| own.name == name).for_each(|own| own.obey(&change));
    }
}

impl Stop for Fake {
    async fn stop(&self, service: &Service) -> Result<()> {
        self.calls.borrow_mut().push(format!("stop {}", service.name));
        self.change(&service.name, stopped);
        self.trial.borrow_mut().tasks.retain(|task| task.service != service.id);
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

    /// A service as the engine writes it, with what the API's description does not know.
    fn service(mode: &Value, placement: Option<Value>) -> Value {
        let mut spec = json!({
            "Name": "x_app",
            "Labels": { "a": "b" },
            "Mode": mode,
            "TaskTemplate": { "ContainerSpec": { "Image": "i", "Healthcheck": { "Test": ["CMD", "/x"] } } }
        });
        if let Some(placement) = placement {
            spec["TaskTemplate"]["Placement"] = placement;
        }
        spec
    }

    #[test]
    fn a_service_is_exactly_what_it_was_after_a_stop_and_a_start() {
        let constrained = json!({ "Constraints": ["node.role == manager"], "MaxReplicas": 1 });
        let mut bare = service(&json!({}), None);
        bare.as_object_mut().unwrap().remove("Mode");
        for spec in [
            service(&json!({ "Replicated": { "Replicas": 3 } }), None),
            service(&json!({ "Replicated": {} }), Some(constrained.clone())),
            bare,
            service(&json!({ "Global": {} }), None),
            service(&json!({ "Global": {} }), Some(json!({}))),
            service(&json!({ "Global": {} }), Some(constrained)),
            service(&json!({ "ReplicatedJob": { "MaxConcurrent": 1 } }), None),
        ] {
            let halted = stopped(spec.clone());
            assert!(runs(&spec) && !runs(&halted), "{halted:?}");
            assert_eq!(stopped(halted.clone()), halted, "stopped twice");
            assert_eq!(started(halted), spec);
        }
    }

    #[test]
    fn a_service_that_runs_nothing_by_itself_is_neither_stopped_nor_started() {
        let off = service(&json!({ "Replicated": { "Replicas": 0 } }), None);
        assert_eq!(stopped(off.clone()), off);
        assert_eq!(started(off.clone()), off);
    }
}
