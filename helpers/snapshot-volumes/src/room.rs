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
    fn free(&self, volume: &Path) -> io::Result<u64> {
        let claimed = self.0.get(&device(volume)?).map_or(0, |claims| claims.bytes);
        Ok(space::free(volume)?.saturating_sub(claimed))
    }

    /// The new content of a volume is to lie beside its old content, if there is room for it.
    pub(crate) fn claim_beside(&mut self, volume: &Path, bytes: u64) -> io::Result<bool> {
        if self.free(volume)? < bytes.saturating_add(space::RESERVE) {
            return Ok(false);
        }
        let claims = self.0.entry(device(volume)?).or_default();
        claims.bytes = claims.bytes.saturating_add(bytes);
        claims.replaced.push(volume.to_owned());
        Ok(true)
    }

    /// The new content of a volume is to take the place of its old content, if there is room for it once this volume is
    /// emptied and those before it have their new content; otherwise how many bytes are free then.
    pub(crate) fn claim_in_place(&mut self, volume: &Path, bytes: u64) -> io::Result<Result<(), u64>> {
        let (free, own) = (self.free(volume)?, own(volume)?);
        let claims = self.0.entry(device(volume)?).or_default();
        let mut in_the_end = free.saturating_add(own);
        for replaced in &claims.replaced {
            in_the_end = in_the_end.saturating_add(self::own(replaced)?);
        }
        if in_the_end < bytes.saturating_add(space::RESERVE) {
            return Ok(Err(in_the_end));
        }
        claims.bytes = claims.bytes.saturating_add(bytes.saturating_sub(own));
        Ok(Ok(()))
    }
}

fn device(volume: &Path) -> io::Result<u64> {
    Ok(std::fs::metadata(volume)?.dev())
}

/// What a volume takes now.
fn own(volume: &Path) -> io::Result<u64> {
    Ok(space::size(walk::root(volume)?, &[])?.allocated)
}
