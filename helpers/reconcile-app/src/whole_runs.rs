//! Whole runs on a host in memory, of an app that is replaced where it is.

use state::Outcome;

use crate::fake_host::World;

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
