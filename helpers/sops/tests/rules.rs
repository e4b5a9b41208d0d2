//! Files of our own, written by sops 3.13: one plaintext under every rule and kind of recipient.
//!
//! `tests/data/expected.json` is what `sops decrypt --output-type json` makes of each of them.

use std::path::{Path, PathBuf};

use common::{encrypted_comments, same};
use sops::{Document, Error, Format, Identities, KeyPath};

mod common;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn identities(names: &[&str]) -> Identities {
    let mut identities = Identities::default();
    for name in names {
        let path = data(&format!("TEST-ONLY-{name}"));
        if name.contains('.') { identities.add_age_file(&path) } else { identities.add_ssh_file(&path) }.unwrap();
    }
    identities
}

fn document(name: &str) -> Document {
    Document::read(&data(name), Format::Yaml).unwrap()
}

fn gives_what_is_expected(name: &str, keys: &[&str]) {
    let expected = serde_json::from_slice(&std::fs::read(data("expected.json")).unwrap()).unwrap();
    assert!(document(name).clear_values().is_empty(), "{name}: every value that the rule names is encrypted");
    let plain = document(name).decrypt(&identities(keys)).unwrap();
    let [tree] = plain.documents() else { panic!("{name}: one document") };
    assert!(same(tree, &expected), "{name}");
    assert_eq!(encrypted_comments(tree), 0, "{name}");
}

#[test]
fn every_type_is_read() {
    gives_what_is_expected("types.yaml", &["a.key"]);
}

#[test]
fn every_rule_is_followed() {
    for name in ["mac-only", "suffix", "unencrypted-regex", "encrypted-comment-regex", "unencrypted-comment-regex"] {
        gives_what_is_expected(&format!("{name}.yaml"), &["a.key"]);
    }
}

#[test]
fn ssh_keys_decrypt() {
    gives_what_is_expected("ssh-ed25519.yaml", &["a.key", "ed25519"]);
    gives_what_is_expected("ssh-rsa.yaml", &["rsa"]);
}

#[test]
fn two_of_three_key_groups_are_enough() {
    for keys in [["a.key", "b.key"], ["c.key", "a.key"], ["b.key", "c.key"]] {
        gives_what_is_expected("groups.yaml", &keys);
    }
}

#[test]
fn one_of_three_key_groups_is_not_enough() {
    let error = document("groups.yaml").decrypt(&identities(&["b.key"])).unwrap_err();
    assert!(matches!(error, Error::Threshold { had: 1, needed: 2, groups: 3, .. }), "{error}");
    assert!(error.to_string().contains("1 of 3 key groups could be decrypted, 2 are needed (age1"), "{error}");
}

#[test]
fn a_place_in_a_list_is_the_same_before_and_after_decryption() {
    let key = KeyPath::parse("list/2/deep/deeper/0");
    document("types.yaml").has(&key).unwrap();
    let plain = document("types.yaml").decrypt(&identities(&["a.key"])).unwrap();
    assert_eq!(plain.bytes(&key).unwrap().expose(), b"x");
    assert_eq!(plain.bytes(&KeyPath::parse("list/1")).unwrap().expose(), b"two");
    let said = plain.bytes(&KeyPath::parse("list")).unwrap_err().to_string();
    assert!(said.contains("no key `list`: it is a list, not a value; name what is in it"), "{said}");
}
