//! Which folders of this host hold what an app keeps.

use crate::{Snapshot, Volume};

/// An app and the stack that its volumes belong to.
#[derive(Clone, Copy, Debug)]
pub struct Folders<'a> {
    /// The app's name in the flake, for the message that says what to declare.
    pub app: &'a str,
    /// Its stack.
    pub stack: &'a str,
}

impl Folders<'_> {
    /// The volumes of the stack, and others that these services mount. Of the stack there may be some that a version which
    /// failed has left; where they are no folders and nothing mounts them, nothing of the app is in them.
    ///
    /// # Errors
    /// The engine's words, or a volume that is kept elsewhere.
    pub async fn of_services(
        self,
        engine: &impl swarm::Volumes,
        services: &[swarm::Service],
    ) -> anyhow::Result<Vec<Volume>> {
        let mounted: Vec<String> = services.iter().flat_map(|service| service.volumes.clone()).collect();
        let mut found = engine.volumes(self.stack, &mounted).await?;
        found.retain(|volume| volume.is_folder() || mounted.contains(&volume.name));
        found.into_iter().map(|volume| self.folder(volume)).collect()
    }

    /// The volumes that a snapshot is of, whatever the services that are there now mount: a version that failed may have
    /// more of them, or fewer.
    ///
    /// # Errors
    /// As [`Folders::of_services`].
    pub async fn of_snapshot(self, engine: &impl swarm::Volumes, snapshot: &Snapshot) -> anyhow::Result<Vec<Volume>> {
        let kept: Vec<String> = snapshot.manifest.volumes.iter().map(|volume| volume.name.clone()).collect();
        let mut found = engine.volumes(self.stack, &kept).await?;
        found.retain(|volume| kept.contains(&volume.name));
        found.into_iter().map(|volume| self.folder(volume)).collect()
    }

    fn folder(self, volume: swarm::Volume) -> anyhow::Result<Volume> {
        anyhow::ensure!(
            volume.is_folder(),
            "volume {} is kept by driver `{}` with options of its own, and is no mere folder of this host, so that neither can a snapshot of it be taken nor one be put back. Set hearth.apps.{}.snapshot.mode to \"none\" and see to its safety there",
            volume.name,
            volume.driver,
            self.app,
        );
        Ok(Volume { name: volume.name, path: volume.mountpoint.into() })
    }
}
