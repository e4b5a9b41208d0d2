//! One deploy of an environment at a time: the next waits, and gives way to one that came after it.
//!
//! Who arrives takes a ticket with the next number and holds a lock on it; who runs holds the lock `run`. Locks die with
//! their holders, so a killed deploy neither blocks the others nor makes them give way.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use state::{Lock, LockError};

/// How often it is looked whether it is one's turn.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What waiting came to.
#[derive(Debug)]
pub enum Turn {
    /// It is one's turn, for as long as this is held.
    Mine(Lock),
    /// A newer one waits; this one is not done.
    Superseded,
}

/// A place in the queue. It is given up when it is dropped.
#[derive(Debug)]
pub struct Ticket {
    folder: PathBuf,
    number: u64,
    path: PathBuf,
    #[expect(dead_code, reason = "held for its lock, which says that somebody waits")]
    lock: Lock,
}

/// Joins the queue in a folder, behind everybody who is in it.
///
/// # Errors
/// When the folder cannot be written to.
pub fn join(folder: &Path) -> io::Result<Ticket> {
    std::fs::create_dir_all(folder)?;
    let _one_at_a_time = Lock::acquire(&folder.join("lock")).map_err(io::Error::other)?;
    let mut last = 0;
    for (number, path) in tickets(folder)? {
        last = last.max(number);
        if !is_held(&path) {
            remove_unless_gone(&path)?;
        }
    }
    let number = last + 1;
    let path = folder.join(number.to_string());
    // Waits for nobody but one who looks at this moment whether it is held.
    let lock = Lock::acquire(&path).map_err(io::Error::other)?;
    Ok(Ticket { folder: folder.to_owned(), number, path, lock })
}

impl Ticket {
    /// Waits for one's turn; `waiting` is called once where it does not come at once.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn wait(self, waiting: &mut dyn FnMut()) -> io::Result<Turn> {
        let mut told = false;
        loop {
            if self.is_superseded()? {
                return Ok(Turn::Superseded);
            }
            match Lock::try_acquire(&self.folder.join("run")) {
                // Somebody may have joined since it was looked.
                Ok(_) if self.is_superseded()? => return Ok(Turn::Superseded),
                Ok(lock) => return Ok(Turn::Mine(lock)),
                Err(LockError::Held(_)) => {}
                Err(error) => return Err(io::Error::other(error)),
            }
            if !told {
                waiting();
                told = true;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn is_superseded(&self) -> io::Result<bool> {
        Ok(tickets(&self.folder)?.into_iter().any(|(number, path)| number > self.number && is_held(&path)))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // The next to join removes it otherwise.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn tickets(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let paths = std::fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path());
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse().ok();
    Ok(paths.filter_map(|path| Some((number(&path)?, path))).collect())
}

/// Who held a ticket when it was listed may have given it up since, and taken it away.
fn remove_unless_gone(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether somebody holds the lock on a ticket. Asked with a shared lock, which two may have who ask at the same time.
fn is_held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    matches!(flock(&file, FlockOperation::NonBlockingLockShared), Err(rustix::io::Errno::WOULDBLOCK))
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
