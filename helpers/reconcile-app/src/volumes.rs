//! Snapshots of an app's volumes on the real host.

use anyhow::Context as _;
use snapshot_volumes::{Folders, Id, Observer, Point, Store, TakeError, Volume};
use swarm::{Engine, Services as _};

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

    fn folders(&self) -> Folders<'_> {
        Folders { app: self.manifest.name.as_str(), stack: self.manifest.stack.as_str() }
    }

    /// The app's volumes: those of its stack, and others that its services mount.
    async fn volumes(&self) -> anyhow::Result<Vec<Volume>> {
        let services = self.engine.services(&format!("{APP_LABEL}={}", self.manifest.name)).await?;
        self.folders().of_services(self.engine, &services).await
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
        let volumes = self.folders().of_snapshot(self.engine, &store.read(&id)?).await?;
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
