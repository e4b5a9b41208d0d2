//! Owner, mode, times and extended attributes of what lies in an open folder.
//!
//! Everything is addressed by an open folder and a name in it, so that a link planted on the way leads nowhere. The
//! calls for extended attributes take paths only: they are given the folder's descriptor through `/proc/self/fd`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use rustix::fs::{
    AtFlags, Gid, Mode, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags, chmodat, chownat, lgetxattr,
    lgetxattr_query, llistxattr, llistxattr_query, lremovexattr, lsetxattr, utimensat,
};
use rustix::io::Errno;

use crate::entry::{Entry, Kind, Raw};

fn through_proc(folder: impl AsFd, name: &OsStr) -> OsString {
    let mut path = format!("/proc/self/fd/{}/", folder.as_fd().as_raw_fd()).into_bytes();
    path.extend_from_slice(name.as_bytes());
    OsString::from_vec(path)
}

/// All extended attributes of `name` in `folder`. A file system without them has none.
pub fn xattrs(folder: impl AsFd, name: &OsStr) -> io::Result<BTreeMap<Raw, Raw>> {
    let path = through_proc(folder, name);
    let names = match grown(|| llistxattr_query(&*path), |buffer| llistxattr(&*path, buffer)) {
        Err(Errno::OPNOTSUPP) => return Ok(BTreeMap::new()),
        names => names?,
    };
    let mut found = BTreeMap::new();
    for name in names.split(|byte| *byte == 0).filter(|name| is_kept(name)) {
        let value = match grown(|| lgetxattr_query(&*path, name), |buffer| lgetxattr(&*path, name, buffer)) {
            Err(Errno::NODATA) => continue,
            value => value?,
        };
        found.insert(Raw(name.to_vec()), Raw(value));
    }
    Ok(found)
}

/// XFS shows its own copy of the ACLs to root, under names that no other file system takes.
fn is_kept(name: &[u8]) -> bool {
    !name.is_empty() && !name.starts_with(b"trusted.SGI_ACL_")
}

/// Reads into a buffer of the size asked for, again when it grew in between.
fn grown(
    size: impl Fn() -> rustix::io::Result<usize>,
    read: impl Fn(&mut [u8]) -> rustix::io::Result<usize>,
) -> rustix::io::Result<Vec<u8>> {
    loop {
        let mut buffer = vec![0; size()?];
        if buffer.is_empty() {
            return Ok(buffer);
        }
        match read(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(Errno::RANGE) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Gives `name` in `folder` what `entry` says: owner first, because a change of it takes set-id bits and file
/// capabilities away; then attributes, because an ACL changes the mode; then the mode, then the times.
pub fn apply(folder: impl AsFd, name: &OsStr, entry: &Entry) -> io::Result<()> {
    let folder = folder.as_fd();
    let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
    chownat(folder, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    let path = through_proc(folder, name);
    for present in xattrs(folder, name)?.keys().filter(|present| !entry.xattrs.contains_key(present)) {
        lremovexattr(&*path, present.as_os())?;
    }
    for (attribute, value) in &entry.xattrs {
        lsetxattr(&*path, attribute.as_os(), &value.0, XattrFlags::empty()).map_err(|error| {
            io::Error::new(io::Error::from(error).kind(), format!("extended attribute {attribute}: {error}"))
        })?;
    }
    if !matches!(entry.kind, Kind::Symlink { .. }) {
        // No flag against following links is needed, nor known by older kernels: this is no link, we made it.
        chmodat(folder, name, Mode::from_raw_mode(entry.mode), AtFlags::empty())?;
    }
    let (seconds, nanoseconds) = entry.mtime;
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() },
    };
    Ok(utimensat(folder, name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}
