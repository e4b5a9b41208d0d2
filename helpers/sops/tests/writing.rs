//! A file is changed and written again: what did not change keeps its ciphertext, order and comments.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sops::{CreationRule, Document, Error, Format, Identities, KeyPath, OpenDocument, Plaintext, Scalar, Value};

const CLEAR: &str = "# head\na: one # behind\nb:\n    # inner\n    c: 1\n    list:\n        # element\n        - x\n        - x\n    d_unencrypted: true\nend: \"\"\n";

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

fn recipient(name: &str) -> String {
    identities(&[name]).iter().next().unwrap().recipient().to_owned()
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn new(names: &[&str]) -> OpenDocument {
    let plain = Plaintext::parse(CLEAR.as_bytes(), Format::Yaml, Path::new("x.yaml")).unwrap();
    OpenDocument::create(plain, &CreationRule::for_recipients(names.iter().map(|name| recipient(name)))).unwrap()
}

fn written(open: OpenDocument) -> String {
    open.encrypt(now()).unwrap().expose_str().unwrap().to_owned()
}

fn document(text: &str) -> Document {
    Document::parse(text.as_bytes(), Format::Yaml, Path::new("x.yaml")).unwrap()
}

fn open(text: &str) -> OpenDocument {
    document(text).open(&identities(&["a.key"])).unwrap()
}

fn clear(text: &str, keys: &[&str]) -> String {
    let plain = document(text).decrypt(&identities(keys)).unwrap();
    plain.write(Format::Yaml).unwrap().expose_str().unwrap().to_owned()
}

fn encrypted(text: &str) -> BTreeSet<String> {
    let values = text.match_indices("ENC[").map(|(at, _)| text[at..].split_inclusive(']').next().unwrap().to_owned());
    values.collect()
}

fn text(value: &str) -> Value {
    Value::Scalar(Scalar::Str(value.into()))
}

#[test]
fn a_new_file_keeps_order_and_comments_and_hides_every_value() {
    let file = written(new(&["a.key"]));
    assert_eq!(clear(&file, &["a.key"]).replace("# behind\na: one", "a: one # behind"), CLEAR);
    for secret in ["one", "head", "inner", "element", "behind", "- x"] {
        assert!(!file.contains(secret), "{secret}:\n{file}");
    }
    assert!(file.contains("d_unencrypted: true") && file.contains("lastmodified: \"2023-11-14T22:13:20Z\""), "{file}");
}

#[test]
fn two_equal_values_do_not_show_that_they_are_equal() {
    let file = written(open(&written(new(&["a.key"]))));
    assert_eq!(encrypted(&file).len(), file.matches("ENC[").count());
}

#[test]
fn what_nobody_changed_is_written_as_it_was() {
    let file = written(new(&["a.key"]));
    assert_eq!(written(open(&file)), file);
}

#[test]
fn only_what_changed_gets_another_ciphertext() {
    let file = written(new(&["a.key"]));
    let mut edited = open(&file);
    edited.replace(CLEAR.replace("c: 1", "c: 2").as_bytes()).unwrap();
    let after = written(edited);
    let (before, now) = (encrypted(&file), encrypted(&after));
    assert_eq!(before.difference(&now).count(), 2, "the value and the MAC");
    assert!(clear(&after, &["a.key"]).contains("c: 2"));
}

#[test]
fn a_text_that_does_not_parse_is_refused_with_its_place() {
    let mut edited = open(&written(new(&["a.key"])));
    let error = edited.replace(b"a: 1\nb: [1\n").unwrap_err();
    assert!(matches!(error, Error::Syntax { line: 2.., .. }), "{error}");
    let error = edited.replace(b"sops: {}\n").unwrap_err();
    assert!(matches!(error, Error::AlreadyEncrypted { .. }), "{error}");
}

#[test]
fn values_are_set_and_taken_away() {
    let mut edited = open(&written(new(&["a.key"])));
    let key = KeyPath::parse;
    assert!(edited.set(&key("b/c"), text("two")).unwrap());
    assert!(!edited.set(&key("b/c"), text("two")).unwrap(), "the same again");
    edited.set(&key("new/deep"), text("made")).unwrap();
    edited.set(&key("b/list/2"), text("third")).unwrap();
    edited.unset(&key("b/list/0")).unwrap();
    edited.unset(&key("a")).unwrap();
    let said = edited.set(&key("b/list/9"), text("far")).unwrap_err().to_string();
    assert!(said.contains("the list has 2 elements"), "{said}");
    assert!(matches!(edited.unset(&key("a")).unwrap_err(), Error::NoSuchKey { .. }));
    let after = clear(&written(edited), &["a.key"]);
    assert!(
        after.contains("c: two") && after.contains("- x\n        - third") && after.contains("new:\n    deep: made")
    );
    assert!(!after.contains("one"), "{after}");
}

#[test]
fn a_recipient_is_added_without_touching_a_value() {
    let file = written(new(&["a.key"]));
    let mut edited = open(&file);
    assert!(edited.add_recipient(&recipient("b.key"), 0).unwrap());
    assert!(!edited.add_recipient(&recipient("b.key"), 0).unwrap(), "there already");
    assert!(edited.add_recipient(&recipient("ed25519"), 0).unwrap());
    let after = written(edited);
    assert_eq!(encrypted(&file), encrypted(&after));
    for key in ["a.key", "b.key", "ed25519"] {
        assert_eq!(clear(&after, &[key]), clear(&file, &["a.key"]));
    }
}

#[test]
fn a_recipient_who_is_removed_cannot_use_the_key_that_they_kept() {
    let file = written(new(&["a.key", "b.key"]));
    let kept = document(&file).data_key(&identities(&["b.key"])).unwrap();
    let mut edited = open(&file);
    assert!(edited.remove_recipient(&recipient("b.key")).unwrap());
    assert!(!edited.remove_recipient(&recipient("c.key")).unwrap(), "never was one");
    let after = written(edited);
    assert!(encrypted(&file).is_disjoint(&encrypted(&after)));
    document(&after).decrypt_with(&kept).unwrap_err();
    assert!(document(&after).decrypt(&identities(&["b.key"])).unwrap_err().is_missing_identity());
    let said = open(&after).remove_recipient(&recipient("a.key")).unwrap_err().to_string();
    assert!(said.contains("nobody could decrypt it"), "{said}");
}

#[test]
fn a_rotated_key_changes_every_ciphertext_and_no_value() {
    let file = written(new(&["a.key"]));
    let mut edited = open(&file);
    edited.rotate().unwrap();
    let after = written(edited);
    assert!(encrypted(&file).is_disjoint(&encrypted(&after)));
    assert_eq!(clear(&file, &["a.key"]), clear(&after, &["a.key"]));
}

#[test]
fn a_file_for_key_groups_needs_its_threshold() {
    let plain = Plaintext::parse(CLEAR.as_bytes(), Format::Yaml, Path::new("x.yaml")).unwrap();
    let mut rule = CreationRule::for_recipients([recipient("a.key")]);
    for name in ["b.key", "rsa"] {
        rule.key_groups.extend(CreationRule::for_recipients([recipient(name)]).key_groups);
    }
    rule.shamir_threshold = 2;
    let file = written(OpenDocument::create(plain, &rule).unwrap());
    for keys in [["a.key", "b.key"], ["rsa", "a.key"], ["b.key", "rsa"]] {
        assert!(clear(&file, &keys).contains("a: one"));
    }
    let error = document(&file).decrypt(&identities(&["a.key"])).unwrap_err();
    assert!(matches!(error, Error::Threshold { had: 1, needed: 2, groups: 3, .. }), "{error}");
}

#[test]
fn nobody_is_no_recipient() {
    let mut edited = open(&written(new(&["a.key"])));
    for (name, says) in [
        ("AGE-SECRET-KEY-1ABC", "this is the secret half"),
        ("age1nonsense", "it is no age recipient"),
        ("ssh-dss AAAA", "no SSH public key"),
    ] {
        let said = edited.add_recipient(name, 0).unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    }
    let said = edited.add_recipient(&recipient("b.key"), 3).unwrap_err().to_string();
    assert!(said.contains("there is no key group 3; the file has 1"), "{said}");
}

#[test]
fn the_value_of_a_binary_file_is_never_left_in_clear() {
    let plain = Plaintext::parse(b"\xff\x00secret", Format::Binary, Path::new("x.bin")).unwrap();
    let mut rule = CreationRule::for_recipients([recipient("a.key")]);
    rule.rule = sops::Rule::from_field("encrypted_regex", "^nothing$").unwrap();
    let file = OpenDocument::create(plain, &rule).unwrap().encrypt(now()).unwrap();
    assert!(file.expose_str().unwrap().contains("\"data\": \"ENC["));
    let back = Document::parse(file.expose(), Format::Binary, Path::new("x.bin")).unwrap();
    let back = back.decrypt(&identities(&["a.key"])).unwrap();
    assert_eq!(back.bytes(&KeyPath::default()).unwrap().expose(), b"\xff\x00secret");
}

#[test]
fn values_in_clear_that_ini_would_read_as_something_else_are_quoted_or_refused() {
    let file = Path::new("x.ini");
    let mut rule = CreationRule::for_recipients([recipient("a.key")]);
    rule.rule = sops::Rule::EncryptedSuffix("_secret".to_owned());
    let new = |value: &str| {
        let plain = Plaintext::parse(b"[s]\na = 1\nb_secret = 2\n", Format::Ini, file).unwrap();
        let mut open = OpenDocument::create(plain, &rule).unwrap();
        open.set(&KeyPath::parse("s/a"), Value::Scalar(Scalar::Str(value.into()))).unwrap();
        open.encrypt(now())
    };
    for value in ["\\", "ends with \\", "'x'", "\"x\"", " a\"b ", "\"\"\"x", "`x", "#", "two\nlines", "it's", "'", ""] {
        let text = new(value).unwrap();
        let plain = Document::parse(text.expose(), Format::Ini, file).unwrap().decrypt(&identities(&["a.key"]));
        let plain = plain.unwrap_or_else(|error| panic!("{value}: {error}\n{}", text.expose_str().unwrap()));
        assert_eq!(plain.bytes(&KeyPath::parse("s/a")).unwrap().expose_str(), Some(value));
    }
    let back = |text: &str| Plaintext::parse(text.as_bytes(), Format::Ini, file).unwrap().write_to_edit().unwrap();
    assert_eq!(back("[s]\na = `\\`\nb = 1\n").expose_str(), Some("[s]\na = `\\`\nb = 1\n"));
    let said = new("a\"\"\"\nb").unwrap_err().to_string();
    assert!(said.contains("a name or value in it would not be read again"), "{said}");
}
