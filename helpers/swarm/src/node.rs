//! This node, and the swarm that it may be part of.

use std::collections::BTreeMap;

use bollard::models::{LocalNodeState, SwarmInitRequest};
use bollard::query_parameters::UpdateNodeOptions;

use crate::{Engine, Error, Result};

/// What this node is in the swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// In no swarm.
    Inactive,
    /// It manages one.
    Manager {
        /// The swarm's identifier.
        swarm: String,
        /// This node's identifier.
        node: String,
    },
    /// It works for one that others manage.
    Worker,
    /// It is joining one.
    Pending,
    /// Its swarm's keys are locked.
    Locked,
    /// The engine could not bring its swarm up; the engine's words.
    Broken(String),
}

/// How a new swarm is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSwarm {
    /// The address and port to listen on for other managers.
    pub listen: String,
    /// The address that others reach this node at; the engine chooses when there is only one.
    pub advertise: Option<String>,
    /// Address pools for overlay networks; the engine's own when empty.
    pub address_pools: Vec<String>,
    /// The size of the subnet that each overlay network gets of them, in bits.
    pub subnet_size: u32,
}

/// This node.
pub trait Nodes {
    /// What this node is now.
    async fn node(&self) -> Result<NodeState>;
    /// Makes a swarm with this node as its manager.
    async fn init(&self, swarm: &NewSwarm) -> Result<()>;
    /// The labels of a node.
    async fn node_labels(&self, node: &str) -> Result<BTreeMap<String, String>>;
    /// Replaces the labels of a node.
    async fn set_node_labels(&self, node: &str, labels: &BTreeMap<String, String>) -> Result<()>;
}

impl Nodes for Engine {
    async fn node(&self) -> Result<NodeState> {
        let info = self.docker.info().await.map_err(self.error("asking the engine about its swarm"))?;
        let swarm = info.swarm.unwrap_or_default();
        Ok(match swarm.local_node_state.unwrap_or(LocalNodeState::INACTIVE) {
            LocalNodeState::EMPTY | LocalNodeState::INACTIVE => NodeState::Inactive,
            LocalNodeState::ACTIVE if swarm.control_available == Some(true) => NodeState::Manager {
                swarm: swarm.cluster.and_then(|cluster| cluster.id).unwrap_or_default(),
                node: swarm.node_id.unwrap_or_default(),
            },
            LocalNodeState::ACTIVE => NodeState::Worker,
            LocalNodeState::PENDING => NodeState::Pending,
            LocalNodeState::LOCKED => NodeState::Locked,
            LocalNodeState::ERROR => NodeState::Broken(swarm.error.unwrap_or_default()),
        })
    }

    async fn init(&self, swarm: &NewSwarm) -> Result<()> {
        let request = SwarmInitRequest {
            listen_addr: Some(swarm.listen.clone()),
            advertise_addr: Some(swarm.advertise.clone().unwrap_or_default()),
            default_addr_pool: (!swarm.address_pools.is_empty()).then(|| swarm.address_pools.clone()),
            subnet_size: (!swarm.address_pools.is_empty()).then_some(swarm.subnet_size),
            ..Default::default()
        };
        self.docker.init_swarm(request).await.map_err(self.error("initialising the swarm"))?;
        Ok(())
    }

    async fn node_labels(&self, node: &str) -> Result<BTreeMap<String, String>> {
        let node = self.docker.inspect_node(node).await.map_err(self.error("looking into this node"))?;
        Ok(node.spec.and_then(|spec| spec.labels).unwrap_or_default().into_iter().collect())
    }

    async fn set_node_labels(&self, node: &str, labels: &BTreeMap<String, String>) -> Result<()> {
        let doing = "labelling this node";
        let found = self.docker.inspect_node(node).await.map_err(self.error(doing))?;
        let mut spec = found.spec.unwrap_or_default();
        spec.labels = Some(labels.clone().into_iter().collect());
        let version = found.version.and_then(|version| version.index).and_then(|index| i64::try_from(index).ok());
        let version = version.ok_or_else(|| Error::Refused {
            doing: doing.to_owned(),
            message: "the engine told no version of it".to_owned(),
        })?;
        self.docker.update_node(node, spec, UpdateNodeOptions { version }).await.map_err(self.error(doing))
    }
}
