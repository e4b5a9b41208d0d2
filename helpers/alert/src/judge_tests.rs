use super::*;
use serde_json::json;
use state::Step;

const UNIT: &str = "hearth-app-wiki.service";

fn watched() -> Watched {
    Watched { object: "app wiki".to_owned(), ..Watched::default() }
}

fn receipt(outcome: Outcome, summary: &str) -> Receipt {
    let mut receipt = Receipt::start("reconcile-app", "wiki");
    receipt.finish(outcome, summary);
    receipt
}

fn failed(result: &str, status: &str) -> UnitState {
    UnitState::Failed { result: result.to_owned(), status: status.to_owned() }
}

fn seen(state: UnitState, receipt: Option<Receipt>) -> Seen {
    Seen { state, receipt: Ok(receipt), failed_before: None, journal: vec!["last words".to_owned()] }
}

fn only(watched: &Watched, seen: &Seen) -> Problem {
    let mut problems = unit(UNIT, watched, seen, Timestamp::now()).expect("it can be said");
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

#[test]
fn a_unit_that_ended_well_has_no_problem() {
    for outcome in [Outcome::Unchanged, Outcome::Changed] {
        let seen = seen(UnitState::Well, Some(receipt(outcome, "good")));
        assert_eq!(unit(UNIT, &watched(), &seen, Timestamp::now()), Some(vec![]));
    }
}

#[test]
fn of_a_unit_that_runs_nothing_is_said_yet() {
    let seen = seen(UnitState::Running, Some(receipt(Outcome::Failed, "of the run before")));
    assert_eq!(unit(UNIT, &watched(), &seen, Timestamp::now()), None);
}

#[test]
fn a_hold_is_told_although_it_counts_as_a_success() {
    let problem = only(&watched(), &seen(UnitState::Well, Some(receipt(Outcome::Held, "2.0.0+3 is a major version"))));
    assert_eq!((problem.kind, problem.cause.as_str()), (Kind::Held, "2.0.0+3 is a major version"));
    assert!(problem.remedy.contains("`hearth history wiki last`") && problem.remedy.contains("`hearth accept wiki "));
}

#[test]
fn a_failed_run_is_told_with_its_receipt() {
    let mut failed_run = receipt(Outcome::Failed, "service app: crash-looping");
    failed_run.steps.push(Step { name: "log of app".to_owned(), milliseconds: 0, result: "one\ntwo".to_owned() });
    let problem = only(&watched(), &seen(failed("exit-code", "1"), Some(failed_run)));
    assert_eq!(problem.kind, Kind::Failed);
    assert_eq!(problem.summary.as_deref(), Some("service app: crash-looping"));
    assert_eq!(problem.details, ["one", "two"]);
}

#[test]
fn a_rollback_and_the_runs_that_then_leave_it_alone_are_one_problem() {
    let before = FailedBefore {
        digest: "abc".to_owned(),
        reason: "service app: unhealthy".to_owned(),
        logs: vec!["no table".to_owned()],
    };
    let first = Seen {
        failed_before: Some(before.clone()),
        ..seen(
            failed("exit-code", "30"),
            Some(receipt(Outcome::RolledBack, "service app: unhealthy; 1.0.0 serves again")),
        )
    };
    let later = Seen {
        failed_before: Some(before),
        ..seen(
            failed("exit-code", "1"),
            Some(receipt(Outcome::Failed, "failed before, on …, and nothing changed since")),
        )
    };
    assert_eq!(only(&watched(), &first).key(), only(&watched(), &later).key());
    assert_eq!(only(&watched(), &later).kind, Kind::RolledBack);
    assert_eq!(
        only(&watched(), &later).details,
        ["no table"],
        "the log's end goes with it, whichever run is looked at"
    );
}

#[test]
fn a_rollback_that_fails_and_an_engine_that_is_gone_are_problems_of_their_own() {
    let before = Some(FailedBefore {
        digest: "abc".to_owned(),
        reason: "service app: unhealthy".to_owned(),
        logs: vec!["no table".to_owned()],
    });
    let mut twice = receipt(Outcome::Failed, "unhealthy; and going back to 1.0.0 failed too");
    twice.steps.push(Step { name: "deploy and gate".to_owned(), milliseconds: 1, result: "unhealthy".to_owned() });
    let mut engine = receipt(Outcome::Failed, "the engine does not answer");
    engine.error = Some("the engine does not answer".to_owned());
    for run in [twice, engine] {
        let seen = Seen { failed_before: before.clone(), ..seen(failed("exit-code", "1"), Some(run)) };
        assert_eq!(only(&watched(), &seen).kind, Kind::Failed);
    }
}

#[test]
fn a_unit_that_failed_without_a_receipt_of_it_is_told_with_systemds_words() {
    let good = || Some(receipt(Outcome::Unchanged, "nothing differs"));
    for (result, status, says) in [
        ("exit-code", "203", "cannot be executed (203/EXEC)"),
        ("exit-code", "1", "exit status 1 and left no receipt"),
        ("signal", "9", "killed by SIGKILL"),
        ("timeout", "", "did not end in its time"),
        ("oom-kill", "9", "memory ran out"),
    ] {
        let problem = only(&watched(), &seen(failed(result, status), good()));
        assert_eq!(problem.kind, Kind::NotStarted);
        assert!(problem.cause.contains(says), "{}", problem.cause);
        assert_eq!(problem.details, ["last words"]);
    }
    // An older failure's receipt does not explain a run that was killed.
    let old = Some(receipt(Outcome::Failed, "refused"));
    assert_eq!(only(&watched(), &seen(failed("signal", "9"), old)).kind, Kind::NotStarted);
}

#[test]
fn a_damaged_receipt_is_a_problem() {
    let seen = Seen { receipt: Err("last.json: EOF".to_owned()), ..seen(UnitState::Well, None) };
    assert!(only(&watched(), &seen).cause.contains("last.json: EOF"));
}

#[test]
fn a_failed_drill_has_a_kind_of_its_own() {
    let watched = Watched { drill: true, ..watched() };
    let problem = only(&watched, &seen(failed("exit-code", "1"), Some(receipt(Outcome::Failed, "no rows"))));
    assert_eq!(problem.kind, Kind::DrillFailed);
}

#[test]
fn a_certificate_is_told_in_its_last_days_and_it_is_one_problem_each_day() {
    let watched = Watched { expiry_warning_days: Some(14), ..watched() };
    let ends: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    let with = |days: i64| {
        let mut receipt = receipt(Outcome::Unchanged, "served");
        receipt.found = json!({ "expires": ends });
        let now = ends - SignedDuration::from_hours(24 * days);
        unit(UNIT, &watched, &seen(UnitState::Well, Some(receipt)), now).unwrap()
    };
    assert_eq!(with(14), []);
    let (thirteen, two, over) = (with(13), with(2), with(-1));
    assert_eq!(thirteen[0].cause, "it expires in 13 days, on 2026-03-01T00:00:00Z");
    assert_eq!(over[0].cause, "it expired on 2026-03-01T00:00:00Z");
    assert!(thirteen[0].key() == two[0].key() && two[0].key() == over[0].key());
}

#[test]
fn a_disk_is_told_with_both_numbers_and_is_well_only_with_some_more() {
    let rule = Disk { free_percent: 10 };
    let at = |free: u64, open: bool| disk(Path::new("/"), rule, Space { size: 100 << 30, free: free << 30 }, open);
    assert_eq!(at(10, false), None);
    assert_eq!(at(9, false).unwrap().cause, "9.0 GiB of 100.0 GiB are free, 10 % should be");
    assert!(at(10, true).is_some(), "at the limit it stays told");
    assert_eq!(at(12, true), None);
}
