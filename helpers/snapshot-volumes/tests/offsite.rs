//! Copies in a restic repository come back on an empty host.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{Mounted, Place, furnish, look, silent};
use snapshot_volumes::Store;
use snapshot_volumes::offsite::Repository;
use snapshot_volumes::settings::Offsite;

fn restic() -> Option<Offsite> {
    test_needs::program("restic").then(|| Offsite {
        repository: String::new(),
        password_file: "password".into(),
        environment_file: None,
        restic_command: "restic".into(),
    })
}

/// A repository in a folder, with its password in a file.
fn in_folder(folder: &Path) -> Option<Offsite> {
    fs::write(folder.join("password"), "correct horse").unwrap();
    Some(Offsite {
        repository: folder.join("repository").display().to_string(),
        password_file: folder.join("password"),
        ..restic()?
    })
}

fn sent_and_fetched(parent: &Path) {
    let place = Place::below(parent);
    let Some(declared) = in_folder(place.folder.path()) else { return };
    let repository = Repository::new(&declared, "wiki");
    furnish(place.path());
    let (before, snapshot) = (look(place.path()), place.take());
    assert!(repository.send(&place.store(), &snapshot.id, &mut silent).unwrap());
    assert!(!repository.send(&place.store(), &snapshot.id, &mut silent).unwrap(), "once is enough");
    assert!(Repository::new(&declared, "other").list().unwrap().is_empty(), "apps share it and do not meet");

    let empty = Place::below(parent);
    let fetched = repository.fetch(&empty.store(), None, &mut silent).unwrap();
    assert_eq!(fetched, snapshot);
    assert_eq!(empty.store().last_good().unwrap().unwrap().id, snapshot.id);
    empty.restore(&fetched.id);
    assert_eq!(look(empty.path()), before);
}

#[test]
fn an_archive_comes_back_on_an_empty_host() {
    sent_and_fetched(&std::env::temp_dir());
}

#[test]
fn a_tree_of_clones_comes_back_on_an_empty_host() {
    let Some(disk) = Mounted::image("xfs") else { return };
    sent_and_fetched(&disk.path);
}

#[test]
fn a_copy_that_comes_back_damaged_is_none() {
    let place = Place::new();
    furnish(place.path());
    let snapshot = place.take();
    let source = place.store_folder().join(snapshot.id.as_str());
    let store = Store::in_folder(place.folder.path().join("empty"));
    let damaged = |folder: &Path| {
        Command::new("cp").arg("-a").arg(&source).arg(folder).status()?;
        fs::write(folder.join("stack.yml"), "services: {evil: {}}\n")?;
        Ok(())
    };
    let error = store.adopt(&snapshot.id, damaged).unwrap_err().to_string();
    assert!(error.contains("stack.yml: it is not what was written"), "{error}");
    assert!(store.list().unwrap().snapshots.is_empty() && store.last_good().unwrap().is_none());
}

#[test]
fn a_wrong_password_is_told_and_never_shown() {
    let place = Place::new();
    let Some(declared) = in_folder(place.folder.path()) else { return };
    place.take();
    let id = place.store().last_good().unwrap().unwrap().id;
    Repository::new(&declared, "wiki").send(&place.store(), &id, &mut silent).unwrap();
    fs::write(&declared.password_file, "wrong battery").unwrap();
    let error = format!("{:#}", Repository::new(&declared, "wiki").list().unwrap_err());
    assert!(error.contains("wrong password") && !error.contains("battery"), "{error}");
}

#[test]
fn while_a_copy_arrives_the_store_takes_another_and_leaves_it_alone() {
    let (elsewhere, place) = (Place::new(), Place::new());
    furnish(elsewhere.path());
    let coming = elsewhere.take();
    let source = elsewhere.store_folder().join(coming.id.as_str());
    let bring = |folder: &Path| {
        Command::new("cp").arg("-a").arg(&source).arg(folder).status()?;
        fs::write(place.path().join("written-since"), "x")?;
        place.take();
        Ok(())
    };
    assert_eq!(place.store().adopt(&coming.id, bring).unwrap(), coming);
    assert_eq!(place.store().list().unwrap().snapshots.len(), 2);
}

