//! Volumes on this node.

use std::path::PathBuf;

use bollard::models::MountType;
use bollard::query_parameters::ListVolumesOptions;

use crate::{Engine, Result, STACK_LABEL, Service};

/// A volume on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// The driver that keeps it: `local` for a folder of this node.
    pub driver: String,
    /// Whether it was given options: a local volume then is a mount of something else, there only while it is used.
    pub has_options: bool,
    /// The folder with its content.
    pub mountpoint: String,
}

impl Volume {
    /// Whether its content is simply a folder of this node, which can be copied and put back.
    pub fn is_folder(&self) -> bool {
        self.driver == "local" && !self.has_options
    }
}

/// A volume in the containers of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// The volume's name.
    pub volume: String,
    /// Where the containers see it.
    pub target: PathBuf,
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
            .map(|one| Volume {
                name: one.name,
                driver: one.driver,
                has_options: !one.options.is_empty(),
                mountpoint: one.mountpoint,
            })
            .collect();
        volumes.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(volumes)
    }
}

impl Service {
    /// The volumes that its containers mount, and where.
    pub fn mounts(&self) -> Vec<Mount> {
        let specification = self.specification.typed();
        let container = specification.task_template.as_ref().and_then(|task| task.container_spec.as_ref());
        let mounts = container.and_then(|container| container.mounts.as_ref());
        let volumes = mounts.into_iter().flatten().filter(|mount| mount.typ == Some(MountType::VOLUME));
        volumes
            .map(|mount| Mount {
                volume: mount.source.clone().unwrap_or_default(),
                target: mount.target.clone().unwrap_or_default().into(),
            })
            .collect()
    }
}
