use jiff::Timestamp;

use super::*;

fn commit(digit: char) -> Commit {
    digit.to_string().repeat(40).parse().unwrap()
}

fn tag(version: &str) -> Tag {
    Tag { version: version.parse().unwrap(), name: version.to_owned(), commit: commit('a') }
}

fn note(version: &str) -> Note {
    Note { version: version.parse().unwrap(), text: format!("by hand for {version}") }
}

fn offer(version: &str) -> Candidate {
    Candidate { tag: tag(version), notes: Vec::new(), moved_from: None, asks: Vec::new(), unsigned: None }
}

fn accepted(version: &str) -> Acceptance {
    Acceptance { version: version.parse().unwrap(), commit: commit('a'), at: Timestamp::UNIX_EPOCH, asks: Vec::new() }
}

/// What is known about an app at `current`, to which a test adds.
struct World {
    current: Option<Tag>,
    declared: Option<Version>,
    policy: Policy,
    candidates: Vec<Candidate>,
    accepted: Vec<Acceptance>,
    failed: Vec<Tag>,
}

fn at(current: &str, policy: Policy, offers: &[&str]) -> World {
    World {
        current: Some(tag(current)),
        declared: None,
        policy,
        candidates: offers.iter().map(|version| offer(version)).collect(),
        accepted: Vec::new(),
        failed: Vec::new(),
    }
}

impl World {
    fn decide(&self) -> Decision {
        decide(Known {
            current: self.current.as_ref(),
            declared: self.declared.as_ref(),
            policy: self.policy,
            candidates: &self.candidates,
            accepted: &self.accepted,
            failed: &self.failed,
        })
    }

    fn declaring(mut self, version: &str) -> Self {
        self.declared = Some(version.parse().unwrap());
        self
    }

    fn accepting(mut self, version: &str) -> Self {
        self.accepted.push(accepted(version));
        self
    }

    fn failing(mut self, version: &str) -> Self {
        self.failed.push(tag(version));
        self
    }

    fn fresh(mut self) -> Self {
        self.current = None;
        self
    }

    fn with(mut self, version: &str, change: impl FnOnce(&mut Candidate)) -> Self {
        change(self.candidates.iter_mut().find(|candidate| candidate.tag.name == version).unwrap());
        self
    }
}

fn update(to: &str) -> Decision {
    Decision::Update { to: tag(to), beyond: None }
}

fn held(to: &str, reasons: Vec<Reason>) -> Decision {
    Decision::Held(Hold { to: tag(to), reasons })
}

const OFFERS: [&str; 6] = ["1.2.3+1", "1.2.4+1", "1.2.10+1", "1.3.0+2", "2.0.0+3", "3.0.0-rc.1+4"];

#[test]
fn an_app_moves_as_far_as_its_policy_looks() {
    assert_eq!(at("1.2.3+1", Policy::Pinned, &OFFERS).decide(), Decision::UpToDate);
    assert_eq!(at("1.2.3+1", Policy::Patch, &OFFERS).decide(), update("1.2.10+1"));
    assert_eq!(at("1.2.3+1", Policy::Minor, &OFFERS).decide(), update("1.3.0+2"));
}

#[test]
fn a_major_is_held_while_the_app_moves_up_to_it() {
    let beyond = Some(Hold { to: tag("2.0.0+3"), reasons: vec![Reason::Major] });
    let expected = Decision::Update { to: tag("1.3.0+2"), beyond };
    assert_eq!(at("1.2.3+1", Policy::Latest, &OFFERS).decide(), expected);
    assert_eq!(at("1.3.0+2", Policy::Latest, &OFFERS).decide(), held("2.0.0+3", vec![Reason::Major]));
}

