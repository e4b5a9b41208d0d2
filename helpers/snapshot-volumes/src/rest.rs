//! A snapshot of an app that is declared stopped. It is neither stopped nor started for it, and where nothing has run since
//! the last one there is nothing new to copy.

use jiff::Timestamp;
use serde::Deserialize;
use state::{Outcome, Receipt};

use crate::app::App;
use crate::run::{Ended, Engine, Run, held};
use crate::{Mode, Snapshot};

/// Since when nothing of the app runs, as `reconcile-app` wrote it down.
#[derive(Deserialize)]
struct Rest {
    since: Timestamp,
}

impl<E: Engine> Run<'_, E> {
    /// Copies the volumes as they are. Whether the app was well on them nobody knows now: last-good stays what it is.
    pub(crate) async fn take_at_rest(&self, app: &App, receipt: &mut Receipt, say: &mut dyn FnMut(String)) -> Ended {
        let services = self.services().await?;
        let volumes = self.folders().of_services(self.engine, &services).await?;
        if volumes.is_empty() || self.manifest.snapshot.mode == Mode::None {
            return Ok((Outcome::Unchanged, "it has no volumes that matter".to_owned()));
        }
        if let Some(newest) = self.newest_at_rest(services.iter().any(swarm::Service::is_told_to_run))? {
            let summary = format!("it is declared stopped, and nothing has run since snapshot {}", newest.id);
            return Ok((Outcome::Unchanged, summary));
        }
        if let Err(error) = self.store.ensure_room(&self.manifest.name, &volumes) {
            return held(error);
        }
        self.quiesce.stop(self.manifest.snapshot.stop(), say).await?;
        let captured = self.store.capture(&volumes, &app.about(&services, false), say);
        let snapshot = match captured.and_then(|captured| captured.seal(say)) {
            Ok(snapshot) => snapshot,
            Err(error) => return held(error),
        };
        receipt.found = serde_json::to_value(&snapshot)?;
        self.store.prune(self.manifest.snapshot.retention, std::slice::from_ref(&snapshot.id), say)?;
        Ok((Outcome::Changed, format!("took {}, {} bytes", snapshot.id, snapshot.manifest.bytes())))
    }

    /// The newest snapshot, where it was taken since the app is stopped.
    fn newest_at_rest(&self, runs: bool) -> anyhow::Result<Option<Snapshot>> {
        let rest = std::fs::read(self.manifest.state_folder.join("stopped.json")).ok();
        let rest = rest.and_then(|text| serde_json::from_slice::<Rest>(&text).ok());
        let Some(rest) = rest.filter(|_| !runs) else { return Ok(None) };
        let newest = self.store.list()?.snapshots.pop();
        Ok(newest.filter(|snapshot| snapshot.manifest.at >= rest.since))
    }
}
