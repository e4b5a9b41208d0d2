//! Single paths of a volume are taken and put back, and the rest of it is left alone.

mod common;

use std::fs;
use std::os::unix::fs::symlink;

use common::{Place, healthy, look, silent};
use snapshot_volumes::entry::Raw;
use snapshot_volumes::{Id, Part};

fn take(place: &Place, only: &[&str]) -> Id {
    let only = only.iter().map(|path| Raw(path.as_bytes().to_vec())).collect();
    let parts = [Part { volume: place.volume.clone(), only }];
    let store = place.store();
    let captured = store.capture_parts(&parts, &healthy(), &mut silent).unwrap();
    captured.seal(&mut silent).unwrap().id
}

fn write(place: &Place, path: &str, content: &str) {
    let path = place.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn only_the_dump_is_taken_and_only_the_dump_is_put_back() {
    let place = Place::new();
    write(&place, "backup/dump.sql", "rows");
    write(&place, "live/table", "1");
    let id = take(&place, &["backup/dump.sql"]);
    let kept = &place.store().read(&id).unwrap().manifest.volumes[0];
    assert_eq!((kept.entries, kept.bytes), (3, 4), "the root, the folder and the dump");
    write(&place, "live/table", "2");
    write(&place, "backup/dump.sql", "no rows");
    write(&place, "backup/other", "kept");
    place.restore(&id);
    let read = |path: &str| fs::read_to_string(place.path().join(path)).unwrap();
    assert_eq!((read("backup/dump.sql").as_str(), read("live/table").as_str()), ("rows", "2"));
    assert_eq!(read("backup/other"), "kept");
    assert_eq!(fs::read_dir(place.path().parent().unwrap()).unwrap().count(), 1, "nothing is left beside the volume");
}

#[test]
fn a_folder_of_dumps_comes_back_where_its_folders_are_gone() {
    let place = Place::new();
    write(&place, "a/b/one", "1");
    write(&place, "a/b/two", "2");
    let before = look(place.path());
    let id = take(&place, &["a/b"]);
    fs::remove_dir_all(place.path().join("a")).unwrap();
    place.restore(&id);
    assert_eq!(look(place.path())[1..], before[1..]);
    write(&place, "a/b/three", "3");
    place.restore(&id);
    assert_eq!(look(place.path())[2..], before[2..], "what came later is gone");
}

#[test]
fn a_volume_that_holds_nothing_but_dumps_comes_back_whole() {
    let place = Place::new();
    write(&place, "dump.sql", "rows");
    let before = look(place.path());
    let id = take(&place, &[""]);
    write(&place, "dump.sql", "no rows");
    write(&place, "later.sql", "2");
    place.restore(&id);
    assert_eq!(look(place.path())[1..], before[1..]);
}

#[test]
fn a_link_that_an_app_put_in_the_way_is_not_followed() {
    let place = Place::new();
    write(&place, "backup/dump.sql", "rows");
    let id = take(&place, &["backup/dump.sql"]);
    let outside = place.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::remove_dir_all(place.path().join("backup")).unwrap();
    symlink(&outside, place.path().join("backup")).unwrap();
    place.restore(&id);
    assert_eq!(fs::read_to_string(place.path().join("backup/dump.sql")).unwrap(), "rows");
    assert!(place.path().join("backup").symlink_metadata().unwrap().is_dir());
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}