#[test]
fn a_major_is_taken_when_it_is_accepted_by_name_under_every_policy_that_moves() {
    for policy in [Policy::Patch, Policy::Minor, Policy::Latest] {
        assert_eq!(at("1.3.0+2", policy, &OFFERS).accepting("2.0.0+3").decide(), update("2.0.0+3"), "{policy}");
    }
    let world = at("1.3.0+2", Policy::Latest, &OFFERS).accepting("2.0.1+3");
    assert_eq!(world.decide(), held("2.0.0+3", vec![Reason::Major]), "another version was accepted");
    let mut elsewhere = at("1.3.0+2", Policy::Latest, &OFFERS).accepting("2.0.0+3");
    elsewhere.accepted[0].commit = commit('b');
    assert_eq!(elsewhere.decide(), held("2.0.0+3", vec![Reason::Major]), "it was accepted at another commit");
}

#[test]
fn what_is_not_released_is_taken_only_from_what_is_not_released() {
    let offers = ["1.3.0-rc.2+1", "1.3.0+1", "1.4.0-rc.1+1"];
    assert_eq!(at("1.2.0+1", Policy::Minor, &offers[..1]).decide(), Decision::UpToDate);
    assert_eq!(at("1.3.0-rc.1+1", Policy::Patch, &offers[..1]).decide(), update("1.3.0-rc.2+1"));
    assert_eq!(at("1.3.0-rc.1+1", Policy::Patch, &offers).decide(), update("1.3.0+1"));
    assert_eq!(at("1.3.0+1", Policy::Latest, &offers).decide(), Decision::UpToDate);
}

#[test]
fn notes_between_the_two_versions_hold_the_update_and_are_told() {
    let world = at("1.2.3+1", Policy::Minor, &["1.2.4+1", "1.3.0+2"]);
    let notes = |candidate: &mut Candidate| {
        candidate.notes = ["1.3.0+2", "1.2.3+1", "1.2.9+1", "1.4.0+1"].map(note).to_vec();
    };
    let reasons = vec![Reason::ReleaseNotes(note("1.2.9+1")), Reason::ReleaseNotes(note("1.3.0+2"))];
    let beyond = Some(Hold { to: tag("1.3.0+2"), reasons: reasons.clone() });
    assert_eq!(world.with("1.3.0+2", notes).decide(), Decision::Update { to: tag("1.2.4+1"), beyond });
    let from_there = at("1.2.4+1", Policy::Minor, &["1.2.4+1", "1.3.0+2"]).with("1.3.0+2", notes);
    assert_eq!(from_there.decide(), held("1.3.0+2", reasons));
    assert_eq!(from_there.accepting("1.3.0+2").decide(), update("1.3.0+2"));
}

#[test]
fn what_is_held_within_the_major_is_told_before_the_major() {
    let world = at("1.2.3+1", Policy::Latest, &["1.3.0+2", "2.0.0+3"])
        .with("1.3.0+2", |candidate| candidate.notes.push(note("1.3.0+2")));
    assert_eq!(world.decide(), held("1.3.0+2", vec![Reason::ReleaseNotes(note("1.3.0+2"))]));
}

#[test]
fn a_tag_that_was_moved_is_held_and_both_commits_are_named() {
    let world = at("1.2.3+1", Policy::Patch, &["1.2.4+1"]).with("1.2.4+1", |it| it.moved_from = Some(commit('b')));
    let reason = Reason::TagMoved { was: commit('b'), is: commit('a') };
    assert!(reason.to_string().contains("bbbbbbbbbbbb to aaaaaaaaaaaa"));
    assert_eq!(world.decide(), held("1.2.4+1", vec![reason]));
    assert_eq!(world.accepting("1.2.4+1").decide(), update("1.2.4+1"));
}

#[test]
fn what_failed_is_not_tried_again_and_neither_is_anything_older() {
    let offers = ["1.2.4+1", "1.2.5+1", "2.0.0+1"];
    let world = at("1.2.3+1", Policy::Patch, &offers).failing("1.2.5+1");
    assert_eq!(world.decide(), Decision::FailedBefore { version: tag("1.2.5+1"), beyond: None });
    assert_eq!(world.accepting("1.2.4+1").decide(), update("1.2.4+1"), "a person may name what is older");
    let world = at("1.2.3+1", Policy::Latest, &offers).failing("1.2.5+1");
    let beyond = Some(Hold { to: tag("2.0.0+1"), reasons: vec![Reason::Major] });
    assert_eq!(world.decide(), Decision::FailedBefore { version: tag("1.2.5+1"), beyond });
}

