//! Services: what the swarm is told to run.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::models::{
    EndpointPortConfigPublishModeEnum, MountType, Service as Wire, ServiceSpec,
    ServiceUpdateStatusStateEnum as UpdateState, TaskSpecContainerSpec, TaskSpecRestartPolicyConditionEnum as Restart,
};
use hyper::Method;
use serde_json::{Value, json};
use state::Digest;

use crate::raw::{encoded, label_filter};
use crate::tasks::task_digest;
use crate::{Engine, Error, Result};

/// What the engine gives a container to end in when a service says nothing of it.
const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// A service as the manager knows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// The engine's identifier.
    pub id: String,
    /// The name, `<stack>_<service>` in a stack.
    pub name: String,
    /// Its labels (`deploy.labels` of a compose file).
    pub labels: BTreeMap<String, String>,
    /// Grows with every change of the service, by whomever.
    pub version: u64,
    /// The image its tasks are told to run.
    pub image: String,
    /// Tasks that run now.
    pub running: u64,
    /// Tasks that should run.
    pub desired: u64,
    /// Names of the swarm secrets that it mounts.
    pub secrets: Vec<String>,
    /// Names of the swarm configs that it mounts.
    pub configs: Vec<String>,
    /// How long a task may take to end once it is told to, before it is killed.
    pub stop_grace: Duration,
    /// Names of the volumes that it mounts.
    pub volumes: Vec<String>,
    /// Ports that it takes on the node itself (`mode: host`): published (0 where the engine picks one), target.
    pub host_ports: Vec<(u16, u16)>,
    /// Whether a rolling update of it is under way.
    pub updating: bool,
    /// Whether a rolling update of it stopped, because a new task ended.
    pub paused: bool,
    /// Whether a task of it that ended with exit code 0 is done, and not started again.
    pub may_complete: bool,
    /// The whole specification, for [`Service::spec_digest`] and [`Standby`].
    pub specification: Specification,
}

/// Everything that a service was told, word for word as the engine keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Specification(pub(crate) Value);

impl Specification {
    /// What of it has a name in the API's description.
    pub(crate) fn typed(&self) -> ServiceSpec {
        serde_json::from_value(self.0.clone()).unwrap_or_default()
    }
}

impl Service {
    /// A digest of everything that the service was told, to tell a change by hand from a mere new version number.
    pub fn spec_digest(&self) -> String {
        Digest::of(self.specification.0.to_string().as_bytes()).hex()
    }

    fn with_labels(&self, labels: &BTreeMap<String, String>) -> Value {
        let mut spec = self.specification.0.clone();
        spec["Labels"] = json!(labels);
        spec
    }

    /// Digest of what its tasks are told, to compare with [`Task::spec_digest`](crate::Task::spec_digest). Empty when
    /// it tells nothing. Made only when it is asked for: the list of all services is read every few minutes.
    pub fn task_digest(&self) -> String {
        self.specification.typed().task_template.as_ref().map(task_digest).unwrap_or_default()
    }
}

/// A second copy of a running service, without its routes, on ports that the engine picks.
#[derive(Clone, Debug)]
pub struct Standby<'a> {
    /// The service that is copied, as it runs now.
    pub of: &'a Service,
    /// The name of the copy.
    pub name: String,
    /// The labels of the copy; none are taken over.
    pub labels: BTreeMap<String, String>,
}

/// Looking at services, and the few changes that `docker stack deploy` does not make.
pub trait Services {
    /// All services that carry `label` (`key` or `key=value`), with their task counts, in one request.
    async fn services(&self, label: &str) -> Result<Vec<Service>>;
    /// Removes a service; one that is not there is no error.
    async fn remove_service(&self, name: &str) -> Result<()>;
    /// Starts a standby copy of a service with one task.
    async fn start_standby(&self, standby: Standby<'_>) -> Result<()>;
    /// Goes on with a rolling update that is paused: tells the service once more what it was told.
    async fn resume(&self, service: &Service) -> Result<()>;
    /// Gives a service other labels, all of them in one request. Its tasks run on.
    async fn relabel(&self, service: &Service, labels: &BTreeMap<String, String>) -> Result<()>;
}

impl Services for Engine {
    async fn services(&self, label: &str) -> Result<Vec<Service>> {
        let path = format!("/services?status=true&filters={}", label_filter(label));
        let doing = "listing the swarm's services";
        let mut found = self.ask(Method::GET, &path, None, doing).await?;
        let services = found.as_array_mut().map(std::mem::take).unwrap_or_default();
        services.into_iter().map(|service| read(service, doing)).collect()
    }

