//! What holds for whatever a repository, a person and a day of failures come up with.

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn a_version() -> impl Strategy<Value = Version> {
    let app = select(vec!["", "+1.0", "+v1.1-alpine", "+2.0-rc1", "+2022-03-09"]);
    let pre = select(vec!["", "", "", "-rc.1"]);
    (0..3_u64, 0..3_u64, 0..3_u64, pre, app)
        .prop_map(|(major, minor, patch, pre, app)| format!("{major}.{minor}.{patch}{pre}{app}").parse().unwrap())
}

fn a_commit() -> impl Strategy<Value = Commit> {
    select(vec!['a', 'b']).prop_map(|digit| digit.to_string().repeat(40).parse().unwrap())
}

prop_compose! {
    fn a_tag()(version in a_version(), commit in a_commit()) -> Tag {
        Tag { name: version.to_string(), version, commit }
    }
}

prop_compose! {
    fn a_candidate()(
        tag in a_tag(),
        notes in prop::collection::vec(a_version(), 0..2),
        moved_from in prop::option::weighted(0.1, a_commit()),
    ) -> Candidate {
        let notes = notes.into_iter().map(|version| Note { version, text: "by hand".to_owned() }).collect();
        Candidate { tag, notes, moved_from, asks: Vec::new(), unsigned: None }
    }
}

fn a_policy() -> impl Strategy<Value = Policy> {
    select(vec![Policy::Pinned, Policy::Patch, Policy::Minor, Policy::Latest])
}

#[derive(Clone, Debug)]
struct World {
    current: Option<Tag>,
    declared: Option<Version>,
    policy: Policy,
    candidates: Vec<Candidate>,
    accepted: Vec<Acceptance>,
    failed: Vec<Tag>,
}

prop_compose! {
    fn a_world()(
        current in prop::option::weighted(0.9, a_tag()),
        mut candidates in prop::collection::vec(a_candidate(), 0..8),
        policy in a_policy(),
    )(
        // What is named is more often than not something that is there.
        declared in prop::option::weighted(0.3, one_of(&candidates)),
        accepted in prop::collection::vec(one_of(&candidates), 0..3),
        failed in prop::collection::vec(one_of(&candidates), 0..3),
        current in Just(current), candidates in Just({
            candidates.sort_by(|a, b| a.tag.version.cmp(&b.tag.version));
            candidates.dedup_by(|a, b| a.tag.version == b.tag.version);
            candidates
        }), policy in Just(policy),
    ) -> World {
        let at = Timestamp::UNIX_EPOCH;
        let accepted = accepted.into_iter().map(|Tag { version, commit, .. }| Acceptance { version, commit, at, asks: Vec::new() });
        World {
            declared: declared.map(|tag| tag.version), accepted: accepted.collect(), failed, current, candidates, policy,
        }
    }
}

fn one_of(candidates: &[Candidate]) -> BoxedStrategy<Tag> {
    let tags: Vec<Tag> = candidates.iter().map(|candidate| candidate.tag.clone()).collect();
    if tags.is_empty() { a_tag().boxed() } else { prop_oneof![3 => select(tags), 1 => a_tag()].boxed() }
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

    fn offered(&self, tag: &Tag) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.tag == *tag)
    }

    fn accepts(&self, tag: &Tag) -> bool {
        self.accepted.iter().any(|accepted| accepted.version == tag.version && accepted.commit == tag.commit)
    }

    fn declares(&self, tag: &Tag) -> bool {
        self.declared.as_ref() == Some(&tag.version)
    }

    /// Told again and independently of [`decide`]: whether this update may happen without another word.
    fn may_update(&self, to: &Tag) -> Result<(), &'static str> {
        let candidate = self.offered(to).ok_or("the repository does not offer it")?;
        let say = |holds: bool, what| if holds { Ok(()) } else { Err(what) };
        say(candidate.moved_from.is_none() || self.accepts(to), "its tag moved")?;
        let Some(current) = &self.current else { return Ok(()) };
        let (old, new) = (&current.version, &to.version);
        say(old != new, "it serves already")?;
        let downgrade_is_wanted = self.policy == Policy::Pinned && self.declares(to) && self.accepts(to);
        say(new > old || downgrade_is_wanted, "it is older")?;
        say(!self.failed.contains(to), "it failed")?;
        let notes = candidate.notes.iter().any(|note| note.version > *old && note.version <= *new);
        say(!notes || self.accepts(to), "its notes were not accepted")?;
        if self.policy == Policy::Pinned {
            return say(self.declares(to), "the app is pinned");
        }
        if self.declares(to) || self.accepts(to) {
            return Ok(());
        }
        let first = |version: &Version| {
            version.app().map(|app| app.trim_start_matches('v').split(['.', '-']).next().map(ToOwned::to_owned))
        };
        say(old.recipe() != new.recipe() || first(old) == first(new), "it is a major step of the app")?;
        let (old, new) = (old.recipe(), new.recipe());
        say(old.major == new.major, "it is a major step")?;
        say(old.major > 0 || old.minor == new.minor, "it is a major step below 1.0.0")?;
        say(self.policy != Policy::Patch || old.minor == new.minor, "it is more than a patch")?;
        say(new.pre.is_empty() || !old.pre.is_empty(), "it is not released")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn an_update_is_always_one_that_may_happen(world in a_world()) {
        if let Decision::Update { to, .. } = world.decide() {
            prop_assert_eq!(world.may_update(&to), Ok(()));
        }
    }

    #[test]
    fn what_is_held_has_a_reason_and_is_not_accepted(world in a_world()) {
        if let Some(hold) = world.decide().hold() {
            prop_assert!(!hold.reasons.is_empty());
            prop_assert!(!world.accepts(&hold.to));
            prop_assert!(world.may_update(&hold.to).is_err());
        }
    }

    #[test]
    fn accepting_exactly_what_is_held_lets_it_go_or_something_newer(world in a_world()) {
        let decision = world.decide();
        if let Decision::Held(hold) = decision {
            let Tag { version, commit, .. } = hold.to.clone();
            let mut after = world.clone();
            after.accepted.push(Acceptance { version, commit, at: Timestamp::UNIX_EPOCH, asks: Vec::new() });
            match after.decide() {
                Decision::Update { to, .. } => prop_assert_eq!(to, hold.to),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }

    #[test]
    fn an_update_is_followed_by_rest_within_few_steps(mut world in a_world()) {
        for _ in 0..10 {
            match world.decide() {
                Decision::Update { to, .. } => world.current = Some(to),
                _ => return Ok(()),
            }
        }
        prop_assert!(false, "it goes on and on: {:?}", world.decide());
    }

    #[test]
    fn the_order_of_what_is_known_does_not_matter(world in a_world()) {
        let mut turned = world.clone();
        turned.candidates.reverse();
        turned.accepted.reverse();
        turned.failed.reverse();
        prop_assert_eq!(turned.decide(), world.decide());
    }
}
