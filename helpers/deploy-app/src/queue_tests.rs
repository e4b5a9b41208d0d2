use std::sync::mpsc;
use std::thread;

use super::*;

/// Joins and waits on a thread of its own; tells when it has to wait, and returns what came of it.
fn arrive(folder: &Path) -> (thread::JoinHandle<Turn>, mpsc::Receiver<()>) {
    let ticket = join(folder).unwrap();
    let (tell, told) = mpsc::channel();
    // Most tests do not listen.
    let mut tell = move || _ = tell.send(());
    let waiting = thread::spawn(move || ticket.wait(&mut tell).unwrap());
    (waiting, told)
}

fn is_mine(turn: &Turn) -> bool {
    matches!(turn, Turn::Mine(_))
}

#[test]
fn the_first_runs_at_once_and_the_next_when_it_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let first = join(folder.path()).unwrap().wait(&mut || panic!("nobody is before it")).unwrap();
    let (second, told) = arrive(folder.path());
    told.recv().unwrap();
    assert!(!second.is_finished());
    drop(first);
    assert!(is_mine(&second.join().unwrap()));
}

#[test]
fn of_five_at_once_the_first_and_the_last_are_done() {
    let folder = tempfile::tempdir().unwrap();
    let first = join(folder.path()).unwrap().wait(&mut || ()).unwrap();
    let mut waiting: Vec<_> = (0..4).map(|_| arrive(folder.path()).0).collect();
    let last = waiting.pop().unwrap();
    for older in waiting {
        assert!(!is_mine(&older.join().unwrap()), "it gives way while the first still runs");
    }
    drop(first);
    assert!(is_mine(&last.join().unwrap()));
}

#[test]
fn a_newer_one_that_died_takes_nobodys_place() {
    let folder = tempfile::tempdir().unwrap();
    let first = join(folder.path()).unwrap().wait(&mut || ()).unwrap();
    let (second, told) = arrive(folder.path());
    told.recv().unwrap();
    // What a killed one leaves behind: its ticket, and no lock on it.
    std::fs::write(folder.path().join("99"), "").unwrap();
    thread::sleep(3 * LOOK_EVERY);
    assert!(!second.is_finished());
    drop(first);
    assert!(is_mine(&second.join().unwrap()));
    let next = join(folder.path()).unwrap();
    assert!(!folder.path().join("99").exists(), "it is cleared away");
    drop(next);
    assert_eq!(tickets(folder.path()).unwrap(), []);
}

#[test]
fn environments_do_not_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let _prod = join(&folder.path().join("prod")).unwrap().wait(&mut || ()).unwrap();
    assert!(is_mine(&join(&folder.path().join("test")).unwrap().wait(&mut || panic!("it is its own")).unwrap()));
}

#[test]
fn who_joins_does_not_mind_a_ticket_that_is_given_up_at_that_moment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let other = thread::spawn(move || (0..10_000).for_each(|_| drop(join(&path).unwrap().wait(&mut || ()).unwrap())));
    (0..10_000).for_each(|_| drop(join(folder.path()).unwrap()));
    other.join().unwrap();
}
