use super::*;
use crate::{Note, Reason};

fn tag(version: &str, digit: char) -> Tag {
    Tag {
        version: version.parse().unwrap(),
        name: version.to_owned(),
        commit: digit.to_string().repeat(40).parse().unwrap(),
    }
}

fn hold(version: &str, digit: char) -> Hold {
    let note = Note { version: version.parse().unwrap(), text: "Move the uploads first.".to_owned() };
    Hold { to: tag(version, digit), reasons: vec![Reason::Major, Reason::ReleaseNotes(note)] }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn a_hold_is_remembered_with_its_notes_since_it_began_and_is_news_once() {
    let folder = tempfile::tempdir().unwrap();
    let holds = Holds::in_folder(folder.path());
    assert!(holds.remember(Some(&hold("2.0.0+1", 'a')), at(100)).unwrap());
    assert!(!holds.remember(Some(&hold("2.0.0+1", 'a')), at(200)).unwrap());
    let held = holds.held().unwrap().unwrap();
    assert_eq!((held.since, &held.hold), (at(100), &hold("2.0.0+1", 'a')));
    assert!(std::fs::read_to_string(folder.path().join("hold.json")).unwrap().contains("Move the uploads first."));
    assert!(holds.remember(Some(&hold("2.1.0+1", 'b')), at(300)).unwrap());
    assert_eq!(holds.held().unwrap().unwrap().since, at(300));
    assert!(!holds.remember(None, at(400)).unwrap());
    assert_eq!(holds.held().unwrap(), None);
}

#[test]
fn a_hold_with_another_reason_is_news_but_not_newer() {
    let folder = tempfile::tempdir().unwrap();
    let holds = Holds::in_folder(folder.path());
    holds.remember(Some(&hold("2.0.0+1", 'a')), at(100)).unwrap();
    let fewer = Hold { reasons: vec![Reason::Major], ..hold("2.0.0+1", 'a') };
    assert!(holds.remember(Some(&fewer), at(200)).unwrap());
    assert_eq!(holds.held().unwrap().unwrap().since, at(100));
}

#[test]
fn exactly_the_version_that_waits_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let holds = Holds::in_folder(folder.path());
    let said = |version: &str| holds.accept(&version.parse().unwrap(), at(5)).unwrap_err().to_string();
    assert_eq!(said("2.0.0+1"), "2.0.0+1 does not wait for a person, and no other version does; nothing was accepted");
    holds.remember(Some(&hold("2.0.0+1", 'a')), at(1)).unwrap();
    assert_eq!(said("2.0.0+2"), "2.0.0+2 does not wait for a person, 2.0.0+1 does; nothing was accepted");
    assert_eq!(holds.accepted().unwrap(), []);
    let acceptance = holds.accept(&"2.0.0+1".parse().unwrap(), at(5)).unwrap();
    assert!(acceptance.is_for(&tag("2.0.0+1", 'a')));
    assert!(!acceptance.is_for(&tag("2.0.0+1", 'b')), "a tag that was moved since was not accepted");
    assert_eq!(holds.accept(&"2.0.0+1".parse().unwrap(), at(9)).unwrap(), acceptance, "twice is once");
    assert_eq!(holds.accepted().unwrap(), [acceptance]);
}

#[test]
fn a_tag_that_moved_is_accepted_anew_and_only_there() {
    let folder = tempfile::tempdir().unwrap();
    let holds = Holds::in_folder(folder.path());
    holds.accept_tag(&tag("2.0.0+1", 'a'), at(1)).unwrap();
    holds.accept_tag(&tag("2.0.0+1", 'b'), at(2)).unwrap();
    let accepted = holds.accepted().unwrap();
    assert_eq!(accepted.len(), 1);
    assert!(accepted[0].is_for(&tag("2.0.0+1", 'b')));
}

#[test]
fn what_was_accepted_is_used_up_by_the_deploy() {
    let folder = tempfile::tempdir().unwrap();
    let holds = Holds::in_folder(folder.path());
    holds.remember(Some(&hold("2.0.0+1", 'a')), at(1)).unwrap();
    holds.accept_tag(&tag("2.0.0+1", 'a'), at(1)).unwrap();
    holds.accept_tag(&tag("3.0.0+1", 'c'), at(1)).unwrap();
    holds.deployed(&tag("1.9.0+1", 'd')).unwrap();
    assert_eq!(holds.accepted().unwrap().len(), 2);
    assert!(holds.held().unwrap().is_some());
    holds.deployed(&tag("2.0.0+1", 'a')).unwrap();
    assert_eq!(holds.accepted().unwrap().len(), 1);
    assert_eq!(holds.held().unwrap(), None);
    assert!(holds.refuse(&"3.0.0+1".parse().unwrap()).unwrap());
    assert!(!holds.refuse(&"3.0.0+1".parse().unwrap()).unwrap());
    assert_eq!(holds.accepted().unwrap(), []);
}

#[test]
fn a_record_that_cannot_be_read_is_an_error_and_not_an_acceptance() {
    let folder = tempfile::tempdir().unwrap();
    let holds = Holds::in_folder(folder.path());
    for text in ["", "{", r#"{"schema":1,"accepted":[{"version":"2.0","commit":"a","at":"x"}]}"#] {
        std::fs::write(folder.path().join("accepted.json"), text).unwrap();
        let said = holds.accepted().unwrap_err().to_string();
        assert!(said.contains("accepted.json"), "{said}");
        assert!(holds.accept_tag(&tag("2.0.0+1", 'a'), at(1)).is_err());
    }
}

#[test]
fn who_accepts_agrees_to_what_is_shown_and_to_nothing_that_is_learnt_later() {
    let folder = tempfile::tempdir().unwrap();
    let holds = Holds::in_folder(folder.path());
    let version = "2.0.0+1".parse().unwrap();
    let asking = |more: &[&str]| {
        let more = more.iter().map(|&line| line.to_owned()).collect();
        Hold { reasons: vec![Reason::Asks { more }], ..hold("2.0.0+1", 'a') }
    };
    holds.remember(Some(&hold("2.0.0+1", 'a')), at(1)).unwrap();
    assert!(holds.accept(&version, at(2)).unwrap().asks.is_empty(), "nobody knew yet what it asks for");
    holds.remember(Some(&asking(&["secret b"])), at(3)).unwrap();
    assert_eq!(holds.accept(&version, at(4)).unwrap().asks, ["secret b"]);
    holds.remember(Some(&asking(&["secret a"])), at(5)).unwrap();
    assert_eq!(holds.accept(&version, at(6)).unwrap().asks, ["secret a", "secret b"]);
    let said = holds.accept_shown(&asking(&["secret b"]), at(7)).unwrap_err().to_string();
    assert!(said.contains("changed while you looked at it"), "{said}");
    holds.accept_shown(&asking(&["secret a"]), at(8)).unwrap();
    assert_eq!(holds.accepted().unwrap().len(), 1);
}
