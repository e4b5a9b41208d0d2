//! Snapshots of an app's volumes on the real host.

use swarm::Engine;

use crate::data::{About, NotTaken, Snapshots};
use crate::manifest::Manifest;

/// The volumes of an app, as the engine keeps them.
pub struct Volumes<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// What is declared.
    pub manifest: &'a Manifest,
}

impl Snapshots for Volumes<'_> {
    async fn needed(&self, _stack: &str) -> Result<bool, NotTaken> {
        Ok(false)
    }

    async fn take(&self, _stack: &str, _about: &About, _say: &mut dyn FnMut(String)) -> Result<String, NotTaken> {
        Err(NotTaken::Failed(anyhow::anyhow!("not there")))
    }

    async fn restore(&self, _stack: &str, _id: &str, _say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        Ok(())
    }

    async fn prune(&self, _keep: &str) -> anyhow::Result<()> {
        Ok(())
    }
}
