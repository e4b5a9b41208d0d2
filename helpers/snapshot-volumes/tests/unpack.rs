//! A copy for a trial: whole, beside the volume, and unknown to the store.

mod common;

use std::fs;
use std::sync::mpsc;

use common::{Place, furnish, look, ravage, silent};
use snapshot_volumes::{Observer, Point, RestoreError, Retention, Volume};

/// A volume beside that of the place, for a trial.
fn trial(place: &Place) -> Volume {
    let path = place.folder.path().join("volumes/trial/_data");
    fs::create_dir_all(&path).unwrap();
    Volume { name: "data".to_owned(), path }
}

#[test]
fn a_copy_is_what_was_taken_and_the_volume_is_not_touched() {
    let place = Place::new();
    furnish(place.path());
    let taken = place.take();
    let saved = look(place.path());
    ravage(place.path());
    let (live, trial) = (look(place.path()), trial(&place));
    place.store().unpack(&taken.id, std::slice::from_ref(&trial), &mut silent).unwrap();
    assert_eq!(look(&trial.path), saved);
    assert_eq!(look(place.path()), live);
    assert_eq!(place.store().unfinished_restore().unwrap(), None);
}

struct DiesAt(Point);

impl Observer for DiesAt {
    fn passed(&self, point: Point) {
        assert!(point != self.0, "killed");
    }
}

#[test]
fn one_that_is_cut_off_leaves_nothing_to_finish() {
    let place = Place::new();
    furnish(place.path());
    let (taken, trial) = (place.take(), trial(&place));
    for point in [Point::RestoreStaged, Point::RestoreExchanged] {
        let store = place.store().observed(Box::new(DiesAt(point)));
        let volumes = [trial.clone()];
        let cut = std::panic::AssertUnwindSafe(|| store.unpack(&taken.id, &volumes, &mut silent));
        assert!(std::panic::catch_unwind(cut).is_err(), "{point:?}");
        assert_eq!(place.store().unfinished_restore().unwrap(), None);
        place.take();
    }
}

#[test]
fn a_damaged_snapshot_is_told_and_nothing_is_unpacked() {
    let place = Place::new();
    fs::write(place.path().join("rows"), vec![7; 1 << 20]).unwrap();
    let (taken, trial) = (place.take(), trial(&place));
    let kept = place.store_folder().join(taken.id.as_str());
    for name in ["0.tree/rows", "0.tar.zst"] {
        if let Ok(mut content) = fs::read(kept.join(name)) {
            let middle = content.len() / 2;
            content[middle] ^= 1;
            fs::write(kept.join(name), content).unwrap();
        }
    }
    let told = place.store().unpack(&taken.id, std::slice::from_ref(&trial), &mut silent).unwrap_err();
    assert!(matches!(told, RestoreError::Snapshot(_) | RestoreError::Volume { .. }), "{told}");
    assert!(look(&trial.path).len() <= 1, "nothing lies there");
}

struct Waits(mpsc::Sender<()>, std::sync::Mutex<mpsc::Receiver<()>>);

impl Observer for Waits {
    fn passed(&self, point: Point) {
        if point == Point::RestoreStaged {
            self.0.send(()).unwrap();
            self.1.lock().unwrap().recv().unwrap();
        }
    }
}

#[test]
fn what_is_being_read_is_not_pruned_and_snapshots_are_taken_meanwhile() {
    let place = Place::new();
    fs::write(place.path().join("rows"), b"rows").unwrap();
    let (taken, trial) = (place.take(), trial(&place));
    let (staged, is_staged) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let store = place.store().observed(Box::new(Waits(staged, std::sync::Mutex::new(may_go))));
    let id = taken.id.clone();
    let unpacking = std::thread::spawn(move || store.unpack(&id, &[trial], &mut silent));
    is_staged.recv().unwrap();
    place.take();
    let one = Retention { last: 1, daily: 0, weekly: 0, monthly: 0 };
    assert_eq!(place.store().prune(one, &[], &mut silent).unwrap(), []);
    go.send(()).unwrap();
    unpacking.join().unwrap().unwrap();
    assert_eq!(place.store().prune(one, &[], &mut silent).unwrap(), [taken.id]);
}

#[test]
fn the_newest_of_another_version_is_kept_for_whoever_goes_back() {
    let place = Place::new();
    fs::write(place.path().join("rows"), b"rows").unwrap();
    let take = |digest: &str| {
        let about = snapshot_volumes::About { digest: digest.to_owned(), ..common::healthy() };
        place.store().take(&place.volumes(), &about, &mut silent).unwrap().id
    };
    let (gone, kept) = (take("a"), take("a"));
    let also_gone = take("b");
    take("b");
    let one = Retention { last: 1, daily: 0, weekly: 0, monthly: 0 };
    assert_eq!(place.store().prune(one, &[], &mut silent).unwrap(), [gone, also_gone]);
    assert!(place.store().read(&kept).is_ok());
}
