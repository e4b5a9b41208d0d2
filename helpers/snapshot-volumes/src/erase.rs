//! Removing a whole store, of an app that is removed.

use crate::error::{StoreError, at};
use crate::store::{ARRIVING, Store, UNFINISHED};

/// What a store keeps besides snapshots.
const OWN_FILES: [&str; 5] = ["last-good.json", "restoring.json", "reserve", ARRIVING, "lock"];

impl Store {
    /// Removes every snapshot, last-good too, and the folder where nothing else lies in it. Cut off, it is to be called
    /// again. Returns how many there were.
    ///
    /// # Errors
    /// When one is being read, or cannot be removed.
    pub fn erase(&self, say: &mut dyn FnMut(String)) -> Result<usize, StoreError> {
        if !self.folder.exists() {
            return Ok(0);
        }
        let lock = self.lock()?;
        let ids = self.ids()?;
        for id in &ids {
            let _unread = self.unread(id)?.ok_or_else(|| busy(self, id))?;
            let aside = self.folder.join(format!("{UNFINISHED}{id}"));
            std::fs::rename(self.path(id), &aside).map_err(at(self.path(id)))?;
            say(format!("removed snapshot {id}"));
            state::fault::point(|| format!("after setting aside {id}"));
        }
        self.sweep()?;
        for name in OWN_FILES {
            state::remove_durably(&self.folder.join(name)).map_err(at(&self.folder))?;
        }
        drop(lock);
        // What somebody else put there stays, with the folder.
        let _ = std::fs::remove_dir(&self.folder);
        Ok(ids.len())
    }
}

fn busy(store: &Store, id: &crate::Id) -> StoreError {
    let reason =
        std::io::Error::new(std::io::ErrorKind::ResourceBusy, "it is being read; try again when that has ended");
    at(store.path(id))(reason)
}
