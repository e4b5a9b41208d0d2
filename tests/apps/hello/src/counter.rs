//! The counter in the volume.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

/// A number that only ever grows, and that a power cut leaves old or new.
pub struct Counter {
    file: PathBuf,
    lock: PathBuf,
}

impl Counter {
    /// The counter of a data folder.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        Self::named(folder, "count")
    }

    /// A counter of another name.
    pub fn named(folder: &Path, name: &str) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("the data folder {}", folder.display()))?;
        Ok(Self { file: folder.join(name), lock: folder.join("lock") })
    }

    /// The number now.
    pub fn read(&self) -> Result<u64> {
        match fs::read_to_string(&self.file) {
            Ok(text) => text.trim().parse().with_context(|| format!("{} holds `{text}`", self.file.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error).with_context(|| format!("{}", self.file.display())),
        }
    }

    /// Adds one, and returns the new number once it is on the disk.
    pub fn increment(&self) -> Result<u64> {
        let _turn = self.turn()?;
        let next = self.read()? + 1;
        self.write(next)?;
        Ok(next)
    }

    /// Starts again from zero.
    pub fn reset(&self) -> Result<()> {
        let _turn = self.turn()?;
        self.write(0)
    }

    /// Two requests at once must not both write the same number, nor two instances of which one takes over from the
    /// other: they share the volume for a while.
    fn turn(&self) -> Result<File> {
        let file = File::create(&self.lock).with_context(|| format!("{}", self.lock.display()))?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(file)
    }

    fn write(&self, number: u64) -> Result<()> {
        let draft = self.file.with_extension("draft");
        let mut file = File::create(&draft).with_context(|| format!("{}", draft.display()))?;
        writeln!(file, "{number}")?;
        file.sync_all()?;
        fs::rename(&draft, &self.file)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_there_for_the_next_instance() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Counter::in_folder(folder.path()).unwrap().increment().unwrap(), 1);
        assert_eq!(Counter::in_folder(folder.path()).unwrap().increment().unwrap(), 2);
        assert!(!folder.path().join("count.draft").exists(), "no draft is left");
    }

    #[test]
    fn requests_at_once_each_count_once() {
        let folder = tempfile::tempdir().unwrap();
        let counter = Counter::in_folder(folder.path()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..25).for_each(|_| assert!(counter.increment().is_ok())));
            }
        });
        assert_eq!(counter.read().unwrap(), 200);
    }

    #[test]
    fn a_damaged_counter_is_an_error_and_not_a_zero() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("count"), "7 or so").unwrap();
        let counter = Counter::in_folder(folder.path()).unwrap();
        assert!(counter.increment().unwrap_err().to_string().contains("holds `7 or so`"));
    }
}
