//! One run over one app's snapshots, on its live services.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use state::{Lock, LockError, Outcome, Receipt};
use swarm::{Exec, Quiesce, STACK_LABEL, Services, Stop, Tasks, Volumes};

use crate::app::App;
use crate::dumps::Before;
use crate::hooks::Moment;
use crate::manifest::Manifest;
use crate::offsite::Repository;
use crate::{About, Captured, Folders, Id, Mode, RestoreError, Snapshot, Staged, Store, TakeError, Volume, hooks};

/// What is needed of the engine.
pub trait Engine: Services + Tasks + Stop + Volumes + Exec {}
impl<T: Services + Tasks + Stop + Volumes + Exec> Engine for T {}

/// What a run is to do.
#[derive(Clone, Debug)]
pub enum Job {
    /// Take a snapshot, and prune.
    Take,
    /// Read one back, or all.
    Verify(Option<Id>),
    /// Put the volumes back.
    Restore(Id),
    /// Remove what retention does not keep.
    Prune,
    /// Copy one off the host, or last-good.
    Send(Option<Id>),
    /// Bring a copy back, or the newest.
    Fetch(Option<Id>),
}

pub(crate) type Ended = anyhow::Result<(Outcome, String)>;

/// Does a job and writes its receipt into `snapshots/` in the app's state folder, or into `snapshots/beside/`, where the last
/// one says that there was no room for a snapshot, until one is taken.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub async fn run(
    engine: &impl Engine,
    manifest: &Manifest,
    job: &Job,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("snapshot-volumes", &manifest.name);
    // Until the receipt is written: of two runs, the one that ended last is the one that is read.
    let lock = lock(manifest, job, say);
    let ended = match &lock {
        Ok(_) => attempt(engine, manifest, job, &mut receipt, say).await,
        Err(error) => Err(anyhow::anyhow!("{error}; the app was not touched")),
    };
    receipt.end(ended);
    let folder = manifest.state_folder.join("snapshots");
    let folder = if hides_a_hold(&folder, job, &receipt) { folder.join("beside") } else { folder };
    receipt.write(&folder).context("writing the receipt")?;
    drop(lock);
    Ok(receipt)
}

/// Whether a receipt would take the place of one that says that no snapshot could be taken, without being an answer to it:
/// that a copy of the last one is off the host must not keep anybody from hearing that there is no newer one.
fn hides_a_hold(folder: &Path, job: &Job, receipt: &Receipt) -> bool {
    let last = || serde_json::from_slice::<Receipt>(&std::fs::read(folder.join("last.json")).ok()?).ok();
    !matches!(job, Job::Take | Job::Restore(_))
        && receipt.outcome != Outcome::Failed
        && last().is_some_and(|last| last.outcome == Outcome::Held)
}

async fn attempt(
    engine: &impl Engine,
    manifest: &Manifest,
    job: &Job,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> Ended {
    let store = manifest.store();
    match job {
        Job::Verify(id) => return verify(&store, id.as_ref(), receipt, say),
        Job::Prune => {
            let gone = store.prune(manifest.snapshot.retention, &[], say)?;
            return Ok(match gone.len() {
                0 => (Outcome::Unchanged, "retention keeps all snapshots".to_owned()),
                count => (Outcome::Changed, format!("removed {count} snapshots")),
            });
        }
        Job::Send(id) => return send(&store, manifest, id.as_ref(), say),
        Job::Fetch(id) => {
            let snapshot = repository(manifest)?.fetch(&store, id.as_ref(), say)?;
            return Ok((Outcome::Changed, format!("fetched {}", snapshot.id)));
        }
        Job::Take | Job::Restore(_) => {}
    }
    let quiesce = Quiesce::new(engine, format!("{STACK_LABEL}={}", manifest.stack));
    let run = Run { manifest, engine, quiesce, store: &store };
    match job {
        Job::Restore(id) => run.restore(id, receipt, say).await,
        _ => run.take(receipt, say).await,
    }
}

/// One run over one app at a time, whichever helper makes it. What leaves the app alone does not wait for it.
fn lock(manifest: &Manifest, job: &Job, say: &mut dyn FnMut(String)) -> Result<Option<Lock>, LockError> {
    if !matches!(job, Job::Take | Job::Restore(_)) {
        return Ok(None);
    }
    let path = manifest.state_folder.join("lock");
    match Lock::try_acquire(&path) {
        Err(LockError::Held(_)) => {
            say("waiting for another run over this app".to_owned());
            Lock::acquire(&path).map(Some)
        }
        other => other.map(Some),
    }
}

pub(crate) struct Run<'a, E> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) engine: &'a E,
    pub(crate) quiesce: Quiesce<'a, E>,
    pub(crate) store: &'a Store,
}

