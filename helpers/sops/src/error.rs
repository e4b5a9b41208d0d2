//! What can be wrong with an encrypted file, and what to do about it.

use std::path::{Path, PathBuf};

use crate::key_path::KeyPath;

/// Why a file was not read or not decrypted. Every message names the file; none holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read.
    #[error("{}: {cause}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        cause: std::io::Error,
    },
    /// The file is not what its format says.
    #[error("{}: line {line}, column {column}: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// There is no `sops` section: the file is in clear.
    #[error("{0} is not encrypted: it has no `sops` section; encrypt it with `sops encrypt --in-place {0}`", file.display())]
    NotEncrypted {
        /// The file.
        file: PathBuf,
    },
    /// The `sops` section is damaged or asks for something unknown.
    #[error("{}: sops metadata `{field}`: {reason}", file.display())]
    Metadata {
        /// The file.
        file: PathBuf,
        /// The metadata key.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No identity at hand is a recipient of the file.
    #[error("{}", no_identity(file, recipients, tried, reasons))]
    NoIdentity {
        /// The file.
        file: PathBuf,
        /// Who can decrypt it, such as `age1…` or `PGP 85D77543…`.
        recipients: Vec<String>,
        /// The identities that were tried: the recipient that each stands for, and where it is from.
        tried: Vec<String>,
        /// Why an identity that should have worked did not.
        reasons: Vec<String>,
    },
    /// Key groups: fewer groups than the threshold gave their part.
    #[error(
        "{}: {had} of {groups} key groups could be decrypted, {needed} are needed ({recipients}); identities tried: {tried}",
        file.display(),
        recipients = recipients.join(", "),
        tried = or_none(tried)
    )]
    Threshold {
        /// The file.
        file: PathBuf,
        /// How many groups gave their part.
        had: usize,
        /// How many must.
        needed: usize,
        /// How many there are.
        groups: usize,
        /// The recipients of the groups that did not.
        recipients: Vec<String>,
        /// The identities that were tried.
        tried: Vec<String>,
    },
    /// A value does not decrypt: it was changed, moved, or never encrypted.
    #[error("{}: `{key}`: {reason}; nothing of the file is used. Restore it from version control", file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// The value.
        key: KeyPath,
        /// What is wrong with it.
        reason: String,
    },
    /// Something was added, removed, reordered or changed since the file was written.
    #[error(
        "{}: the MAC does not match: the file was changed after it was encrypted; nothing of it is used. Restore it from version control, or look at it with `sops decrypt --ignore-mac` and save it again",
        file.display()
    )]
    MacMismatch {
        /// The file.
        file: PathBuf,
    },
    /// There is no MAC, so nobody can say whether the file was changed.
    #[error("{0} has no MAC, so it cannot be told whether it was changed; write it again with `sops edit {0}`", file.display())]
    NoMac {
        /// The file.
        file: PathBuf,
    },
    /// The file is encrypted already, or has a key that the `sops` section needs.
    #[error(
        "{}: it has the key `{key}`, which is the place of the sops metadata: the file is encrypted already, or the key wants another name",
        file.display()
    )]
    AlreadyEncrypted {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
    },
    /// What the file holds cannot be written in its format, or not be encrypted.
    #[error("{} cannot be written: {reason}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The data key cannot be encrypted to a recipient.
    #[error("{}: recipient {recipient}: {reason}; the file is left as it was", file.display())]
    Recipient {
        /// The file.
        file: PathBuf,
        /// The recipient.
        recipient: String,
        /// Why.
        reason: String,
    },
    /// The file has no value where one was asked for.
    #[error("{}: no key `{key}`: {reason}", file.display())]
    NoSuchKey {
        /// The file.
        file: PathBuf,
        /// What was asked for.
        key: KeyPath,
        /// How far it led.
        reason: String,
    },
}

impl Error {
    /// Whether the file was changed by somebody without the key: a value or the MAC does not verify.
    pub fn is_tampering(&self) -> bool {
        matches!(self, Self::Value { .. } | Self::MacMismatch { .. } | Self::NoMac { .. })
    }

    /// Whether another identity would help.
    pub fn is_missing_identity(&self) -> bool {
        matches!(self, Self::NoIdentity { .. } | Self::Threshold { .. })
    }
}

fn no_identity(file: &Path, recipients: &[String], tried: &[String], reasons: &[String]) -> String {
    let mut text = format!(
        "no identity can decrypt {}; its recipients are {}; identities tried: {}",
        file.display(),
        recipients.join(", "),
        or_none(tried),
    );
    for reason in reasons {
        text.push_str("; ");
        text.push_str(reason);
    }
    text
}

fn or_none(list: &[String]) -> String {
    if list.is_empty() { "none".to_owned() } else { list.join(", ") }
}

/// Why an identity file gave no identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// It could not be read.
    #[error("identity file {}: {cause}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        cause: std::io::Error,
    },
    /// It holds something else.
    #[error("identity file {}: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

impl IdentityError {
    /// Whether the file is not there at all.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Read { cause, .. } if cause.kind() == std::io::ErrorKind::NotFound)
    }
}
