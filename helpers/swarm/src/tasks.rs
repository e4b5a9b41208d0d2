//! Tasks: what the swarm runs, or tries to.

use std::collections::HashMap;

use bollard::models::{Task as Wire, TaskSpec, TaskState as WireState};
use bollard::query_parameters::ListTasksOptions;

use crate::{Engine, Result};

/// Where a task stands, as far as a person needs to tell the states apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskState {
    /// Not placed on a node yet.
    #[default]
    Pending,
    /// Placed; its image and volumes are being prepared.
    Preparing,
    /// Its container starts, or runs and is not healthy yet.
    Starting,
    /// It runs, and is healthy where it has a health check.
    Running,
    /// It ended by itself with exit code 0.
    Complete,
    /// It ended with an error.
    Failed,
    /// It could not be started at all.
    Rejected,
    /// It was told to end, or its node is gone.
    Shutdown,
}

/// One attempt to run a service's container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// The engine's identifier.
    pub id: String,
    /// The service it belongs to.
    pub service: String,
    /// Where it stands.
    pub state: TaskState,
    /// Whether the swarm wants it to run.
    pub wanted: bool,
    /// When it was made, in the engine's RFC 3339 text; sorts in time.
    pub created: String,
    /// The engine's words on where it stands.
    pub message: String,
    /// The engine's words on what went wrong; empty when nothing did.
    pub error: String,
    /// Its container, once there is one.
    pub container: Option<String>,
    /// How its container ended.
    pub exit_code: Option<i64>,
    /// The image it runs.
    pub image: String,
    /// Digest of all that it was told: tells tasks of two versions apart.
    pub spec_digest: String,
}

/// Looking at tasks.
pub trait Tasks {
    /// All tasks, old ones included, of the services with these names.
    async fn tasks(&self, services: &[String]) -> Result<Vec<Task>>;
}

impl Tasks for Engine {
    async fn tasks(&self, services: &[String]) -> Result<Vec<Task>> {
        if services.is_empty() {
            return Ok(Vec::new());
        }
        let filters = HashMap::from([("service".to_owned(), services.to_vec())]);
        let tasks = self
            .docker
            .list_tasks(Some(ListTasksOptions { filters: Some(filters) }))
            .await
            .map_err(self.error("listing the swarm's tasks"))?;
        Ok(tasks.into_iter().map(Task::from).collect())
    }
}

/// Digest of what a task is told, the same for a service's template and for the tasks made from it.
///
/// The engine names the runtime in a template and leaves it out in the tasks.
pub(crate) fn task_digest(spec: &TaskSpec) -> String {
    let spec = TaskSpec { runtime: None, ..spec.clone() };
    let sorted = serde_json::to_value(spec).unwrap_or_default().to_string();
    state::Digest::of(sorted.as_bytes()).short()
}

impl From<Wire> for Task {
    fn from(wire: Wire) -> Self {
        let status = wire.status.unwrap_or_default();
        let container = status.container_status.unwrap_or_default();
        let spec = wire.spec.unwrap_or_default();
        Self {
            id: wire.id.unwrap_or_default(),
            service: wire.service_id.unwrap_or_default(),
            state: status.state.map_or(TaskState::Pending, TaskState::from),
            wanted: matches!(wire.desired_state, Some(WireState::RUNNING | WireState::READY | WireState::ACCEPTED)),
            created: wire.created_at.unwrap_or_default(),
            message: status.message.unwrap_or_default(),
            error: status.err.unwrap_or_default(),
            container: container.container_id.filter(|id| !id.is_empty()),
            exit_code: container.exit_code,
            spec_digest: task_digest(&spec),
            image: spec.container_spec.and_then(|container| container.image).unwrap_or_default(),
        }
    }
}

impl From<WireState> for TaskState {
    fn from(state: WireState) -> Self {
        match state {
            WireState::NEW | WireState::ALLOCATED | WireState::PENDING => Self::Pending,
            WireState::ASSIGNED | WireState::ACCEPTED | WireState::PREPARING => Self::Preparing,
            WireState::READY | WireState::STARTING => Self::Starting,
            WireState::RUNNING => Self::Running,
            WireState::COMPLETE => Self::Complete,
            WireState::FAILED => Self::Failed,
            WireState::REJECTED => Self::Rejected,
            WireState::SHUTDOWN | WireState::REMOVE | WireState::ORPHANED => Self::Shutdown,
        }
    }
}
