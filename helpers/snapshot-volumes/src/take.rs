//! Taking a snapshot.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use state::{Digest, Lock, write_atomic};

use crate::archive::Writer;
use crate::content::Counted;
use crate::entry::Entry;
use crate::error::{StoreError, TakeError, VerifyError, at};
use crate::plant::Planter;
use crate::restore::discard;
use crate::snapshot::{About, Form, Id, Kept, Manifest, Part, Snapshot, Volume};
use crate::space::{self, Size};
use crate::steps::Point;
use crate::store::{Parts, Store, UNFINISHED, sync_folder};
use crate::verify::{compare, entries};
use crate::{index, tree, walk};

/// How hard zstd tries: the app may be stopped while it does.
const LEVEL: i32 = 3;

/// Volumes whose content is in the store, and which nothing needs to hold still any more. It does not count as a snapshot
/// before it is [sealed](Self::seal); dropped, it is removed by the next run.
pub struct Captured<'s> {
    store: &'s Store,
    _lock: Lock,
    folder: PathBuf,
    about: About,
    at: Timestamp,
    number: u64,
    volumes: Vec<(Kept, Vec<Entry>)>,
}

impl Store {
    /// Takes a snapshot: [`capture`](Self::capture) and [`seal`](Captured::seal). Nothing may write to the volumes.
    ///
    /// # Errors
    /// See [`TakeError`].
    pub fn take(&self, volumes: &[Volume], about: &About, say: &mut dyn FnMut(String)) -> Result<Snapshot, TakeError> {
        self.capture(volumes, about, say)?.seal(say)
    }

    /// Whether there is room for a snapshot of these volumes, before anything is stopped for it. An estimate: an app that
    /// runs goes on writing.
    ///
    /// # Errors
    /// [`TakeError::NoSpace`], with both numbers; others when the store cannot be used.
    pub fn ensure_room(&self, app: &str, volumes: &[Volume]) -> Result<(), TakeError> {
        self.make()?;
        let mut wanted = space::RESERVE;
        for volume in volumes {
            let look = || {
                let root = walk::root(&volume.path)?;
                Ok(needed(tree::can_clone(&root, &[], &self.folder)?, space::size(&root, &[])?))
            };
            // A file that vanishes while it is looked at is no reason against a snapshot.
            wanted += look().or_else(|reason: io::Error| match reason.kind() {
                io::ErrorKind::NotFound => Ok(0),
                _ => Err(TakeError::Volume { name: volume.name.clone(), path: volume.path.clone(), reason }),
            })?;
        }
        let free = space::free(&self.folder).map_err(at(&self.folder))?;
        let no_space = || TakeError::NoSpace { app: app.to_owned(), folder: self.folder.clone(), needed: wanted, free };
        if free < wanted { Err(no_space()) } else { Ok(()) }
    }

    /// Brings the content of volumes into the store. Nothing may write to them until this returns.
    ///
    /// Each becomes a tree of clones where the file system can clone, a compressed archive elsewhere.
    ///
    /// # Errors
    /// See [`TakeError`]; nothing is left behind.
    pub fn capture(
        &self,
        volumes: &[Volume],
        about: &About,
        say: &mut dyn FnMut(String),
    ) -> Result<Captured<'_>, TakeError> {
        let whole = volumes.iter().map(|volume| Part { volume: volume.clone(), only: Vec::new() });
        self.capture_parts(&whole.collect::<Vec<_>>(), about, say)
    }

    /// The same for volumes of which only some paths are taken.
    ///
    /// # Errors
    /// See [`TakeError`]; nothing is left behind.
    pub fn capture_parts(
        &self,
        parts: &[Part],
        about: &About,
        say: &mut dyn FnMut(String),
    ) -> Result<Captured<'_>, TakeError> {
        let mut captured = self.begin(about)?;
        // What a restore that was killed had made ready takes the room of a copy.
        for part in parts {
            discard(&part.volume);
        }
        match captured.fill(parts, say) {
            Ok(()) => Ok(captured),
            Err(error) => Err(captured.give_up(error)),
        }
    }

    fn begin(&self, about: &About) -> Result<Captured<'_>, TakeError> {
        let lock = self.lock()?;
        if let Some(id) = self.unfinished_restore()? {
            return Err(TakeError::UnfinishedRestore(id));
        }
        self.sweep()?;
        self.passed(Point::TakeLeftoversRemoved);
        let folder = self.folder.join(format!("{UNFINISHED}{}", std::process::id()));
        std::fs::create_dir(&folder).map_err(at(&folder))?;
        let number = self.ids()?.last().map_or(0, Id::number) + 1;
        let at = Timestamp::now();
        Ok(Captured { store: self, _lock: lock, folder, about: about.clone(), at, number, volumes: Vec::new() })
    }
}

