//! Removing snapshots that are not needed any more.

use crate::error::{StoreError, at};
use crate::retention::{Retention, dispensable};
use crate::snapshot::{Id, Snapshot};
use crate::steps::Point;
use crate::store::{Store, UNFINISHED};

impl Store {
    /// Removes the snapshots that retention does not keep, and returns them. Never removed are last-good, the snapshot of
    /// an unfinished restore, the newest of another version than the
    /// newest (to which a person may go back), those in `keep`, and those that cannot be read.
    ///
    /// # Errors
    /// When one cannot be removed; it is then no snapshot any more, and the next run removes the rest of it.
    pub fn prune(&self, retention: Retention, keep: &[Id], say: &mut dyn FnMut(String)) -> Result<Vec<Id>, StoreError> {
        let _lock = self.lock()?;
        self.sweep()?;
        let mut keep = keep.to_vec();
        keep.extend(self.pointer("last-good.json")?);
        keep.extend(self.unfinished_restore()?);
        let snapshots = self.list()?.snapshots;
        keep.extend(of_another_version(&snapshots));
        let taken: Vec<_> = snapshots.into_iter().map(|snapshot| (snapshot.id, snapshot.manifest.at)).collect();
        let mut gone = Vec::new();
        for id in dispensable(&taken, retention, &keep) {
            // Until it is aside, so that nobody begins to read it.
            let Some(_unread) = self.unread(&id)? else {
                say(format!("snapshot {id} is being read and is kept for now"));
                continue;
            };
            let aside = self.folder.join(format!("{UNFINISHED}{id}"));
            std::fs::rename(self.path(&id), &aside).map_err(at(self.path(&id)))?;
            self.sync()?;
            self.passed(Point::PruneSetAside);
            std::fs::remove_dir_all(&aside).map_err(at(&aside))?;
            self.passed(Point::PruneRemoved);
            say(format!("removed snapshot {id}"));
            gone.push(id);
        }
        Ok(gone)
    }
}

fn of_another_version(snapshots: &[Snapshot]) -> Option<Id> {
    let newest = snapshots.last()?;
    let other = snapshots.iter().rev().find(|other| other.manifest.digest != newest.manifest.digest);
    other.map(|other| other.id.clone())
}
