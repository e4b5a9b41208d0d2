//! Sops files, decrypted: each file once, however many secrets come from it.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use sops::{Document, Identities, Identity, IdentityError, KeyPath, Plaintext, Text};

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
    /// Files that were refused, read as one format, and the names of the secrets that they hold.
    pub refused_files: BTreeMap<(PathBuf, Format), (sops::Error, Vec<String>)>,
    /// Secrets whose file is good and that are not in it.
    pub missing_keys: Vec<(String, sops::Error)>,
}

/// With fewer files for each, a thread costs more than it saves.
const FILES_A_THREAD: usize = 8;

/// A file, and the secrets that are in it.
type Source<'a> = ((&'a Path, Format), Vec<&'a Secret>);

/// Decrypts every file that a secret names, on all processors when they are many: what takes time is the one operation on
/// a curve that each file needs.
pub fn decrypt(secrets: &[Secret], identities: &Identities) -> Sources {
    let mut by_file: BTreeMap<(&Path, Format), Vec<&Secret>> = BTreeMap::new();
    for secret in secrets {
        by_file.entry((&secret.file, secret.format)).or_default().push(secret);
    }
    let files: Vec<Source> = by_file.into_iter().collect();
    // To count the processors takes as long as to read a file.
    let processors = || std::thread::available_parallelism().map_or(1, NonZero::get);
    let most = files.len() / FILES_A_THREAD;
    let threads = if most < 2 { 1 } else { processors().min(most) };
    if threads < 2 || identities.iter().any(Identity::is_plugin) {
        return decrypt_some(&files, identities);
    }
    let mut sources = Sources::default();
    std::thread::scope(|scope| {
        let parts = files.chunks(files.len().div_ceil(threads));
        let workers: Vec<_> = parts.map(|part| scope.spawn(|| decrypt_some(part, identities))).collect();
        for worker in workers {
            sources.append(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    sources
}

fn decrypt_some(files: &[Source<'_>], identities: &Identities) -> Sources {
    let mut sources = Sources::default();
    for ((file, format), secrets) in files {
        match open(file, *format, identities) {
            Ok(plain) => sources.take(&plain, secrets),
            Err(error) => {
                let names = secrets.iter().map(|secret| secret.name.as_str().to_owned()).collect();
                sources.refused_files.insert(((*file).to_owned(), *format), (error, names));
            }
        }
    }
    sources
}

fn open(file: &Path, format: Format, identities: &Identities) -> Result<Plaintext, sops::Error> {
    Document::read(file, format.into())?.decrypt(identities)
}

impl Sources {
    fn append(&mut self, mut other: Self) {
        self.contents.append(&mut other.contents);
        self.refused_files.append(&mut other.refused_files);
        self.missing_keys.append(&mut other.missing_keys);
    }

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
