//! Stopping an app after its final snapshot. Cut off at any point, the next look goes on with it; what fails starts it
//! again as it was.

use anyhow::Context as _;
use snapshot_volumes::app::App;
use snapshot_volumes::{Folders, Mode, TakeError, Volume};
use swarm::{Engine as RealEngine, Quiesce, Service, Services, Stop, Tasks};

use super::kept::Kept;
use super::observe::Found;
use super::record::{Record, Standing};
use crate::colour::FAILED_LABEL;
use crate::data::NotTaken;
use crate::plan::{APP_LABEL, STANDBY_LABEL};

/// What is needed of the engine.
pub trait Engine: Services + Tasks + Stop {}
impl<T: Services + Tasks + Stop> Engine for T {}

/// Copies of the volumes of an app that is stopped.
pub trait Copies {
    /// Whether it has volumes that are to be kept, and there is room for a copy.
    async fn needed(&self, kept: &Kept, services: &[Service]) -> Result<bool, NotTaken>;
    /// Takes a verified copy and returns its name. Of an app that was healthy it becomes last-good.
    async fn take(
        &self,
        kept: &Kept,
        services: &[Service],
        healthy: bool,
        say: &mut dyn FnMut(String),
    ) -> anyhow::Result<String>;
}

/// Stops an app after a final snapshot, and writes down how that ended.
///
/// # Errors
/// When the engine or the disk fails in the middle; the next look goes on with it.
pub async fn retire(
    engine: &impl Engine,
    copies: &impl Copies,
    found: &Found,
    kept: &Kept,
    record: Record,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<Record> {
    let cut_off = record.standing == Standing::Stopping;
    let needed = match copies.needed(kept, &found.services).await {
        Ok(needed) => needed,
        Err(reason) => {
            return give_up(engine, found, Record { failed: false, ..record }, &reason.to_string(), say).await;
        }
    };
    let healthy = if cut_off { record.healthy } else { is_healthy(engine, found).await? };
    let begun = Record { standing: Standing::Stopping, healthy, reason: None, ..record };
    begun.write(&found.state_folder)?;
    let taken = match stop(engine, found, kept, say).await {
        Ok(()) if needed => copies.take(kept, &found.services, healthy, say).await.map(Some),
        Ok(()) => Ok(None),
        Err(error) => Err(error),
    };
    match taken {
        Ok(snapshot) => {
            let ended = Record { standing: Standing::Stopped, snapshot, failed: false, ..begun };
            ended.write(&found.state_folder)?;
            Ok(ended)
        }
        Err(error) => give_up(engine, found, Record { failed: true, ..begun }, &format!("{error:#}"), say).await,
    }
}

/// No final snapshot, no stop: the app goes on as it was.
async fn give_up(
    engine: &impl Engine,
    found: &Found,
    record: Record,
    reason: &str,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<Record> {
    let record = Record { standing: Standing::Running, reason: Some(format!("no final snapshot: {reason}")), ..record };
    for quiesce in parts(engine, found) {
        quiesce.start(say).await?;
    }
    if found.record.as_ref() != Some(&record) {
        record.write(&found.state_folder)?;
    }
    Ok(record)
}

async fn stop(engine: &impl Engine, found: &Found, kept: &Kept, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
    for quiesce in parts(engine, found) {
        quiesce.stop(kept.snapshot.stop(), say).await.context("it did not stop")?;
    }
    Ok(())
}

/// Its own services with any standby, and those of colours that failed.
fn parts<'a, E: Engine>(engine: &'a E, found: &Found) -> [Quiesce<'a, E>; 2] {
    [APP_LABEL, FAILED_LABEL].map(|label| Quiesce::new(engine, format!("{label}={}", found.app)))
}

/// Whether its data is that of a version that ran well.
async fn is_healthy(engine: &impl Engine, found: &Found) -> anyhow::Result<bool> {
    let settled = matches!(found.unfinished, Ok(None));
    let own = Quiesce::new(engine, format!("{APP_LABEL}={}", found.app)).without(STANDBY_LABEL);
    Ok(settled && own.is_up().await?)
}

/// Copies in the store where the app's snapshots are.
pub struct Snapshots<'a> {
    /// The engine.
    pub engine: &'a RealEngine,
}

impl Snapshots<'_> {
    async fn volumes(&self, kept: &Kept, services: &[Service]) -> anyhow::Result<Vec<Volume>> {
        let folders = Folders { app: &kept.name, stack: &kept.stack };
        folders.of_services(self.engine, services).await
    }
}

impl Copies for Snapshots<'_> {
    async fn needed(&self, kept: &Kept, services: &[Service]) -> Result<bool, NotTaken> {
        let volumes = self.volumes(kept, services).await?;
        if volumes.is_empty() || kept.snapshot.mode == Mode::None {
            return Ok(false);
        }
        let store = kept.store();
        if let Some(id) = store.unfinished_restore().map_err(anyhow::Error::from)? {
            return Err(NotTaken::Failed(TakeError::UnfinishedRestore(id).into()));
        }
        match store.ensure_room(&kept.name, &volumes) {
            Ok(()) => Ok(true),
            Err(error @ TakeError::NoSpace { .. }) => Err(NotTaken::NoRoom(error.to_string())),
            Err(error) => Err(NotTaken::Failed(error.into())),
        }
    }

    async fn take(
        &self,
        kept: &Kept,
        services: &[Service],
        healthy: bool,
        say: &mut dyn FnMut(String),
    ) -> anyhow::Result<String> {
        let volumes = self.volumes(kept, services).await?;
        let about = App::read(kept)?.about(services, healthy);
        Ok(kept.store().take(&volumes, &about, say)?.id.to_string())
    }
}
