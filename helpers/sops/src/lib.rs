//! Reads files that [sops](https://github.com/getsops/sops) encrypted: YAML, JSON, dotenv and binary files, with age
//! and SSH keys, their MAC verified.
//!
//! ```no_run
//! use std::path::Path;
//! use sops::{Document, Format, Identities, KeyPath};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut identities = Identities::default();
//! identities.add_age_file(Path::new("/var/lib/example/age.key"))?;
//! identities.add_ssh_file(Path::new("/etc/ssh/ssh_host_ed25519_key"))?;
//!
//! let file = Document::read(Path::new("secrets.yaml"), Format::Yaml)?;
//! let clear = file.decrypt(&identities)?;
//! let password = clear.bytes(&KeyPath::parse("database/users/0/password"))?;
//! assert!(!format!("{password:?}").contains("hunter2"), "what holds a secret prints nothing");
//! # Ok(())
//! # }
//! ```
//!
//! # How a file is built
//!
//! Keys stay readable, values do not. Each value is encrypted by itself with AES-256-GCM under the file's *data key*,
//! authenticated with its path, so that it cannot be moved. The data key is encrypted to each *recipient* of the file,
//! or, with key groups, split with Shamir's secret sharing among groups of them. A MAC, a SHA-512 over all values in
//! document order, encrypted like a value, ties the file together: a value removed, repeated or changed in clear is
//! noticed. [`Document::decrypt`] gives nothing of a file whose MAC does not match.
//!
//! # What is read, and what is not
//!
//! - Values of every type (`str`, `int`, `float`, `bool`, `bytes`, `time`, `comment`), null and empty text; text need
//!   not be UTF-8.
//! - Every rule for what is encrypted (`encrypted_regex` and its five siblings) and `mac_only_encrypted`.
//! - Recipients: age X25519, `ssh-ed25519`, `ssh-rsa`, and the X25519 keys that `ssh-to-age` derives from Ed25519 keys.
//!   PGP keys and key services are read and named in errors, not decrypted.
//! - Where sops is lax, this library is strict: base64 with stray bits, text behind a value, a file without MAC, and two
//!   equal keys in one mapping of any document are refused.
//!
//! # Sources
//!
//! The [sops README](https://github.com/getsops/sops/blob/main/README.rst) and, for what it leaves open, the code it
//! describes: `sops.go` (walk, rules, MAC), `aes/cipher.go`, `stores/`, `shamir/`. The
//! [age specification](https://c2sp.org/age) is implemented by the [`age`] crate. How plain YAML scalars get their
//! types follows `resolve.go` of [go-yaml](https://github.com/yaml/go-yaml), which sops uses and which is neither YAML
//! 1.1 nor 1.2.

mod cipher;
mod creation_rules;
mod document;
mod error;
mod format;
mod identity;
mod key_path;
mod metadata;
mod open;
mod recipient;
mod rules;
mod shamir;
mod time;
mod unlock;
mod value;
mod walk;

pub use cipher::DataKey;
pub use creation_rules::{CONFIG_NAME, CreationRule, CreationRules};
pub use document::{Document, Plaintext};
pub use error::{Error, IdentityError};
pub use format::{Format, value_from_json};
pub use identity::{Identities, Identity};
pub use key_path::{KeyPath, NotFound};
pub use metadata::{KeyGroup, Metadata, Recipient, RecipientKind};
pub use open::OpenDocument;
pub use rules::{DEFAULT_UNENCRYPTED_SUFFIX, GoRegex, Rule};
pub use value::{Comment, Entry, Item, Scalar, Text, Value};
