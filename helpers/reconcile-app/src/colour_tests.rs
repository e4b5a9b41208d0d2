use super::*;
use crate::record::Seen;

/// A routed service of a deploy in a colour.
fn of(colour: Colour, generation: u64, stage: Stage) -> Service {
    let labels = [
        (APP_LABEL, "x".to_owned()),
        (DIGEST_LABEL, format!("d{generation}")),
        (COLOUR_LABEL, colour.to_string()),
        (GENERATION_LABEL, generation.to_string()),
        (STAGE_LABEL, stage.word().to_owned()),
        (STACK_LABEL, stack_of("x", colour)),
        ("traefik.enable", "true".to_owned()),
    ];
    let labels = labels.map(|(key, value)| (key.to_owned(), value)).into();
    Service { labels, ..Service::replicated(&format!("x-{colour}_app"), 1) }
}

fn plain() -> Service {
    let labels = [(APP_LABEL, "x"), (STACK_LABEL, "x"), ("traefik.enable", "true")];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    Service { labels, ..Service::replicated("x_app", 1) }
}

fn deployed(services: &[&Service]) -> Deployed {
    Deployed {
        schema: 1,
        digest: "d".to_owned(),
        version: None,
        image: None,
        recipe: None,
        at: Timestamp::UNIX_EPOCH,
        compose: String::new(),
        services: services.iter().map(|service| (service.name.clone(), Seen::of(service))).collect(),
    }
}

fn after(observed: &[Service], kept: &[Service], good: Option<&Service>) -> (Colour, u64) {
    let good = good.map(|service| deployed(&[service]));
    let turn = next(observed, kept, good.as_ref(), "new");
    (turn.colour, turn.generation)
}

use Colour::{Blue, Green};
use Stage::{Idle, Live};

#[test]
fn the_first_deploy_ever_is_blue() {
    assert_eq!(after(&[], &[], None), (Blue, 1));
}

#[test]
fn an_app_that_had_no_colours_goes_on_serving_beside_blue() {
    assert_eq!(after(&[plain()], &[], Some(&plain())), (Blue, 1));
}

#[test]
fn the_colours_take_turns() {
    let (blue, green) = (of(Blue, 1, Live), of(Green, 2, Live));
    assert_eq!(after(std::slice::from_ref(&blue), &[], Some(&blue)), (Green, 2));
    assert_eq!(after(std::slice::from_ref(&green), &[], Some(&green)), (Blue, 3));
}

#[test]
fn what_failed_makes_room_and_its_number_is_not_used_again() {
    let (blue, failed) = (of(Blue, 4, Live), of(Green, 9, Idle));
    assert_eq!(after(std::slice::from_ref(&blue), &[failed], Some(&blue)), (Green, 10));
}

#[test]
fn a_first_deploy_that_failed_is_kept_while_there_is_another_place() {
    assert_eq!(after(&[], &[of(Blue, 1, Idle)], None), (Green, 2));
    assert_eq!(after(&[], &[of(Blue, 1, Idle), of(Green, 2, Idle)], None), (Blue, 3));
}

#[test]
fn where_the_routes_contradict_the_record_what_passed_its_gate_is_not_touched() {
    // A run was cut off after the switch, and its journal is lost: green is served, blue is what is remembered.
    let (blue, green) = (of(Blue, 4, Live), of(Green, 5, Live));
    assert_eq!(after(&[blue.clone(), green], &[], Some(&blue)), (Green, 6));
}

#[test]
fn where_the_record_is_lost_what_is_served_is_not_touched() {
    let (blue, green) = (of(Blue, 4, Live), of(Green, 5, Live));
    assert_eq!(after(&[blue.clone(), green.clone()], &[], None), (Blue, 6));
    assert_eq!(after(&[blue, of(Green, 5, Idle)], &[], None), (Green, 6));
    assert_eq!(after(&[green], &[], None), (Blue, 6));
}

#[test]
fn where_what_passed_its_gate_is_gone_the_other_one_that_is_served_is_not_touched() {
    let good = of(Blue, 4, Live);
    assert_eq!(after(&[of(Green, 5, Live)], &[], Some(&good)), (Blue, 6));
    assert_eq!(after(&[], &[], Some(&good)), (Blue, 1));
    let unrouted = Service { labels: unrouted(&good.labels), ..good.clone() };
    assert_eq!(after(&[unrouted, of(Green, 5, Live)], &[], Some(&good)), (Blue, 6));
}

#[test]
fn a_colour_that_died_does_not_count_as_served() {
    let dead = Service { running: 0, ..of(Green, 5, Live) };
    assert_eq!(after(&[of(Blue, 4, Live), dead], &[], None), (Green, 6));
}

#[test]
fn labels_that_say_nonsense_are_no_colour_and_the_lowest_number() {
    let mut odd = of(Blue, 4, Live);
    odd.labels.insert(COLOUR_LABEL.to_owned(), "red".to_owned());
    odd.labels.insert(GENERATION_LABEL.to_owned(), "many".to_owned());
    assert_eq!((Turn::of(&odd.labels), generation(&odd)), (None, 0));
    assert_eq!(after(&[odd], &[], None), (Blue, 1));
}

#[test]
fn the_stack_of_what_passed_its_gate_is_told_by_its_services() {
    let record = |service: &Service| recorded_stack("x", Some(&deployed(&[service])));
    assert_eq!([record(&of(Green, 5, Live)), record(&plain()), recorded_stack("x", None)], ["x-green", "x", "x"]);
}

#[test]
fn only_the_apps_other_stacks_are_beside_one() {
    let mut alien = plain();
    alien.labels.insert(STACK_LABEL.to_owned(), "y".to_owned());
    let labelled_by_hand = Service { labels: [(APP_LABEL.to_owned(), "x".to_owned())].into(), ..plain() };
    let observed = [of(Blue, 1, Live), of(Green, 2, Idle), plain(), alien, labelled_by_hand];
    let names: Vec<&str> = beside(&observed, "x", "x-green").iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["x-blue_app", "x_app"]);
}

#[test]
fn what_is_set_aside_is_no_part_of_the_app_has_no_routes_and_still_says_what_it_was() {
    let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let labels = set_aside(&of(Green, 5, Live).labels, "x", at);
    assert_eq!((labels.get(APP_LABEL), labels.get(STAGE_LABEL)), (None, None));
    assert_eq!(labels["traefik.enable"], "false");
    assert_eq!((labels[FAILED_LABEL].as_str(), labels[FAILED_AT_LABEL].as_str()), ("x", "2026-01-01T00:00:00Z"));
    assert_eq!(Turn::of(&labels), Turn::of(&of(Green, 5, Live).labels));
}

#[test]
fn what_failed_is_over_after_its_time_and_also_where_nobody_knows_since_when() {
    let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let kept = [Service { labels: set_aside(&of(Green, 5, Live).labels, "x", at), ..Service::default() }];
    let over = |hours: u32, now: &str| !expired(&kept, hours, now.parse().unwrap()).is_empty();
    assert!(!over(24, "2026-01-01T23:59:59Z") && over(24, "2026-01-02T00:00:00Z"));
    assert!(over(0, "2026-01-01T00:00:00Z"));
    assert_eq!(expired(&[Service::default()], 24, at).len(), 1);
}
