//! The folder that holds an app's snapshots.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use state::{Lock, Reserve, write_atomic};

use crate::error::{StoreError, at};
use crate::snapshot::{Id, Manifest, Snapshot};
use crate::steps::{Nobody, Observer, Point};

/// Names of folders that a run is in the middle of start with this; the next run removes them.
pub(crate) const UNFINISHED: &str = ".unfinished-";
/// What is being brought from elsewhere, by who holds the lock [`ARRIVING`].
pub(crate) const ARRIVAL: &str = ".unfinished-adopt";
pub(crate) const ARRIVING: &str = "arriving";

/// An app's snapshots, by default in `/var/lib/hearth/snapshots/APP`.
///
/// Each is a folder named by its [`Id`]; `last-good.json` names the newest verified one of a healthy app, `restoring.json`
/// is there while a restore is not finished. One run at a time holds `lock`.
pub struct Store {
    pub(crate) folder: PathBuf,
    observer: Box<dyn Observer>,
}

/// What a store holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// The snapshots, the oldest first.
    pub snapshots: Vec<Snapshot>,
    /// Snapshots that cannot be read, with the reason. They are never removed by themselves.
    pub unreadable: Vec<(Id, String)>,
}

#[derive(Serialize, Deserialize)]
struct Pointer {
    schema: u32,
    id: Id,
}

impl Store {
    /// The store in a folder, which is made when something is written into it.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), observer: Box::new(Nobody) }
    }

    /// The same store, with somebody who is told of each [`Point`] that a run passes.
    #[must_use]
    pub fn observed(mut self, observer: Box<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The snapshots that are here. They are not verified: see [`Store::verify`].
    ///
    /// # Errors
    /// When the folder cannot be read. One that is not there holds nothing.
    pub fn list(&self) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        for id in self.ids()? {
            match self.read(&id) {
                Ok(snapshot) => listing.snapshots.push(snapshot),
                Err(error) => listing.unreadable.push((id, error.to_string())),
            }
        }
        Ok(listing)
    }

    /// What a snapshot says of itself.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or is not the one that was written.
    pub fn read(&self, id: &Id) -> Result<Snapshot, StoreError> {
        let path = self.path(id).join("snapshot.json");
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NotThere { id: id.clone(), folder: self.folder.clone() });
            }
            text => text.map_err(at(&path))?,
        };
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| at(&path)(error.into()))?;
        if Id::of(&manifest, &text) != *id {
            return Err(at(&path)(io::Error::new(io::ErrorKind::InvalidData, "it is not what was written")));
        }
        Ok(Snapshot { id: id.clone(), manifest })
    }

    /// The compose file of the deploy that ran when the snapshot was taken.
    ///
    /// # Errors
    /// When it cannot be read, or is not the one that was written.
    pub fn stack(&self, snapshot: &Snapshot) -> Result<String, StoreError> {
        let path = self.path(&snapshot.id).join("stack.yml");
        let text = std::fs::read_to_string(&path).map_err(at(&path))?;
        if state::Digest::of(text.as_bytes()).hex() != snapshot.manifest.stack {
            return Err(at(&path)(io::Error::new(io::ErrorKind::InvalidData, "it is not what was written")));
        }
        Ok(text)
    }

    /// The newest verified snapshot of a healthy app, `None` while there is none.
    ///
    /// # Errors
    /// When the pointer is there and what it names cannot be read.
    pub fn last_good(&self) -> Result<Option<Snapshot>, StoreError> {
        self.pointer("last-good.json")?.map(|id| self.read(&id)).transpose()
    }

    /// The snapshot of a restore that was begun and is not finished. The app must not be started before the same restore
    /// was run again.
    ///
    /// # Errors
    /// When the record of it cannot be read.
    pub fn unfinished_restore(&self) -> Result<Option<Id>, StoreError> {
        self.pointer("restoring.json")
    }

    pub(crate) fn pointer(&self, name: &str) -> Result<Option<Id>, StoreError> {
        let path = self.folder.join(name);
        match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            text => {
                let parsed = text.and_then(|text| Ok(serde_json::from_slice::<Pointer>(&text)?));
                Ok(Some(parsed.map_err(at(path))?.id))
            }
        }
    }

    pub(crate) fn point(&self, name: &str, id: &Id) -> Result<(), StoreError> {
        let mut text = serde_json::to_vec(&Pointer { schema: 1, id: id.clone() })
            .map_err(|error| at(self.folder.join(name))(error.into()))?;
        text.push(b'\n');
        write_atomic(&self.folder.join(name), &text, 0o600).map_err(at(&self.folder))
    }

    /// Room for what a restore writes here before it empties a volume that has filled the disk.
    pub(crate) fn reserve(&self) -> Reserve {
        Reserve::in_folder(&self.folder)
    }

    /// Says durably that the volumes are becoming those of this snapshot. Nothing may run on them.
    pub(crate) fn intend(&self, id: &Id) -> Result<(), StoreError> {
        match self.point("restoring.json", id) {
            Err(StoreError::Io { reason, .. }) if state::is_full(&reason) => {
                self.reserve().release().map_err(at(&self.folder))?;
                self.point("restoring.json", id)
            }
            written => written,
        }
    }

    /// The names of all snapshots, the oldest first.
    pub(crate) fn ids(&self) -> Result<Vec<Id>, StoreError> {
        let mut ids: Vec<Id> = self.names()?.iter().filter_map(|name| name.parse().ok()).collect();
        ids.sort();
        Ok(ids)
    }

    fn names(&self) -> Result<Vec<String>, StoreError> {
        match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            entries => {
                let entries: io::Result<Vec<_>> = entries.map_err(at(&self.folder))?.collect();
                let entries = entries.map_err(at(&self.folder))?;
                Ok(entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect())
            }
        }
    }

    pub(crate) fn path(&self, id: &Id) -> PathBuf {
        self.folder.join(id.as_str())
    }

    /// Makes the folder, for root alone: what lies in it may be open to all in a volume that is not.
    pub(crate) fn make(&self) -> Result<(), StoreError> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(at(&self.folder))
    }

    /// Makes the folder and holds its lock.
    pub(crate) fn lock(&self) -> Result<Lock, StoreError> {
        self.make()?;
        Ok(Lock::acquire(&self.folder.join("lock"))?)
    }

    /// Removes what a killed run left.
    pub(crate) fn sweep(&self) -> Result<(), StoreError> {
        let names = self.names()?;
        // Held while what nobody brings any more is removed.
        let arriving = names.iter().any(|name| name == ARRIVAL).then(|| Lock::try_acquire(&self.folder.join(ARRIVING)));
        let left =
            |name: &&String| name.starts_with(UNFINISHED) && (*name != ARRIVAL || matches!(arriving, Some(Ok(_))));
        for name in names.iter().filter(left) {
            let path = self.folder.join(name);
            std::fs::remove_dir_all(&path).map_err(at(&path))?;
        }
        Ok(())
    }

    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        sync_folder(&self.folder).map_err(at(&self.folder))
    }

    pub(crate) fn passed(&self, point: Point) {
        self.observer.passed(point);
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The files of one volume in a snapshot's folder. They are numbered, because a volume's name may be too long for one.
pub(crate) struct Parts {
    pub index: PathBuf,
    pub archive: PathBuf,
    pub tree: PathBuf,
}

impl Parts {
    pub fn of(snapshot: &Path, place: usize) -> Self {
        Self {
            index: snapshot.join(format!("{place}.index.zst")),
            archive: snapshot.join(format!("{place}.tar.zst")),
            tree: snapshot.join(format!("{place}.tree")),
        }
    }
}