impl Captured<'_> {
    fn fill(&mut self, wanted: &[Part], say: &mut dyn FnMut(String)) -> Result<(), TakeError> {
        let (plans, needed) = self.plans(wanted)?;
        self.store.reserve().hold().map_err(|reason| {
            let lacks =
                state::is_full(&reason).then(|| self.no_space(needed, space::free(&self.folder).unwrap_or_default()));
            lacks.unwrap_or_else(|| at(&self.store.folder)(reason).into())
        })?;
        for (place, (part, (clone, size))) in wanted.iter().zip(plans).enumerate() {
            let volume = &part.volume;
            let parts = Parts::of(&self.folder, place);
            let how = if clone { "cloning" } else { "archiving" };
            say(format!("{how} volume {}: {} files, {} bytes", volume.name, size.entries, size.bytes));
            let written = if clone { write_tree(part, &parts.tree) } else { write_archive(part, &parts.archive) };
            let (form, entries, sockets) = written.map_err(|reason| self.failed(volume, reason, needed))?;
            let bytes = entries.iter().map(Entry::size).sum();
            let kept = Kept {
                name: volume.name.clone(),
                only: part.only.clone(),
                form,
                entries: entries.len() as u64,
                bytes,
                allocated: size.allocated,
                sockets,
                index: String::new(),
            };
            self.volumes.push((kept, entries));
            self.store.passed(Point::TakeVolumeWritten);
        }
        Ok(())
    }

    /// How each volume is to be kept, and what all of them may need at most, for which there is room.
    fn plans(&self, parts: &[Part]) -> Result<(Vec<(bool, Size)>, u64), TakeError> {
        let plans = parts.iter().map(|part| self.plan(part)).collect::<Result<Vec<_>, _>>()?;
        let needed = space::RESERVE + plans.iter().map(|(clone, size)| needed(*clone, *size)).sum::<u64>();
        let free = space::free(&self.folder).map_err(at(&self.folder))?;
        if free < needed { Err(self.no_space(needed, free)) } else { Ok((plans, needed)) }
    }

    /// Whether a volume can be cloned, and what it holds.
    fn plan(&self, part: &Part) -> Result<(bool, Size), TakeError> {
        let look = || {
            let root = walk::root(&part.volume.path)?;
            Ok((tree::can_clone(&root, &part.only, &self.folder)?, space::size(&root, &part.only)?))
        };
        look().map_err(|reason| self.failed(&part.volume, reason, 0))
    }

    fn no_space(&self, needed: u64, free: u64) -> TakeError {
        TakeError::NoSpace { app: self.about.app.clone(), folder: self.store.folder.clone(), needed, free }
    }

    fn failed(&self, volume: &Volume, reason: io::Error, needed: u64) -> TakeError {
        if state::is_full(&reason) {
            return self.no_space(needed, space::free(&self.folder).unwrap_or_default());
        }
        TakeError::Volume { name: volume.name.clone(), path: volume.path.clone(), reason }
    }

    /// Removes what was written; that this fails adds nothing to the error in hand, and the next run tries again.
    fn give_up(&self, error: TakeError) -> TakeError {
        let _ = std::fs::remove_dir_all(&self.folder);
        error
    }

    /// Reads everything back, makes it durable and a snapshot, and, where the app was healthy, last-good. The app may run
    /// meanwhile.
    ///
    /// # Errors
    /// See [`TakeError`]; last-good is then what it was.
    pub fn seal(mut self, say: &mut dyn FnMut(String)) -> Result<Snapshot, TakeError> {
        let (snapshot, healthy) = match self.complete(say) {
            Ok(done) => done,
            Err(error) => return Err(self.give_up(error)),
        };
        if healthy {
            self.store.point("last-good.json", &snapshot.id)?;
            self.store.passed(Point::TakePointerMoved);
        }
        Ok(snapshot)
    }

    fn complete(&mut self, say: &mut dyn FnMut(String)) -> Result<(Snapshot, bool), TakeError> {
        // The content first, so that it is read back from where it was written to.
        File::open(&self.folder).and_then(|folder| Ok(rustix::fs::syncfs(folder)?)).map_err(at(&self.folder))?;
        self.store.passed(Point::TakeSynced);
        say("reading the snapshot back".to_owned());
        for place in 0..self.volumes.len() {
            self.read_back(place)?;
        }
        self.store.passed(Point::TakeVerified);
        let (id, manifest) = self.describe().map_err(|reason| at(&self.folder)(reason))?;
        self.store.passed(Point::TakeManifestWritten);
        let path = self.store.path(&id);
        std::fs::rename(&self.folder, &path).map_err(at(&path))?;
        self.store.sync()?;
        self.store.passed(Point::TakeRenamed);
        let snapshot = self.store.read(&id)?;
        say(format!("took snapshot {id}"));
        Ok((snapshot, manifest.healthy))
    }

    /// Compares what was written with what was looked at, and writes the index of what was read.
    fn read_back(&mut self, place: usize) -> Result<(), TakeError> {
        let (folder, parts) = (self.folder.clone(), Parts::of(&self.folder, place));
        let (kept, seen) = &mut self.volumes[place];
        let read = entries(&kept.form, &parts).and_then(|read| {
            if kept.form == Form::Clone { compare_metadata(seen, read) } else { compare(seen, &read).map(|()| read) }
        });
        let unverified = |reason: io::Error| TakeError::Unverified {
            app: self.about.app.clone(),
            reason: VerifyError::Damaged { id: folder.display().to_string(), what: reason.to_string() },
        };
        *seen = read.map_err(unverified)?;
        kept.index = index::write(&parts.index, seen).map_err(at(&parts.index))?;
        Ok(index::read(&parts.index, &kept.index).map(drop).map_err(at(&parts.index))?)
    }

    fn describe(&self) -> io::Result<(Id, Manifest)> {
        let about = self.about.clone();
        write_atomic(&self.folder.join("stack.yml"), about.stack.as_bytes(), 0o600)?;
        let manifest = Manifest {
            schema: 1,
            number: self.number,
            at: self.at,
            app: about.app,
            version: about.version,
            image: about.image,
            digest: about.digest,
            stack: Digest::of(about.stack.as_bytes()).hex(),
            recipe: about.recipe,
            environment: about.environment,
            secrets: about.secrets,
            healthy: about.healthy,
            volumes: self.volumes.iter().map(|(kept, _)| kept.clone()).collect(),
        };
        let mut text = serde_json::to_vec_pretty(&manifest)?;
        text.push(b'\n');
        write_atomic(&self.folder.join("snapshot.json"), &text, 0o600)?;
        Ok((Id::of(&manifest, &text), manifest))
    }
}