#[test]
fn after_a_failure_what_is_newer_or_was_mended_is_tried() {
    let offers = ["1.2.4+1", "1.2.5+1", "1.2.6+1"];
    assert_eq!(at("1.2.3+1", Policy::Patch, &offers).failing("1.2.5+1").decide(), update("1.2.6+1"));
    let moved = |candidate: &mut Candidate| {
        candidate.tag.commit = commit('c');
        candidate.moved_from = Some(commit('a'));
    };
    let mut world = at("1.2.3+1", Policy::Patch, &offers[1..2]).failing("1.2.5+1").with("1.2.5+1", moved);
    assert!(matches!(world.decide(), Decision::Held(_)), "a mended tag is a moved tag");
    world.accepted = vec![Acceptance { commit: commit('c'), ..accepted("1.2.5+1") }];
    assert!(matches!(world.decide(), Decision::Update { .. }));
}

#[test]
fn what_was_accepted_and_failed_is_not_tried_again() {
    let world = at("1.3.0+2", Policy::Latest, &OFFERS).accepting("2.0.0+3").failing("2.0.0+3");
    assert_eq!(world.decide(), Decision::FailedBefore { version: tag("2.0.0+3"), beyond: None });
}

#[test]
fn the_first_deploy_takes_the_newest_release_or_what_is_declared() {
    assert_eq!(at("1.0.0", Policy::Patch, &OFFERS).fresh().decide(), update("2.0.0+3"));
    assert_eq!(at("1.0.0", Policy::Pinned, &OFFERS).fresh().declaring("1.2.4+1").decide(), update("1.2.4+1"));
    assert_eq!(at("1.0.0", Policy::Patch, &OFFERS).fresh().declaring("3.0.0-rc.1+4").decide(), update("3.0.0-rc.1+4"));
    assert_eq!(at("1.0.0", Policy::Latest, &["1.0.0-rc.1"]).fresh().decide(), Decision::NoVersions);
    assert_eq!(at("1.0.0", Policy::Latest, &[]).fresh().decide(), Decision::NoVersions);
}

#[test]
fn the_first_deploy_is_tried_again_and_still_not_from_a_moved_tag() {
    assert_eq!(at("1.0.0", Policy::Latest, &["1.0.0"]).fresh().failing("1.0.0").decide(), update("1.0.0"));
    let moved = |candidate: &mut Candidate| candidate.moved_from = Some(commit('b'));
    let world = at("1.0.0", Policy::Latest, &["1.0.0"]).fresh().with("1.0.0", moved);
    assert!(matches!(world.decide(), Decision::Held(_)));
    assert_eq!(world.accepting("1.0.0").decide(), update("1.0.0"));
}

#[test]
fn a_declared_version_is_named_by_a_person_but_its_notes_are_still_to_be_read() {
    assert_eq!(at("1.3.0+2", Policy::Pinned, &OFFERS).declaring("2.0.0+3").decide(), update("2.0.0+3"));
    let world = at("1.3.0+2", Policy::Pinned, &OFFERS)
        .declaring("2.0.0+3")
        .with("2.0.0+3", |candidate| candidate.notes.push(note("2.0.0+3")));
    assert_eq!(world.decide(), held("2.0.0+3", vec![Reason::ReleaseNotes(note("2.0.0+3"))]));
    assert_eq!(world.accepting("2.0.0+3").decide(), update("2.0.0+3"));
    assert_eq!(at("1.2.3+1", Policy::Patch, &OFFERS).declaring("1.3.0+2").decide(), update("1.3.0+2"));
    assert_eq!(at("1.2.3+1", Policy::Patch, &OFFERS).declaring("1.2.3+1").decide(), update("1.2.10+1"));
}