impl<E: Engine> Run<'_, E> {
    pub(crate) fn folders(&self) -> Folders<'_> {
        Folders { app: &self.manifest.name, stack: &self.manifest.stack }
    }

    async fn take(&self, receipt: &mut Receipt, say: &mut dyn FnMut(String)) -> Ended {
        if let Some(id) = self.store.unfinished_restore()? {
            return Err(TakeError::UnfinishedRestore(id).into());
        }
        let app = App::read(self.manifest)?;
        app.ensure_settled()?;
        if self.manifest.rests() {
            return self.take_at_rest(&app, receipt, say).await;
        }
        if self.quiesce.is_stopped().await? {
            say("a run before this one was killed while the app was stopped".to_owned());
            self.start(say).await?;
        }
        let services = self.services().await?;
        let volumes = self.folders().of_services(self.engine, &services).await?;
        let mode = self.manifest.snapshot.mode;
        if volumes.is_empty() || mode == Mode::None {
            return Ok((Outcome::Unchanged, "it has no volumes that matter".to_owned()));
        }
        let about = app.about(&services, self.quiesce.is_up().await?);
        let captured = if mode == Mode::Hooks {
            self.capture_dumps(&services, &volumes, &about, receipt, say).await
        } else {
            self.capture_stopped(&volumes, &about, receipt, say).await
        };
        let snapshot = match captured.context("no snapshot was taken")?.and_then(|captured| captured.seal(say)) {
            Ok(snapshot) => snapshot,
            Err(error) => return held(error),
        };
        receipt.found = serde_json::to_value(&snapshot)?;
        if mode == Mode::Stop {
            self.quiesce.until_up(self.manifest.converge()).await.with_context(|| format!("took {}", snapshot.id))?;
        }
        self.store.prune(self.manifest.snapshot.retention, std::slice::from_ref(&snapshot.id), say)?;
        Ok((Outcome::Changed, format!("took {}, {} bytes", snapshot.id, snapshot.manifest.bytes())))
    }

    /// The volumes as they are while the app is stopped, which is no longer than it has to be.
    async fn capture_stopped(
        &self,
        volumes: &[Volume],
        about: &About,
        receipt: &mut Receipt,
        say: &mut dyn FnMut(String),
    ) -> anyhow::Result<Result<Captured<'_>, TakeError>> {
        if let Err(error) = self.store.ensure_room(&about.app, volumes) {
            return Ok(Err(error));
        }
        let captured = match self.quiesce.stop(self.manifest.snapshot.stop(), say).await {
            Ok(()) => {
                let begun = jiff::Timestamp::now();
                let captured = self.store.capture(volumes, about, say);
                receipt.step("copy the volumes of the stopped app", begun, "done");
                Ok(captured)
            }
            Err(error) => Err(error.into()),
        };
        // Before anything else is looked at: nothing may keep the app down.
        self.quiesce.start(say).await?;
        captured
    }

    /// The dumps that the app's own commands make while it runs.
    async fn capture_dumps(
        &self,
        services: &[swarm::Service],
        volumes: &[Volume],
        about: &About,
        receipt: &mut Receipt,
        say: &mut dyn FnMut(String),
    ) -> anyhow::Result<Result<Captured<'_>, TakeError>> {
        let (settings, engine) = (&self.manifest.snapshot, self.engine);
        let parts = hooks::parts(services, volumes, &self.manifest.stack)?;
        let before = Before::look(&parts)?;
        let captured = match hooks::run(engine, services, Moment::Dump, settings.hook(), say).await {
            Ok(()) => {
                before.check(&parts, settings.least_dump_bytes).map(|()| self.store.capture_parts(&parts, about, say))
            }
            Err(error) => Err(error),
        };
        if let Err(error) = hooks::run(engine, services, Moment::Clear, settings.hook(), say).await {
            say(format!("warning: {error:#}"));
            receipt.warnings.push(format!("{error:#}"));
        }
        captured
    }

    async fn restore(&self, id: &Id, receipt: &mut Receipt, say: &mut dyn FnMut(String)) -> Ended {
        let snapshot = self.store.read(id)?;
        let services = self.services().await?;
        let volumes = self.folders().of_snapshot(self.engine, &snapshot).await?;
        let deployed = App::read(self.manifest)?;
        deployed.ensure_settled()?;
        if deployed.differs_from(&snapshot) {
            let warning = format!(
                "the snapshot is of version {}, {} is deployed",
                snapshot.manifest.named().as_deref().unwrap_or("unknown"),
                deployed.named().as_deref().unwrap_or("unknown")
            );
            say(format!("warning: {warning}"));
            receipt.warnings.push(warning);
        }
        if snapshot.manifest.is_dumps() {
            return self.restore_dumps(&snapshot, &services, &volumes, say).await;
        }
        let begun = jiff::Timestamp::now();
        let restored = match self.store.stage(id, &volumes, say) {
            Err(error) if self.manifest.rests() || !self.quiesce.is_stopped().await? => {
                return restored_or_held(Err(error));
            }
            Err(error) => Err(error),
            Ok(staged) => {
                receipt.step("make the content ready beside the running app", begun, "done");
                self.put_back(staged, receipt, say).await?
            }
        };
        if let Err(error @ RestoreError::Unfinished { .. }) = restored {
            return Err(anyhow::Error::from(error).context("the app stays stopped"));
        }
        if let Some(other) = self.store.unfinished_restore()? {
            bail!("the restore of {other} before this one is not finished; the app stays stopped. Run that one again");
        }
        self.start(say).await?;
        restored_or_held(restored)
    }

    /// Exchanges what is ready for what the volumes hold, while the app is stopped, which is no longer than that takes.
    async fn put_back(
        &self,
        staged: Staged<'_>,
        receipt: &mut Receipt,
        say: &mut dyn FnMut(String),
    ) -> anyhow::Result<Result<Snapshot, RestoreError>> {
        if let Err(error) = self.quiesce.stop(self.manifest.snapshot.stop(), say).await {
            staged.discard();
            if !self.manifest.rests() {
                self.quiesce.start(say).await?;
            }
            return Err(anyhow::Error::from(error).context("no volume was touched"));
        }
        let begun = jiff::Timestamp::now();
        let restored = staged.put_back(say);
        receipt.step("restore the volumes of the stopped app", begun, "done");
        Ok(restored)
    }

    /// Puts dumps back into the running app, which loads them.
    async fn restore_dumps(
        &self,
        snapshot: &Snapshot,
        services: &[swarm::Service],
        volumes: &[Volume],
        say: &mut dyn FnMut(String),
    ) -> Ended {
        ensure!(
            !self.manifest.rests(),
            "{app} is declared stopped, and dumps are loaded into an app that runs; no volume was touched. Set hearth.apps.{app}.state = \"running\" first",
            app = self.manifest.name
        );
        hooks::ensure_loadable(services)?;
        if let Some(other) = self.store.unfinished_restore()? {
            bail!(
                "the restore of {other} is not finished, and the app must not start on half of it; nothing was touched. Restore {other} again, then these dumps"
            );
        }
        self.start(say).await?;
        let limit = self.manifest.snapshot.hook();
        hooks::run(self.engine, services, Moment::Prepare, limit, say).await.context("no volume was touched")?;
        let restored = self.store.restore(&snapshot.id, volumes, say);
        if restored.is_ok() {
            let loaded = hooks::run(self.engine, services, Moment::Load, limit, say).await;
            loaded.context("the dump lies in its place and is not loaded; run the restore again")?;
        }
        restored_or_held(restored)
    }

    /// Starts it again, unless it is declared stopped.
    async fn start(&self, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        if self.manifest.rests() {
            return Ok(());
        }
        self.quiesce.start(say).await?;
        Ok(self.quiesce.until_up(self.manifest.converge()).await?)
    }

    pub(crate) async fn services(&self) -> anyhow::Result<Vec<swarm::Service>> {
        let label = format!("{STACK_LABEL}={}", self.manifest.stack);
        Ok(Services::services(self.engine, &label).await?)
    }
}

