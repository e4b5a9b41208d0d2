//! A copy of a snapshot's content in volumes that are nobody's, to try whether an app can live on it.

use std::fs::File;
use std::io;

use rustix::fs::{FlockOperation, flock};

use crate::error::{RestoreError, StoreError, at};
use crate::restore::discard;
use crate::snapshot::{Id, Snapshot, Volume};
use crate::store::Store;

/// A snapshot that is being read: while this lives, it is not pruned.
pub(crate) struct Reading(#[expect(dead_code, reason = "held for its lock, which dies with it")] File);

impl Store {
    /// Puts the content of a snapshot into volumes, as [`restore`](Self::restore) does, but for a trial: the volumes are
    /// made for it and thrown away, so that nothing has to be finished after a crash, and the store does not know of it.
    /// Each volume is named as in the snapshot; its folder is the one to fill. Snapshots can be taken meanwhile.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn unpack(&self, id: &Id, volumes: &[Volume], say: &mut dyn FnMut(String)) -> Result<Snapshot, RestoreError> {
        let _reading = self.reading(id)?;
        let snapshot = self.read_whole(id)?;
        let jobs = self.ready(&snapshot, volumes, say).inspect_err(|_| volumes.iter().for_each(discard))?;
        self.put_in_place(&snapshot, &jobs)?;
        Ok(snapshot)
    }

    pub(crate) fn reading(&self, id: &Id) -> Result<Reading, StoreError> {
        let path = self.path(id);
        let folder = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NotThere { id: id.clone(), folder: self.folder.clone() });
            }
            folder => folder.map_err(at(&path))?,
        };
        flock(&folder, FlockOperation::LockShared).map_err(|errno| at(&path)(errno.into()))?;
        Ok(Reading(folder))
    }

    /// `None` while somebody reads it.
    pub(crate) fn unread(&self, id: &Id) -> Result<Option<Reading>, StoreError> {
        let path = self.path(id);
        let folder = File::open(&path).map_err(at(&path))?;
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Reading(folder))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(at(&path)(errno.into())),
        }
    }
}
