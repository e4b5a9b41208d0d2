//! What comes back is what was taken.

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use common::{Place, allocated, furnish, healthy, look, ravage, silent};

#[test]
fn a_volume_comes_back_exactly_with_one_of_everything_in_it() {
    let place = Place::new();
    furnish(place.path());
    let (before, disk) = (look(place.path()), allocated(place.path()));
    let snapshot = place.take();
    assert_eq!(look(place.path()), before, "taking a snapshot changes nothing");
    ravage(place.path());
    assert_ne!(look(place.path()), before);
    place.restore(&snapshot.id);
    assert_eq!(look(place.path()), before);
    assert!(allocated(place.path()) <= disk + (64 << 10), "holes stay holes");
    let left: Vec<_> = fs::read_dir(place.path().parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing lies beside the volume: {left:?}");
}

#[test]
fn hard_links_are_one_file_again() {
    let place = Place::new();
    furnish(place.path());
    let snapshot = place.take();
    ravage(place.path());
    place.restore(&snapshot.id);
    let node = |name: &str| fs::metadata(place.path().join(name)).unwrap().ino();
    assert_eq!(node("a-second-name"), node("deep/er/file"));
    assert_eq!(node("a-second-name"), node("deep/er/est/third"));
}

#[test]
fn a_restore_twice_is_a_restore_once() {
    let place = Place::new();
    furnish(place.path());
    let before = look(place.path());
    let snapshot = place.take();
    place.restore(&snapshot.id);
    place.restore(&snapshot.id);
    assert_eq!(look(place.path()), before);
}

#[test]
fn a_socket_is_left_out_and_counted() {
    let place = Place::new();
    let listening = std::os::unix::net::UnixListener::bind(place.path().join("socket")).unwrap();
    let snapshot = place.take();
    drop(listening);
    assert_eq!(snapshot.manifest.volumes[0].sockets, 1);
    place.restore(&snapshot.id);
    assert!(!place.path().join("socket").exists());
}

#[test]
fn the_compose_file_is_kept_and_only_a_healthy_app_becomes_last_good() {
    let place = Place::new();
    let good = place.take();
    let ill = snapshot_volumes::About { healthy: false, ..healthy() };
    let newer = place.store().take(&place.volumes(), &ill, &mut silent).unwrap();
    let store = place.store();
    assert_eq!(store.last_good().unwrap().unwrap().id, good.id);
    assert_eq!(store.stack(&good).unwrap(), healthy().stack);
    let listed: Vec<_> = store.list().unwrap().snapshots.into_iter().map(|snapshot| snapshot.id).collect();
    assert_eq!(listed, [good.id, newer.id]);
}

#[test]
fn the_tar_command_brings_an_archive_back_by_hand() {
    let place = Place::new();
    furnish(place.path());
    let before = look(place.path());
    let snapshot = place.take();
    let archive = place.store_folder().join(snapshot.id.as_str()).join("0.tar.zst");
    if !archive.exists() {
        eprintln!("skipped: the temporary folder's file system clones");
        return;
    }
    let target = place.folder.path().join("by-hand");
    fs::create_dir(&target).unwrap();
    let options = ["--zstd", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf"];
    let done = Command::new("tar").args(options).arg(&archive).arg("-C").arg(&target).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(look(&target), before);
}

#[test]
fn a_volume_that_is_not_given_is_named_and_nothing_is_touched() {
    let place = Place::new();
    furnish(place.path());
    let snapshot = place.take();
    ravage(place.path());
    let ravaged = look(place.path());
    let error = place.store().restore(&snapshot.id, &[], &mut silent).unwrap_err().to_string();
    assert!(error.contains("volume data, which was not given; no volume was touched"), "{error}");
    assert_eq!(look(place.path()), ravaged);
}
