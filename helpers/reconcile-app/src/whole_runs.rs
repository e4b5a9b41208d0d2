//! Whole runs on a host in memory, of an app that is replaced where it is.

use state::Outcome;

use crate::fake_host::{COMPOSE, World};
use crate::manifest::Source;

/// A host on which version 1 serves.
fn serving() -> World {
    let mut world = World::new("rolling");
    world.declare("1");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::Changed, Some("x:1 of x_app")), "{summary}");
    world
}

#[test]
fn a_version_that_the_engine_refuses_is_rolled_back_in_the_same_run_and_not_tried_again() {
    let mut world = serving();
    world.declare("2-refused");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::RolledBack, Some("x:1 of x_app")), "{summary}");
    assert!(summary.contains("refused by the engine: ") && summary.contains("port 25 is in use"), "{summary}");
    assert!(!world.is_unfinished());
    let (outcome, summary) = world.run();
    assert!(outcome == Outcome::Failed && summary.contains("failed before"), "{summary}");
}

#[test]
fn a_first_version_that_the_engine_refuses_is_a_failure_that_ends() {
    let mut world = World::new("rolling");
    world.declare("1-refused");
    let (outcome, summary) = world.run();
    assert!(outcome == Outcome::Failed && summary.contains("no earlier good state"), "{summary}");
    assert!(!world.is_unfinished());
}

/// Has the world's recipe in a folder of this name, with a config and a secret that are files of it.
fn with_files(world: &mut World, name: &str) -> std::path::PathBuf {
    let folder = world.folder.path().join(name);
    std::fs::create_dir(&folder).unwrap();
    let files = "configs: {motd: {file: ./motd}}\nsecrets: {seal: {file: ./seal}}\n";
    std::fs::write(folder.join("compose.yml"), format!("{COMPOSE}{files}")).unwrap();
    std::fs::write(folder.join(".env.sample"), "VERSION=1\n").unwrap();
    std::fs::write(folder.join("motd"), "hello").unwrap();
    std::fs::write(folder.join("seal"), "sealed").unwrap();
    world.manifest.recipe = Source::Folder(folder.clone());
    folder
}

#[test]
fn the_last_good_version_comes_back_also_when_the_folder_with_its_files_is_gone() {
    let mut world = serving();
    let once = with_files(&mut world, "once");
    assert_eq!(world.run().0, Outcome::Changed);
    with_files(&mut world, "again");
    assert_eq!(world.run(), (Outcome::Unchanged, "nothing differs".to_owned()));
    std::fs::remove_dir_all(once).unwrap();
    world.declare("2-unhealthy");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::RolledBack, Some("x:1 of x_app")), "{summary}");
}
