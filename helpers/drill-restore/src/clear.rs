//! Removing everything that drills made, found by its label: at the end of a drill, and after one that was killed.

use std::time::Duration;

use anyhow::bail;
use swarm::{Disposable, Services};
use tokio::time::{Instant, sleep};

use crate::DRILL_LABEL;

/// How often it is tried to remove what is still used.
const TRY_EVERY: Duration = Duration::from_millis(300);
/// How long containers may take to let go of volumes and networks. They are told to end within a second.
const PATIENCE: Duration = Duration::from_secs(90);

/// Removes services, volumes and networks of an app's drills; returns how many there were.
///
/// # Errors
/// When the engine does not answer, or something stays in use. The next run tries again.
pub async fn clear(engine: &(impl Services + Disposable), app: &str) -> anyhow::Result<usize> {
    let label = format!("{DRILL_LABEL}={app}");
    let services = engine.services(&label).await?;
    for service in &services {
        engine.remove_service(&service.name).await?;
        state::fault::point(|| format!("after removing {}", service.name));
    }
    let volumes = engine.labelled_volumes(&label).await?;
    for volume in &volumes {
        until_gone(volume, async || engine.remove_volume(volume).await).await?;
        state::fault::point(|| format!("after removing {volume}"));
    }
    let networks = engine.labelled_networks(&label).await?;
    for network in &networks {
        until_gone(network, async || engine.remove_network(network).await).await?;
        state::fault::point(|| format!("after removing {network}"));
    }
    Ok(services.len() + volumes.len() + networks.len())
}

async fn until_gone(what: &str, remove: impl AsyncFn() -> swarm::Result<bool>) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !remove().await? {
        if begun.elapsed() > PATIENCE {
            bail!(
                "{what} of the drill is still used after {} s; the next drill tries again to remove it",
                PATIENCE.as_secs()
            );
        }
        sleep(TRY_EVERY).await;
    }
    Ok(())
}
