use super::*;
use crate::event::Kind;
use proptest::prelude::*;

fn problem(kind: Kind, cause: &str) -> Problem {
    Problem {
        kind,
        source: "hearth-app-wiki.service".to_owned(),
        object: "app wiki".to_owned(),
        cause: cause.to_owned(),
        consequence: "the old version serves".to_owned(),
        remedy: "mend it".to_owned(),
        summary: None,
        details: Vec::new(),
        identity: cause.to_owned(),
    }
}

fn looked(problems: Vec<Problem>) -> Vec<Looked> {
    vec![Looked { source: "hearth-app-wiki.service".to_owned(), problems }]
}

fn at(second: i64) -> Rules<'static> {
    let now = Timestamp::from_second(1_700_000_000 + second).unwrap();
    let repeat = Some(SignedDuration::from_secs(3600));
    Rules { host: "example", now, repeat, channels: BTreeSet::from(["sink".to_owned()]) }
}

fn words(events: &[Event]) -> Vec<(&'static str, String)> {
    events.iter().map(|event| (event.status.word(), event.problem.cause.clone())).collect()
}

#[test]
fn a_problem_is_told_once_then_again_after_the_declared_time_and_resolved_once() {
    let mut memory = Memory::default();
    let broken = || looked(vec![problem(Kind::Failed, "no image")]);
    assert_eq!(words(&tell(&mut memory, &broken(), &at(0))), [("problem", "no image".to_owned())]);
    assert_eq!(words(&tell(&mut memory, &broken(), &at(300))), []);
    assert_eq!(words(&tell(&mut memory, &broken(), &at(3600))), [("still", "no image".to_owned())]);
    assert_eq!(words(&tell(&mut memory, &broken(), &at(3900))), []);
    let over = tell(&mut memory, &looked(vec![]), &at(4000));
    assert_eq!(words(&over), [("resolved", "no image".to_owned())]);
    assert_eq!(over[0].since, at(0).now, "how long it lasted is told");
    assert_eq!(words(&tell(&mut memory, &looked(vec![]), &at(4300))), []);
}

#[test]
fn causes_that_take_turns_are_told_once_each_and_resolved_together() {
    let mut memory = Memory::default();
    let (one, two) = (problem(Kind::Failed, "refused"), problem(Kind::NotStarted, "killed"));
    let mut told = 0;
    for turn in 0..6 {
        let now = if turn % 2 == 0 { &one } else { &two };
        told += tell(&mut memory, &looked(vec![now.clone()]), &at(turn * 300)).len();
    }
    assert_eq!(told, 2);
    assert_eq!(words(&tell(&mut memory, &looked(vec![]), &at(2000))), [("resolved", "killed".to_owned())]);
    assert!(memory.open.is_empty());
}

#[test]
fn a_run_that_is_well_again_does_not_resolve_a_certificate_that_expires() {
    let mut memory = Memory::default();
    let (run, time) = (problem(Kind::Failed, "refused"), problem(Kind::CertificateExpires, "ends soon"));
    assert_eq!(tell(&mut memory, &looked(vec![run, time.clone()]), &at(0)).len(), 2);
    assert_eq!(words(&tell(&mut memory, &looked(vec![time]), &at(1))), [("resolved", "refused".to_owned())]);
}

#[test]
fn what_was_not_looked_at_is_left_as_it_is() {
    let mut memory = Memory::default();
    tell(&mut memory, &looked(vec![problem(Kind::Failed, "refused")]), &at(0));
    let other = [Looked { source: "/".to_owned(), problems: Vec::new() }];
    assert_eq!(tell(&mut memory, &other, &at(1)), []);
    assert_eq!(memory.open.len(), 1);
    forget_undeclared(&mut memory, &BTreeSet::from(["/".to_owned()]));
    assert!(memory.open.is_empty());
}

#[test]
fn a_clock_set_back_does_not_silence_a_problem() {
    let mut memory = Memory::default();
    let broken = looked(vec![problem(Kind::Failed, "refused")]);
    tell(&mut memory, &broken, &at(1_000_000));
    assert_eq!(tell(&mut memory, &broken, &at(0)).len(), 1);
}

#[test]
fn what_no_channel_takes_is_kept_for_three_days() {
    let mut memory = Memory::default();
    tell(&mut memory, &looked(vec![problem(Kind::Failed, "refused")]), &at(0));
    tell(&mut memory, &[], &at(3 * 86400 - 1));
    assert_eq!(memory.outbox.len(), 1);
    tell(&mut memory, &[], &at(3 * 86400));
    assert_eq!(memory.outbox.len(), 0);
}

#[test]
fn what_was_meant_for_a_channel_that_is_gone_is_dropped() {
    let mut memory = Memory::default();
    tell(&mut memory, &looked(vec![problem(Kind::Failed, "refused")]), &at(0));
    tell(&mut memory, &[], &Rules { channels: BTreeSet::new(), ..at(1) });
    assert_eq!(memory.outbox, []);
}

proptest! {
    /// Whatever happens in whatever order: as many endings as there were beginnings, none before its beginning.
    #[test]
    fn every_story_has_one_end(states in proptest::collection::vec(proptest::option::of(0..3usize), 1..60)) {
        let causes = ["refused", "killed", "slow"];
        let (mut memory, mut unwell) = (Memory::default(), false);
        for (turn, state) in states.iter().enumerate() {
            let problems = state.iter().map(|cause| problem(Kind::Failed, causes[*cause])).collect();
            let events = tell(&mut memory, &looked(problems), &at(i64::try_from(turn).unwrap()));
            let resolved = events.iter().filter(|event| event.status == Status::Resolved).count();
            prop_assert_eq!(resolved, usize::from(unwell && state.is_none()));
            unwell = state.is_some();
            prop_assert_eq!(memory.open.is_empty(), !unwell);
        }
    }
}
