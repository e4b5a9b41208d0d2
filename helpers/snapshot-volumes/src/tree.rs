//! A volume as a tree of clones: made, read back.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use crate::content::{clone_or_copy, digest};
use crate::entry::{Entry, Kind, Raw};
use crate::plant::Planter;
use crate::walk::{self, Found};

/// Whether files of a volume can be cloned into `folder`: tried with the first of them that is not empty, because a
/// mount in between, a file system or a file's attribute may forbid it.
///
/// # Errors
/// When the volume cannot be read or the folder cannot be written.
pub fn can_clone(volume: impl AsFd, only: &[Raw], folder: &Path) -> io::Result<bool> {
    let probe = folder.join("probe");
    let mut tried = None;
    let walked = walk::walk_parts(volume, only, &mut |found| {
        if found.entry.size() == 0 || !matches!(found.entry.kind, Kind::File { .. }) {
            return Ok(());
        }
        let target = match File::create(&probe) {
            Err(error) if state::is_full(&error) => {
                tried = Some(false);
                return Err(error);
            }
            target => target?,
        };
        tried = Some(rustix::fs::ioctl_ficlone(target, found.open()?).is_ok());
        std::fs::remove_file(&probe)?;
        // Nothing is wrong: the rest need not be looked at.
        Err(io::ErrorKind::Interrupted.into())
    });
    match tried {
        Some(tried) => Ok(tried),
        None => walked.map(|_| true),
    }
}

/// Adds an entry to a tree, a file as a clone of the one that was found.
pub(crate) fn add(planter: &mut Planter, found: &Found<'_>) -> io::Result<()> {
    let size = found.entry.size();
    planter.plant(&found.entry, &mut |target| clone_or_copy(&found.open()?, target, size))
}

/// Visits all entries of a tree, each with the digest of its content.
pub(crate) fn read(tree: &Path, each: &mut dyn FnMut(Entry, &Found<'_>) -> io::Result<()>) -> io::Result<()> {
    walk::walk(walk::root(tree)?, &mut |found| {
        let mut entry = found.entry.clone();
        if let Kind::File { size, sha256 } = &mut entry.kind {
            *sha256 = digest(&found.open()?, *size)?;
        }
        each(entry, found)
    })
    .map(drop)
}
