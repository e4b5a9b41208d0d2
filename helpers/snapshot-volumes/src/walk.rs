//! Reading a tree of files, every entry after the folder it lies in, in an order that depends on the names only.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, major, minor, openat, readlinkat, statat};

use crate::entry::{Entry, Kind, Raw};
use crate::meta;

/// An entry where it was found.
pub struct Found<'a> {
    /// What it is; the digest of a file's content is still empty.
    pub entry: Entry,
    /// The bytes that it takes on its file system.
    pub allocated: u64,
    folder: BorrowedFd<'a>,
    name: &'a OsStr,
}

impl Found<'_> {
    /// Opens the content of a file.
    pub fn open(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Ok(openat(self.folder, self.name, flags, Mode::empty()).map(File::from)?)
    }
}

/// Opens the root of a tree.
pub fn root(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Visits every entry of a tree, its root first. Returns how many sockets were left out: a socket is nothing without
/// the process that listens on it, which makes it anew.
///
/// # Errors
/// The first that the system or `visit` reports, with the path it concerns.
pub fn walk(root: impl AsFd, visit: &mut dyn FnMut(&Found<'_>) -> io::Result<()>) -> io::Result<u64> {
    walk_parts(root, &[], visit)
}

/// The same for some paths only: what lies at and below each, and the folders that lead there. No path means all.
///
/// # Errors
/// The first that the system or `visit` reports, with the path it concerns.
pub fn walk_parts(
    root: impl AsFd,
    only: &[Raw],
    visit: &mut dyn FnMut(&Found<'_>) -> io::Result<()>,
) -> io::Result<u64> {
    let mut walk = Walk { visit, only, names: HashMap::new(), sockets: 0 };
    walk.entry(root.as_fd(), OsStr::new("."), &Raw::default())?;
    Ok(walk.sockets)
}

struct Walk<'v> {
    visit: &'v mut dyn FnMut(&Found<'_>) -> io::Result<()>,
    only: &'v [Raw],
    /// The first path of every file with several names.
    names: HashMap<(u64, u64), Raw>,
    sockets: u64,
}

impl Walk<'_> {
    fn entry(&mut self, folder: BorrowedFd<'_>, name: &OsStr, path: &Raw) -> io::Result<()> {
        if !self.only.is_empty() && !self.only.iter().any(|part| part.holds(path) || path.holds(part)) {
            return Ok(());
        }
        let shown = path.to_string();
        self.here(folder, name, path).map_err(|error| within(&shown, error))
    }

    fn here(&mut self, folder: BorrowedFd<'_>, name: &OsStr, path: &Raw) -> io::Result<()> {
        let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let Some(kind) = self.kind(folder, name, path, &stat)? else {
            self.sockets += 1;
            return Ok(());
        };
        let is_folder = kind == Kind::Folder;
        let is_link = matches!(kind, Kind::HardLink { .. });
        let entry = Entry {
            path: path.clone(),
            kind,
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            mtime: (stat.st_mtime, u32::try_from(stat.st_mtime_nsec).unwrap_or_default()),
            xattrs: meta::xattrs(folder, name)?,
        };
        let blocks = u64::try_from(stat.st_blocks).unwrap_or_default();
        let allocated = if is_link { 0 } else { blocks.saturating_mul(512) };
        (self.visit)(&Found { entry, allocated, folder, name })?;
        if is_folder { self.children(folder, name, path) } else { Ok(()) }
    }

    fn children(&mut self, folder: BorrowedFd<'_>, name: &OsStr, path: &Raw) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = openat(folder, name, flags, Mode::empty())?;
        for name in names(&folder)? {
            let path = path.join(&name);
            self.entry(folder.as_fd(), OsStr::from_bytes(&name), &path)?;
        }
        Ok(())
    }

    fn kind(&mut self, folder: BorrowedFd<'_>, name: &OsStr, path: &Raw, stat: &Stat) -> io::Result<Option<Kind>> {
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind != FileType::Directory && kind != FileType::Socket && stat.st_nlink > 1 {
            if let Some(to) = self.names.get(&(stat.st_dev, stat.st_ino)) {
                return Ok(Some(Kind::HardLink { to: to.clone() }));
            }
            self.names.insert((stat.st_dev, stat.st_ino), path.clone());
        }
        let (major, minor) = (major(stat.st_rdev), minor(stat.st_rdev));
        Ok(Some(match kind {
            FileType::Directory => Kind::Folder,
            FileType::RegularFile => {
                Kind::File { size: u64::try_from(stat.st_size).unwrap_or_default(), sha256: String::new() }
            }
            FileType::Symlink => Kind::Symlink { to: Raw(readlinkat(folder, name, Vec::new())?.into_bytes()) },
            FileType::Fifo => Kind::Fifo,
            FileType::CharacterDevice => Kind::CharacterDevice { major, minor },
            FileType::BlockDevice => Kind::BlockDevice { major, minor },
            FileType::Socket => return Ok(None),
            FileType::Unknown => return Err(io::Error::other("it is of a kind that is not known")),
        }))
    }
}

/// The names in a folder, sorted by their bytes.
pub fn names(folder: impl AsFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Adds the path to an error, once: the innermost one names what it is about.
fn within(path: &str, error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<AtPath>()) {
        Some(_) => error,
        None => io::Error::new(error.kind(), AtPath { path: path.to_owned(), error }),
    }
}

/// An error at a path of a tree.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}")]
struct AtPath {
    path: String,
    error: io::Error,
}
