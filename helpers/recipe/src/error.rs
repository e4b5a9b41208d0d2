//! What is wrong with a recipe, in words for the person who must mend it.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a recipe was refused. Nothing outside the folder has been touched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or the folder cannot be read.
    #[error("recipe: {path}: {reason}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// A file is larger than anything of its kind.
    #[error("recipe: {path} is larger than {limit} bytes")]
    TooLarge {
        /// The file or folder.
        path: PathBuf,
        /// How large it may be.
        limit: u64,
    },
    /// A line of an environment file is none.
    #[error("{path}:{line}: {reason}")]
    Environment {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A variable that no process could be given.
    #[error("variable {name:?} of the environment: {reason}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A compose file was named that is none of the recipe's.
    #[error("compose file {name:?} (from {origin}): {reason}")]
    ComposeFile {
        /// The name as it was given.
        name: String,
        /// Who named it.
        origin: &'static str,
        /// Why it is refused.
        reason: String,
    },
    /// A compose file is not YAML.
    #[error("{file}:{line}:{column}: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// The line, from 1; 0 when there is none.
        line: u64,
        /// The column, from 1; 0 when there is none.
        column: u64,
        /// What is wrong there.
        reason: String,
    },
    /// Values in compose files that cannot be used.
    #[error("{}", listed(.0))]
    Refused(Vec<Refusal>),
    /// The recipe's version label is none.
    #[error(transparent)]
    Version(#[from] crate::VersionError),
}

/// One thing in a compose file that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The compose file.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<u64>,
    /// The path of the key, such as `services.app.volumes[2]`.
    pub key: String,
    /// What is wrong.
    pub reason: String,
    /// What a person can do about it, where there is something.
    pub remedy: Option<String>,
    /// What to declare of the app to let it through, where something does: `allow.ports = [ "25" ]`.
    pub setting: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}: {}", self.key, self.reason)?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, ". {remedy}"))
    }
}

fn listed(refusals: &[Refusal]) -> String {
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
