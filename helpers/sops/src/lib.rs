//! Reads and writes files of [sops](https://github.com/getsops/sops): YAML, JSON, dotenv, INI and binary files, with age
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
//! A file is changed and written again; what did not change keeps its ciphertext:
//!
//! ```no_run
//! # use std::path::Path;
//! # use std::time::SystemTime;
//! # use sops::{CreationRules, Document, Format, Identities, KeyPath, OpenDocument, Plaintext, Scalar, Value};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let identities = Identities::default();
//! let mut open = Document::read(Path::new("secrets.yaml"), Format::Yaml)?.open(&identities)?;
//! open.set(&KeyPath::parse("database/password"), Value::Scalar(Scalar::Str("correct horse".into())))?;
//! open.add_recipient("age1yucel4783l3n042p77qfys0vwc25fzlzxac8hcddtsrncr63kcpslz3ajp", 0)?;
//! std::fs::write("secrets.yaml", open.encrypt(SystemTime::now())?.expose())?;
//!
//! // A new one, for whom `.sops.yaml` says.
//! let rules = CreationRules::read(Path::new(".sops.yaml"))?;
//! let rule = rules.rule_for(Path::new("new.env")).ok_or("no rule")?;
//! let clear = Plaintext::parse(b"TOKEN=abc\n", Format::Dotenv, Path::new("new.env"))?;
//! let file = OpenDocument::create(clear, rule)?.encrypt(SystemTime::now())?;
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
//! # What is read and written, and what is not
//!
//! - Values of every type (`str`, `int`, `float`, `bool`, `bytes`, `time`, `comment`), null and empty text; text need
//!   not be UTF-8.
//! - Every rule for what is encrypted (`encrypted_regex` and its five siblings) and `mac_only_encrypted`.
//! - Recipients: age X25519, `ssh-ed25519`, `ssh-rsa`, and the X25519 keys that `ssh-to-age` derives from Ed25519 keys;
//!   SSH keys that are locked with a passphrase, where [`Identities::asking`] says how it is had. Identities and
//!   recipients of age plugins, where the plugin is installed and asks for nothing. PGP keys and key services are
//!   read, named in errors and kept, not decrypted or encrypted to.
//! - Where sops is lax, this library is strict: base64 with stray bits, text behind a value, a file without MAC, two
//!   equal keys in one mapping of any document, and documents of one stream with different metadata are refused.
//! - What is written looks as sops writes it, to the byte, but where sops writes what it cannot read again.
//!
//! # Sources
//!
//! The [sops README](https://github.com/getsops/sops/blob/main/README.rst) and, for what it leaves open, the code it
//! describes: `sops.go` (walk, rules, MAC), `aes/cipher.go`, `stores/`, `shamir/`, `config/`. The
//! [age specification](https://c2sp.org/age), with ChaCha20-Poly1305 of RFC 8439, is implemented by the [`age`] crate. How plain YAML scalars get their
//! types follows `resolve.go` of [go-yaml](https://github.com/yaml/go-yaml), which sops uses and which is neither YAML
//! 1.1 nor 1.2.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod buffer;
mod cipher;
mod creation_rules;
mod document;
mod error;
mod format;
mod go_regex;
mod identity;
mod key_path;
mod locked;
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
pub use go_regex::GoRegex;
pub use identity::{Identities, Identity};
pub use key_path::{KeyPath, NotFound};
pub use metadata::{KeyGroup, Metadata, Recipient, RecipientKind};
pub use open::OpenDocument;
pub use rules::{DEFAULT_UNENCRYPTED_SUFFIX, Rule};
pub use value::{Comment, Entry, Item, Scalar, Text, Value};
