//! Files that others encrypted, from public repositories: each must give what its sidecar says.
//!
//! The folder lies beside the project, not in it; without it the test says so and passes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use sops::{Comment, DataKey, Document, Entry, Error, Format, Identities, Item, Scalar, Value};

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/sops");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

fn format(name: &str) -> Option<Format> {
    Some(match name {
        "yaml" => Format::Yaml,
        "json" => Format::Json,
        "dotenv" => Format::Dotenv,
        "binary" => Format::Binary,
        _ => return None,
    })
}

fn key_bytes(hex_digits: &str) -> DataKey {
    DataKey::from_bytes(&hex::decode(hex_digits).unwrap()).unwrap()
}

fn same(value: &Value, expected: &Json) -> bool {
    match (value, expected) {
        (Value::Scalar(Scalar::Null), Json::Null) => true,
        (Value::Scalar(Scalar::Bool(is)), Json::Bool(expected)) => is == expected,
        (Value::Scalar(Scalar::Int(is)), Json::Number(expected)) => expected.as_i64() == Some(*is),
        #[expect(clippy::float_cmp, reason = "the same digits give the same number")]
        (Value::Scalar(Scalar::Float(is)), Json::Number(expected)) => expected.as_f64() == Some(*is),
        (Value::Scalar(Scalar::Str(is) | Scalar::Bytes(is)), Json::String(expected)) => {
            is.expose() == expected.as_bytes()
        }
        (Value::Scalar(Scalar::Str(is)), Json::Object(object)) => same_bytes(is.expose(), object),
        (Value::Scalar(Scalar::Time(is)), Json::String(expected)) => is == expected,
        (Value::List(items), Json::Array(expected)) => {
            let values: Vec<&Value> = items
                .iter()
                .filter_map(|item| if let Item::Value(value) = item { Some(value) } else { None })
                .collect();
            values.len() == expected.len() && values.iter().zip(expected).all(|(is, expected)| same(is, expected))
        }
        (Value::Map(_), Json::Object(expected)) => {
            let pairs = pairs(value);
            pairs.len() == expected.len()
                && pairs.iter().all(|(key, value)| expected.get(*key).is_some_and(|expected| same(value, expected)))
        }
        _ => false,
    }
}

fn same_bytes(is: &[u8], object: &serde_json::Map<String, Json>) -> bool {
    object.values().any(|value| value.as_str().is_some_and(|text| hex::decode(text).is_ok_and(|bytes| bytes == is)))
}

fn pairs(value: &Value) -> Vec<(&str, &Value)> {
    let Value::Map(entries) = value else { return Vec::new() };
    entries
        .iter()
        .filter_map(|entry| if let Entry::Pair(key, value) = entry { Some((key.as_str(), value)) } else { None })
        .collect()
}

/// Comments that still have the encrypted form.
fn encrypted_comments(value: &Value) -> usize {
    let encrypted = |comment: &Comment| usize::from(comment.text.expose().starts_with(b"ENC["));
    match value {
        Value::Map(entries) => entries
            .iter()
            .map(|entry| match entry {
                Entry::Comment(comment) => encrypted(comment),
                Entry::Pair(_, value) => encrypted_comments(value),
            })
            .sum(),
        Value::List(items) => items
            .iter()
            .map(|item| match item {
                Item::Comment(comment) => encrypted(comment),
                Item::Value(value) => encrypted_comments(value),
            })
            .sum(),
        Value::Scalar(_) => 0,
    }
}

struct Case {
    sidecar: Json,
    path: PathBuf,
    keys: PathBuf,
}

impl Case {
    fn text(&self, key: &str) -> &str {
        self.sidecar[key].as_str().unwrap_or_default()
    }

    fn identities(&self) -> Identities {
        let mut identities = Identities::default();
        for name in self.sidecar["keys"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            let path = self.keys.join(name);
            if name.ends_with(".age.txt") {
                identities.add_age_file(&path).unwrap();
            } else if name.ends_with(".ssh") {
                identities.add_ssh_file(&path).unwrap();
            }
        }
        identities
    }