#[test]
fn a_pinned_app_goes_back_only_when_that_is_accepted_and_moves_nowhere_else() {
    let world = at("1.3.0+2", Policy::Pinned, &OFFERS).declaring("1.2.4+1").accepting("2.0.0+3");
    assert_eq!(world.decide(), held("1.2.4+1", vec![Reason::Downgrade]));
    assert_eq!(world.accepting("1.2.4+1").decide(), update("1.2.4+1"));
    let world = at("1.3.0+2", Policy::Minor, &OFFERS).declaring("1.2.4+1").accepting("1.2.4+1");
    assert_eq!(world.decide(), Decision::UpToDate, "an app that moves by itself starts at what is declared");
}

#[test]
fn a_declared_version_without_a_tag_is_said_unless_it_serves() {
    let missing = Decision::Missing { declared: "9.9.9+9".parse().unwrap() };
    assert_eq!(at("1.3.0+2", Policy::Pinned, &OFFERS).declaring("9.9.9+9").decide(), missing);
    assert_eq!(at("1.3.0+2", Policy::Latest, &OFFERS).fresh().declaring("9.9.9+9").decide(), missing);
    assert_eq!(at("9.9.9+9", Policy::Pinned, &OFFERS).declaring("9.9.9+9").decide(), Decision::UpToDate);
}

#[test]
fn nothing_happens_when_the_repository_has_lost_everything() {
    assert_eq!(at("1.3.0+2", Policy::Latest, &[]).decide(), Decision::UpToDate);
    assert_eq!(at("1.3.0+2", Policy::Latest, &["1.0.0+1", "1.2.9+9"]).decide(), Decision::UpToDate);
}

#[test]
fn a_hold_says_what_waits_and_why() {
    let hold = Hold { to: tag("2.0.0+3"), reasons: vec![Reason::Major, Reason::ReleaseNotes(note("2.0.0+3"))] };
    assert_eq!(
        hold.to_string(),
        "2.0.0+3 waits for a person; it is a major step, which may break what uses the app; its notes for 2.0.0+3 ask for a person: by hand for 2.0.0+3"
    );
}

#[test]
fn what_a_version_asks_for_beyond_what_serves_waits_until_exactly_that_was_accepted() {
    let asks = |more: &[&str]| more.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    let mut world = at("1.2.3+1", Policy::Minor, &["1.2.4+1"]);
    world.candidates[0].asks = asks(&["port 25/tcp of the host", "secret token"]);
    let reason = Reason::Asks { more: world.candidates[0].asks.clone() };
    assert_eq!(world.decide(), Decision::Held(Hold { to: tag("1.2.4+1"), reasons: vec![reason] }));

    world.accepted = vec![Acceptance { asks: asks(&["secret token"]), ..accepted("1.2.4+1") }];
    let rest = Reason::Asks { more: asks(&["port 25/tcp of the host"]) };
    assert_eq!(world.decide(), Decision::Held(Hold { to: tag("1.2.4+1"), reasons: vec![rest] }));

    world.accepted = vec![Acceptance { asks: world.candidates[0].asks.clone(), ..accepted("1.2.4+1") }];
    assert_eq!(world.decide(), Decision::Update { to: tag("1.2.4+1"), beyond: None });
}

#[test]
fn an_older_version_that_asks_for_nothing_new_is_taken_while_a_newer_one_waits() {
    let mut world = at("1.2.3+1", Policy::Minor, &["1.2.4+1", "1.2.5+1"]);
    world.candidates[1].asks = vec!["image docker.io/evil/miner".to_owned()];
    let Decision::Update { to, beyond: Some(hold) } = world.decide() else { panic!("{:?}", world.decide()) };
    assert_eq!((to, &hold.to), (tag("1.2.4+1"), &tag("1.2.5+1")));
    assert!(hold.to_string().contains("more than what serves has: + image docker.io/evil/miner"), "{hold}");
}
