//! Sops files, decrypted: each file once, however many secrets come from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sops::{Document, Identities, IdentityError, KeyPath, Plaintext, Text};

use crate::manifest::{Format, IdentityFiles, Secret};

/// The identities at hand, and why others are not.
#[derive(Default)]
pub struct Keys {
    /// What can be tried.
    pub identities: Identities,
    /// Identity files that gave nothing.
    pub unusable: Vec<IdentityError>,
}

impl Keys {
    /// Reads every identity file that can be read.
    pub fn load(files: &IdentityFiles) -> Self {
        let mut keys = Self::default();
        for file in &files.age_key_files {
            keys.unusable.extend(keys.identities.add_age_file(file).err());
        }
        for file in &files.ssh_key_files {
            keys.unusable.extend(keys.identities.add_ssh_file(file).err());
        }
        keys
    }
}

/// What became of each secret, by its name.
#[derive(Default)]
pub struct Sources {
    /// The new content.
    pub contents: BTreeMap<String, Text>,
    /// Files that were refused, and the names of the secrets that they hold.
    pub refused_files: BTreeMap<PathBuf, (sops::Error, Vec<String>)>,
    /// Secrets whose file is good and that are not in it.
    pub missing_keys: Vec<(String, sops::Error)>,
}

/// Decrypts every file that a secret names.
pub fn decrypt(secrets: &[Secret], identities: &Identities) -> Sources {
    let mut sources = Sources::default();
    let mut by_file: BTreeMap<(&Path, Format), Vec<&Secret>> = BTreeMap::new();
    for secret in secrets {
        by_file.entry((&secret.file, secret.format)).or_default().push(secret);
    }
    for ((file, format), secrets) in by_file {
        match open(file, format, identities) {
            Ok(plain) => sources.take(&plain, &secrets),
            Err(error) => {
                let names = secrets.iter().map(|secret| secret.name.as_str().to_owned()).collect();
                sources.refused_files.insert(file.to_owned(), (error, names));
            }
        }
    }
    sources
}

fn open(file: &Path, format: Format, identities: &Identities) -> Result<Plaintext, sops::Error> {
    Document::read(file, format.into())?.decrypt(identities)
}

impl Sources {
    fn take(&mut self, plain: &Plaintext, secrets: &[&Secret]) {
        for secret in secrets {
            let name = secret.name.as_str().to_owned();
            match plain.bytes(&KeyPath::parse(&secret.key)) {
                Ok(content) => {
                    self.contents.insert(name, content);
                }
                Err(error) => self.missing_keys.push((name, error)),
            }
        }
    }
}
