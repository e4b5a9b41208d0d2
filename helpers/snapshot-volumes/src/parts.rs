//! Putting single paths of a volume back.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, openat2, renameat, statat, unlinkat};
use rustix::io::Errno;

use crate::entry::Raw;
use crate::walk;

/// Moves one path of a prepared tree to the same path of a volume, in place of what is there. Where folders on the way
/// are missing, or are something else now, the topmost of them is moved. A path that the tree does not hold is left alone.
///
/// The volume belongs to an app that may run: no link in it is followed.
pub fn replace(prepared: &Path, volume: &Path, part: &Raw) -> io::Result<()> {
    let (prepared, volume) = (walk::root(prepared)?, walk::root(volume)?);
    if part.0.is_empty() {
        return replace_all(&prepared, &volume);
    }
    let mut path = part.clone();
    let (from, to, name) = loop {
        let Some((folder, name)) = path.split() else { return Ok(()) };
        let name = name.to_vec();
        match (open(&prepared, folder), open(&volume, folder)) {
            (Err(Errno::NOENT), _) => return Ok(()),
            (from, Ok(to)) => break (from?, to, name),
            (_, Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP)) => path = Raw(folder.to_vec()),
            (_, Err(error)) => return Err(error.into()),
        }
    };
    let name = OsStr::from_bytes(&name);
    if matches!(statat(&from, name, AtFlags::SYMLINK_NOFOLLOW), Err(Errno::NOENT)) {
        return Ok(());
    }
    remove(&to, name)?;
    renameat(&from, name, &to, name)?;
    // A descriptor that only names a folder cannot be synced.
    Ok(rustix::fs::syncfs(&volume)?)
}

/// The same for a path that is the volume's root: the folder stays, and holds what the prepared one holds.
fn replace_all(prepared: &OwnedFd, volume: &OwnedFd) -> io::Result<()> {
    for name in walk::names(volume)? {
        remove(volume, OsStr::from_bytes(&name))?;
    }
    for name in walk::names(prepared)? {
        let name = OsStr::from_bytes(&name);
        renameat(prepared, name, volume, name)?;
    }
    Ok(rustix::fs::syncfs(volume)?)
}

fn open(root: &OwnedFd, path: &[u8]) -> rustix::io::Result<OwnedFd> {
    let path = if path.is_empty() { OsStr::new(".") } else { OsStr::from_bytes(path) };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let inside = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    openat2(root.as_fd(), path, flags, Mode::empty(), inside)
}

/// Removes what lies at a name, with everything below it.
fn remove(folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
    let stat = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(()),
        stat => stat?,
    };
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Ok(unlinkat(folder, name, AtFlags::empty())?);
    }
    let own = open(folder, name.as_bytes())?;
    for child in walk::names(&own)? {
        remove(&own, OsStr::from_bytes(&child))?;
    }
    Ok(unlinkat(folder, name, AtFlags::REMOVEDIR)?)
}
