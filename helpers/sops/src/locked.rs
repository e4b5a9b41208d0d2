//! An SSH key that is locked with a passphrase. It is asked for when something is encrypted to this key, not before.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use age::secrecy::SecretString;
use age::{DecryptError, ssh};
use age_core::format::{FileKey, Stanza};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::value::Text;

/// Gives the passphrase of the key in a file, or why it cannot be had.
pub(crate) type Ask = dyn Fn(&Path) -> io::Result<Text> + Send + Sync;

/// How often a person may mistype it; as `ssh` does.
const ATTEMPTS: usize = 3;

pub(crate) struct Locked {
    key: ssh::EncryptedKey,
    tag: String,
    file: PathBuf,
    ask: Arc<Ask>,
    opened: OnceLock<Result<ssh::Identity, String>>,
}

impl Locked {
    /// `recipient` is the key's public half.
    pub(crate) fn new(key: ssh::EncryptedKey, recipient: &str, file: &Path, ask: Arc<Ask>) -> Option<Self> {
        let wire = ssh_key::PublicKey::from_openssh(recipient).ok()?.to_bytes().ok()?;
        // What a stanza names its recipient by: https://c2sp.org/age#ssh-recipient-types
        let tag = BASE64_STANDARD_NO_PAD.encode(&Sha256::digest(wire)[..4]);
        Some(Self { key, tag, file: file.to_owned(), ask, opened: OnceLock::new() })
    }

    /// Asks until the passphrase is right, or nobody gives another.
    fn open(&self) -> Result<ssh::Identity, String> {
        let about = |reason: String| format!("{} is locked with a passphrase, {reason}", self.file.display());
        for _ in 0..ATTEMPTS {
            let passphrase = (self.ask)(&self.file).map_err(|error| about(format!("which cannot be had: {error}")))?;
            let text = passphrase.expose_str().ok_or_else(|| about("and what was given is no text".to_owned()))?;
            match self.key.decrypt(SecretString::from(text)) {
                Ok(key) => return Ok(key.into()),
                Err(DecryptError::KeyDecryptionFailed) => {}
                Err(error) => return Err(about(error.to_string())),
            }
        }
        Err(about(format!("and none of {ATTEMPTS} was right")))
    }
}

impl age::Identity for Locked {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let is_mine =
            matches!(stanza.tag.as_str(), "ssh-ed25519" | "ssh-rsa") && stanza.args.first() == Some(&self.tag);
        if !is_mine {
            return None;
        }
        match self.opened.get_or_init(|| self.open()) {
            Ok(key) => key.unwrap_stanza(stanza),
            Err(reason) => Some(Err(io::Error::other(reason.clone()).into())),
        }
    }
}
