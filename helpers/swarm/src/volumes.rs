//! Volumes on this node.

use bollard::query_parameters::ListVolumesOptions;

use crate::{Engine, Result, STACK_LABEL};

/// A volume on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// The driver that keeps it: `local` for a folder of this node.
    pub driver: String,
    /// The folder with its content.
    pub mountpoint: String,
}

/// Looking at volumes.
pub trait Volumes {
    /// The volumes of a stack that are on this node, and those of `names`, in the order of their names.
    async fn volumes(&self, stack: &str, names: &[String]) -> Result<Vec<Volume>>;
}

impl Volumes for Engine {
    async fn volumes(&self, stack: &str, names: &[String]) -> Result<Vec<Volume>> {
        let found =
            self.docker.list_volumes(None::<ListVolumesOptions>).await.map_err(self.error("listing volumes"))?;
        let mut volumes: Vec<Volume> = found
            .volumes
            .unwrap_or_default()
            .into_iter()
            .filter(|one| one.labels.get(STACK_LABEL).is_some_and(|of| of == stack) || names.contains(&one.name))
            .map(|one| Volume { name: one.name, driver: one.driver, mountpoint: one.mountpoint })
            .collect();
        volumes.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(volumes)
    }
}
