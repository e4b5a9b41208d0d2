//! Putting volumes back.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, RenameFlags, StatxFlags, renameat_with, statx};
use state::Lock;

use crate::entry::{Entry, Kind, Raw};
use crate::error::{RestoreError, VerifyError, at};
use crate::plant::Planter;
use crate::room::Room;
use crate::snapshot::{Form, Id, Kept, Snapshot, Volume};
use crate::space;
use crate::steps::Point;
use crate::store::{Parts, Store, sync_folder};
use crate::verify::{compare, damaged, read_archive};
use crate::{index, parts, tree, walk};

/// The name beside a volume's folder under which its new content is made ready.
const STAGING: &str = ".hearth-restore-";

/// One volume on its way back.
pub(crate) struct Job {
    place: usize,
    volume: Volume,
    /// Where its new content is made ready, to change places with the old in one step. `None` where that cannot be: the
    /// volume is a mount point, or there is no room for old and new at once. It is then emptied and filled.
    staging: Option<PathBuf>,
}

impl Job {
    /// What the snapshot has of it.
    fn kept<'s>(&self, snapshot: &'s Snapshot) -> &'s Kept {
        &snapshot.manifest.volumes[self.place]
    }
}

/// The content of a snapshot, checked, and where there is room ready beside what it is to replace. No volume was touched.
#[must_use = "put it back or discard it: it takes the room of a copy"]
pub struct Staged<'s> {
    store: &'s Store,
    snapshot: Snapshot,
    jobs: Vec<Job>,
    _lock: Lock,
}

impl Staged<'_> {
    /// Puts it in the place of what the volumes hold. Nothing may run on them.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn put_back(self, say: &mut dyn FnMut(String)) -> Result<Snapshot, RestoreError> {
        let (store, id) = (self.store, &self.snapshot.id);
        store.intend(id)?;
        store.passed(Point::RestoreIntentWritten);
        store.put_in_place(&self.snapshot, &self.jobs)?;
        state::remove_durably(&store.folder.join("restoring.json")).map_err(at(&store.folder))?;
        store.passed(Point::RestoreIntentRemoved);
        say(format!("restored snapshot {id}"));
        Ok(self.snapshot)
    }

    /// Removes it again.
    pub fn discard(self) {
        self.jobs.iter().for_each(|job| discard(&job.volume));
    }
}

