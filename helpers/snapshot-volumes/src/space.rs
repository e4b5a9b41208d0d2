//! How much room there is.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use crate::entry::Raw;
use crate::walk;

/// What is left for everything else, in bytes.
pub(crate) const RESERVE: u64 = 16 << 20;

/// What the description of one entry takes, in bytes: its inode, its name, its line in the index. An estimate on the
/// safe side.
pub(crate) const ENTRY: u64 = 2 << 10;

/// Bytes that can still be written to the file system of a folder.
pub(crate) fn free(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// What a tree holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    pub entries: u64,
    pub bytes: u64,
    pub allocated: u64,
}

/// Looks at all entries of a tree, or at those of some paths.
pub(crate) fn size(root: impl AsFd, only: &[Raw]) -> io::Result<Size> {
    let mut size = Size::default();
    walk::walk_parts(root, only, &mut |found| {
        size.entries += 1;
        size.bytes += found.entry.size();
        size.allocated += found.allocated;
        Ok(())
    })?;
    Ok(size)
}
