//! Which files of the folder are meant, and that they are in it.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use crate::{Environment, Error, Recipe};

/// The file that is read when nobody says otherwise.
const DEFAULT: &str = "compose.yml";

/// A compose file that is in the recipe's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeFile {
    /// Its name as the recipe or the declaration has it.
    pub name: String,
    /// Where it is, symlinks resolved.
    pub path: PathBuf,
}

impl Recipe {
    /// The compose files of an app: the declared ones, else those of `COMPOSE_FILE` in the environment, separated by
    /// colons, else `compose.yml`.
    ///
    /// # Errors
    /// [`Error::ComposeFile`] for a name that is no file within the folder.
    pub fn compose_files(
        &self,
        declared: Option<&[String]>,
        environment: &Environment,
    ) -> Result<Vec<ComposeFile>, Error> {
        let of = |origin, names: Vec<&str>| {
            names.into_iter().map(|name| self.compose_file(name, origin)).collect::<Result<Vec<_>, _>>()
        };
        if let Some(names) = declared.filter(|names| !names.is_empty()) {
            return of("the declaration", names.iter().map(String::as_str).collect());
        }
        match environment.get("COMPOSE_FILE").filter(|names| !names.is_empty()) {
            Some(names) => of("COMPOSE_FILE", names.split(':').filter(|name| !name.is_empty()).collect()),
            None => of("the default", vec![DEFAULT]),
        }
    }

    fn compose_file(&self, name: &str, origin: &'static str) -> Result<ComposeFile, Error> {
        let refused = |reason: String| Error::ComposeFile { name: name.to_owned(), origin, reason };
        if name.is_empty() || Path::new(name).components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(refused("it must be a path within the recipe's folder, without `..`".to_owned()));
        }
        let path = within(self.folder(), Path::new(name)).map_err(refused)?;
        if !path.is_file() {
            return Err(refused("this is no file".to_owned()));
        }
        Ok(ComposeFile { name: name.to_owned(), path })
    }
}

/// Where `path` (relative to `folder`, or absolute) really is, if that is within `folder`; else why not.
pub(crate) fn within(folder: &Path, path: &Path) -> Result<PathBuf, String> {
    let real = folder.join(path).canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
    if real.starts_with(folder) { Ok(real) } else { Err(format!("{} is outside the recipe's folder", path.display())) }
}

/// Reads a text file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<String, Error> {
    let failed = |reason| Error::Read { path: path.to_owned(), reason };
    // Room for most such files: each is read every few minutes, and a text that grows takes a call for each doubling.
    let mut text = String::with_capacity(8192);
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limit + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > limit {
        return Err(Error::TooLarge { path: path.to_owned(), limit });
    }
    Ok(text)
}

/// As [`read`]; `None` when there is no such file.
pub(crate) fn read_if_there(path: &Path, limit: u64) -> Result<Option<String>, Error> {
    match read(path, limit) {
        Err(Error::Read { reason, .. }) if reason.kind() == std::io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}
