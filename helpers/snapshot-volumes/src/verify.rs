//! Reading snapshots back.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use state::Lock;

use crate::content::Counted;
use crate::entry::{Entry, Kind};
use crate::error::{StoreError, VerifyError, at};
use crate::plant::Planter;
use crate::snapshot::{Form, Id, Snapshot};
use crate::store::{ARRIVAL, ARRIVING, Parts, Store};
use crate::{archive, index, tree, walk};

impl Store {
    /// Reads a snapshot back in whole and compares everything with the digests that were taken of it.
    ///
    /// # Errors
    /// [`VerifyError::Damaged`] with the first thing that differs.
    pub fn verify(&self, id: &Id) -> Result<Snapshot, VerifyError> {
        let snapshot = self.read_whole(id)?;
        for place in 0..snapshot.manifest.volumes.len() {
            self.verify_volume(&snapshot, place)?;
        }
        Ok(snapshot)
    }

    /// Takes in a snapshot that comes from elsewhere: `bring` writes it into a folder, and when it is the one that was
    /// asked for and whole, it is one of this store. What brought it need not know of all attributes: a tree of clones gets
    /// back what its index says. Where the app was healthy and nothing newer is last-good, it becomes that. The store is not
    /// locked while `bring` runs: that may take hours, and an update would wait for it with its app stopped.
    ///
    /// # Errors
    /// What `bring` reports, or that what came is damaged; the store is then what it was.
    pub fn adopt(&self, id: &Id, bring: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<Snapshot> {
        self.make()?;
        let _arriving = Lock::acquire(&self.folder.join(ARRIVING))?;
        if self.path(id).exists() {
            let _reading = self.reading(id)?;
            let snapshot = self.verify(id)?;
            let _lock = self.lock()?;
            return self.good(snapshot);
        }
        // A store of its own, so that what came is looked at by the same rules, under the same name.
        let aside = self.folder.join(ARRIVAL);
        if aside.exists() {
            std::fs::remove_dir_all(&aside).map_err(at(&aside))?;
        }
        std::fs::create_dir(&aside).map_err(at(&aside))?;
        let arrived = Self::in_folder(&aside);
        let brought = bring(&arrived.path(id)).and_then(|()| Ok(arrived.mend(id)?));
        let checked = brought.and_then(|()| Ok(arrived.verify(id)?));
        let landed = checked.and_then(|snapshot| {
            let lock = self.lock()?;
            rustix::fs::syncfs(File::open(&aside)?)?;
            std::fs::rename(arrived.path(id), self.path(id)).map_err(at(self.path(id)))?;
            self.sync()?;
            Ok((snapshot, lock))
        });
        let _ = std::fs::remove_dir_all(&aside);
        let (snapshot, _lock) = landed?;
        self.good(snapshot)
    }

    /// A snapshot that is whole, and last-good where the app was healthy and nothing newer is.
    fn good(&self, snapshot: Snapshot) -> anyhow::Result<Snapshot> {
        if snapshot.manifest.healthy && !self.has_newer_good(&snapshot)? {
            self.point("last-good.json", &snapshot.id)?;
        }
        Ok(snapshot)
    }

    /// Whether last-good is newer, by its number or by its time: on a host that was installed anew numbers begin again.
    fn has_newer_good(&self, than: &Snapshot) -> Result<bool, StoreError> {
        let Some(good) = self.pointer("last-good.json")? else { return Ok(false) };
        // One that cannot be read is good for nothing any more.
        let read = self.read(&good);
        Ok(read.is_ok_and(|read| read.id > than.id || read.manifest.at > than.manifest.at))
    }

    /// Gives the trees of a snapshot what their indexes say of them.
    fn mend(&self, id: &Id) -> Result<(), VerifyError> {
        let snapshot = self.read_whole(id)?;
        for (place, kept) in snapshot.manifest.volumes.iter().enumerate().filter(|(_, kept)| kept.form == Form::Clone) {
            let parts = Parts::of(&self.path(id), place);
            let mend = || Planter::mend(walk::root(&parts.tree)?, &index::read(&parts.index, &kept.index)?);
            mend().map_err(|reason| damaged(&snapshot, &kept.name, &reason))?;
        }
        Ok(())
    }

    /// What a snapshot says of itself, when that and its compose file are whole.
    pub(crate) fn read_whole(&self, id: &Id) -> Result<Snapshot, VerifyError> {
        let damaged = |error| match error {
            StoreError::Io { path, reason } if reason.kind() == io::ErrorKind::InvalidData => {
                VerifyError::Damaged { id: id.to_string(), what: format!("{}: {reason}", path.display()) }
            }
            other => VerifyError::Store(other),
        };
        let snapshot = self.read(id).map_err(damaged)?;
        self.stack(&snapshot).map_err(damaged)?;
        Ok(snapshot)
    }

    pub(crate) fn verify_volume(&self, snapshot: &Snapshot, place: usize) -> Result<(), VerifyError> {
        let (kept, parts) = (&snapshot.manifest.volumes[place], Parts::of(&self.path(&snapshot.id), place));
        let check = || compare(&index::read(&parts.index, &kept.index)?, &entries(&kept.form, &parts)?);
        check().map_err(|reason| damaged(snapshot, &kept.name, &reason))
    }
}

/// A snapshot whose volume is not what it was.
pub(crate) fn damaged(snapshot: &Snapshot, volume: &str, reason: &io::Error) -> VerifyError {
    VerifyError::Damaged { id: snapshot.id.to_string(), what: format!("volume {volume}: {reason}") }
}

/// All entries of a volume in a snapshot, with digests, read from what is kept of it.
pub(crate) fn entries(form: &Form, parts: &Parts) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    match form {
        Form::Clone => tree::read(&parts.tree, &mut |entry, _| {
            entries.push(entry);
            Ok(())
        })?,
        Form::Archive { sha256, size } => read_archive(parts, sha256, *size, &mut |mut entry, content| {
            let digest = content.save(None)?;
            if let Kind::File { sha256, .. } = &mut entry.kind {
                *sha256 = digest;
            }
            entries.push(entry);
            Ok(())
        })?,
    }
    Ok(entries)
}

