//! The private keys that a data key may be decrypted with.

use std::fmt;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use age::ssh;
use bech32::{Bech32, Hrp};
use sha2::{Digest as _, Sha512};
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::IdentityError;
use crate::locked::{Ask, Locked};
use crate::value::Text;

const LOCKED: &str = "it is locked with a passphrase, which nobody types in here; unlock a copy of it with \
                      `ssh-keygen -p -f COPY`, or use another key";

/// One private key: an age X25519 key or an SSH key.
pub struct Identity {
    recipient: String,
    origin: String,
    key: Box<dyn age::Identity + Send + Sync>,
}

impl Identity {
    /// The public half, as a file names it among its recipients: `age1…`, `ssh-ed25519 …`, `ssh-rsa …`.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// Whether a program of its own holds it, such as one for a hardware key, which is better asked one thing at a time.
    pub fn is_plugin(&self) -> bool {
        self.origin.starts_with("age-plugin-")
    }

    /// Decrypts an armored age file that holds a data key or a part of one.
    pub(crate) fn decrypt(&self, armored: &str) -> Result<Zeroizing<Vec<u8>>, age::DecryptError> {
        let reader = age::armor::ArmoredReader::new(armored.as_bytes());
        let mut opened =
            age::Decryptor::new(reader)?.decrypt(std::iter::once(self.key.as_ref() as &dyn age::Identity))?;
        // Twice the longest part: a longer one is read to its end by no one, and refused by its length.
        let mut plain = Zeroizing::new(Vec::with_capacity(128));
        opened.by_ref().take(64).read_to_end(&mut plain)?;
        Ok(plain)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.recipient, self.origin)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({self})")
    }
}

/// All identities at hand, in the order in which they are tried.
#[derive(Default)]
pub struct Identities {
    keys: Vec<Identity>,
    ask: Option<Arc<Ask>>,
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.keys).finish()
    }
}

impl Identities {
    /// The same, where somebody can be asked for the passphrase of an SSH key that is added from now on. `ask` is told the
    /// key's file. It is called when something is encrypted to that key and not before, three times at most, and what it
    /// gave is not asked for again.
    ///
    /// ```
    /// let identities = sops::Identities::default().asking(|file| {
    ///     Err(std::io::Error::other(format!("nobody is here to unlock {}", file.display())))
    /// });
    /// ```
    #[must_use]
    pub fn asking(self, ask: impl Fn(&Path) -> io::Result<Text> + Send + Sync + 'static) -> Self {
        Self { ask: Some(Arc::new(ask)), ..self }
    }

    /// Adds the identities of a file as `age-keygen` writes it: a line each, empty lines and `#` comments between.
    ///
    /// # Errors
    /// When the file cannot be read, or has a line that is no identity; none of it is then added.
    pub fn add_age_file(&mut self, file: &Path) -> Result<(), IdentityError> {
        let text = read(file)?;
        self.add_age_text(&text, file)
    }

