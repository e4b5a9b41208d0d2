//! Making a tree of files from entries.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, linkat, makedev, mkdirat, mknodat, openat, openat2, symlinkat,
};

use crate::entry::{Entry, Kind, Raw};
use crate::meta;

/// Makes entries below an open folder. Links on the way are never followed, whatever the entries say.
pub struct Planter {
    root: OwnedFd,
    /// Folders get their attributes last: children change their times, and a default ACL would pass on to children.
    folders: Vec<Entry>,
    /// The folder of the last entry, because the next one most likely lies in it too.
    last: Option<(Vec<u8>, OwnedFd)>,
}

/// Writes the content of a file that was just made.
pub type Fill<'f> = &'f mut dyn FnMut(&File) -> io::Result<()>;

impl Planter {
    /// Plants into an empty folder.
    pub fn new(root: OwnedFd) -> Self {
        Self { root, folders: Vec::new(), last: None }
    }

    /// Gives what lies below a folder already the owners, modes, times and attributes that entries say.
    ///
    /// # Errors
    /// The system's, with the path.
    pub fn mend(root: OwnedFd, entries: &[Entry]) -> io::Result<()> {
        let mut planter = Self::new(root);
        for entry in entries {
            if entry.kind == Kind::Folder {
                planter.folders.push(entry.clone());
            } else if let Some((folder, name)) = entry.path.split().filter(|_| entry.path.is_inside()) {
                let done = planter.folder(folder).and_then(|to| meta::apply(to, OsStr::from_bytes(name), entry));
                done.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", entry.path)))?;
            }
        }
        planter.finish()
    }

    /// Makes one entry; the folder it lies in was made before it. `fill` is called for files.
    ///
    /// # Errors
    /// The system's, with the path.
    pub fn plant(&mut self, entry: &Entry, fill: Fill<'_>) -> io::Result<()> {
        self.make(entry, fill).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", entry.path)))
    }

    /// Gives the folders what their entries say. Call it once, after the last entry.
    ///
    /// # Errors
    /// The system's, with the path.
    pub fn finish(mut self) -> io::Result<()> {
        while let Some(entry) = self.folders.pop() {
            let done = match entry.path.split() {
                Some((folder, name)) => {
                    self.folder(folder).and_then(|folder| meta::apply(folder, OsStr::from_bytes(name), &entry))
                }
                None => meta::apply(&self.root, OsStr::new("."), &entry),
            };
            done.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", entry.path)))?;
        }
        Ok(())
    }

    fn make(&mut self, entry: &Entry, fill: Fill<'_>) -> io::Result<()> {
        if !entry.path.is_inside() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this path leaves the volume"));
        }
        let Some((folder, name)) = entry.path.split() else {
            self.folders.push(entry.clone());
            return Ok(());
        };
        let name = OsStr::from_bytes(name);
        if let Kind::HardLink { to } = &entry.kind {
            return self.link(to, folder, name);
        }
        let folder = self.folder(folder)?;
        let private = Mode::from_raw_mode(0o600);
        match &entry.kind {
            Kind::Folder => {
                mkdirat(folder, name, Mode::from_raw_mode(0o700))?;
                self.folders.push(entry.clone());
                return Ok(());
            }
            Kind::File { .. } => {
                let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                fill(&File::from(openat(folder, name, flags, private)?))?;
            }
            Kind::Symlink { to } => symlinkat(to.as_os(), folder, name)?,
            Kind::Fifo => mknodat(folder, name, FileType::Fifo, private, 0)?,
            Kind::CharacterDevice { major, minor } => {
                mknodat(folder, name, FileType::CharacterDevice, private, makedev(*major, *minor))?;
            }
            Kind::BlockDevice { major, minor } => {
                mknodat(folder, name, FileType::BlockDevice, private, makedev(*major, *minor))?;
            }
            Kind::HardLink { .. } => {}
        }
        meta::apply(folder, name, entry)
    }

    fn link(&mut self, to: &Raw, folder: &[u8], name: &OsStr) -> io::Result<()> {
        let outside = || io::Error::new(io::ErrorKind::InvalidData, "this link leads out of the volume");
        let (old_folder, old_name) = to.split().filter(|_| to.is_inside()).ok_or_else(outside)?;
        let old_folder = self.open(old_folder)?;
        let folder = self.folder(folder)?;
        Ok(linkat(old_folder, OsStr::from_bytes(old_name), folder, name, AtFlags::empty())?)
    }

    fn folder(&mut self, path: &[u8]) -> io::Result<&OwnedFd> {
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            self.last = None;
            let opened = self.open(path)?;
            self.last = Some((path.to_vec(), opened));
        }
        self.last.as_ref().map(|(_, folder)| folder).ok_or_else(|| io::Error::other("no folder is open"))
    }

    fn open(&self, path: &[u8]) -> io::Result<OwnedFd> {
        let path = if path.is_empty() { OsStr::new(".") } else { OsStr::from_bytes(path) };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let inside = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        Ok(openat2(self.root.as_fd(), path, flags, Mode::empty(), inside)?)
    }
}