/// What a volume may take in the store at most: an archive of what cannot be compressed is as large as its source.
fn needed(clone: bool, size: Size) -> u64 {
    let content = if clone { 0 } else { size.allocated };
    content.saturating_add(size.entries.saturating_mul(space::ENTRY))
}

type Written = io::Result<(Form, Vec<Entry>, u64)>;

fn write_tree(part: &Part, path: &Path) -> Written {
    std::fs::create_dir(path)?;
    let mut planter = Planter::new(walk::root(path)?);
    let mut entries = Vec::new();
    let sockets = walk::walk_parts(walk::root(&part.volume.path)?, &part.only, &mut |found| {
        tree::add(&mut planter, found)?;
        entries.push(found.entry.clone());
        Ok(())
    })?;
    planter.finish()?;
    Ok((Form::Clone, entries, sockets))
}

fn write_archive(part: &Part, path: &Path) -> Written {
    let file = BufWriter::with_capacity(1 << 20, File::create_new(path)?);
    let mut encoder = zstd::Encoder::new(Counted::new(file), LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.multithread(std::thread::available_parallelism().map_or(1, usize::from).try_into().unwrap_or(1))?;
    let mut writer = Writer::new(encoder);
    let mut entries = Vec::new();
    let sockets = walk::walk_parts(walk::root(&part.volume.path)?, &part.only, &mut |found| {
        entries.push(writer.add(found)?);
        Ok(())
    })?;
    let (file, sha256, size) = writer.finish()?.finish()?.finish();
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    // What is read back shall come from the disk. That the system keeps it in memory all the same is no error.
    let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    sync_folder(path.parent().unwrap_or(path))?;
    Ok((Form::Archive { sha256, size }, entries, sockets))
}

/// Clones have no digests before they are read: everything else must be as it was seen.
fn compare_metadata(seen: &[Entry], read: Vec<Entry>) -> io::Result<Vec<Entry>> {
    let bare: Vec<Entry> = read.iter().map(Entry::without_digest).collect();
    compare(seen, &bare)?;
    Ok(read)
}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        Self::other(error)
    }
}