fn restored_or_held(restored: Result<Snapshot, RestoreError>) -> Ended {
    match restored {
        Ok(snapshot) => Ok((Outcome::Changed, format!("restored {}", snapshot.id))),
        Err(error @ RestoreError::NoSpace { .. }) => Ok((Outcome::Held, error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// Too little room is for a person to decide; everything else failed.
pub(crate) fn held(error: TakeError) -> Ended {
    match error {
        TakeError::NoSpace { .. } => Ok((Outcome::Held, error.to_string())),
        other => Err(other.into()),
    }
}

fn repository(manifest: &Manifest) -> anyhow::Result<Repository<'_>> {
    let declared = manifest.snapshot.offsite.as_ref().with_context(|| {
        format!("no place off this host is declared; set hearth.apps.{}.snapshot.offsite", manifest.name)
    })?;
    Ok(Repository::new(declared, &manifest.name))
}

fn send(store: &Store, manifest: &Manifest, id: Option<&Id>, say: &mut dyn FnMut(String)) -> Ended {
    let last_good = || Ok::<_, anyhow::Error>(store.last_good()?.context("there is no last-good snapshot yet")?.id);
    let id = id.cloned().map_or_else(last_good, Ok)?;
    if repository(manifest)?.send(store, &id, say)? {
        Ok((Outcome::Changed, format!("copied {id}")))
    } else {
        Ok((Outcome::Unchanged, format!("{id} was copied before")))
    }
}

fn verify(store: &Store, id: Option<&Id>, receipt: &mut Receipt, say: &mut dyn FnMut(String)) -> Ended {
    let listing = store.list()?;
    let all: Vec<Id> = match id {
        Some(id) => vec![id.clone()],
        None => listing.snapshots.into_iter().map(|snapshot| snapshot.id).collect(),
    };
    let mut bad: Vec<String> = match id {
        Some(_) => Vec::new(),
        None => listing.unreadable.into_iter().map(|(_, error)| error).collect(),
    };
    for id in &all {
        match store.verify(id) {
            Ok(_) => say(format!("{id} is whole")),
            Err(error) => bad.push(error.to_string()),
        }
    }
    match bad.first() {
        None => Ok((Outcome::Unchanged, format!("{} snapshots are whole", all.len()))),
        Some(first) => {
            let first = first.clone();
            receipt.warnings = bad;
            bail!(first)
        }
    }
}
