use state::{Journal, Outcome};
use swarm::Service;

use crate::colour::{FAILED_AT_LABEL, FAILED_LABEL, STAGE_LABEL};
use crate::fake_host::World;
use crate::plan::APP_LABEL;
use crate::record::Intent;

/// A host on which version 1 serves in blue.
fn serving() -> World {
    let mut world = World::new("blue-green");
    world.declare("1");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::Changed, Some("x:1 of x-blue_app")), "{summary}");
    world.must_serve();
    world
}

fn change(world: &World, name: &str, change: impl Fn(&mut Service)) {
    world.engine.services.borrow_mut().iter_mut().filter(|service| service.name == name).for_each(change);
}

const BLUE: [&str; 2] = ["x-blue_app", "x-blue_worker"];
const GREEN: [&str; 2] = ["x-green_app", "x-green_worker"];

#[test]
fn a_good_version_gets_the_visitors_in_one_step_and_what_served_goes() {
    let mut world = serving();
    world.declare("2");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::Changed, Some("x:2 of x-green_app")), "{summary}");
    assert_eq!(world.served().last_chunk(), Some(&["x:1 of x-blue_app".to_owned(), "x:2 of x-green_app".to_owned()]));
    assert_eq!((world.names(), world.gaps()), (GREEN.map(str::to_owned).to_vec(), Vec::new()));
    assert_eq!(world.run(), (Outcome::Unchanged, "nothing differs".to_owned()));
    world.declare("3");
    world.run();
    assert_eq!(world.serves().as_deref(), Some("x:3 of x-blue_app"));
}

#[test]
fn a_version_that_does_not_come_up_never_gets_a_visitor_and_is_kept_without_routes() {
    let mut world = serving();
    world.declare("2-unhealthy");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::RolledBack, Some("x:1 of x-blue_app")), "{summary}");
    assert!(!world.served().iter().any(|served| served.contains("unhealthy")), "{:?}", world.served());
    assert!(summary.contains("what failed is kept without routes as x-green_"), "{summary}");
    for service in world.engine.services.borrow().iter().filter(|service| service.name.starts_with("x-green")) {
        assert_eq!((service.labels.get(APP_LABEL), service.labels[FAILED_LABEL].as_str()), (None, "x"));
    }
    assert_eq!(world.gaps(), Vec::<String>::new());
    let (outcome, summary) = world.run();
    assert!(outcome == Outcome::Failed && summary.contains("failed before"), "{summary}");
}

#[test]
fn a_version_that_the_engine_refuses_never_gets_a_visitor_and_is_not_tried_again() {
    let mut world = serving();
    world.declare("2-refused");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::RolledBack, Some("x:1 of x-blue_app")), "{summary}");
    assert_eq!((world.gaps(), world.is_unfinished()), (Vec::new(), false));
    assert!(world.run().1.contains("failed before"));
}

#[test]
fn a_version_that_visitors_miss_something_of_is_switched_back_in_the_same_run() {
    let mut world = serving();
    world.declare("2-bad-page");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::RolledBack, Some("x:1 of x-blue_app")), "{summary}");
    let served = world.served();
    let served: Vec<&str> = served.iter().rev().take(3).rev().map(String::as_str).collect();
    assert_eq!(served, ["x:1 of x-blue_app", "x:2-bad-page of x-green_app", "x:1 of x-blue_app"]);
    assert_eq!(world.names(), [BLUE, GREEN].concat());
    assert_eq!(world.gaps(), Vec::<String>::new());
}

#[test]
fn the_next_deploy_takes_the_place_of_what_failed() {
    let mut world = serving();
    world.declare("2-bad-page");
    world.run();
    world.declare("3");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::Changed, Some("x:3 of x-green_app")), "{summary}");
    assert_eq!((world.names(), world.gaps()), (GREEN.map(str::to_owned).to_vec(), Vec::new()));
}

