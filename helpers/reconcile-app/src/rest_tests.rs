use state::Outcome;
use swarm::Service;

use crate::fake_host::World;
use crate::manifest::{DeclaredState, Source};
use crate::pin::{Pin, Pins};
use crate::plan::Plan;

/// A host on which version 1 of an app is declared stopped.
fn at_rest(update: &str) -> World {
    let mut world = World::new(update);
    world.declare("1");
    assert_eq!(world.run().0, Outcome::Changed);
    world.manifest.state = DeclaredState::Stopped;
    assert_eq!(world.run(), (Outcome::Changed, "it is stopped, as declared; its data is kept".to_owned()));
    world
}

fn running(world: &World) -> usize {
    world.engine.services.borrow().iter().filter(|service| service.is_told_to_run()).count()
}

#[test]
fn an_app_that_is_declared_stopped_is_stopped_once_and_is_no_fault() {
    for update in ["rolling", "blue-green"] {
        let world = at_rest(update);
        assert_eq!((running(&world), world.serves()), (0, None), "{update}");
        let file = world.manifest.state_folder.join("stopped.json");
        let since = std::fs::read_to_string(&file).unwrap();
        assert_eq!(world.run(), (Outcome::Unchanged, "it is declared stopped, and nothing of it runs".to_owned()));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), since);
    }
}

#[test]
fn what_somebody_started_is_stopped_again_and_the_next_snapshot_knows_that_it_ran() {
    let world = at_rest("rolling");
    let file = world.manifest.state_folder.join("stopped.json");
    let long_ago = r#"{"schema":1,"since":"2001-01-01T00:00:00Z"}"#;
    for cut in 0.. {
        std::fs::write(&file, long_ago).unwrap();
        world.engine.scale("x_app", 1);
        let ended = world.run_cut_before(Some(cut));
        let since = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(running(&world) > 0 || since != long_ago, "cut before {cut}: stopped, and as if it had not run");
        world.run();
        assert_eq!(running(&world), 0, "cut before {cut}");
        assert_ne!(std::fs::read_to_string(&file).unwrap(), long_ago, "cut before {cut}");
        if ended.is_some() {
            break;
        }
    }
}

#[test]
fn declared_running_again_the_same_version_is_deployed_and_held_to_its_gate() {
    for (update, service) in [("rolling", "x:1 of x_app"), ("blue-green", "x:1 of x-blue_app")] {
        let mut world = at_rest(update);
        world.manifest.state = DeclaredState::Running;
        let (outcome, summary) = world.run();
        assert_eq!((outcome, world.serves().as_deref()), (Outcome::Changed, Some(service)), "{summary}");
        assert!(!world.manifest.state_folder.join("stopped.json").exists());
        assert_eq!(world.run().0, Outcome::Unchanged);
    }
}

#[test]
fn it_needs_no_recipe_and_no_secret_to_be_stopped() {
    let mut world = World::new("rolling");
    world.declare("1");
    world.run();
    world.manifest.recipe = Source::Folder("/nonexistent".into());
    world.manifest.state = DeclaredState::Stopped;
    assert_eq!((world.run().0, running(&world)), (Outcome::Changed, 0));
}

#[test]
fn killed_anywhere_while_it_is_stopped_the_next_run_ends_it() {
    for cut in 0.. {
        let mut world = World::new("rolling");
        world.declare("1");
        world.run();
        world.manifest.state = DeclaredState::Stopped;
        let ended = world.run_cut_before(Some(cut));
        world.run();
        assert_eq!(running(&world), 0, "cut before {cut}");
        assert!(!world.is_unfinished());
        if ended.is_some() {
            assert!(cut > 2, "a run has more steps than {cut}");
            break;
        }
    }
}

#[test]
fn a_deploy_that_was_cut_off_is_ended_when_it_is_declared_running_and_not_before() {
    let mut world = World::new("rolling");
    world.declare("1");
    world.run();
    world.declare("2");
    let mut cut = 0;
    while !world.is_unfinished() {
        assert!(world.run_cut_before(Some(cut)).is_none(), "it ended before it was in the middle of anything");
        cut += 1;
    }
    world.manifest.state = DeclaredState::Stopped;
    world.run();
    assert_eq!((running(&world), world.is_unfinished()), (0, true));
    world.manifest.state = DeclaredState::Running;
    world.run();
    assert_eq!((world.serves().as_deref(), world.is_unfinished()), (Some("x:2 of x_app"), false));
}

/// Asks for a deploy, as the door does.
fn ask(world: &World) -> (Pins, Pin) {
    let pins = Pins::in_folder(&world.manifest.state_folder);
    let (image, tag, digest) = ("x".to_owned(), "2".to_owned(), format!("sha256:{}", "0".repeat(64)));
    let pin = Pin { schema: 1, image, tag, digest, by: "ci".to_owned(), at: jiff::Timestamp::now() };
    pins.ask(&pin).unwrap();
    (pins, pin)
}

#[test]
fn who_deploys_an_app_whose_stack_waits_for_a_person_hears_why() {
    let mut world = World::new("rolling");
    world.declare("1");
    world.run();
    world.manifest.stack = "y".to_owned().try_into().unwrap();
    let (pins, _) = ask(&world);
    assert_eq!(world.run().0, Outcome::Held);
    assert!(pins.answer().unwrap().unwrap().summary.contains("stack y would begin empty"));
}

#[test]
fn who_deploys_it_hears_that_it_is_stopped() {
    let world = at_rest("rolling");
    let (pins, pin) = ask(&world);
    assert_eq!(world.run().0, Outcome::Unchanged);
    let answer = pins.answer().unwrap().unwrap();
    assert_eq!((answer.outcome, &answer.to), (Outcome::Held, &pin));
    assert!(answer.summary.starts_with("the app is declared stopped, and nothing was deployed"), "{}", answer.summary);
    assert!(pins.asked().unwrap().is_none() && pins.pinned().unwrap().is_none());
}

#[test]
fn what_is_to_be_stopped_is_what_is_told_to_run() {
    let services = [Service::replicated("a", 1), Service::replicated("b", 0), Service::global("c")];
    assert_eq!(super::plan(services.iter()), Plan::Stop(vec!["a".to_owned(), "c".to_owned()]));
    assert_eq!(super::plan(services[1..2].iter()), Plan::Nothing);
    let lines = super::plan(services.iter()).lines();
    assert_eq!(lines[0], "stop: service a: the app is declared stopped");
}
