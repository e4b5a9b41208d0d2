//! A store of an app that is removed.

mod common;

use common::{Place, silent};

#[test]
fn every_snapshot_is_removed_and_the_folder_with_them() {
    let place = Place::new();
    std::fs::write(place.path().join("rows"), "1").unwrap();
    place.take();
    place.take();
    std::fs::create_dir(place.store_folder().join(".unfinished-000009")).unwrap();
    assert_eq!(place.store().erase(&mut silent).unwrap(), 2);
    assert!(!place.store_folder().exists());
    assert_eq!(place.store().erase(&mut silent).unwrap(), 0, "cut off, it is called again");
    assert!(place.path().join("rows").exists(), "the volume is not the store's");
}

#[test]
fn what_somebody_else_put_there_stays() {
    let place = Place::new();
    place.take();
    std::fs::write(place.store_folder().join("README"), "mine").unwrap();
    place.store().erase(&mut silent).unwrap();
    let left: Vec<_> =
        std::fs::read_dir(place.store_folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["README"]);
}

#[test]
fn a_snapshot_that_is_being_read_is_not_removed() {
    let place = Place::new();
    let snapshot = place.take();
    let reading = std::fs::File::open(place.store_folder().join(snapshot.id.as_str())).unwrap();
    rustix::fs::flock(&reading, rustix::fs::FlockOperation::LockShared).unwrap();
    let error = place.store().erase(&mut silent).unwrap_err().to_string();
    assert!(error.contains("it is being read; try again"), "{error}");
    assert_eq!(place.store().list().unwrap().snapshots.len(), 1);
}
