//! What can go wrong with snapshots.

use std::io;
use std::path::PathBuf;

use crate::snapshot::Id;

/// Why no snapshot was taken. The volumes were only read, and last-good is what it was.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// There is not enough room for it; a person must decide.
    #[error(
        "a snapshot of `{app}` needs {needed} bytes in {folder}, {free} are free; none was taken. Make room, or set fewer to keep with hearth.apps.{app}.snapshot.retention"
    )]
    NoSpace {
        /// The app.
        app: String,
        /// The store.
        folder: PathBuf,
        /// What it may need at most, in bytes.
        needed: u64,
        /// What is free, in bytes.
        free: u64,
    },
    /// A restore of this app was begun and not finished: its volumes may be half of each.
    #[error("the restore of {0} is not finished; no snapshot was taken. Run that restore again first")]
    UnfinishedRestore(Id),
    /// A volume cannot be read.
    #[error("volume {name} in {path}: {reason}; no snapshot was taken")]
    Volume {
        /// The volume.
        name: String,
        /// Its folder.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// What was written reads back differently.
    #[error("the new snapshot of `{app}` does not read back as it was written, and was given up: {reason}")]
    Unverified {
        /// The app.
        app: String,
        /// What differs.
        reason: VerifyError,
    },
    /// The store cannot be used.
    #[error("{0}; no snapshot was taken")]
    Store(#[from] StoreError),
}

/// Why a snapshot does not count as whole.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is damaged.
    #[error("snapshot {id}: {what}; it is not used for a restore. `snapshot-volumes … list` shows the others")]
    Damaged {
        /// The snapshot.
        id: String,
        /// What is wrong.
        what: String,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a restore did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The snapshot is damaged; no volume was touched.
    #[error("{0}; no volume was touched")]
    Snapshot(#[from] VerifyError),
    /// A volume of the snapshot has no place to go to; no volume was touched.
    #[error("snapshot {id} holds volume {name}, which was not given; no volume was touched. Create the volume first")]
    Missing {
        /// The snapshot.
        id: Id,
        /// The volume.
        name: String,
    },
    /// Another restore was cut off, and this one would not put all of its volumes right; no volume was touched.
    #[error(
        "the restore of {other} is not finished, and volume {name} may be half of it, which {id} does not hold whole; no volume was touched. Restore {other} again, or a snapshot that holds the volume"
    )]
    UnderWay {
        /// The snapshot that was asked for.
        id: Id,
        /// The snapshot whose restore is not finished.
        other: Id,
        /// The volume.
        name: String,
    },
    /// There is not enough room for it; a person must decide.
    #[error(
        "restoring {id}: volume {name} in {path} needs {needed} bytes, {free} can be had; no volume was touched. Make room and run it again"
    )]
    NoSpace {
        /// The snapshot.
        id: Id,
        /// The volume.
        name: String,
        /// Its folder.
        path: PathBuf,
        /// What it needs, in bytes.
        needed: u64,
        /// What is free, with what the volume takes now, in bytes.
        free: u64,
    },
    /// A volume could not be prepared; no volume was touched.
    #[error("volume {name} in {path}: {reason}; no volume was touched")]
    Volume {
        /// The volume.
        name: String,
        /// Its folder.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// It failed in the middle; the same restore again finishes it.
    #[error(
        "restoring {id}: volume {name} in {path}: {reason}; the restore is not finished. Run it again: it begins anew and ends in the same state"
    )]
    Unfinished {
        /// The snapshot.
        id: Id,
        /// The volume.
        name: String,
        /// Its folder.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store itself fails.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder of it.
    #[error("{path}: {reason}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// There is no such snapshot.
    #[error("there is no snapshot {id} in {folder}; `snapshot-volumes … list` shows them")]
    NotThere {
        /// The name asked for.
        id: Id,
        /// The store.
        folder: PathBuf,
    },
    /// It cannot be locked.
    #[error(transparent)]
    Lock(#[from] state::LockError),
}

/// For `map_err`: an error of the store at a path.
pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.into();
    move |reason| StoreError::Io { path, reason }
}
