//! Files that others encrypted, from public repositories: each must give what its sidecar says.
//!
//! They are no part of the project: `HEARTH_FIXTURES` names their folder. Without it the test says so and passes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::{encrypted_comments, pairs, same, sketch};
use serde_json::Value as Json;
use sops::{DataKey, Document, Error, Format, Identities, Plaintext, Value};

mod common;

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("HEARTH_FIXTURES").map(|all| PathBuf::from(all).join("sops"));
    let folder = folder.filter(|folder| folder.is_dir());
    if folder.is_none() {
        println!("skipped: HEARTH_FIXTURES names no folder with sops");
    }
    folder
}

fn format(name: &str) -> Option<Format> {
    Some(match name {
        "yaml" => Format::Yaml,
        "json" => Format::Json,
        "dotenv" => Format::Dotenv,
        "ini" => Format::Ini,
        "binary" => Format::Binary,
        _ => return None,
    })
}

fn key_bytes(hex_digits: &str) -> DataKey {
    DataKey::from_bytes(&hex::decode(hex_digits).unwrap()).unwrap()
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
            } else if path.extension().is_some_and(|extension| extension == "ssh") {
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
            ("ok", Ok(plain)) => Self::compare(plain.documents(), expected).map(|()| format!("decrypted ({kind})")),
            ("ok (file has no MAC)", Err(Error::NoMac { .. })) => {
                Self::compare(unverified.map_err(|error| error.to_string())?.documents(), expected)?;
                Ok(format!("no MAC, refused ({kind})"))
            }
            ("MAC-MISMATCH", Err(Error::MacMismatch { .. })) => {
                Self::compare(unverified.map_err(|error| error.to_string())?.documents(), expected)?;
                Ok(format!("MAC mismatch, refused ({kind})"))
            }
            (result, Err(Error::Value { .. })) if result.starts_with("decrypt-error") => {
                Ok(format!("value tampered, refused ({kind})"))
            }
            (result, Err(error)) => Err(format!("{result} expected: {error}")),
            (result, Ok(_)) => Err(format!("{result} expected, and it was decrypted")),
        }
    }

    fn compare(documents: &[Value], expected: &Json) -> Result<(), String> {
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
        let all =
            filled.len() == expected.len() && filled.iter().zip(expected).all(|(is, expected)| same(is, expected));
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
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for entry in std::fs::read_dir(folder.join("enc")).unwrap() {
        let path = entry.unwrap().path();
        if known.contains(&path) {
            continue;
        }
        let format = Format::of_name(&path);
        let document = Document::read(&path, format).unwrap();
        let kinds: Vec<String> = document.metadata().recipients().map(|it| format!("{:?}", it.kind)).collect();
        let names: Vec<String> = document.metadata().recipients().map(ToString::to_string).collect();
        let said = match document.decrypt(&Identities::default()) {
            Err(error @ (Error::NoIdentity { .. } | Error::Threshold { .. })) => error.to_string(),
            other => panic!("{}: {other:?}", path.display()),
        };
        assert!(said.contains("identities tried: none") && names.iter().all(|name| said.contains(name)), "{said}");
        *counts.entry(format!("{}: no identity for {}", format.name(), kinds[0])).or_default() += 1;
    }
    for (kind, count) in &counts {
        println!("{count:4} {kind}");
    }
}

/// Some repositories have the file in clear beside the encrypted one.
#[test]
fn what_a_repository_states_in_clear_is_what_decrypting_gives() {
    let Some(folder) = folder() else { return };
    let json =
        |plain: &Plaintext| -> Json { serde_json::from_slice(plain.write(Format::Json).unwrap().expose()).unwrap() };
    let mut compared = 0;
    for entry in std::fs::read_dir(folder.join("stated")).unwrap() {
        let stated = entry.unwrap().path();
        let name = stated.file_name().unwrap().to_str().unwrap().to_owned();
        let origin = name.split("__").next().unwrap();
        let case = cases(&folder).into_iter().find(|case| case.text("fixture").starts_with(origin)).unwrap();
        let format = format(case.text("format")).unwrap();
        let plain = Document::read(&case.path, format).unwrap().decrypt(&case.identities()).unwrap();
        let clear = Plaintext::parse(&std::fs::read(&stated).unwrap(), format, &stated).unwrap();
        assert_eq!(json(&plain), json(&clear), "{name}");
        compared += 1;
    }
    println!("{compared:4} as stated in clear");
}

/// Every file that decrypts is encrypted again with its own data key and must give the same.
#[test]
fn every_file_is_written_again_and_reads_the_same() {
    let Some(folder) = folder() else { return };
    let (mut written, mut kept) = (0, 0);
    for case in cases(&folder) {
        let Some(format) = format(case.text("format")) else { continue };
        let Ok(open) = Document::read(&case.path, format).unwrap().open(&case.identities()) else { continue };
        let before = std::fs::read(&case.path).unwrap();
        let documents = open.plaintext().documents().to_vec();
        let text = open.encrypt(std::time::SystemTime::now()).unwrap();
        let again = Document::parse(text.expose(), format, &case.path).unwrap();
        let again =
            again.decrypt(&case.identities()).unwrap_or_else(|error| panic!("{}: {error}", case.path.display()));
        let json = |documents: &[Value]| documents.iter().map(sketch).collect::<Vec<_>>();
        assert_eq!(json(again.documents()), json(&documents), "{}", case.path.display());
        for encrypted in encrypted_values(text.expose()) {
            assert!(before.windows(encrypted.len()).any(|window| window == encrypted), "{}", case.path.display());
            kept += 1;
        }
        written += 1;
    }
    println!("{written:4} written again, {kept} values with the ciphertext that they had");
    assert!(written > 50, "{written}");
}

fn encrypted_values(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts = text.windows(4).enumerate().filter(|(_, window)| *window == b"ENC[").map(|(at, _)| at);
    starts.map(|at| text[at..].split_inclusive(|byte| *byte == b']').next().unwrap_or_default())
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
