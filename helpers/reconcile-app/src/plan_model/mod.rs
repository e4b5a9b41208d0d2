//! A model of a host on which everything goes wrong, driven by the real planner.
//!
//! [`world`] is what is there: services, data, snapshots, what Hearth remembers. [`run`] carries out plans step by
//! step, as the helper does, and can be cut off before each step. Here random days are made of them, and what must hold
//! after each. A step that a run gets is added to [`run`], a new misfortune to [`Event`]; the promises stay.
//!
//! A day that breaks a promise is shrunk and printed; it is kept below as a test of its own.

mod kept;
mod run;
mod world;

use std::cell::Cell;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use run::{Cut, How};
use world::{Behaviour, Planted, Version, World};

/// The versions that are declared in turn.
const VERSIONS: std::ops::RangeInclusive<Version> = 1..=4;
/// In how many undisturbed runs all must have come to rest.
const RUNS_TO_REST: usize = 4;
/// How many steps all days together have at least.
const STEPS: u64 = 1_000_000;

/// Something that happens on a host.
#[derive(Clone, Debug)]
enum Event {
    /// Another version is declared.
    Declare(Version),
    /// A version is not, or no longer, what it was thought to be.
    Turn(Version, Behaviour),
    /// The helper runs.
    Run(How),
    /// A person goes back to an earlier version.
    GoBack(How),
    /// Somebody uses the app.
    Use,
    /// Somebody removes a service.
    Remove(usize),
    /// Somebody changes a service.
    ChangeByHand(usize),
    /// The engine gives a service a new version number for nothing.
    Touch(usize),
    /// A service appears that is not the recipe's.
    Foreign,
    /// A standby of a handover was left behind.
    Standby,
}

fn a_run() -> impl Strategy<Value = How> {
    let cut_before = prop_oneof![2 => Just(None), 3 => (0..24_u32).prop_map(Some)];
    let snapshots = prop_oneof![8 => Just(run::Snapshots::Work), 1 => Just(run::Snapshots::NoRoom), 1 => Just(run::Snapshots::Fail)];
    (cut_before, snapshots, prop::bool::weighted(0.1), prop::bool::weighted(0.05))
        .prop_map(|(cut_before, snapshots, retry, unreadable)| How { cut_before, snapshots, retry, unreadable })
}

fn an_event() -> impl Strategy<Value = Event> {
    let behaviour = select(vec![
        Behaviour::Good,
        Behaviour::Good,
        Behaviour::NeverHealthy,
        Behaviour::MigratesAndFails,
        Behaviour::FallsIll,
        Behaviour::Refused,
    ]);
    prop_oneof![
        3 => VERSIONS.prop_map(Event::Declare),
        2 => (VERSIONS, behaviour).prop_map(|(version, behaviour)| Event::Turn(version, behaviour)),
        10 => a_run().prop_map(Event::Run),
        3 => a_run().prop_map(Event::GoBack),
        3 => Just(Event::Use),
        1 => (0..2_usize).prop_map(Event::Remove),
        1 => (0..2_usize).prop_map(Event::ChangeByHand),
        1 => (0..2_usize).prop_map(Event::Touch),
        1 => Just(Event::Foreign),
        1 => Just(Event::Standby),
    ]
}

fn happen(world: &mut World, event: &Event) -> Result<(), String> {
    match event {
        Event::Declare(version) => world.desired = *version,
        Event::Turn(version, behaviour) => world.turn(*version, *behaviour),
        Event::Run(how) => return run_and_judge(world, *how, run::run),
        Event::GoBack(how) => return go_back_and_judge(world, *how),
        Event::Use => world.used(),
        Event::Remove(which) => world.remove(*which),
        Event::ChangeByHand(which) => world.change_by_hand(*which),
        Event::Touch(which) => world.touch(*which),
        Event::Foreign => world.add("x_foreign", false),
        Event::Standby => world.add("x_app-standby", true),
    }
    Ok(())
}

type Runs = fn(&mut World, How) -> Result<state::Outcome, Cut>;