    /// Adds identities from text in that form. `origin` is what an error calls it.
    ///
    /// # Errors
    /// When a line is no X25519 identity, or is one of a plugin that is not installed; none is then added.
    pub fn add_age_text(&mut self, text: &str, origin: &Path) -> Result<(), IdentityError> {
        let mut found = Vec::new();
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with("AGE-PLUGIN-") {
                found.push(plugin(line).map_err(|reason| syntax(origin, format!("line {}: {reason}", number + 1)))?);
                continue;
            }
            let key: age::x25519::Identity =
                line.parse().map_err(|reason| age_line(origin, number + 1, line, reason))?;
            found.push(x25519(key, origin.display().to_string()));
        }
        if found.is_empty() {
            return Err(syntax(origin, "it holds no identity; make one with `age-keygen`".to_owned()));
        }
        self.keys.append(&mut found);
        Ok(())
    }

    /// Adds an OpenSSH private key, `ssh-ed25519` or `ssh-rsa`.
    ///
    /// An Ed25519 key stands for two recipients: for itself, `ssh-ed25519 …`, and for the X25519 key that `ssh-to-age`
    /// makes of it, `age1…`, which is what files for NixOS hosts usually name. One that is locked with a passphrase stands
    /// for itself only: its public half is in clear, and tells nothing of the other.
    ///
    /// # Errors
    /// When the file cannot be read, is no such key, or is locked with a passphrase and nobody can be [asked](Self::asking).
    pub fn add_ssh_file(&mut self, file: &Path) -> Result<(), IdentityError> {
        let text = read(file)?;
        self.add_ssh_text(&text, file)
    }

    /// Adds an OpenSSH private key from its text. `file` is what an error calls it.
    ///
    /// # Errors
    /// When it is no such key, or is locked with a passphrase and nobody can be asked.
    pub fn add_ssh_text(&mut self, text: &str, file: &Path) -> Result<(), IdentityError> {
        let key = ssh::Identity::from_buffer(text.as_bytes(), None)
            .map_err(|error| syntax(file, format!("{error}; an OpenSSH private key is wanted, not a public one")))?;
        let unusable = |error: &dyn fmt::Debug| syntax(file, format!("its public half is not usable: {error:?}"));
        let recipient = || ssh::Recipient::try_from(key.clone()).map_err(|error| unusable(&error));
        let origin = file.display().to_string();
        match &key {
            ssh::Identity::Unencrypted(_) => {
                let recipient = recipient()?.to_string();
                self.keys.push(Identity { recipient, origin: origin.clone(), key: Box::new(key) });
                self.keys.extend(converted(text).map(|key| x25519(key, origin)));
            }
            ssh::Identity::Encrypted(locked) => {
                let ask = self.ask.clone().ok_or_else(|| syntax(file, LOCKED.to_owned()))?;
                let recipient = recipient()?.to_string();
                let key = Locked::new(locked.clone(), &recipient, file, ask).ok_or_else(|| unusable(&recipient))?;
                self.keys.push(Identity { recipient, origin, key: Box::new(key) });
            }
            ssh::Identity::Unsupported(_) => {
                return Err(syntax(file, "this kind of SSH key cannot decrypt; use ed25519 or rsa".to_owned()));
            }
        }
        Ok(())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Identity> {
        self.keys.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

fn x25519(key: age::x25519::Identity, origin: String) -> Identity {
    Identity { recipient: key.to_public().to_string(), origin, key: Box::new(key) }
}

/// An identity that a program `age-plugin-NAME` holds, such as a hardware key. Nobody can be asked anything: a key that
/// wants a PIN fails, and one that wants a touch waits for it.
fn plugin(line: &str) -> Result<Identity, String> {
    let identity: age::plugin::Identity = line.parse().map_err(str::to_owned)?;
    let name = identity.plugin().to_owned();
    let key = age::plugin::IdentityPluginV1::new(&name, &[identity], age::NoCallbacks)
        .map_err(|error| format!("{error}; install age-plugin-{name}"))?;
    Ok(Identity { recipient: format!("age1{name}…"), origin: format!("age-plugin-{name}"), key: Box::new(key) })
}

/// The X25519 key that `ssh-to-age` makes of an Ed25519 key: the clamped scalar that RFC 8032 derives from the seed.
fn converted(openssh: &str) -> Option<age::x25519::Identity> {
    let key = ssh_key::PrivateKey::from_openssh(openssh).ok()?;
    let pair = key.key_data().ed25519()?;
    let seed = Zeroizing::new(pair.private.to_bytes());
    let mut digest: [u8; 64] = Sha512::digest(*seed).into();
    let text = bech32::encode::<Bech32>(Hrp::parse_unchecked("age-secret-key-"), &digest[..32]).ok();
    digest.zeroize();
    let text = Zeroizing::new(text?);
    Zeroizing::new(text.to_uppercase()).parse().ok()
}

fn read(file: &Path) -> Result<Zeroizing<String>, IdentityError> {
    std::fs::read_to_string(file)
        .map(Zeroizing::new)
        .map_err(|cause| IdentityError::Read { file: file.to_owned(), cause })
}

fn syntax(file: &Path, reason: String) -> IdentityError {
    IdentityError::Syntax { file: file.to_owned(), reason }
}

/// Never quotes the line: it may be a mistyped key.
fn age_line(origin: &Path, number: usize, line: &str, reason: &str) -> IdentityError {
    let reason = if line.starts_with("AGE-SECRET-KEY-PQ-") {
        "post-quantum identities are not supported yet"
    } else if line.starts_with("age1") {
        "this is a recipient, the public half; the identity starts with AGE-SECRET-KEY-1"
    } else {
        reason
    };
    syntax(origin, format!("line {number}: {reason}"))
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret as _;

    use super::*;

    fn reason(text: &str) -> String {
        Identities::default().add_age_text(text, Path::new("key.txt")).unwrap_err().to_string()
    }

    #[test]
    fn a_file_that_is_no_identity_says_why_and_never_quotes_it() {
        for (text, says) in [
            ("# only a comment\n", "holds no identity; make one with `age-keygen`"),
            ("age1qqqq", "this is a recipient"),
            ("AGE-PLUGIN-YUBIKEY-1Q", "line 1: "),
            ("AGE-SECRET-KEY-1TYPO", "line 1: "),
        ] {
            let said = reason(text);
            assert!(said.contains(says) && said.contains("key.txt"), "{said}");
            assert!(!said.contains("TYPO"), "{said}");
        }
    }

    #[test]
    fn an_identity_prints_its_public_half_only() {
        let key = age::x25519::Identity::generate();
        let mut identities = Identities::default();
        identities.add_age_text(key.to_string().expose_secret(), Path::new("key.txt")).unwrap();
        let printed = format!("{identities:?}");
        assert!(printed.contains(&key.to_public().to_string()) && !printed.contains("SECRET"), "{printed}");
    }
}
