//! Days that once broke a promise, as they were shrunk.

use super::Event::{Declare, Run, Turn, Use};
use super::run::{How, Snapshots};
use super::world::{Behaviour, Planted};
use super::{Event, day};

fn cut_before(step: u32) -> Event {
    Run(How { cut_before: Some(step), ..How::default() })
}

/// The first deploy of version 1, and one of version 2 that is cut off between the record of success and the end of the
/// journal: after four steps of the snapshot, the intent of the deploy, its three steps, two of proving, and that record.
fn committed_and_cut() -> Vec<Event> {
    vec![Run(How::default()), Declare(2), cut_before(11), Use]
}

#[test]
fn what_was_committed_is_not_taken_back_by_a_run_that_cannot_read_its_inputs() {
    let mut events = committed_and_cut();
    events.push(Run(How { unreadable: true, ..How::default() }));
    assert!(day(Some(Planted::CommittedIsUnfinished), true, &events).is_err());
    day(None, true, &events).unwrap();
}

#[test]
fn the_snapshot_of_a_committed_deploy_is_not_that_of_the_next() {
    let mut events = vec![Turn(3, Behaviour::MigratesAndFails)];
    events.extend(committed_and_cut());
    events.extend([Declare(3), Run(How::default())]);
    assert!(day(Some(Planted::CommittedIsUnfinished), true, &events).is_err());
    day(None, true, &events).unwrap();
}

#[test]
fn a_run_that_was_cut_off_after_it_put_everything_back_is_over() {
    let fails = How { cut_before: Some(8), snapshots: Snapshots::Fail, ..How::default() };
    day(None, true, &[Declare(2), Run(How::default()), Declare(1), Run(fails)]).unwrap();
}
