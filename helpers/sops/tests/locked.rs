//! SSH keys that are locked with a passphrase.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use sops::{CreationRule, Document, Error, Format, Identities, OpenDocument, Plaintext, Text};

const RIGHT: &str = "test only";
const CLEAR: &str = "token: abc\n";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Identities that are told these passphrases, one after the other; and what is left of them.
fn asking(answers: &[&str]) -> (Identities, Arc<Mutex<Vec<String>>>) {
    let left = Arc::new(Mutex::new(answers.iter().rev().map(ToString::to_string).collect::<Vec<_>>()));
    let mine = Arc::clone(&left);
    let ask = move |_: &Path| {
        mine.lock().unwrap().pop().map(|text| Text::from(text.as_str())).ok_or(io::ErrorKind::NotConnected.into())
    };
    (Identities::default().asking(ask), left)
}

fn locked(kind: &str, answers: &[&str]) -> (Identities, Arc<Mutex<Vec<String>>>) {
    let (mut identities, left) = asking(answers);
    identities.add_ssh_file(&data(&format!("TEST-ONLY-locked-{kind}"))).unwrap();
    (identities, left)
}

fn encrypted_to(identities: &Identities) -> Document {
    let file = Path::new("x.yaml");
    let recipient = identities.iter().last().unwrap().recipient().to_owned();
    let plain = Plaintext::parse(CLEAR.as_bytes(), Format::Yaml, file).unwrap();
    let open = OpenDocument::create(plain, &CreationRule::for_recipients([recipient])).unwrap();
    Document::parse(open.encrypt(SystemTime::now()).unwrap().expose(), Format::Yaml, file).unwrap()
}

#[test]
fn the_passphrase_is_asked_for_until_it_is_right_and_then_kept() {
    for kind in ["ed25519", "rsa"] {
        let (identities, left) = locked(kind, &["wrong", RIGHT, "never asked for"]);
        let file = encrypted_to(&identities);
        for _ in 0..2 {
            assert!(file.clone().decrypt(&identities).is_ok(), "{kind}");
            assert_eq!(*left.lock().unwrap(), ["never asked for"], "{kind}");
        }
    }
}

#[test]
fn nobody_is_asked_about_what_is_encrypted_to_others() {
    let (mut identities, left) = locked("ed25519", &[RIGHT]);
    identities.add_ssh_file(&data("TEST-ONLY-ed25519")).unwrap();
    let file = encrypted_to(&identities);
    assert!(file.clone().decrypt(&identities).is_ok());
    let (strangers, not_asked) = locked("ed25519", &[RIGHT]);
    assert!(matches!(file.decrypt(&strangers), Err(Error::NoIdentity { .. })));
    assert_eq!((left.lock().unwrap().len(), not_asked.lock().unwrap().len()), (1, 1));
}

#[test]
fn three_wrong_ones_and_none_at_all_say_which_key_stays_locked() {
    for (answers, says) in
        [(&["a", "b", "c", RIGHT][..], "none of 3 was right"), (&["a"][..], "cannot be had: not connected")]
    {
        let (identities, _) = locked("ed25519", answers);
        let error = encrypted_to(&identities).decrypt(&identities).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("TEST-ONLY-locked-ed25519"), "{error}");
    }
}

#[test]
fn where_nobody_can_be_asked_the_key_is_refused_when_it_is_added() {
    let error = Identities::default().add_ssh_file(&data("TEST-ONLY-locked-ed25519")).unwrap_err().to_string();
    assert!(error.contains("locked with a passphrase"), "{error}");
}