#[test]
fn where_numbers_began_again_a_person_says_which_copy_is_wanted() {
    let (old, new) = (Place::new(), Place::new());
    let Some(declared) = in_folder(old.folder.path()) else { return };
    let repository = Repository::new(&declared, "wiki");
    furnish(old.path());
    old.take();
    let second = old.take();
    repository.send(&old.store(), &second.id, &mut silent).unwrap();
    furnish(new.path());
    let first = new.take();
    assert!(first.id.number() < second.id.number());
    repository.send(&new.store(), &first.id, &mut silent).unwrap();

    let empty = Place::new();
    let error = repository.fetch(&empty.store(), None, &mut silent).unwrap_err().to_string();
    assert!(error.contains(first.id.as_str()) && error.contains(second.id.as_str()), "{error}");
    assert_eq!(repository.fetch(&empty.store(), Some(&first.id), &mut silent).unwrap().id, first.id);
    repository.fetch(&new.store(), Some(&second.id), &mut silent).unwrap();
    assert_eq!(new.store().last_good().unwrap().unwrap().id, first.id, "what is older is not last-good");
}

#[test]
fn a_copy_that_arrives_beside_a_broken_last_good_takes_its_place() {
    let (elsewhere, place) = (Place::new(), Place::new());
    let broken = place.take();
    fs::remove_file(place.store_folder().join(broken.id.as_str()).join("snapshot.json")).unwrap();
    furnish(elsewhere.path());
    let coming = elsewhere.take();
    let source = elsewhere.store_folder().join(coming.id.as_str());
    let bring = |folder: &Path| Ok(Command::new("cp").arg("-a").arg(&source).arg(folder).status().map(drop)?);
    place.store().adopt(&coming.id, bring).unwrap();
    assert_eq!(place.store().last_good().unwrap().unwrap().id, coming.id);
}

#[test]
fn a_copy_that_is_here_already_becomes_last_good_where_that_is_lost() {
    let place = Place::new();
    furnish(place.path());
    let snapshot = place.take();
    fs::remove_file(place.store_folder().join("last-good.json")).unwrap();
    let unasked = |_: &Path| panic!("it is here");
    assert_eq!(place.store().adopt(&snapshot.id, unasked).unwrap(), snapshot);
    assert_eq!(place.store().last_good().unwrap().unwrap().id, snapshot.id);
}

/// A disk of 24 MiB, of which 16 are left to others.
#[test]
fn a_copy_that_does_not_fit_is_not_fetched() {
    let (place, Some(small)) = (Place::new(), Mounted::tmpfs("24m")) else { return };
    let Some(declared) = in_folder(place.folder.path()) else { return };
    let random = Command::new("head").args(["-c", "9M", "/dev/urandom"]).output().unwrap().stdout;
    fs::write(place.path().join("large"), random).unwrap();
    let (repository, snapshot) = (Repository::new(&declared, "wiki"), place.take());
    repository.send(&place.store(), &snapshot.id, &mut silent).unwrap();

    let store = Store::in_folder(small.path.join("store"));
    let error = repository.fetch(&store, None, &mut silent).unwrap_err().to_string();
    assert!(error.contains("nothing was fetched. Make room"), "{error}");
    assert!(store.list().unwrap().snapshots.is_empty());
    assert!(!small.path.join("store/.unfinished-adopt").exists());
}

/// Restic gives them back as holes since 0.15; before, they come as zeros, which do not fit.
#[test]
fn holes_need_no_room() {
    let (Some(disk), Some(small)) = (Mounted::image("xfs"), Mounted::tmpfs("24m")) else { return };
    let place = Place::below(&disk.path);
    let Some(declared) = in_folder(place.folder.path()) else { return };
    fs::File::create(place.path().join("hole")).unwrap().set_len(64 << 20).unwrap();
    let (repository, snapshot) = (Repository::new(&declared, "wiki"), place.take());
    repository.send(&place.store(), &snapshot.id, &mut silent).unwrap();
    let store = Store::in_folder(small.path.join("store"));
    let fetched = repository.fetch(&store, None, &mut silent);
    let help = Command::new("restic").args(["restore", "--help"]).output().unwrap();
    if String::from_utf8_lossy(&help.stdout).contains("--sparse") {
        assert_eq!(fetched.unwrap(), snapshot);
    } else {
        assert!(fetched.unwrap_err().to_string().contains("nothing was fetched. Make room"));
    }
}
