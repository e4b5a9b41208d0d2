//! File systems that clone, and volumes that are mount points.

mod common;

use std::fs;

use common::{Mounted, Place, allocated, furnish, healthy, is_clone, look, ravage, silent};
use snapshot_volumes::{Store, Volume};

fn clones_and_comes_back(kind: &str) {
    let Some(disk) = Mounted::image(kind) else { return };
    let place = Place::below(&disk.path);
    furnish(place.path());
    fs::write(place.path().join("large"), vec![7; 8 << 20]).unwrap();
    let before = look(place.path());
    let snapshot = place.take();
    assert!(is_clone(&snapshot), "{kind} clones");
    place.store().verify(&snapshot.id).unwrap();
    ravage(place.path());
    fs::write(place.path().join("large"), b"overwritten").unwrap();
    place.store().verify(&snapshot.id).unwrap();
    place.restore(&snapshot.id);
    assert_eq!(look(place.path()), before);
}

#[test]
fn on_xfs_a_snapshot_is_a_tree_of_clones_and_comes_back_exactly() {
    clones_and_comes_back("xfs");
}

#[test]
fn on_btrfs_a_snapshot_is_a_tree_of_clones_and_comes_back_exactly() {
    clones_and_comes_back("btrfs");
}

#[test]
fn clones_take_no_room_for_their_content() {
    let Some(disk) = Mounted::image("xfs") else { return };
    let place = Place::below(&disk.path);
    let used = || {
        let status = rustix::fs::statvfs(&disk.path).unwrap();
        (status.f_blocks - status.f_bfree) * status.f_frsize
    };
    fs::write(place.path().join("large"), vec![7; 64 << 20]).unwrap();
    rustix::fs::sync();
    let before = used();
    place.take();
    rustix::fs::sync();
    assert!(used() - before < 4 << 20, "{} bytes", used() - before);
}

#[test]
fn a_snapshot_on_another_file_system_than_its_volume_is_an_archive() {
    let Some(disk) = Mounted::image("xfs") else { return };
    let place = Place::new();
    let volume = Volume { name: "data".to_owned(), path: disk.path.clone() };
    furnish(&volume.path);
    let before = look(&volume.path);
    let store = Store::in_folder(place.store_folder());
    let snapshot = store.take(std::slice::from_ref(&volume), &healthy(), &mut silent).unwrap();
    assert!(!is_clone(&snapshot));
    // The volume is a mount point too: it cannot change places with its neighbour, so it is emptied and filled.
    ravage(&volume.path);
    let mut said = Vec::new();
    store.restore(&snapshot.id, std::slice::from_ref(&volume), &mut |line| said.push(line)).unwrap();
    assert!(said.iter().any(|line| line.contains("volume data is emptied first")), "{said:?}");
    assert_eq!(look(&volume.path), before);
    assert!(allocated(&volume.path) < 1 << 20, "holes stay holes");
}
