use std::collections::BTreeMap;

use jiff::Timestamp;

use super::*;

fn service(name: &str, version: u64) -> Service {
    Service { name: name.to_owned(), version, running: 1, desired: 1, ..Service::default() }
}

fn deployed(digest: &str, services: &[Service]) -> Deployed {
    Deployed {
        schema: 1,
        digest: digest.to_owned(),
        version: None,
        image: None,
        recipe: None,
        at: Timestamp::UNIX_EPOCH,
        compose: "compose-x.json".to_owned(),
        services: services.iter().map(|service| (service.name.clone(), Seen::of(service))).collect(),
    }
}

fn failed(digest: &str) -> FailedDeploy {
    FailedDeploy {
        digest: digest.to_owned(),
        reason: "app: crash-looping".to_owned(),
        versions: Vec::new(),
        logs: Vec::new(),
        at: Timestamp::UNIX_EPOCH,
        by_hand: false,
        version: None,
        image: None,
        gate: None,
        asked: None,
    }
}

fn decide(desired: &str, observed: &[Service], deployed: Option<&Deployed>, failed: Option<&FailedDeploy>) -> Plan {
    plan(Known { desired, observed, deployed, failed, unfinished: None })
}

#[test]
fn an_app_that_was_never_deployed_is_deployed() {
    assert_eq!(decide("a", &[], None, None), Plan::Deploy(vec![Difference::NeverDeployed]));
}

#[test]
fn nothing_is_done_when_nothing_differs() {
    let now = [service("x_app", 7)];
    assert_eq!(decide("a", &now, Some(&deployed("a", &now)), None), Plan::Nothing);
}

#[test]
fn a_version_number_that_moved_alone_is_only_remembered() {
    let record = deployed("a", &[service("x_app", 7)]);
    assert_eq!(decide("a", &[service("x_app", 9)], Some(&record), None), Plan::Settle);
}

#[test]
fn a_service_that_was_told_something_else_is_deployed_again() {
    let record = deployed("a", &[service("x_app", 7)]);
    let mut by_hand = record.clone();
    by_hand.services.get_mut("x_app").unwrap().spec = "other".to_owned();
    let plan = decide("a", &[service("x_app", 9)], Some(&by_hand), None);
    assert_eq!(plan, Plan::Deploy(vec![Difference::ChangedByHand("x_app".to_owned())]));
}

#[test]
fn a_removed_service_is_deployed_again() {
    let record = deployed("a", &[service("x_app", 7), service("x_db", 8)]);
    let plan = decide("a", &[service("x_app", 7)], Some(&record), None);
    assert_eq!(plan, Plan::Deploy(vec![Difference::Missing("x_db".to_owned())]));
}

#[test]
fn a_service_with_too_few_tasks_is_watched_not_deployed() {
    let now = [Service { running: 0, ..service("x_app", 7) }];
    let plan = decide("a", &now, Some(&deployed("a", &now)), None);
    assert!(matches!(plan, Plan::Watch(_)), "{plan:?}");
}

#[test]
fn what_failed_before_is_not_tried_again_while_the_good_version_serves() {
    let now = [service("x_app", 7)];
    let plan = decide("b", &now, Some(&deployed("a", &now)), Some(&failed("b")));
    assert_eq!(plan, Plan::FailedBefore(failed("b")));
}

#[test]
fn drift_under_a_failed_version_brings_the_good_one_back() {
    let record = deployed("a", &[service("x_app", 7)]);
    let plan = decide("b", &[], Some(&record), Some(&failed("b")));
    assert!(matches!(plan, Plan::Rollback { .. }), "{plan:?}");
}

#[test]
fn what_failed_before_is_tried_when_it_changed() {
    let now = [service("x_app", 7)];
    let plan = decide("c", &now, Some(&deployed("a", &now)), Some(&failed("b")));
    assert_eq!(plan, Plan::Deploy(vec![Difference::Inputs]));
}

#[test]
fn a_rollback_that_was_cut_off_is_finished() {
    let record = deployed("a", &[service("x_app", 7)]);
    let intent = Intent::Rollback { digest: "b".to_owned(), reason: "x".to_owned(), tag: None, failed: true };
    let known = Known { desired: "b", observed: &[], deployed: Some(&record), failed: None, unfinished: Some(&intent) };
    assert!(matches!(plan(known), Plan::Rollback { .. }));
}

#[test]
fn a_standby_that_was_left_behind_is_seen() {
    let now = [service("x_app", 7)];
    let labels = BTreeMap::from([(STANDBY_LABEL.to_owned(), "x".to_owned())]);
    let standby = Service { labels, ..service("x_app-standby", 8) };
    let record = deployed("a", &now);
    let plan = decide("a", &[now[0].clone(), standby], Some(&record), None);
    assert_eq!(plan, Plan::Deploy(vec![Difference::Standby("x_app-standby".to_owned())]));
}

fn after(intent: &Intent, desired: &str, deployed: &Deployed, observed: &[Service]) -> Plan {
    plan(Known { desired, observed, deployed: Some(deployed), failed: None, unfinished: Some(intent) })
}

