//! The folder itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use state::{Digest, Digester};

use crate::files::{read, read_if_there};
use crate::{ComposeFile, Environment, Error, abra, dotenv};

/// The most bytes that `.env.sample` or `abra.sh` may have.
const MAX_BYTES: u64 = 256 * 1024;
/// The most files that a recipe may have, and their bytes together. Real ones have some dozens and some kilobytes.
const MAX_FILES: usize = 2_000;
const MAX_TOTAL: u64 = 32 * 1024 * 1024;

/// A recipe folder.
#[derive(Clone, Debug)]
pub struct Recipe {
    folder: PathBuf,
    sample: String,
    exports: Vec<(String, String)>,
}

impl Recipe {
    /// Opens a recipe folder and reads `.env.sample` and `abra.sh`, either of which may be missing.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::TooLarge`], or [`Error::Environment`] for a line of `.env.sample` that is none.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let failed = |reason| Error::Read { path: folder.to_owned(), reason };
        let folder = folder.canonicalize().map_err(failed)?;
        if !folder.is_dir() {
            return Err(failed(std::io::ErrorKind::NotADirectory.into()));
        }
        let sample = read_if_there(&folder.join(".env.sample"), MAX_BYTES)?.unwrap_or_default();
        let abra = read_if_there(&folder.join("abra.sh"), MAX_BYTES)?.unwrap_or_default();
        let recipe = Self { folder, sample, exports: abra::exports(&abra) };
        recipe.sample(&|_| None)?;
        Ok(recipe)
    }

    /// The folder, symlinks resolved.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The variables that the compose files are filled in with: the defaults of `.env.sample`, over them what `abra.sh`
    /// exports, over those `STACK_NAME` and `DOMAIN`, over all what the host's declaration says. A default that refers
    /// to `$DOMAIN` sees the app's domain.
    ///
    /// # Errors
    /// [`Error::Environment`] or [`Error::Variable`].
    pub fn environment(
        &self,
        declared: &BTreeMap<String, String>,
        stack: &str,
        domain: &str,
    ) -> Result<Environment, Error> {
        let given = [("STACK_NAME", stack), ("DOMAIN", domain)];
        let preset = |name: &str| {
            let given = || given.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned());
            declared.get(name).cloned().or_else(given)
        };
        let mut environment = Environment::default();
        let defaults = self.sample(&preset)?;
        for (name, value) in defaults.iter().chain(&self.exports) {
            environment.set(name, value)?;
        }
        for (name, value) in given {
            environment.set(name, value)?;
        }
        for (name, value) in declared {
            environment.set(name, value)?;
        }
        Ok(environment)
    }

    fn sample(&self, preset: &dyn Fn(&str) -> Option<String>) -> Result<Vec<(String, String)>, Error> {
        dotenv::parse(&self.sample, preset).map_err(|error| Error::Environment {
            path: self.folder.join(".env.sample"),
            line: error.line,
            reason: error.reason,
        })
    }

    /// A digest of every file that can reach the stack: the given compose files, and whatever else the folder holds but
    /// what only people and abra read. No YAML is parsed: this is what a run does in which nothing differs.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::TooLarge`].
    pub fn files_digest(&self, files: &[ComposeFile]) -> Result<Digest, Error> {
        let mut digester = Digester::default();
        let mut texts = String::new();
        for file in files {
            let text = read(&file.path, crate::compose::MAX_BYTES)?;
            digester.add(&file.name, text.as_bytes());
            texts.push_str(&text);
        }
        let mut others = Vec::new();
        self.list(Path::new(""), &mut others, &|name| is_for_people(name) && !texts.contains(name))?;
        others.sort();
        let mut left = MAX_TOTAL;
        for name in others {
            let path = self.folder.join(&name);
            let content = content_of(&path).map_err(|reason| Error::Read { path: path.clone(), reason })?;
            left = left
                .checked_sub(content.len() as u64)
                .ok_or(Error::TooLarge { path: self.folder.clone(), limit: MAX_TOTAL })?;
            digester.add(&name.to_string_lossy(), &content);
        }
        Ok(digester.finish())
    }

    /// Adds all files below `under`. Only those directly in the recipe's folder can be ones to skip.
    fn list(&self, under: &Path, found: &mut Vec<PathBuf>, skip: &dyn Fn(&str) -> bool) -> Result<(), Error> {
        let folder = self.folder.join(under);
        let failed = |reason| Error::Read { path: folder.clone(), reason };
        let mut folders = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if under.as_os_str().is_empty() && skip(&name.to_string_lossy()) {
                continue;
            }
            let is_folder = entry.file_type().map_err(failed)?.is_dir();
            if is_folder { &mut folders } else { &mut *found }.push(under.join(name));
        }
        if found.len() > MAX_FILES || under.components().count() > 16 {
            return Err(Error::TooLarge { path: self.folder.clone(), limit: MAX_TOTAL });
        }
        folders.iter().try_for_each(|folder| self.list(folder, found, skip))
    }
}

/// A symlink counts by where it points: what is there is either in the folder, and counted itself, or refused.
fn content_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let kind = std::fs::symlink_metadata(path)?;
    if kind.is_symlink() {
        return Ok(std::fs::read_link(path)?.into_os_string().into_encoded_bytes());
    }
    if !kind.is_file() || kind.len() > MAX_TOTAL {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "not a file that a recipe can use"));
    }
    std::fs::read(path)
}

/// What never reaches a stack unless a compose file names it.
fn is_for_people(name: &str) -> bool {
    let compose = name.starts_with("compose")
        && Path::new(name).extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
    compose || matches!(name, ".git" | ".gitignore" | ".env.sample" | "abra.sh" | "release" | "README.md" | "LICENSE")
}