#[test]
fn what_failed_is_removed_when_its_time_is_over_also_while_the_failure_stands() {
    let mut world = serving();
    world.declare("2-bad-page");
    world.run();
    for name in GREEN {
        change(&world, name, |service| {
            drop(service.labels.insert(FAILED_AT_LABEL.to_owned(), "2020-01-01T00:00:00Z".to_owned()));
        });
    }
    assert_eq!(world.run().0, Outcome::Failed);
    assert_eq!(world.names(), BLUE);
}

#[test]
fn what_failed_is_not_kept_where_that_is_not_wanted() {
    let mut world = serving();
    world.manifest.keep_failed_hours = 0;
    world.declare("2-bad-page");
    assert_eq!(world.run().0, Outcome::RolledBack);
    assert_eq!((world.names(), world.gaps()), (BLUE.map(str::to_owned).to_vec(), Vec::new()));
}

#[test]
fn a_first_deploy_that_fails_is_left_as_it_is_and_the_next_one_has_a_place() {
    let mut world = World::new("blue-green");
    world.declare("1-unhealthy");
    let (outcome, summary) = world.run();
    assert!(outcome == Outcome::Failed && summary.contains("no earlier good state"), "{summary}");
    world.declare("2");
    let (outcome, summary) = world.run();
    assert_eq!(outcome, Outcome::Changed, "{summary}");
    assert_eq!((world.names().len(), world.is_unfinished()), (2, false));
}

#[test]
fn an_app_gets_colours_and_loses_them_again_without_a_gap() {
    let mut world = World::new("rolling");
    world.declare("1");
    world.run();
    world.must_serve();
    world.manifest.update = crate::manifest::Update::BlueGreen;
    assert_eq!(world.run().0, Outcome::Unchanged, "how it is replaced is asked when it is replaced");
    world.declare("2-bad-page");
    assert_eq!((world.run().0, world.serves().as_deref()), (Outcome::RolledBack, Some("x:1 of x_app")));
    world.declare("3");
    assert_eq!((world.run().0, world.serves().as_deref()), (Outcome::Changed, Some("x:3 of x-green_app")));
    assert_eq!(world.names(), [BLUE, GREEN].concat(), "what failed is kept, since there was another place");
    world.manifest.update = crate::manifest::Update::Rolling;
    world.declare("4-bad-page");
    assert_eq!((world.run().0, world.serves().as_deref()), (Outcome::RolledBack, Some("x:3 of x-green_app")));
    world.declare("5");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::Changed, Some("x:5 of x_app")), "{summary}");
    assert_eq!(world.names(), ["x_app", "x_worker"]);
    assert_eq!(world.run().0, Outcome::Unchanged);
    assert_eq!(world.gaps(), Vec::<String>::new());
}

#[test]
fn a_service_of_the_live_colour_that_is_gone_is_put_right_where_it_was() {
    let world = serving();
    world.engine.services.borrow_mut().retain(|service| service.name != "x-blue_worker");
    assert_eq!(world.run().0, Outcome::Changed);
    assert_eq!((world.names(), world.gaps()), (BLUE.map(str::to_owned).to_vec(), Vec::new()));
    assert_eq!(world.run().0, Outcome::Unchanged);
}

#[test]
fn a_live_colour_that_died_before_the_switch_back_is_brought_up_before_visitors_are_sent_to_it() {
    let mut world = serving();
    world.declare("2-bad-page");
    // Cut off when the bad version serves already; then what served before dies.
    let mut cut = 0;
    while world.serves().as_deref() != Some("x:2-bad-page of x-green_app") {
        cut += 1;
        world = serving();
        world.declare("2-bad-page");
        assert!(world.run_cut_before(Some(cut)).is_none(), "it was never cut off while that served");
    }
    world.engine.services.borrow_mut().retain(|service| !service.name.starts_with("x-blue"));
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::RolledBack, Some("x:1 of x-blue_app")), "{summary}");
    assert_eq!(world.gaps(), Vec::<String>::new());
}

