//! Replacing a service that holds ports of the host, without a request lost.
//!
//! Two tasks cannot hold the same port of one node, so such a service is stopped before its successor starts. Meanwhile
//! a standby copy of what runs now serves: new connections are sent to it, those that the old task still has are
//! waited for, the service is replaced and passes its gate, and the ports are given back. In between, and always when
//! nothing is being replaced, the host is plain Docker: no address or rule of Hearth's is in the way.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use swarm::{Containers, Service, Services, Standby, TaskState, Tasks};
use tokio::time::{Instant, sleep};

use crate::connections::Connections;
use crate::divert::Divert;
use crate::gate::Watch;
use crate::manifest::Gate;
use crate::plan::{APP_LABEL, STANDBY_LABEL};

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A standby is a copy of what runs already: it need not be watched for long.
const STANDBY_GATE: Gate = Gate {
    converge_seconds: 60,
    healthy_seconds: 1,
    restart_limit: 2,
    probe: None,
    certificate_seconds: 0,
    smoke: Vec::new(),
    audit: None,
    watch: None,
    migrations: None,
};

/// What a handover needs of the host.
pub struct Handover<'a, E, D, C> {
    /// The engine.
    pub engine: &'a E,
    /// Who moves connections.
    pub divert: &'a D,
    /// Who counts them.
    pub connections: &'a C,
    /// The app.
    pub app: &'a str,
    /// How long connections may take to leave.
    pub drain: Duration,
}

impl<E: Services + Tasks + Containers, D: Divert, C: Connections> Handover<'_, E, D, C> {
    /// Puts a standby in front of `service` and waits until the service serves nobody any more.
    ///
    /// # Errors
    /// When the standby does not become healthy or the connections cannot be moved. The service is then untouched.
    pub async fn take(&self, service: &Service, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        let name = standby_name(service);
        let labels = [(APP_LABEL, self.app), (STANDBY_LABEL, self.app)];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        say(format!("starting standby {name}"));
        self.engine.remove_service(&name).await?;
        self.engine.start_standby(Standby { of: service, name: name.clone(), labels }).await?;
        let watch = Watch::begin(self.engine, format!("{STANDBY_LABEL}={}", self.app), None).await?;
        watch
            .hold(&STANDBY_GATE, say)
            .await?
            .map_err(|failure| anyhow!("the standby does not start: {failure}; the running proxy is untouched"))?;
        let container = self.container_of(&name).await?.context("the standby has no container on this node")?;
        let address = self
            .engine
            .host_mode_address(&container)
            .await?
            .context("the standby has no address on docker_gwbridge")?;
        self.divert.divert(self.app, &service.host_ports, address).await?;
        say(format!("new connections go to {name}"));
        self.drain(&service.name, &service.host_ports, say).await
    }

    /// Gives the ports back to the service and removes the standby once it serves nobody any more. Does nothing when
    /// there is no standby and nothing is diverted.
    ///
    /// # Errors
    /// When the ports cannot be given back; the standby then goes on serving.
    pub async fn give_back(&self, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        self.divert.restore(self.app).await?;
        for standby in self.engine.services(&format!("{STANDBY_LABEL}={}", self.app)).await? {
            self.drain(&standby.name, &standby.host_ports, say).await?;
            self.engine.remove_service(&standby.name).await?;
            say(format!("standby {} is gone", standby.name));
        }
        Ok(())
    }

    /// Waits until nobody is connected to a service's container, or until the time that connections may take is over.
    async fn drain(&self, service: &str, ports: &[(u16, u16)], say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        let Some(container) = self.container_of(service).await? else { return Ok(()) };
        let Some(container) = self.engine.container(&container).await? else { return Ok(()) };
        let targets: Vec<u16> = ports.iter().map(|(_, target)| *target).collect();
        let begun = Instant::now();
        loop {
            let left = self.connections.established(container.pid, &targets)?;
            if left == 0 {
                return Ok(());
            }
            if begun.elapsed() >= self.drain {
                say(format!(
                    "{left} connections to {service} are still open after {} s; they are cut",
                    self.drain.as_secs()
                ));
                return Ok(());
            }
            if begun.elapsed() < LOOK_EVERY {
                say(format!("waiting for {left} connections to leave {service}"));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn container_of(&self, service: &str) -> swarm::Result<Option<String>> {
        let tasks = self.engine.tasks(&[service.to_owned()]).await?;
        let mut running = tasks.into_iter().filter(|task| task.wanted && task.state == TaskState::Running);
        Ok(running.find_map(|task| task.container))
    }
}

fn standby_name(service: &Service) -> String {
    format!("{}-standby", service.name)
}