fn deploying(digest: &str, snapshot: Option<&str>) -> Intent {
    Intent::Deploy { digest: digest.to_owned(), snapshot: snapshot.map(ToOwned::to_owned) }
}

#[test]
fn a_deploy_that_was_cut_off_goes_on() {
    let now = [service("x_app", 7)];
    let intent = deploying("b", Some("s1"));
    let plan = after(&intent, "b", &deployed("a", &now), &now);
    assert_eq!(plan, Plan::Deploy(vec![Difference::Unfinished(intent), Difference::Inputs]));
}

#[test]
fn a_deploy_that_was_cut_off_and_is_not_declared_any_more_gives_the_data_back() {
    let now = [service("x_app", 7)];
    for desired in ["a", "c"] {
        let plan = after(&deploying("b", Some("s1")), desired, &deployed("a", &now), &now);
        let Plan::Rollback(back) = plan else { panic!("{plan:?}") };
        assert_eq!((back.snapshot.as_deref(), back.failed), (Some("s1"), false));
    }
}

#[test]
fn a_deploy_that_was_remembered_as_good_is_not_deployed_again() {
    let now = [service("x_app", 7)];
    assert_eq!(after(&deploying("b", Some("s1")), "b", &deployed("b", &now), &now), Plan::Settle);
}

#[test]
fn an_app_that_was_left_stopped_for_a_snapshot_is_started_again() {
    let record = deployed("a", &[service("x_app", 7)]);
    let stopped = [Service { running: 0, desired: 0, ..service("x_app", 8) }];
    let plan = after(&Intent::Snapshot { digest: "b".to_owned() }, "a", &record, &stopped);
    assert!(matches!(plan, Plan::Deploy(_)), "{plan:?}");
}

#[test]
fn data_is_restored_again_after_a_cut_off_restore_and_never_after_it_ended() {
    let record = deployed("a", &[service("x_app", 7)]);
    let (digest, reason) = ("b".to_owned(), "x".to_owned());
    // What is remembered as failed is what this intent says, whatever the run chose that finishes it.
    let tag = Some(updates::Tag {
        version: "2.0.0+1.1.0".parse().unwrap(),
        name: "2.0.0+1.1.0".to_owned(),
        commit: "a".repeat(40).parse().unwrap(),
    });
    let restore = Intent::Restore {
        digest: digest.clone(),
        reason: reason.clone(),
        snapshot: "s1".to_owned(),
        tag: tag.clone(),
        failed: true,
    };
    let of = |intent: &Intent| match after(intent, "b", &record, &[]) {
        Plan::Rollback(back) => (back.snapshot, back.tag, back.failed),
        other => panic!("{other:?}"),
    };
    assert_eq!(of(&restore), (Some("s1".to_owned()), tag.clone(), true));
    assert_eq!(of(&Intent::Rollback { digest, reason, tag: tag.clone(), failed: true }), (None, tag, true));
}

fn coloured(colour: &str, version: u64) -> Service {
    let labels = BTreeMap::from([(COLOUR_LABEL.to_owned(), colour.to_owned())]);
    Service { labels, ..service(&format!("x-{colour}_app"), version) }
}

#[test]
fn what_is_left_of_the_other_colour_is_removed_and_nothing_is_deployed_for_it() {
    let (blue, green) = (coloured("blue", 7), coloured("green", 8));
    let record = deployed("a", std::slice::from_ref(&blue));
    let left = vec![Difference::OtherColour("x-green_app".to_owned())];
    assert_eq!(decide("a", &[blue.clone(), green.clone()], Some(&record), None), Plan::Remove(left));
    let plan = decide("b", &[blue, green], Some(&record), None);
    assert!(matches!(plan, Plan::Deploy(_)), "{plan:?}");
}

#[test]
fn the_other_colour_stays_while_the_one_that_should_serve_does_not_run() {
    let blue = Service { running: 0, ..coloured("blue", 7) };
    let record = deployed("a", std::slice::from_ref(&blue));
    let plan = decide("a", &[blue, coloured("green", 8)], Some(&record), None);
    assert!(matches!(plan, Plan::Watch(_)), "{plan:?}");
}

#[test]
fn what_failed_before_is_left_alone_beside_what_is_left_of_it() {
    let blue = coloured("blue", 7);
    let record = deployed("a", std::slice::from_ref(&blue));
    let plan = decide("b", &[blue, coloured("green", 8)], Some(&record), Some(&failed("b")));
    assert_eq!(plan, Plan::FailedBefore(failed("b")));
}

#[test]
fn a_failed_colour_whose_time_is_over_is_removed_when_nothing_else_is_to_be_done() {
    let kept = service("x-green_app", 8);
    let over = Difference::Expired("x-green_app".to_owned());
    for plan in [Plan::Nothing, Plan::Settle] {
        assert_eq!(plan.clone().with_expired(&[&kept]), Plan::Remove(vec![over.clone()]));
        assert_eq!(plan.clone().with_expired(&[]), plan);
    }
    assert_eq!(Plan::FailedBefore(failed("b")).with_expired(&[&kept]), Plan::FailedBefore(failed("b")));
}