/// A person goes back; the next run does not take what was gone back from.
fn go_back_and_judge(world: &mut World, how: How) -> Result<(), String> {
    if world.journal.is_some() {
        // It is refused until the next run has ended what was cut off.
        return Ok(());
    }
    let from = world.last_good();
    run_and_judge(world, how, run::go_back)?;
    let good = world.last_good();
    if good != from && from == Some(world.desired) {
        run_and_judge(world, How::default(), run::run)?;
        if world.last_good() != good {
            return Err(format!("what a person went back from was taken again: {world:?}"));
        }
    }
    Ok(())
}

/// A run, and what must hold after it, cut off or not.
fn run_and_judge(world: &mut World, how: How, run: Runs) -> Result<(), String> {
    let remembered = world.last_good().is_some();
    let ended = run(world, how);
    let say = |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("{what}: {how:?} made {world:?}")) };
    say(!remembered || world.last_good().is_some(), "the last good state was forgotten")?;
    let proved = world.last_good().is_none_or(|good| world.watched.contains(&good));
    say(proved, "a version counts as good that was not watched to the end")?;
    if ended != Err(Cut) {
        say(!world.data.torn, "a run ended on data that is half restored")?;
        say(world.data.rows >= world.promised, "rows that the app was given were lost")?;
    }
    Ok(())
}

/// What must be when nothing has happened for a while.
fn judge_rest(world: &mut World) -> Result<(), String> {
    for _ in 0..RUNS_TO_REST {
        run_and_judge(world, How::default(), run::run)?;
    }
    let (before, plan) = (world.clone(), run::planned(world));
    run_and_judge(world, How::default(), run::run)?;
    let say = |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("{what}: {plan:?}, {world:?}")) };
    say(run::planned(world) == plan && world.is_as(&before), "it never comes to rest")?;
    say(world.journal.is_none(), "a run is never finished")?;
    let Some(good) = world.last_good() else {
        return say(!world.could_serve(world.desired), "what could serve is not deployed");
    };
    let refused = world.behaviour(good) == Behaviour::Refused;
    say(refused || world.is_told(good), "the services are neither the declared nor the last good ones")?;
    say(!world.has_volumes || world.data.of == good, "the data is not that of the version that serves")?;
    let remembered = world.failed.as_ref().is_some_and(|failed| failed.digest == world.desired.to_string());
    say(good == world.desired || remembered, "what is declared is neither deployed nor remembered as failed")
}

/// A whole day, from an empty host; how many steps were taken in it.
fn day(planted: Option<Planted>, has_volumes: bool, events: &[Event]) -> Result<u64, String> {
    let mut world = World::new(planted, has_volumes);
    events.iter().try_for_each(|event| happen(&mut world, event))?;
    judge_rest(&mut world)?;
    Ok(world.steps)
}

/// Random days, until one breaks a promise or so many steps were taken.
fn days(planted: Option<Planted>, at_least: u64) -> Result<u64, String> {
    let steps = Cell::new(0_u64);
    let config = Config { cases: 500, max_shrink_iters: 3_000, failure_persistence: None, ..Config::default() };
    let events = (any::<bool>(), prop::collection::vec(an_event(), 1..60));
    while steps.get() < at_least {
        let ran = TestRunner::new(config.clone()).run(&events, |(has_volumes, events)| {
            let taken = day(planted, has_volumes, &events).map_err(TestCaseError::fail)?;
            steps.set(steps.get() + taken);
            Ok(())
        });
        ran.map_err(|broken| broken.to_string())?;
    }
    Ok(steps.get())
}

#[test]
fn no_day_breaks_a_promise() {
    match days(None, STEPS) {
        Ok(steps) => println!("{steps} steps"),
        Err(broken) => panic!("{broken}"),
    }
}

#[test]
fn a_mistake_in_a_run_is_seen() {
    for planted in [
        Planted::NoDeployIntent,
        Planted::NoRollbackIntent,
        Planted::SecondSnapshot,
        Planted::CommittedIsUnfinished,
        Planted::NoRestore,
        Planted::NoBackIntent,
        Planted::NotSetAside,
        Planted::GoodBeforeItsWatch,
        Planted::EndsWhenRefused,
    ] {
        assert!(days(Some(planted), STEPS).is_err(), "{planted:?} breaks no promise");
    }
}
