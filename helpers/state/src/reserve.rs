//! Room that is set aside for a full disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use crate::remove_durably;

/// Whether a write failed for want of room.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A file that takes room for as long as nobody needs it. What must be written down to go back from a version that has
/// filled the disk is written into the room that this file leaves.
#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
}

impl Reserve {
    /// Bytes: the journal, the end of the log of what failed, and the receipt take some tens of KiB.
    pub const SIZE: u64 = 1 << 20;

    /// The reserve in a folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("reserve") }
    }

    /// Whether the room is taken. A copy of the file may be full of holes, and so may one on a file system that takes a
    /// promise for room, or makes it smaller.
    pub fn is_held(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|found| found.blocks() * 512 >= Self::SIZE)
    }

    /// Takes the room, if it is not taken yet; whether the file system shows that it is. One that compresses, or tells
    /// late what it has given, may not.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] when there is less; then none of it is taken. Others as they come, with the path.
    pub fn hold(&self) -> io::Result<bool> {
        if self.is_held() {
            return Ok(true);
        }
        self.take().map_err(|error| {
            let _ = std::fs::remove_file(&self.path);
            io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
        })?;
        Ok(self.is_held())
    }

    fn take(&self) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
        match fallocate(&file, FallocateFlags::empty(), 0, Self::SIZE) {
            Ok(()) | Err(Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno.into()),
        }
        if !self.is_held() {
            // There is no promise here, or it takes no room. What cannot be made smaller is written.
            io::copy(&mut File::open("/dev/urandom")?.take(Self::SIZE), &mut file)?;
        }
        file.sync_all()
    }

    /// Gives the room away, if there is any.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn release(&self) -> io::Result<()> {
        remove_durably(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn room_is_taken_once_and_given_away_once() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::in_folder(folder.path());
        let taken = || std::fs::metadata(folder.path().join("reserve")).unwrap().blocks() * 512;
        reserve.release().unwrap();
        assert!(reserve.hold().unwrap() && taken() >= Reserve::SIZE);
        assert!(reserve.hold().unwrap());
        reserve.release().unwrap();
        assert!(!reserve.is_held());
        reserve.release().unwrap();
    }

    #[test]
    fn a_reserve_of_holes_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reserve");
        std::fs::File::create(&path).unwrap().set_len(Reserve::SIZE).unwrap();
        Reserve::in_folder(folder.path()).hold().unwrap();
        assert!(std::fs::metadata(path).unwrap().blocks() * 512 >= Reserve::SIZE);
    }

    /// A `ramfs` promises no room.
    #[test]
    fn where_no_room_is_promised_it_is_filled() {
        let folder = tempfile::tempdir().unwrap();
        // starts: mount umount
        let mount = |arguments: &[&str]| Command::new(arguments[0]).args(&arguments[1..]).arg(folder.path()).output();
        if !test_needs::mounts() {
            return;
        }
        assert!(mount(&["mount", "-t", "ramfs", "none"]).unwrap().status.success());
        let held = Reserve::in_folder(folder.path()).hold();
        let length = std::fs::metadata(folder.path().join("reserve")).map(|found| found.len());
        mount(&["umount"]).unwrap();
        assert!(held.unwrap());
        assert_eq!(length.unwrap(), Reserve::SIZE);
    }

    #[test]
    fn without_the_room_nothing_of_it_is_taken() {
        let folder = Path::new("/dev/full/no");
        let error = Reserve::in_folder(folder).hold().unwrap_err();
        assert!(error.to_string().contains("/dev/full/no/reserve"), "{error}");
    }
}
