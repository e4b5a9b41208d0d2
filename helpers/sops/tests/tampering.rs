//! Nothing of a changed file is given out.

use std::path::Path;

use age::secrecy::ExposeSecret as _;
use proptest::prelude::*;
use sops::{Document, Error, Format, Identities, KeyPath, Plaintext};

fn repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn example() -> Vec<u8> {
    std::fs::read(repository("secrets/example.yaml")).unwrap()
}

fn identities() -> Identities {
    let mut identities = Identities::default();
    identities.add_age_file(&repository("tests/bed/keys/TEST-ONLY-age.key")).unwrap();
    identities
}

fn decrypt(text: &[u8]) -> Result<Plaintext, Error> {
    Document::parse(text, Format::Yaml, Path::new("example.yaml"))?.decrypt(&identities())
}

fn token(plain: &Plaintext) -> String {
    plain.bytes(&KeyPath::parse("hello_token")).unwrap().expose_str().unwrap().to_owned()
}

fn edited(from: &str, to: &str) -> String {
    let text = String::from_utf8(example()).unwrap();
    assert!(text.contains(from), "the example has `{from}`");
    decrypt(text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
}

/// The line of a key, with its line break.
fn line(key: &str) -> String {
    let text = String::from_utf8(example()).unwrap();
    format!("{}\n", text.lines().find(|line| line.starts_with(key)).unwrap())
}

#[test]
fn the_example_of_the_repository_decrypts() {
    let plain = decrypt(&example()).unwrap();
    assert!(token(&plain).starts_with("canary-hello-token-"));
    let key = plain.bytes(&KeyPath::parse("tls_key")).unwrap();
    assert!(key.expose().starts_with(b"-----BEGIN PRIVATE KEY-----\n"));
    let whole = plain.bytes(&KeyPath::default()).unwrap();
    assert!(whole.expose_str().unwrap().contains("tls_key: |\n    -----BEGIN"));
}

#[test]
fn a_value_that_was_removed_is_noticed() {
    assert!(edited(&line("hello_token"), "").contains("the MAC does not match"));
}

#[test]
fn a_value_that_was_added_in_clear_is_named() {
    assert!(edited("hello_token:", "added: 1\nhello_token:").contains("`added`: it is in clear, a value of type int"));
    assert!(edited("hello_token:", "added: x\nhello_token:").contains("`added`: it is not encrypted"));
    let said = edited("hello_token:", "added_unencrypted: x\nhello_token:");
    assert!(said.contains("the MAC does not match"), "{said}");
}

#[test]
fn values_that_changed_places_are_named() {
    assert!(
        edited("hello_token:", "other_token:").contains("`other_token`: it does not decrypt: it was changed or moved")
    );
}

#[test]
fn values_that_changed_their_order_are_noticed() {
    let (first, last) = (line("miniflux_db_password"), line("hello_token"));
    assert!(edited(&format!("{first}{last}"), &format!("{last}{first}")).contains("the MAC does not match"));
}

#[test]
fn a_file_without_mac_is_refused() {
    assert!(edited("    mac: ENC", "    other: ENC").contains("has no MAC"));
}

#[test]
fn a_file_in_clear_is_refused() {
    let error = decrypt(b"password: hunter2\n").unwrap_err().to_string();
    assert!(error.contains("is not encrypted") && error.contains("sops encrypt --in-place example.yaml"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn another_identity_does_not_help_and_is_named() {
    let mut others = Identities::default();
    let key = age::x25519::Identity::generate();
    others.add_age_text(key.to_string().expose_secret(), Path::new("other.key")).unwrap();
    let error = Document::parse(&example(), Format::Yaml, Path::new("example.yaml")).unwrap().decrypt(&others);
    let said = error.unwrap_err().to_string();
    let tried = format!("identities tried: {} (other.key)", key.to_public());
    assert!(said.contains("recipients are age1") && said.contains(&tried), "{said}");
}

proptest! {
    /// Fields that only describe (`version`, a recipient's name) may change; what is decrypted may not.
    #[test]
    fn one_flipped_bit_gives_an_error_or_the_same_secrets(at in 0_usize..10_000, bit in 0_u8..8) {
        let mut text = example();
        let at = at % text.len();
        text[at] ^= 1 << bit;
        if let Ok(plain) = decrypt(&text) {
            let clean = decrypt(&example()).unwrap();
            prop_assert!(plain.documents() == clean.documents(), "byte {at}, bit {bit}");
        }
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
        for format in [Format::Yaml, Format::Json, Format::Dotenv, Format::Binary] {
            let _ = Document::parse(&text, format, Path::new("x"));
        }
    }

    #[test]
    fn no_yaml_makes_the_parser_panic(text in "([a-c:#&*!\\[\\]{}|>'\"0-9-]| |\n){0,60}") {
        let _ = Document::parse(text.as_bytes(), Format::Yaml, Path::new("x"));
    }
}