impl Store {
    /// Puts all volumes of a snapshot back: afterwards each holds exactly what it held, and nothing that came later.
    /// Nothing may run on them. Of a volume of which only some paths were taken, exactly these are put back.
    ///
    /// The content is checked on the way. What is damaged or has no room is told before any volume is touched. After a
    /// crash [`unfinished_restore`](Self::unfinished_restore) names the snapshot, and the same call again ends in the same
    /// state. A volume that was given and is not in the snapshot is left alone.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn restore(&self, id: &Id, volumes: &[Volume], say: &mut dyn FnMut(String)) -> Result<Snapshot, RestoreError> {
        self.stage(id, volumes, say)?.put_back(say)
    }

    /// The part of [`restore`](Self::restore) that takes long, for which the app may go on running.
    ///
    /// # Errors
    /// See [`RestoreError`]; no volume was touched.
    pub fn stage(&self, id: &Id, volumes: &[Volume], say: &mut dyn FnMut(String)) -> Result<Staged<'_>, RestoreError> {
        let lock = self.lock()?;
        let snapshot = self.read_whole(id)?;
        self.ensure_covered(&snapshot)?;
        let jobs = self.ready(&snapshot, volumes, say).inspect_err(|_| volumes.iter().for_each(discard))?;
        Ok(Staged { store: self, snapshot, jobs, _lock: lock })
    }

    /// A restore that was cut off may have left any of its volumes half: one that does not replace all of them must not
    /// take its place.
    fn ensure_covered(&self, snapshot: &Snapshot) -> Result<(), RestoreError> {
        let Some(other) = self.unfinished_restore()?.filter(|other| *other != snapshot.id) else { return Ok(()) };
        let whole = |name: &str| snapshot.manifest.volumes.iter().any(|kept| kept.name == name && kept.only.is_empty());
        match self.read(&other)?.manifest.volumes.into_iter().find(|kept| !whole(&kept.name)) {
            Some(kept) => Err(RestoreError::UnderWay { id: snapshot.id.clone(), other, name: kept.name }),
            None => Ok(()),
        }
    }

    /// Everything that can be done before a volume is touched.
    pub(crate) fn ready(
        &self,
        snapshot: &Snapshot,
        volumes: &[Volume],
        say: &mut dyn FnMut(String),
    ) -> Result<Vec<Job>, RestoreError> {
        let jobs = self.jobs(snapshot, volumes, say)?;
        self.passed(Point::RestoreLeftoversRemoved);
        for job in &jobs {
            let kept = job.kept(snapshot);
            say(format!("preparing volume {}: {} files, {} bytes", kept.name, kept.entries, kept.bytes));
            self.prepare(snapshot, job)?;
            self.passed(Point::RestoreStaged);
        }
        Ok(jobs)
    }

    fn jobs(
        &self,
        snapshot: &Snapshot,
        volumes: &[Volume],
        say: &mut dyn FnMut(String),
    ) -> Result<Vec<Job>, RestoreError> {
        let (mut jobs, mut room) = (Vec::new(), Room::default());
        for (place, kept) in snapshot.manifest.volumes.iter().enumerate() {
            let volume = volumes
                .iter()
                .find(|volume| volume.name == kept.name)
                .ok_or_else(|| RestoreError::Missing { id: snapshot.id.clone(), name: kept.name.clone() })?;
            let staging = staging(volume);
            if staging.exists() {
                std::fs::remove_dir_all(&staging).map_err(|reason| unprepared(volume, reason))?;
            }
            let staging = self.place_beside(snapshot, place, volume, staging, &mut room)?;
            if staging.is_none() {
                say(format!(
                    "volume {} is emptied first: its old and new content cannot lie side by side",
                    volume.name
                ));
            }
            jobs.push(Job { place, volume: volume.clone(), staging });
        }
        for Job { volume, .. } in jobs.iter().filter(|job| job.staging.is_none()) {
            if let Some((needed, free)) = room.shortage(&volume.path).map_err(|reason| unprepared(volume, reason))? {
                let (id, name, path) = (snapshot.id.clone(), volume.name.clone(), volume.path.clone());
                return Err(RestoreError::NoSpace { id, name, path, needed, free });
            }
        }
        Ok(jobs)
    }

    /// Makes the folder for the new content beside the old, where that can be.
    fn place_beside(
        &self,
        snapshot: &Snapshot,
        place: usize,
        volume: &Volume,
        staging: PathBuf,
        room: &mut Room,
    ) -> Result<Option<PathBuf>, RestoreError> {
        let kept = &snapshot.manifest.volumes[place];
        let tree = Parts::of(&self.path(&snapshot.id), place).tree;
        let mut look = || {
            let beside = !is_mount_point(&volume.path)? && made(&staging)?;
            let mut clones = false;
            if beside {
                clones = kept.form == Form::Clone && tree::can_clone(walk::root(&tree)?, &[], &staging)?;
            }
            let content = if clones { 0 } else { kept.allocated };
            let needed = content + kept.entries * space::ENTRY;
            Ok((beside, beside && room.claim_beside(&volume.path, needed)?))
        };
        let untouched = |reason| unprepared(volume, reason);
        let (beside, fits) = look().map_err(untouched)?;
        if fits {
            return Ok(Some(staging));
        }
        if !kept.only.is_empty() {
            discard(volume);
            let reason = "some paths of it can only be put back from beside it, and there is no place for them";
            return Err(unprepared(volume, io::Error::other(reason)));
        }
        let clear = if beside { std::fs::remove_dir(&staging) } else { Ok(()) };
        clear.and_then(|()| room.claim_in_place(&volume.path, kept.allocated)).map_err(untouched)?;
        Ok(None)
    }

    /// Makes the new content ready, or, where it has no place yet, makes sure that it is whole.
    fn prepare(&self, snapshot: &Snapshot, job: &Job) -> Result<(), RestoreError> {
        let Some(staging) = &job.staging else { return Ok(self.verify_volume(snapshot, job.place)?) };
        self.fill(snapshot, job, staging).map_err(|reason| match reason.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                RestoreError::Snapshot(damaged(snapshot, &job.kept(snapshot).name, &reason))
            }
            _ => unprepared(&job.volume, reason),
        })
    }

    /// Fills an empty folder with the content of a volume, compares it with its index, and makes it durable.
    fn fill(&self, snapshot: &Snapshot, job: &Job, target: &Path) -> io::Result<()> {
        let (kept, parts) = (job.kept(snapshot), Parts::of(&self.path(&snapshot.id), job.place));
        let expected = index::read(&parts.index, &kept.index)?;
        let mut planter = Planter::new(walk::root(target)?);
        let mut found: Vec<Entry> = Vec::with_capacity(expected.len());
        match &kept.form {
            Form::Clone => tree::read(&parts.tree, &mut |entry, source| {
                tree::add(&mut planter, source)?;
                found.push(entry);
                Ok(())
            })?,
            Form::Archive { sha256, size } => read_archive(&parts, sha256, *size, &mut |mut entry, content| {
                let mut digest = String::new();
                planter.plant(&entry, &mut |file| {
                    digest = content.save(Some(file))?;
                    Ok(())
                })?;
                if let Kind::File { sha256, .. } = &mut entry.kind {
                    *sha256 = digest;
                }
                found.push(entry);
                Ok(())
            })?,
        }
        planter.finish()?;
        compare(&expected, &found)?;
        Ok(rustix::fs::syncfs(walk::root(target)?)?)
    }

    /// Gives all volumes their new content. What is filled in place may need the room of everything that goes.
    pub(crate) fn put_in_place(&self, snapshot: &Snapshot, jobs: &[Job]) -> Result<(), RestoreError> {
        let (in_place, beside): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|job| job.staging.is_none());
        in_place.iter().try_for_each(|job| self.clear(snapshot, job))?;
        beside.iter().try_for_each(|job| self.exchange(snapshot, job))?;
        in_place.iter().try_for_each(|job| self.refill(snapshot, job))
    }

    fn clear(&self, snapshot: &Snapshot, job: &Job) -> Result<(), RestoreError> {
        empty(&job.volume.path).map_err(|reason| unfinished(snapshot, job, reason))?;
        self.passed(Point::RestoreCleared);
        Ok(())
    }

    fn refill(&self, snapshot: &Snapshot, job: &Job) -> Result<(), RestoreError> {
        self.fill(snapshot, job, &job.volume.path).map_err(|reason| unfinished(snapshot, job, reason))?;
        self.passed(Point::RestoreFilled);
        Ok(())
    }

    fn exchange(&self, snapshot: &Snapshot, job: &Job) -> Result<(), RestoreError> {
        let Some(staging) = &job.staging else { return Ok(()) };
        self.exchange_content(staging, &job.volume.path, &job.kept(snapshot).only)
            .map_err(|reason| unfinished(snapshot, job, reason))
    }

    fn exchange_content(&self, staging: &Path, path: &Path, only: &[Raw]) -> io::Result<()> {
        if only.is_empty() {
            renameat_with(CWD, staging, CWD, path, RenameFlags::EXCHANGE)?;
            sync_folder(parent(path))?;
        } else {
            only.iter().try_for_each(|part| parts::replace(staging, path, part))?;
        }
        self.passed(Point::RestoreExchanged);
        std::fs::remove_dir_all(staging)?;
        self.passed(Point::RestoreOldRemoved);
        Ok(())
    }
}