    /// What went wrong, or the kind of case that went right.
    fn run(&self, format: Format) -> Result<String, String> {
        let document = Document::read(&self.path, format).map_err(|error| error.to_string())?;
        let known = key_bytes(self.text("data_key_hex"));
        let by_age = self.text("key").starts_with("age");
        let key = if by_age {
            document.data_key(&self.identities()).map_err(|error| error.to_string())?
        } else {
            match document.data_key(&self.identities()) {
                Err(Error::NoIdentity { .. } | Error::Threshold { .. }) => known.clone(),
                other => return Err(format!("a file without usable key: {other:?}")),
            }
        };
        let kind = if by_age { "age" } else { "key given" };
        let unverified = document.clone().decrypt_unverified(&key);
        let verified = document.decrypt_with(&key);
        let expected = &self.sidecar["docs"];
        match (self.text("result"), verified) {
            ("ok", Ok(plain)) => self.compare(plain.documents(), expected).map(|()| format!("decrypted ({kind})")),
            ("ok (file has no MAC)", Err(Error::NoMac { .. })) => {
                self.compare(unverified.map_err(|error| error.to_string())?.documents(), expected)?;
                Ok(format!("no MAC, refused ({kind})"))
            }
            ("MAC-MISMATCH", Err(Error::MacMismatch { .. })) => {
                self.compare(unverified.map_err(|error| error.to_string())?.documents(), expected)?;
                Ok(format!("MAC mismatch, refused ({kind})"))
            }
            (result, Err(Error::Value { .. })) if result.starts_with("decrypt-error") => {
                Ok(format!("value tampered, refused ({kind})"))
            }
            (result, Err(error)) => Err(format!("{result} expected: {error}")),
            (result, Ok(_)) => Err(format!("{result} expected, and it was decrypted")),
        }
    }

    fn compare(&self, documents: &[Value], expected: &Json) -> Result<(), String> {
        let left: usize = documents.iter().map(encrypted_comments).sum();
        if left > 0 {
            return Err(format!("{left} comments did not decrypt"));
        }
        let filled: Vec<&Value> = documents.iter().filter(|document| !pairs(document).is_empty()).collect();
        let expected: Vec<&Json> = expected
            .as_array()
            .into_iter()
            .flatten()
            .filter(|document| document.as_object().is_none_or(|object| !object.is_empty()))
            .collect();
        let all = filled.len() == expected.len() && filled.iter().zip(expected).all(|(is, expected)| same(is, expected));
        if all { Ok(()) } else { Err("the plaintext differs".to_owned()) }
    }
}

fn cases(folder: &Path) -> Vec<Case> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder.join("expected")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let sidecar: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            let path = folder.join("enc").join(sidecar["fixture"].as_str().unwrap());
            Case { sidecar, path, keys: folder.join("keys") }
        })
        .collect()
}

#[test]
fn every_file_gives_what_its_sidecar_says() {
    let Some(folder) = folder() else { return };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases(&folder) {
        let name = case.text("format").to_owned();
        let Some(format) = format(&name) else {
            *counts.entry(format!("{name}: not read yet")).or_default() += 1;
            continue;
        };
        match case.run(format) {
            Ok(kind) => *counts.entry(format!("{name}: {kind}")).or_default() += 1,
            Err(reason) => wrong.push(format!("{}: {reason}", case.path.display())),
        }
    }
    for (kind, count) in &counts {
        println!("{count:4} {kind}");
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_file_for_key_services_only_says_which_key_is_missing() {
    let Some(folder) = folder() else { return };
    let known: std::collections::BTreeSet<PathBuf> = cases(&folder).into_iter().map(|case| case.path).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in std::fs::read_dir(folder.join("enc")).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let format = match extension {
            "yaml" | "yml" => Format::Yaml,
            "json" => Format::Json,
            "env" => Format::Dotenv,
            _ => continue,
        };
        if known.contains(&path) {
            continue;
        }
        let kind = match Document::read(&path, format).and_then(|document| document.decrypt(&Identities::default())) {
            Err(error @ Error::NoIdentity { .. }) => {
                assert!(error.to_string().contains("identities tried: none"), "{error}");
                "no identity"
            }
            Err(Error::Threshold { .. }) => "too few key groups",
            Err(Error::Metadata { .. } | Error::Syntax { .. } | Error::NotEncrypted { .. }) => "not a sops file",
            other => panic!("{}: {other:?}", path.display()),
        };
        println!("{kind}: {}", path.display());
        *counts.entry(kind).or_default() += 1;
    }
    println!("{counts:?}");
}

#[test]
fn an_ssh_key_stands_for_the_recipient_that_ssh_to_age_makes_of_it() {
    let Some(folder) = folder() else { return };
    let mut identities = Identities::default();
    identities.add_ssh_file(&folder.join("ssh-to-age/id_ed25519")).unwrap();
    let recipients: Vec<&str> = identities.iter().map(sops::Identity::recipient).collect();
    let public = std::fs::read_to_string(folder.join("ssh-to-age/id_ed25519.pub")).unwrap();
    assert!(public.starts_with(recipients[0]), "{recipients:?}");
    assert!(recipients[1].starts_with("age1"), "{recipients:?}");
    let error = identities.add_ssh_file(&folder.join("ssh-to-age/id_ed25519_passphrase")).unwrap_err();
    assert!(error.to_string().contains("locked with a passphrase"), "{error}");
}
