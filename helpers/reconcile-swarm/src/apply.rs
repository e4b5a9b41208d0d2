//! Plan → effects.

use anyhow::Context as _;
use swarm::{Disposable, Networks, NewSwarm, NodeState, Nodes};

use crate::manifest::Manifest;
use crate::plan::{Observed, Record, Step};

/// Makes a swarm.
///
/// # Errors
/// When the engine refuses.
pub async fn init(engine: &impl Nodes, manifest: &Manifest) -> swarm::Result<NodeState> {
    let swarm = NewSwarm {
        listen: manifest.listen_address.clone(),
        advertise: manifest.advertise_address.clone(),
        address_pools: manifest.default_address_pools.clone(),
        subnet_size: manifest.subnet_size,
    };
    engine.init(&swarm).await?;
    engine.node().await
}

/// Looks at a swarm that this node manages.
///
/// # Errors
/// When the engine does not answer.
pub async fn observe(engine: &(impl Nodes + Networks), swarm: &str, node: &str) -> swarm::Result<Observed> {
    let networks = engine.overlay_networks().await?;
    Ok(Observed { swarm: swarm.to_owned(), networks, labels: engine.node_labels(node).await? })
}

/// Takes one step, and says whether it could: a network that something still uses stays. Each step can be taken again
/// after a run that was cut off.
///
/// # Errors
/// When the engine or the disk refuses.
pub async fn take(
    step: &Step,
    node: &str,
    engine: &(impl Nodes + Networks + Disposable),
    remember: impl Fn(&Record) -> std::io::Result<()>,
) -> anyhow::Result<bool> {
    match step {
        Step::CreateNetwork(network) => engine.create_overlay_network(network).await?,
        Step::RemoveNetwork(name) => return Ok(engine.remove_network(name).await?),
        Step::Label(labels) => engine.set_node_labels(node, labels).await?,
        Step::Remember(record) => remember(record).context("remembering the swarm")?,
    }
    Ok(true)
}