fn unfinished(snapshot: &Snapshot, job: &Job, reason: io::Error) -> RestoreError {
    RestoreError::Unfinished {
        id: snapshot.id.clone(),
        name: job.kept(snapshot).name.clone(),
        path: job.volume.path.clone(),
        reason,
    }
}

fn unprepared(volume: &Volume, reason: io::Error) -> RestoreError {
    RestoreError::Volume { name: volume.name.clone(), path: volume.path.clone(), reason }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn staging(volume: &Volume) -> PathBuf {
    let name = volume.path.file_name().unwrap_or_default();
    let mut staging = std::ffi::OsString::from(STAGING);
    staging.push(name);
    volume.path.with_file_name(staging)
}

/// Removes what was made ready and is not needed. That this fails adds nothing to the error in hand; the next run tries
/// again.
pub(crate) fn discard(volume: &Volume) {
    let _ = std::fs::remove_dir_all(staging(volume));
}

/// Makes a folder, if there is room for as much as that.
fn made(folder: &Path) -> io::Result<bool> {
    match std::fs::create_dir(folder) {
        Err(error) if state::is_full(&error) => Ok(false),
        made => made.map(|()| true),
    }
}

/// Whether a folder is where something is mounted, so that it cannot change places with its neighbour.
fn is_mount_point(path: &Path) -> io::Result<bool> {
    let mount = |path: &Path| statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID);
    let (own, above) = (mount(path)?, mount(parent(path))?);
    Ok(own.stx_mnt_id != above.stx_mnt_id)
}

/// Removes everything in a folder.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

impl From<VerifyError> for io::Error {
    fn from(error: VerifyError) -> Self {
        Self::other(error)
    }
}
