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
    /// Bytes of the new content that takes the place of the old.
    in_place: u64,
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

    /// The new content of a volume is to take the place of its old content.
    pub(crate) fn claim_in_place(&mut self, volume: &Path, bytes: u64) -> io::Result<()> {
        let claims = self.0.entry(device(volume)?).or_default();
        claims.in_place = claims.in_place.saturating_add(bytes);
        claims.replaced.push(volume.to_owned());
        Ok(())
    }

    /// What all volumes of this one's disk that are filled in place need, and, where that is less, what is free once all
    /// old content is gone. Nothing is added to be on the safe side: this disk may have been filled to the last byte, and
    /// what was in the volumes before has fit.
    pub(crate) fn shortage(&self, volume: &Path) -> io::Result<Option<(u64, u64)>> {
        let Some(claims) = self.0.get(&device(volume)?) else { return Ok(None) };
        let mut free = self.free(volume)?;
        for replaced in &claims.replaced {
            free = free.saturating_add(own(replaced)?);
        }
        Ok((free < claims.in_place).then_some((claims.in_place, free)))
    }
}

fn device(volume: &Path) -> io::Result<u64> {
    Ok(std::fs::metadata(volume)?.dev())
}

/// What a volume takes now.
fn own(volume: &Path) -> io::Result<u64> {
    Ok(space::size(walk::root(volume)?, &[])?.allocated)
}
