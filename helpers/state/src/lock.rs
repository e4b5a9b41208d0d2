//! One run at a time.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// An exclusive `flock(2)`, held until dropped. It dies with its holder, so it cannot go stale.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock, which the kernel drops with the descriptor")] File);

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds it.
    #[error("another run holds {0}; wait for it, or see which with `fuser {0}`")]
    Held(PathBuf),
    /// The lock file could not be opened or locked.
    #[error("lock file {path}: {reason}")]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
}

impl Lock {
    /// Takes the lock at `path` or says at once that another holds it.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process holds it, [`LockError::Io`] when the file cannot be opened or locked.
    pub fn try_acquire(path: &Path) -> Result<Self, LockError> {
        let file = open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LockError::Held(path.to_owned())),
            Err(errno) => Err(LockError::Io { path: path.to_owned(), reason: errno.into() }),
        }
    }

    /// Waits for the lock at `path`.
    ///
    /// # Errors
    /// [`LockError::Io`] when the file cannot be opened or locked.
    pub fn acquire(path: &Path) -> Result<Self, LockError> {
        let file = open(path)?;
        flock(&file, FlockOperation::LockExclusive)
            .map_err(|errno| LockError::Io { path: path.to_owned(), reason: errno.into() })?;
        Ok(Self(file))
    }
}

fn open(path: &Path) -> Result<File, LockError> {
    let attempt = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        File::options().create(true).append(true).open(path)
    };
    attempt().map_err(|reason| LockError::Io { path: path.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/lock");
        let first = Lock::try_acquire(&path).unwrap();
        assert!(matches!(Lock::try_acquire(&path), Err(LockError::Held(_))));
        drop(first);
        Lock::try_acquire(&path).unwrap();
    }
}
