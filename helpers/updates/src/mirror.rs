//! Recipes on this host: for each repository a bare mirror, and one read-only folder for each commit that is used.
//!
//! ```text
//! RECIPES/NAME-DIGEST/lock           held by whoever fetches, exports or prunes
//! RECIPES/NAME-DIGEST/mirror.git     only a copy: it may be removed
//! RECIPES/NAME-DIGEST/fetched        its time is that of the last fetch that succeeded
//! RECIPES/NAME-DIGEST/trees/COMMIT   a recipe
//! RECIPES/NAME-DIGEST/used/APP.json  the trees that an app may need again
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use state::{Lock, write_atomic};

use crate::export::{export, remove_tree};
use crate::git::{Access, Git, Repository};
use crate::{Address, Candidate, Commit, Error, Seen, Signers, Tag, Tags, notes, signers};

/// A repository's place on this host, as one app sees it.
#[derive(Debug)]
pub struct Mirror<'a> {
    folder: PathBuf,
    app: &'a str,
    git: Git<'a>,
}

/// A recipe that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Where it is. Nothing in it ever changes.
    pub folder: PathBuf,
    /// What of it was left out, said when it was exported.
    pub warnings: Vec<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Used {
    schema: u32,
    commits: BTreeSet<Commit>,
}

impl<'a> Mirror<'a> {
    /// The place of `address` below `recipes`, for `app`. Nothing is made yet.
    pub fn of(recipes: &Path, access: &'a Access, address: &'a Address, app: &'a str) -> Self {
        let folder = recipes.join(address.folder_name());
        let git = Git::mirror(access, address, folder.join("mirror.git"));
        Self { folder, app, git }
    }

    fn lock(&self) -> Result<Lock, Error> {
        Ok(Lock::acquire(&self.folder.join("lock"))?)
    }

    /// Brings the repository's tags and branches here.
    ///
    /// # Errors
    /// [`Error::Unreachable`] and others; what was fetched before stays and can be used.
    pub fn fetch(&self) -> Result<(), Error> {
        let _lock = self.lock()?;
        self.git.fetch()?;
        let stamp = self.folder.join("fetched");
        write_atomic(&stamp, b"", 0o640).map_err(Error::at(&stamp))
    }

    /// When it was fetched last.
    pub fn fetched_at(&self) -> Option<SystemTime> {
        std::fs::metadata(self.folder.join("fetched")).and_then(|metadata| metadata.modified()).ok()
    }

    /// The versions as they were fetched last; none before the first fetch.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub fn tags(&self) -> Result<Tags, Error> {
        if self.fetched_at().is_none() {
            return Ok(Tags::default());
        }
        Ok(Tags::read(self.git.tags()?))
    }

    /// The versions after `current` with their notes, and `current` and `named` themselves, for a decision.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub fn candidates(&self, tags: &Tags, current: Option<&Tag>, seen: &Seen) -> Result<Vec<Candidate>, Error> {
        let is_newer = |tag: &&Tag| current.is_some_and(|current| tag.version > current.version);
        let newer: Vec<&Commit> = tags.versions.iter().filter(is_newer).map(|tag| &tag.commit).collect();
        let mut notes = notes::read(&self.git, &newer)?.into_iter();
        let candidate = |tag: &Tag| Candidate {
            // In the order of the versions, as they were asked for.
            notes: if is_newer(&tag) { notes.next().unwrap_or_default() } else { Vec::new() },
            moved_from: seen.moved_from(tag),
            asks: Vec::new(),
            unsigned: None,
            tag: tag.clone(),
        };
        Ok(tags.versions.iter().map(candidate).collect())
    }

    /// Why a tag does not count as signed by one of these; none where it does.
    ///
    /// # Errors
    /// [`Error::Git`] or [`Error::Io`].
    pub fn unsigned(&self, tag: &Tag, signers: &Signers) -> Result<Option<String>, Error> {
        signers::complaint(&self.git, tag, signers)
    }

    /// The folder with the recipe at a commit that this app already uses. It takes no lock: this is asked every few
    /// minutes for every app, and what an app serves is not removed.
    pub fn exported(&self, commit: &Commit) -> Option<PathBuf> {
        Some(self.trees().join(commit.as_str())).filter(|folder| folder.is_dir())
    }

    /// The recipe at a commit, which this app uses from now on until it [keeps](Self::keep) others. Exporting it twice
    /// is no work.
    ///
    /// # Errors
    /// [`Error::NoCommit`], [`Error::Tree`] for what is not put on this host, or when the disk fails.
    pub fn tree(&self, commit: &Commit) -> Result<Tree, Error> {
        let _lock = self.lock()?;
        let (folder, mut used) = (self.trees().join(commit.as_str()), self.used(self.app)?);
        if used.commits.insert(commit.clone()) {
            self.write_used(&used)?;
        }
        if folder.is_dir() {
            return Ok(Tree { folder, warnings: Vec::new() });
        }
        std::fs::create_dir_all(self.trees()).map_err(Error::at(&self.trees()))?;
        let warnings = export(&self.git, commit, &self.trees())?;
        Ok(Tree { folder, warnings })
    }

    /// Says which trees this app may need again, and removes those that no app does.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn keep(&self, commits: &[&Commit]) -> Result<(), Error> {
        let _lock = self.lock()?;
        self.write_used(&Used { schema: 1, commits: commits.iter().map(|commit| (*commit).clone()).collect() })?;
        let mut kept = BTreeSet::new();
        for app in names_in(&self.folder.join("used"))? {
            if let Some(app) = app.strip_suffix(".json") {
                kept.extend(self.used(app)?.commits.into_iter().map(String::from));
            }
        }
        for name in names_in(&self.trees())?.iter().filter(|name| !kept.contains(*name)) {
            remove_tree(&self.trees().join(name))?;
        }
        Ok(())
    }

    fn trees(&self) -> PathBuf {
        self.folder.join("trees")
    }

    fn used_file(&self, app: &str) -> PathBuf {
        self.folder.join("used").join(format!("{app}.json"))
    }

    fn used(&self, app: &str) -> Result<Used, Error> {
        let path = self.used_file(app);
        let used = crate::holds::read(&path).map_err(Error::at(&path))?;
        Ok(used.unwrap_or(Used { schema: 1, commits: BTreeSet::new() }))
    }

    fn write_used(&self, used: &Used) -> Result<(), Error> {
        let path = self.used_file(self.app);
        crate::holds::write(&path, used).map_err(Error::at(&path))
    }
}

/// The names in a folder; none when it is not there.
fn names_in(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::at(folder))?,
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    entries.map(name).collect::<std::io::Result<_>>().map_err(Error::at(folder))
}
