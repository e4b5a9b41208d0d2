//! How many deploys one caller may have at the door: whoever fills all places keeps the others out.
//!
//! A place is a file with a lock on it. Locks die with their holders, so a killed deploy gives its place back.

use std::io;
use std::path::Path;

use state::{Lock, LockError};

/// How many connections of one caller are served at once, those that wait for another deploy among them.
pub const PLACES: usize = 4;

/// The folder of the places, beside the queues of the environments. No word of a pipeline begins with a dot.
const FOLDER: &str = ".callers";

/// Takes a place for a caller, for as long as what is returned is held; `None` where they hold all of theirs.
///
/// # Errors
/// When the folder cannot be written to.
pub fn take(queues: &Path, caller: &str) -> io::Result<Option<Lock>> {
    let folder = queues.join(FOLDER).join(caller);
    for number in 0..PLACES {
        match Lock::try_acquire(&folder.join(number.to_string())) {
            Ok(place) => return Ok(Some(place)),
            Err(LockError::Held(_)) => {}
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_holds_so_many_places_and_no_other_ones() {
        let folder = tempfile::tempdir().unwrap();
        let take = |caller: &str| take(folder.path(), caller).unwrap();
        let mut held: Vec<_> = (0..PLACES).map(|_| take("key ci").unwrap()).collect();
        assert!(take("key ci").is_none());
        assert!(take("key branches").is_some() && take("user ci").is_some());
        held.pop();
        assert!(take("key ci").is_some(), "a place that was given back is free");
    }
}
