//! Containers on this node: how a task's container feels, and what it said.

use std::net::IpAddr;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::models::{ContainerInspectResponse, HealthStatusEnum};
use bollard::query_parameters::{InspectContainerOptions, InspectNetworkOptions, LogsOptions};
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;

use crate::{Engine, Error, Result};

/// The bridge on which the engine publishes host-mode ports of swarm tasks.
const GATEWAY_BRIDGE: &str = "docker_gwbridge";

/// How long a log may pause before it counts as read. Engines have left the answer open when they had told all
/// (github.com/docker/cli issue 4008, github.com/moby/moby issue 46983 with the driver journald).
const LOG_PATIENCE: Duration = Duration::from_secs(5);

/// What a health check says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It has none.
    #[default]
    None,
    /// It has not passed yet.
    Starting,
    /// It passes.
    Healthy,
    /// It fails.
    Unhealthy,
}

/// A container on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// What its health check says.
    pub health: Health,
    /// What the health check last printed.
    pub health_output: String,
    /// The process identifier of its first process on this node; 0 when it does not run.
    pub pid: i32,
    /// Whether it runs.
    pub running: bool,
}

/// Looking into containers.
pub trait Containers {
    /// A container of this node; `None` when it is gone or on another node.
    async fn container(&self, id: &str) -> Result<Option<Container>>;
    /// The last lines that a container wrote, standard output and error together.
    async fn log_tail(&self, id: &str, lines: usize) -> Result<Vec<String>>;
    /// Everything the engine knows of a container of this node, for a post-mortem; `None` when it is gone. Of its
    /// environment only the names: recipes put passwords there.
    async fn inspection(&self, id: &str) -> Result<Option<serde_json::Value>>;
    /// The address under which the engine sends a host-mode port's traffic to this container.
    async fn host_mode_address(&self, id: &str) -> Result<Option<IpAddr>>;
}

impl Containers for Engine {
    async fn container(&self, id: &str) -> Result<Option<Container>> {
        let Some(inspected) = inspect(self, id).await? else { return Ok(None) };
        let state = inspected.state.unwrap_or_default();
        let health = state.health.unwrap_or_default();
        let last = health.log.and_then(|log| log.into_iter().next_back()).and_then(|check| check.output);
        Ok(Some(Container {
            health: health.status.map_or(Health::None, Health::from),
            health_output: last.unwrap_or_default().trim().lines().map(state::plain).collect::<Vec<_>>().join("\n"),
            pid: state.pid.and_then(|pid| i32::try_from(pid).ok()).unwrap_or_default(),
            running: state.running.unwrap_or_default(),
        }))
    }

    async fn log_tail(&self, id: &str, lines: usize) -> Result<Vec<String>> {
        let options = LogsOptions { stdout: true, stderr: true, tail: lines.to_string(), ..Default::default() };
        let doing = format!("reading the log of container {id}");
        lines_of(self.docker.logs(id, Some(options)).map(|chunk| chunk.map_err(self.error(doing.clone())))).await
    }

    async fn inspection(&self, id: &str) -> Result<Option<serde_json::Value>> {
        let Some(mut inspected) = inspect(self, id).await? else { return Ok(None) };
        if let Some(environment) = inspected.config.as_mut().and_then(|config| config.env.as_mut()) {
            environment.iter_mut().for_each(keep_name);
        }
        Ok(serde_json::to_value(inspected).ok())
    }

    async fn host_mode_address(&self, id: &str) -> Result<Option<IpAddr>> {
        let network = self
            .docker
            .inspect_network(GATEWAY_BRIDGE, None::<InspectNetworkOptions>)
            .await
            .map_err(self.error(format!("looking into network {GATEWAY_BRIDGE}")))?;
        let endpoint = network.containers.and_then(|mut containers| containers.remove(id));
        let address = endpoint.and_then(|endpoint| endpoint.ipv4_address);
        Ok(address.and_then(|address| address.split('/').next().and_then(|address| address.parse().ok())))
    }
}

/// The lines of a log: to its end, or to where nothing more comes.
async fn lines_of(chunks: impl Stream<Item = Result<LogOutput>>) -> Result<Vec<String>> {
    let mut chunks = std::pin::pin!(chunks);
    let mut text = Vec::new();
    while let Ok(Some(chunk)) = timeout(LOG_PATIENCE, chunks.next()).await {
        match chunk {
            Ok(output) => text.extend_from_slice(bytes(&output)),
            Err(Error::NotFound { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(String::from_utf8_lossy(&text).lines().map(state::plain).collect())
}

async fn inspect(engine: &Engine, id: &str) -> Result<Option<ContainerInspectResponse>> {
    let inspected = engine.docker.inspect_container(id, None::<InspectContainerOptions>).await;
    match inspected.map_err(engine.error(format!("looking into container {id}"))) {
        Ok(container) => Ok(Some(container)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Of `NAME=value` the name.
fn keep_name(variable: &mut String) {
    variable.truncate(variable.find('=').unwrap_or(variable.len()));
}

fn bytes(output: &LogOutput) -> &[u8] {
    match output {
        LogOutput::StdErr { message }
        | LogOutput::StdOut { message }
        | LogOutput::StdIn { message }
        | LogOutput::Console { message } => message,
    }
}

impl From<HealthStatusEnum> for Health {
    fn from(status: HealthStatusEnum) -> Self {
        match status {
            HealthStatusEnum::EMPTY | HealthStatusEnum::NONE => Self::None,
            HealthStatusEnum::STARTING => Self::Starting,
            HealthStatusEnum::HEALTHY => Self::Healthy,
            HealthStatusEnum::UNHEALTHY => Self::Unhealthy,
        }
    }
}

#[cfg(test)]
mod tests {
    use bollard::container::LogOutput;
    use futures_util::{StreamExt, stream};

    use super::{keep_name, lines_of};

    #[tokio::test(start_paused = true)]
    async fn a_log_that_has_no_end_is_read_as_far_as_it_goes() {
        let chunk = |text: &'static str| Ok(LogOutput::StdOut { message: text.into() });
        let log = stream::iter([chunk("one\ntw"), chunk("o\n")]).chain(stream::pending());
        assert_eq!(lines_of(log).await.unwrap(), ["one", "two"]);
    }

    #[test]
    fn of_a_variable_only_the_name_is_kept() {
        for variable in ["PASSWORD=a=b", "PASSWORD"] {
            let mut variable = variable.to_owned();
            keep_name(&mut variable);
            assert_eq!(variable, "PASSWORD");
        }
    }
}