    async fn remove_service(&self, name: &str) -> Result<()> {
        match self.docker.delete_service(name).await.map_err(self.error(format!("removing service {name}"))) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn start_standby(&self, standby: Standby<'_>) -> Result<()> {
        let doing = format!("starting standby {} of {}", standby.name, standby.of.name);
        self.ask(Method::POST, "/services/create", Some(&standby.spec()), &doing).await?;
        Ok(())
    }

    async fn resume(&self, service: &Service) -> Result<()> {
        let doing = format!("going on with the update of service {}", service.name);
        self.tell(service, &service.specification.0, &doing).await
    }

    async fn relabel(&self, service: &Service, labels: &BTreeMap<String, String>) -> Result<()> {
        let doing = format!("changing the labels of service {}", service.name);
        self.tell(service, &service.with_labels(labels), &doing).await
    }
}

impl Engine {
    pub(crate) async fn tell(&self, service: &Service, spec: &Value, doing: &str) -> Result<()> {
        let (id, version) = (encoded(&service.id), service.version);
        let path = format!("/services/{id}/update?version={version}&registryAuthFrom=spec");
        self.ask(Method::POST, &path, Some(spec), doing).await?;
        Ok(())
    }
}

impl Standby<'_> {
    fn spec(&self) -> Value {
        let ports = self.of.host_ports.iter().map(|(_, target)| json!({ "TargetPort": target, "PublishMode": "host" }));
        let mut spec = self.of.specification.0.clone();
        spec["Name"] = json!(self.name);
        spec["Labels"] = json!(self.labels);
        spec["Mode"] = json!({ "Replicated": { "Replicas": 1 } });
        spec["EndpointSpec"]["Ports"] = ports.collect();
        spec
    }
}

/// Reads a service, and keeps what it was told as it stands.
fn read(mut service: Value, doing: &str) -> Result<Service> {
    let specification = service["Spec"].clone();
    let wire = serde_json::from_value::<Wire>(service.take());
    let wire = wire.map_err(|error| Error::Refused { doing: doing.to_owned(), message: error.to_string() })?;
    Ok(Service { specification: Specification(specification), ..Service::from(wire) })
}

impl From<Wire> for Service {
    fn from(wire: Wire) -> Self {
        let status = wire.service_status.unwrap_or_default();
        let spec = wire.spec.unwrap_or_default();
        let container = spec.task_template.as_ref().and_then(|task| task.container_spec.as_ref());
        let restart = spec.task_template.as_ref().and_then(|task| task.restart_policy.as_ref()?.condition);
        let update = wire.update_status.and_then(|status| status.state);
        Self {
            id: wire.id.unwrap_or_default(),
            name: spec.name.clone().unwrap_or_default(),
            labels: spec.labels.clone().unwrap_or_default().into_iter().collect(),
            version: wire.version.and_then(|version| version.index).unwrap_or_default(),
            image: container.and_then(|container| container.image.clone()).unwrap_or_default(),
            running: status.running_tasks.unwrap_or_default(),
            desired: status.desired_tasks.unwrap_or_default(),
            secrets: container
                .and_then(|container| container.secrets.as_ref())
                .map(|all| all.iter().filter_map(|secret| secret.secret_name.clone()).collect())
                .unwrap_or_default(),
            configs: container
                .and_then(|container| container.configs.as_ref())
                .map(|all| all.iter().filter_map(|config| config.config_name.clone()).collect())
                .unwrap_or_default(),
            stop_grace: container.and_then(|container| container.stop_grace_period).map_or(DEFAULT_GRACE, nanoseconds),
            volumes: container.map(volumes).unwrap_or_default(),
            host_ports: host_ports(&spec),
            updating: matches!(update, Some(UpdateState::UPDATING | UpdateState::ROLLBACK_STARTED)),
            paused: matches!(update, Some(UpdateState::PAUSED | UpdateState::ROLLBACK_PAUSED)),
            may_complete: matches!(restart, Some(Restart::NONE | Restart::ON_FAILURE)),
            specification: Specification::default(),
        }
    }
}

fn nanoseconds(count: i64) -> Duration {
    Duration::from_nanos(u64::try_from(count).unwrap_or_default())
}

fn volumes(container: &TaskSpecContainerSpec) -> Vec<String> {
    let mounts = container.mounts.iter().flatten();
    let named = mounts.filter(|mount| mount.typ == Some(MountType::VOLUME)).filter_map(|mount| mount.source.clone());
    named.filter(|name| !name.is_empty()).collect()
}

fn host_ports(spec: &ServiceSpec) -> Vec<(u16, u16)> {
    let ports = spec.endpoint_spec.as_ref().and_then(|endpoint| endpoint.ports.as_ref());
    ports
        .into_iter()
        .flatten()
        .filter(|port| port.publish_mode == Some(EndpointPortConfigPublishModeEnum::HOST))
        .filter_map(|port| {
            let published = u16::try_from(port.published_port.unwrap_or_default()).ok()?;
            let target = u16::try_from(port.target_port?).ok()?;
            Some((published, target))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the engine answers. In the API's description the health check is called `HealthCheck`.
    fn answer() -> Value {
        json!({
            "ID": "s",
            "Version": { "Index": 7 },
            "Spec": {
                "Name": "x_app",
                "Labels": { "hearth.app": "x" },
                "TaskTemplate": {
                    "ContainerSpec": { "Image": "i", "Healthcheck": { "Test": ["CMD", "/x"] } },
                    "Networks": [{ "Target": "n" }]
                },
                "Mode": { "Replicated": { "Replicas": 2 } },
                "EndpointSpec": {
                    "Mode": "dnsrr",
                    "Ports": [{ "TargetPort": 443, "PublishedPort": 443, "PublishMode": "host", "Protocol": "tcp" }]
                }
            },
            "ServiceStatus": { "RunningTasks": 1, "DesiredTasks": 2 }
        })
    }

    #[test]
    fn a_service_keeps_what_the_description_of_the_api_does_not_know() {
        let service = read(answer(), "reading").unwrap();
        assert_eq!((service.name.as_str(), service.version, service.running, service.desired), ("x_app", 7, 1, 2));
        assert_eq!(service.specification.0, answer()["Spec"]);
        let mut other = answer();
        other["Spec"]["TaskTemplate"]["ContainerSpec"]["Healthcheck"]["Test"] = json!(["NONE"]);
        assert_ne!(read(other, "reading").unwrap().spec_digest(), service.spec_digest());
    }

    #[test]
    fn other_labels_are_all_that_a_relabelled_service_has_of_new() {
        let service = read(answer(), "reading").unwrap();
        let mut expected = answer()["Spec"].clone();
        expected["Labels"] = json!({ "a": "b" });
        assert_eq!(service.with_labels(&BTreeMap::from([("a".to_owned(), "b".to_owned())])), expected);
    }

    #[test]
    fn a_standby_is_the_same_without_routes_on_ports_that_the_engine_picks() {
        let service = read(answer(), "reading").unwrap();
        let spec = Standby { of: &service, name: "x_app-standby".to_owned(), labels: BTreeMap::new() }.spec();
        assert_eq!(spec["TaskTemplate"], answer()["Spec"]["TaskTemplate"]);
        assert_eq!((&spec["Name"], &spec["Labels"]), (&json!("x_app-standby"), &json!({})));
        assert_eq!(spec["Mode"], json!({ "Replicated": { "Replicas": 1 } }));
        let ports = json!([{ "TargetPort": 443, "PublishMode": "host" }]);
        assert_eq!(spec["EndpointSpec"], json!({ "Mode": "dnsrr", "Ports": ports }));
    }
}
