//! What was changed in the store is told, and never restored.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::{Mounted, Place, furnish, look, ravage, silent};

/// Takes a snapshot, does something to its folder, and returns how `verify` and `restore` call it. The volume must stay.
fn told(place: &Place, tamper: impl FnOnce(&Path)) -> String {
    furnish(place.path());
    let snapshot = place.take();
    place.store().verify(&snapshot.id).unwrap();
    ravage(place.path());
    let ravaged = look(place.path());
    tamper(&place.store_folder().join(snapshot.id.as_str()));
    let error = place.store().verify(&snapshot.id).unwrap_err().to_string();
    let refused = place.store().restore(&snapshot.id, &place.volumes(), &mut silent).unwrap_err().to_string();
    assert!(refused.contains("no volume was touched"), "{refused}");
    assert_eq!(look(place.path()), ravaged);
    assert_eq!(fs::read_dir(place.path().parent().unwrap()).unwrap().count(), 1, "nothing is left beside the volume");
    assert!(place.store().unfinished_restore().unwrap().is_none());
    error
}

fn flip(path: &Path, at: usize) {
    let mut content = fs::read(path).unwrap();
    content[at] ^= 1;
    fs::write(path, content).unwrap();
}

fn length(path: &Path) -> usize {
    fs::read(path).unwrap().len()
}

#[test]
fn one_bit_anywhere_in_an_archive_is_told() {
    for part in 0..8 {
        let error = told(&Place::new(), |folder| {
            let archive = folder.join("0.tar.zst");
            flip(&archive, (length(&archive) - 1) * part / 7);
        });
        assert!(error.contains("volume data"), "{error}");
    }
}

#[test]
fn an_archive_that_is_cut_off_is_told() {
    let error = told(&Place::new(), |folder| {
        let archive = folder.join("0.tar.zst");
        let content = fs::read(&archive).unwrap();
        fs::write(&archive, &content[..content.len() / 2]).unwrap();
    });
    assert!(error.contains("volume data"), "{error}");
}

#[test]
fn bytes_after_the_end_of_an_archive_are_told() {
    let error = told(&Place::new(), |folder| {
        let archive = folder.join("0.tar.zst");
        let content = [fs::read(&archive).unwrap(), b"more".to_vec()].concat();
        fs::write(&archive, content).unwrap();
    });
    assert!(error.contains("volume data"), "{error}");
}

#[test]
fn an_archive_that_is_gone_is_told() {
    let error = told(&Place::new(), |folder| fs::remove_file(folder.join("0.tar.zst")).unwrap());
    assert!(error.contains("volume data"), "{error}");
}

#[test]
fn a_changed_index_is_told() {
    let error = told(&Place::new(), |folder| flip(&folder.join("0.index.zst"), 20));
    assert!(error.contains("the index is not the one that was written"), "{error}");
}

#[test]
fn a_changed_compose_file_is_told() {
    let error = told(&Place::new(), |folder| fs::write(folder.join("stack.yml"), "services: {evil: {}}\n").unwrap());
    assert!(error.contains("stack.yml: it is not what was written"), "{error}");
}

#[test]
fn a_changed_description_is_told() {
    let error = told(&Place::new(), |folder| {
        let file = folder.join("snapshot.json");
        fs::write(&file, fs::read_to_string(&file).unwrap().replace("wiki", "wika")).unwrap();
    });
    assert!(error.contains("snapshot.json: it is not what was written"), "{error}");
}

/// A path in the volume, and what is done to it in a snapshot's tree.
type Change = (&'static str, fn(&Path));

#[test]
fn any_change_of_a_tree_of_clones_is_told() {
    let Some(disk) = Mounted::image("xfs") else { return };
    let changes: [Change; 5] = [
        ("deep/er/est/third", |tree| flip(&tree.join("deep/er/file"), 3)),
        ("empty", |tree| fs::set_permissions(tree.join("empty"), fs::Permissions::from_mode(0o777)).unwrap()),
        ("fifo", |tree| fs::remove_file(tree.join("fifo")).unwrap()),
        ("zzz", |tree| fs::write(tree.join("zzz"), "").unwrap()),
        ("link-out", |tree| {
            fs::remove_file(tree.join("link-out")).unwrap();
            std::os::unix::fs::symlink("/etc/shadow", tree.join("link-out")).unwrap();
        }),
    ];
    for (name, change) in changes {
        let error = told(&Place::below(&disk.path), |folder| change(&folder.join("0.tree")));
        assert!(error.contains("volume data"), "{name}: {error}");
    }
}