#[test]
fn where_routes_and_record_contradict_each_other_the_record_is_right() {
    let mut world = serving();
    world.declare("2");
    let mut cut = 0;
    while world.serves().as_deref() != Some("x:2 of x-green_app") {
        cut += 1;
        world = serving();
        world.declare("2");
        assert!(world.run_cut_before(Some(cut)).is_none());
    }
    // And now nobody knows of that deploy.
    std::fs::remove_file(world.folder.path().join("state/journal.json")).unwrap();
    world.declare("1");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::Changed, Some("x:1 of x-blue_app")), "{summary}");
    assert_eq!((world.names(), world.gaps()), (BLUE.map(str::to_owned).to_vec(), Vec::new()));
}

#[test]
fn where_the_record_is_lost_what_serves_goes_on_until_something_else_does() {
    let mut world = serving();
    std::fs::remove_dir_all(world.folder.path().join("state")).unwrap();
    world.declare("2");
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::Changed, Some("x:2 of x-green_app")), "{summary}");
    assert_eq!((world.names(), world.gaps()), (GREEN.map(str::to_owned).to_vec(), Vec::new()));
}

#[test]
fn routes_that_somebody_took_away_are_given_back() {
    let world = serving();
    change(&world, "x-blue_app", |service| {
        service.labels.retain(|key, _| !key.starts_with("traefik.") && key != STAGE_LABEL);
        service.version += 1;
    });
    // The engine in memory keeps no labels in its specification, so that the planner must be told of the change.
    world.engine.services.borrow_mut().retain(|service| service.name != "x-blue_worker");
    assert_eq!(world.run().0, Outcome::Changed);
    assert_eq!(world.serves().as_deref(), Some("x:1 of x-blue_app"));
}

/// Kills a run before each thing that it does, and sees how the next two end.
fn killed_anywhere(version: &str, expected: &str) -> u32 {
    for cut in 0.. {
        let mut world = serving();
        world.declare(version);
        let finished = world.run_cut_before(Some(cut)).is_some();
        world.run();
        let after = world.run();
        assert_eq!(world.serves().as_deref(), Some(expected), "killed before {cut}: {after:?}");
        assert_eq!(world.gaps(), Vec::<String>::new(), "killed before {cut}");
        assert!(!world.is_unfinished(), "killed before {cut}: {after:?}");
        let own =
            world.engine.services.borrow().iter().filter(|service| service.labels.contains_key(APP_LABEL)).count();
        assert_eq!(own, 2, "killed before {cut}: {:?}", world.names());
        if finished {
            return cut;
        }
    }
    0
}

#[test]
fn killed_anywhere_in_a_good_deploy_it_ends_with_the_new_version_and_no_gap() {
    assert!(killed_anywhere("2", "x:2 of x-green_app") > 15);
}

#[test]
fn killed_anywhere_in_a_deploy_that_fails_before_the_switch_the_old_version_serves_all_the_time() {
    assert!(killed_anywhere("2-unhealthy", "x:1 of x-blue_app") > 15);
}

#[test]
fn killed_anywhere_in_a_deploy_that_fails_after_the_switch_the_old_version_serves_again() {
    assert!(killed_anywhere("2-bad-page", "x:1 of x-blue_app") > 20);
}

#[test]
fn a_gap_would_have_been_seen() {
    let world = serving();
    world.engine.services.borrow_mut().retain(|service| service.name != "x-blue_app");
    world.run();
    assert!(!world.gaps().is_empty());
}

#[test]
fn what_a_run_deployed_that_was_cut_off_before_it_could_say_so_is_said_by_the_next_and_once() {
    let world = serving();
    let state = world.folder.path().join("state");
    let deployed: serde_json::Value =
        serde_json::from_slice(&std::fs::read(state.join("deployed.json")).unwrap()).unwrap();
    let digest = deployed["digest"].as_str().unwrap().to_owned();
    let journal = Journal::in_folder(&state);
    journal.record(&Intent::Deploy { digest, snapshot: None }).unwrap();
    let (outcome, summary) = world.run();
    assert_eq!(outcome, Outcome::Changed, "{summary}");
    assert!(summary.contains("cut off before it could say so"), "{summary}");
    assert_eq!(world.run(), (Outcome::Unchanged, "nothing differs".to_owned()));
}
