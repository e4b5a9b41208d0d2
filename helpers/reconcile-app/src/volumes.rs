//! Snapshots of an app's volumes on the real host.

use anyhow::{Context as _, bail};
use snapshot_volumes::{Id, Observer, Point, Store, TakeError, Volume};
use swarm::{Engine, Services as _, Volumes as _};

use crate::data::{About, NotTaken, Snapshots};
use crate::manifest::Manifest;
use crate::plan::APP_LABEL;

/// The volumes of an app, as the engine keeps them, and the store of their snapshots.
pub struct Volumes<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// What is declared.
    pub manifest: &'a Manifest,
}

impl Volumes<'_> {
    /// Where snapshots go. Each step of the store is a point at which a test may kill this process.
    fn store(&self) -> Store {
        let folder = self.manifest.snapshot.store(self.manifest.name.as_str());
        Store::in_folder(folder).observed(Box::new(Points))
    }

    /// The app's volumes: those of its stack, and others that its services mount. Of its stack there may be some that a
    /// version which failed has left; where they are no folders, nothing of the app is in them.
    async fn volumes(&self) -> anyhow::Result<Vec<Volume>> {
        let services = self.engine.services(&format!("{APP_LABEL}={}", self.manifest.name)).await?;
        let mounted: Vec<String> = services.into_iter().flat_map(|service| service.volumes).collect();
        let found = self.engine.volumes(self.manifest.stack.as_str(), &mounted).await?;
        let own = found.into_iter().filter(|volume| volume.is_folder() || mounted.contains(&volume.name));
        own.map(|volume| self.local(volume)).collect()
    }

    /// The volumes that a snapshot is of, whatever the services that are there now mount: a version that failed may have
    /// more of them, or fewer.
    async fn volumes_of(&self, store: &Store, id: &Id) -> anyhow::Result<Vec<Volume>> {
        let kept: Vec<String> = store.read(id)?.manifest.volumes.into_iter().map(|volume| volume.name).collect();
        let found = self.engine.volumes(self.manifest.stack.as_str(), &kept).await?;
        found.into_iter().filter(|volume| kept.contains(&volume.name)).map(|volume| self.local(volume)).collect()
    }

    fn local(&self, volume: swarm::Volume) -> anyhow::Result<Volume> {
        if !volume.is_folder() {
            let (name, driver) = (&volume.name, &volume.driver);
            bail!(
                "volume {name} is kept by driver `{driver}` with options of its own, and is no mere folder of this host; set hearth.apps.{}.snapshot.mode to \"none\" and see to its safety there",
                self.manifest.name
            );
        }
        Ok(Volume { name: volume.name, path: volume.mountpoint.into() })
    }
}

struct Points;

impl Observer for Points {
    fn passed(&self, point: Point) {
        state::fault::point(|| format!("after {point:?}"));
    }
}

impl Snapshots for Volumes<'_> {
    async fn needed(&self) -> Result<bool, NotTaken> {
        let volumes = self.volumes().await?;
        if volumes.is_empty() {
            return Ok(false);
        }
        self.store().ensure_room(self.manifest.name.as_str(), &volumes).map_err(not_taken)?;
        Ok(true)
    }

    async fn take(&self, about: &About, say: &mut dyn FnMut(String)) -> Result<String, NotTaken> {
        let volumes = self.volumes().await?;
        let about = snapshot_volumes::About {
            app: about.app.clone(),
            version: about.version.clone(),
            image: about.image.clone(),
            digest: about.digest.clone(),
            stack: about.stack.clone(),
            recipe: serde_json::to_value(&about.recipe).map_err(anyhow::Error::from)?,
            healthy: about.healthy,
            ..snapshot_volumes::About::default()
        };
        let taken = self.store().take(&volumes, &about, say).map_err(not_taken)?;
        Ok(taken.id.to_string())
    }

    async fn restore(&self, id: &str, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        let id: Id = id.parse().map_err(anyhow::Error::msg)?;
        let store = self.store();
        let volumes = self.volumes_of(&store, &id).await?;
        store.restore(&id, &volumes, say)?;
        Ok(())
    }

    fn unfinished(&self) -> anyhow::Result<Option<String>> {
        Ok(self.store().unfinished_restore()?.map(String::from))
    }

    fn examine(&self, id: &str, say: &mut dyn FnMut(String)) -> anyhow::Result<About> {
        let id: Id = id.parse().map_err(anyhow::Error::msg)?;
        let store = self.store();
        say(format!("reading snapshot {id}"));
        let snapshot = store.verify(&id)?;
        let stack = store.stack(&snapshot)?;
        let what = snapshot.manifest;
        anyhow::ensure!(what.app == self.manifest.name.as_str(), "snapshot {id} is of `{}`", what.app);
        anyhow::ensure!(
            !what.is_dumps(),
            "snapshot {id} holds dumps and not the volumes that a version runs on; `hearth restore {} {id}` loads them",
            what.app
        );
        let recipe = serde_json::from_value(what.recipe).with_context(|| format!("the recipe of snapshot {id}"))?;
        let (app, version, image, digest, healthy) = (what.app, what.version, what.image, what.digest, what.healthy);
        Ok(About { app, version, image, digest, stack, recipe, healthy })
    }

    fn stacks(&self) -> anyhow::Result<Vec<String>> {
        let store = self.store();
        let snapshots = store.list()?.snapshots;
        snapshots.iter().map(|snapshot| Ok(store.stack(snapshot)?)).collect()
    }

    async fn prune(&self, keep: &str, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        let id: Id = keep.parse().map_err(anyhow::Error::msg)?;
        self.store().prune(self.manifest.snapshot.retention, &[id], say).context("removing old snapshots")?;
        Ok(())
    }
}

fn not_taken(error: TakeError) -> NotTaken {
    match error {
        TakeError::NoSpace { .. } => NotTaken::NoRoom(error.to_string()),
        other => NotTaken::Failed(other.into()),
    }
}
