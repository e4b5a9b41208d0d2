//! What can go wrong with a repository.

use std::io;
use std::path::{Path, PathBuf};

use crate::{Address, Commit};

/// Why a repository, or a tree of it, could not be had. What was fetched and exported before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository could not be fetched.
    #[error("recipe repository {address}: {reason}; what was fetched before is used")]
    Unreachable {
        /// Where it is.
        address: Box<Address>,
        /// What `git` said, or which limit was passed.
        reason: String,
    },
    /// The mirror has no such commit.
    #[error("recipe repository {address} has no commit {commit}: {reason}")]
    NoCommit {
        /// Where it is.
        address: Box<Address>,
        /// What was asked for.
        commit: Box<Commit>,
        /// What `git` said.
        reason: String,
    },
    /// A tree has something in it that is not put on this host.
    #[error("recipe at commit {commit}: {path:?}: {reason}; the tree is refused")]
    Tree {
        /// The commit.
        commit: Box<Commit>,
        /// What in it.
        path: String,
        /// Why.
        reason: String,
    },
    /// `git` did something that it should not.
    #[error("{program}: {what}: {reason}")]
    Git {
        /// The program.
        program: PathBuf,
        /// What it was asked for.
        what: &'static str,
        /// What it said.
        reason: String,
    },
    /// A file or folder cannot be read or written.
    #[error("{path}: {reason}")]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// The lock of the mirror cannot be taken.
    #[error(transparent)]
    Lock(#[from] state::LockError),
}

impl Error {
    /// For `map_err`: a system error about a path.
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |reason| Self::Io { path: path.to_owned(), reason }
    }
}