/// Reads an archive whose digest and length are known.
pub(crate) fn read_archive(
    parts: &Parts,
    sha256: &str,
    size: u64,
    each: &mut dyn FnMut(Entry, &mut archive::Content<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = Counted::new(File::open(&parts.archive)?);
    let mut decoder = zstd::Decoder::with_buffer(BufReader::with_capacity(1 << 20, &mut file))?;
    archive::read(&mut decoder, each)?;
    io::copy(&mut decoder, &mut io::sink())?;
    drop(decoder);
    io::copy(&mut file, &mut io::sink())?;
    let (_, found, length) = file.finish();
    if found == sha256 && length == size { Ok(()) } else { Err(crate::pax::bad("its digest is another")) }
}

/// Tells the first difference between what was written down and what was found.
pub(crate) fn compare(expected: &[Entry], found: &[Entry]) -> io::Result<()> {
    let bad = |what: String| Err(io::Error::new(io::ErrorKind::InvalidData, what));
    for (expected, found) in expected.iter().zip(found) {
        if expected.path != found.path {
            return bad(format!("{} is expected, {} is there", expected.path, found.path));
        }
        if expected.without_digest() != found.without_digest() {
            return bad(format!("{} has another {}", expected.path, difference(expected, found)));
        }
        if expected != found {
            return bad(format!("{} has other content than was written", expected.path));
        }
    }
    match (expected.get(found.len()), found.get(expected.len())) {
        (Some(missing), _) => bad(format!("{} is missing", missing.path)),
        (_, Some(more)) => bad(format!("{} should not be there", more.path)),
        (None, None) => Ok(()),
    }
}

fn difference(expected: &Entry, found: &Entry) -> String {
    let owner = |entry: &Entry| (entry.uid, entry.gid);
    let differs = [
        ("kind, length or target", expected.without_digest().kind != found.without_digest().kind),
        ("mode", expected.mode != found.mode),
        ("owner", owner(expected) != owner(found)),
        ("time", expected.mtime != found.mtime),
        ("extended attributes", expected.xattrs != found.xattrs),
    ];
    differs.iter().filter(|(_, differs)| *differs).map(|(what, _)| *what).collect::<Vec<_>>().join(", ")
}
