use state::Outcome;
use swarm::{STACK_LABEL, Service};

use super::{Because, StackHold, judge};
use crate::fake_host::World;
use crate::manifest::Name;
use crate::plan::APP_LABEL;
use crate::record::Files;

/// A host on which an app serves as stack `x`.
fn serving(update: &str) -> World {
    let mut world = World::new(update);
    world.declare("1");
    assert_eq!(world.run().0, Outcome::Changed);
    world
}

fn name(text: &str) -> Name {
    Name::try_from(text.to_owned()).unwrap()
}

/// As the helper keeps what is declared.
fn keep(world: &World) {
    let kept = serde_json::json!({ "schema": 1, "stateFolder": world.manifest.state_folder, "dockerSocket": "/d",
        "name": "x", "stack": world.manifest.stack.as_str(), "gate": { "convergeSeconds": 1 } });
    std::fs::write(world.manifest.state_folder.join("declared.json"), kept.to_string()).unwrap();
}

#[test]
fn an_app_whose_stack_changed_is_held_and_serves_on_whether_or_not_its_declaration_was_kept() {
    for (update, service, kept) in
        [("rolling", "x_app", true), ("rolling", "x_app", false), ("blue-green", "x-blue_app", false)]
    {
        let mut world = serving(update);
        if kept {
            keep(&world);
        }
        let names = world.names();
        world.manifest.stack = name("y");
        let (outcome, summary) = world.run();
        assert_eq!(outcome, Outcome::Held, "{summary}");
        assert!(summary.contains("stack y would begin empty"), "{summary}");
        assert!(
            summary.contains("hearth.apps.x.stack = \"x\"") && summary.contains("`hearth accept x y`"),
            "{summary}"
        );
        assert_eq!((world.names(), world.serves()), (names, Some(format!("x:1 of {service}"))));
        world.manifest.stack = name("x");
        assert_eq!(world.run().0, Outcome::Unchanged);
        assert!(StackHold::read(&world.manifest.state_folder).unwrap().is_none(), "nothing waits any more");
    }
}

#[test]
fn accepted_the_old_stack_is_left_and_the_new_one_begins() {
    let mut world = serving("rolling");
    keep(&world);
    world.manifest.stack = name("y");
    world.run();
    StackHold::read(&world.manifest.state_folder).unwrap().unwrap().accept(&world.manifest.state_folder).unwrap();
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.serves().as_deref()), (Outcome::Changed, Some("x:1 of y_app")), "{summary}");
    assert_eq!(world.names(), ["y_app", "y_worker"]);
    keep(&world);
    assert_eq!(world.run().0, Outcome::Unchanged);
    world.manifest.stack = name("x");
    assert_eq!(world.run().0, Outcome::Held, "what was accepted was this one step");
}

#[test]
fn killed_anywhere_while_the_old_stack_is_left_the_next_runs_end_in_the_new_one() {
    for cut in 0.. {
        let mut world = serving("rolling");
        keep(&world);
        world.manifest.stack = name("y");
        world.run();
        StackHold::read(&world.manifest.state_folder).unwrap().unwrap().accept(&world.manifest.state_folder).unwrap();
        let ended = world.run_cut_before(Some(cut));
        let (_, summary) = world.run();
        assert_eq!(world.serves().as_deref(), Some("x:1 of y_app"), "cut before {cut}: {summary}");
        assert_eq!(world.names(), ["y_app", "y_worker"], "cut before {cut}");
        if ended.is_some() {
            assert!(cut > 5, "a run has more steps than {cut}");
            break;
        }
    }
}

#[test]
fn a_first_deploy_into_the_stack_of_another_app_is_held_until_it_is_accepted() {
    let mut world = World::new("rolling");
    world.declare("1");
    let mut other = Service::replicated("x_db", 1);
    other.labels.insert(APP_LABEL.to_owned(), "wiki".to_owned());
    other.labels.insert(STACK_LABEL.to_owned(), "x".to_owned());
    world.engine.services.borrow_mut().push(other);
    let (outcome, summary) = world.run();
    assert_eq!((outcome, world.names()), (Outcome::Held, vec!["x_db".to_owned()]), "{summary}");
    assert!(summary.contains("stack x has the services and data of `wiki`"), "{summary}");
    StackHold::read(&world.manifest.state_folder).unwrap().unwrap().accept(&world.manifest.state_folder).unwrap();
    assert_eq!((world.run().0, world.serves().as_deref()), (Outcome::Changed, Some("x:1 of x_app")));
}

#[test]
fn a_stack_whose_name_begins_like_the_old_one_is_another() {
    let mut world = serving("rolling");
    keep(&world);
    let deployed = Files::in_folder(&world.manifest.state_folder).deployed().unwrap();
    let services = world.engine.services.borrow().clone();
    world.manifest.stack = name("x_app");
    let hold = judge(&world.manifest, deployed.as_ref(), None, &services).unwrap();
    assert_eq!(hold.because, Because::Moved("x".to_owned()));
    world.manifest.stack = name("x");
    assert_eq!(judge(&world.manifest, deployed.as_ref(), Some("x"), &services), None);
    assert_eq!(judge(&world.manifest, deployed.as_ref(), None, &services), None);
    assert_eq!(judge(&world.manifest, deployed.as_ref(), None, &[]), None, "nothing says what it was");
}
