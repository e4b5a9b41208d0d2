//! Disks that are full.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{Mounted, Place, healthy, look, silent};
use snapshot_volumes::{Observer, Point, RestoreError, Store, TakeError, Volume};

/// Bytes that no compression makes smaller.
fn noise(length: usize) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = vec![0; length];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn without_room_it_says_how_much_is_needed_and_how_much_is_free_and_leaves_nothing() {
    let Some(disk) = Mounted::tmpfs("32m") else { return };
    let place = Place::new();
    fs::write(place.path().join("large"), noise(30 << 20)).unwrap();
    let store = Store::in_folder(&disk.path);
    let error = store.take(&place.volumes(), &healthy(), &mut silent).map(|taken| taken.id).unwrap_err();
    let TakeError::NoSpace { needed, free, .. } = &error else { panic!("{error}") };
    assert!(*needed > 30 << 20 && *free <= 32 << 20 && needed > free, "{needed} {free}");
    let text = error.to_string();
    assert!(text.contains(&needed.to_string()) && text.contains(&free.to_string()), "{text}");
    let left: Vec<_> = fs::read_dir(&disk.path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
}

/// Fills the disk when the first volume is written.
struct Flood(PathBuf);

impl Observer for Flood {
    fn passed(&self, point: Point) {
        if point == Point::TakeVolumeWritten {
            let _ = fs::write(&self.0, noise(80 << 20));
        }
    }
}

#[test]
fn a_disk_that_fills_up_meanwhile_leaves_the_old_last_good() {
    let Some(disk) = Mounted::tmpfs("64m") else { return };
    let place = Place::new();
    let second = Volume { name: "more".to_owned(), path: place.folder.path().join("more") };
    fs::create_dir(&second.path).unwrap();
    fs::write(second.path.join("large"), noise(8 << 20)).unwrap();
    let volumes = [place.volume.clone(), second];
    let good = Store::in_folder(disk.path.join("store")).take(&volumes, &healthy(), &mut silent).unwrap();
    let flood = disk.path.join("flood");
    let store = Store::in_folder(disk.path.join("store")).observed(Box::new(Flood(flood.clone())));
    let error = store.take(&volumes, &healthy(), &mut silent).map(|taken| taken.id).unwrap_err();
    assert!(matches!(error, TakeError::NoSpace { .. }), "{error}");
    assert_eq!(store.last_good().unwrap().unwrap().id, good.id);
    store.verify(&good.id).unwrap();
    fs::remove_file(flood).unwrap();
    assert_eq!(fs::read_dir(store.folder()).unwrap().count(), 4, "lock, reserve, last-good.json and the good one");
}

#[test]
fn a_volume_that_filled_its_disk_is_emptied_first_and_comes_back() {
    let Some(disk) = Mounted::tmpfs("64m") else { return };
    let place = Place::new();
    let volume = Volume { name: "data".to_owned(), path: disk.path.join("volume") };
    fs::create_dir(&volume.path).unwrap();
    fs::write(volume.path.join("rows"), noise(20 << 20)).unwrap();
    let before = look(&volume.path);
    let store = place.store();
    let snapshot = store.take(std::slice::from_ref(&volume), &healthy(), &mut silent).unwrap();
    let _ = fs::write(volume.path.join("flood"), noise(80 << 20));
    store.restore(&snapshot.id, std::slice::from_ref(&volume), &mut silent).unwrap();
    assert_eq!(look(&volume.path), before);
}

#[test]
fn of_two_volumes_that_have_room_beside_them_only_one_at_a_time_both_come_back() {
    let Some(disk) = Mounted::tmpfs("128m") else { return };
    let place = Place::new();
    let volumes = ["one", "two"].map(|name| Volume { name: name.to_owned(), path: disk.path.join(name) });
    for volume in &volumes {
        fs::create_dir(&volume.path).unwrap();
        fs::write(volume.path.join("rows"), noise(30 << 20)).unwrap();
    }
    let before = volumes.each_ref().map(|volume| look(&volume.path));
    let snapshot = place.store().take(&volumes, &healthy(), &mut silent).unwrap();
    for volume in &volumes {
        fs::write(volume.path.join("flood"), noise(9 << 20)).unwrap();
    }
    place.store().restore(&snapshot.id, &volumes, &mut silent).unwrap();
    assert_eq!(volumes.each_ref().map(|volume| look(&volume.path)), before);
}

#[test]
fn a_volume_that_filled_its_disk_keeps_no_other_from_coming_back() {
    let Some(disk) = Mounted::tmpfs("64m") else { return };
    let place = Place::new();
    let volumes =
        ["before", "filled", "later"].map(|name| Volume { name: name.to_owned(), path: disk.path.join(name) });
    for volume in &volumes {
        fs::create_dir(&volume.path).unwrap();
        fs::write(volume.path.join("rows"), noise(4 << 20)).unwrap();
        (0..100).for_each(|file| fs::write(volume.path.join(file.to_string()), b"x").unwrap());
    }
    let before = volumes.each_ref().map(|volume| look(&volume.path));
    let snapshot = place.store().take(&volumes, &healthy(), &mut silent).unwrap();
    let _ = fs::write(volumes[1].path.join("flood"), noise(80 << 20));
    place.store().restore(&snapshot.id, &volumes, &mut silent).unwrap();
    assert_eq!(volumes.each_ref().map(|volume| look(&volume.path)), before);
}

#[test]
fn a_volume_that_can_never_have_room_is_not_touched() {
    let Some(disk) = Mounted::tmpfs("32m") else { return };
    let place = Place::new();
    fs::write(place.path().join("large"), noise(40 << 20)).unwrap();
    let snapshot = place.take();
    let volume = Volume { name: "data".to_owned(), path: disk.path.clone() };
    fs::write(disk.path.join("kept"), b"kept").unwrap();
    let error = place.store().restore(&snapshot.id, &[volume], &mut silent).unwrap_err();
    assert!(matches!(error, RestoreError::NoSpace { needed, free, .. } if needed > free), "{error}");
    assert_eq!(fs::read(disk.path.join("kept")).unwrap(), b"kept");
}
