//! What several volumes that are put back together need of the same disk.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::{space, walk};

/// What is spoken for on each file system, by its device number.
#[derive(Default)]
pub(crate) struct Room(BTreeMap<u64, Claims>);

#[derive(Default)]
struct Claims {
    /// Bytes that the new content takes beside the old.
    bytes: u64,
    /// The volumes whose old content goes before any volume is filled in place.
    replaced: Vec<PathBuf>,
}

impl Room {
    /// Bytes of the file system of a volume that nobody else of these is to write.
    pub(crate) fn free(&self, volume: &Path) -> io::Result<u64> {
        let claimed = self.0.get(&device(volume)?).map_or(0, |claims| claims.bytes);
        Ok(space::free(volume)?.saturating_sub(claimed))
    }

    /// Bytes that are free in the end, once this volume is emptied and those before it have their new content.
    pub(crate) fn free_in_the_end(&self, volume: &Path) -> io::Result<u64> {
        let replaced = self.0.get(&device(volume)?).map_or(&[][..], |claims| &claims.replaced);
        let mut free = self.free(volume)?.saturating_add(own(volume)?);
        for volume in replaced {
            free = free.saturating_add(own(volume)?);
        }
        Ok(free)
    }

    /// The new content of a volume is to lie beside its old content.
    pub(crate) fn claim_beside(&mut self, volume: &Path, bytes: u64) -> io::Result<()> {
        let claims = self.0.entry(device(volume)?).or_default();
        claims.bytes = claims.bytes.saturating_add(bytes);
        claims.replaced.push(volume.to_owned());
        Ok(())
    }

    /// The new content of a volume is to take the place of its old content.
    pub(crate) fn claim_in_place(&mut self, volume: &Path, bytes: u64) -> io::Result<()> {
        let more = bytes.saturating_sub(own(volume)?);
        let claims = self.0.entry(device(volume)?).or_default();
        claims.bytes = claims.bytes.saturating_add(more);
        Ok(())
    }
}

fn device(volume: &Path) -> io::Result<u64> {
    Ok(std::fs::metadata(volume)?.dev())
}

/// What a volume takes now.
fn own(volume: &Path) -> io::Result<u64> {
    Ok(space::size(walk::root(volume)?, &[])?.allocated)
}
