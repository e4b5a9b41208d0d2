//! Whole runs on a host in memory, of an app that is replaced where it is.

use state::Outcome;
use swarm::fake::Fake;
use swarm::{Object, TaskState};

use crate::fake_host::{COMPOSE, World};
use crate::manifest::{Source, Watch};
use crate::plan::APP_LABEL;

/// A host on which version 1 serves.
fn serving() -> World {
    let mut world = World::new("rolling");
    world.declare("1");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::Changed, Some("x:1 of x_app")), "{summary}");
    world
}

/// What the worker runs.
fn work(world: &World) -> Option<String> {
    let services = world.engine.services.borrow();
    services.iter().find(|service| service.name == "x_worker").map(|service| service.image.clone())
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

#[test]
fn a_log_that_has_no_end_does_not_keep_the_version_before_from_coming_back() {
    let mut world = serving();
    world.engine.trial.borrow_mut().endless_logs = true;
    world.declare("2-unhealthy");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::RolledBack, Some("x:1 of x_app")), "{summary}");
    assert!(world.said().iter().any(|line| line.contains("did not tell its log within 10 s")), "{:?}", world.said());
}

#[test]
fn an_image_that_cannot_be_unpacked_is_the_reason_and_not_what_the_swarm_makes_of_it() {
    let world = serving();
    world.engine.missing_images.replace(vec!["x:1"]);
    world.engine.services.borrow_mut().iter_mut().for_each(|service| service.running = 0);
    world.engine.trial.borrow_mut().tasks.iter_mut().for_each(|task| task.state = TaskState::Preparing);
    let (outcome, summary) = world.run();
    assert_eq!(outcome, Outcome::Failed, "{summary}");
    let cause = summary.find("failed to extract layer: no space left");
    let symptom = summary.find("(the swarm says: after 0 s: ");
    assert!(cause.is_some() && cause < symptom, "{summary}");
    assert!(world.warnings().iter().any(|warning| warning.contains("no space left")), "{:?}", world.warnings());
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

fn remove_worker(engine: &Fake) {
    engine.services.borrow_mut().retain(|service| service.name != "x_worker");
}

#[test]
fn a_service_that_somebody_removes_in_the_middle_of_a_deploy_is_there_again_after_the_next_run() {
    let mut world = serving();
    world.declare("2");
    world.meanwhile("smoke page", remove_worker);
    world.run();
    assert_eq!(work(&world), None, "nobody removed it");
    world.run();
    assert_eq!(work(&world).as_deref(), Some("x:2"));
}

#[test]
fn a_service_that_somebody_removes_before_the_watch_is_over_fails_it() {
    let mut world = serving();
    world.declare("2");
    world.manifest.gate.watch = Some(Watch { seconds: 0, every_seconds: 0, restart_limit: 1 });
    world.meanwhile("smoke page", remove_worker);
    let (outcome, summary) = world.run();
    assert_eq!(outcome, Outcome::RolledBack, "{summary}");
    assert!(summary.contains("service x_worker: fell ill 0 s after it passed its gate: is gone"), "{summary}");
    assert_eq!(work(&world).as_deref(), Some("x:1"));
}

#[test]
fn a_version_that_is_remembered_as_good_is_deployed_also_when_what_is_old_cannot_be_removed() {
    let mut world = serving();
    let label = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let old = Object { name: "x_old".to_owned(), labels: [(APP_LABEL, "x")].map(label).into() };
    world.engine.secrets.borrow_mut().insert(old.name.clone(), (old, Vec::new()));
    world.engine.unanswered.replace(Some("remove secret x_old"));
    world.declare("2");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, work(&world).as_deref()), (Outcome::Changed, Some("x:2")), "{summary}");
    let warnings = world.warnings();
    assert!(warnings.iter().any(|warning| warning.contains("left to the next deploy")), "{warnings:?}");
}
