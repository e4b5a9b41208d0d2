//! What the Nix module says about one certificate: `/etc/hearth/certificates/NAME.json`.

use std::path::PathBuf;

use serde::Deserialize;

/// How long the name of a swarm object may be.
const SWARM_NAME_MAX: usize = 64;
/// `_crt_` or `_key_` and twelve digits of a digest.
const SWARM_NAME_REST: usize = 17;

/// One certificate as the flake declares it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Where this certificate's lock and receipts are kept.
    pub state_folder: PathBuf,
    /// The engine's socket.
    pub docker_socket: PathBuf,
    /// The certificate's name.
    pub name: Name,
    /// The certificate in PEM, followed by the intermediate ones.
    pub certificate_file: PathBuf,
    /// Its private key in PEM.
    pub key_file: PathBuf,
    /// The names that it must cover, wildcards as they stand in the certificate.
    pub domains: Vec<String>,
    /// The folder that the proxy watches.
    pub folder: PathBuf,
    /// Where the proxy sees that folder.
    #[serde(default = "mounted_at")]
    pub mounted_at: PathBuf,
    /// What the names of the swarm's secrets begin with.
    pub swarm_secret_prefix: SecretPrefix,
    /// How many days before the end to begin to warn.
    pub expiry_warning_days: u16,
}

fn mounted_at() -> PathBuf {
    PathBuf::from("/certificates")
}

/// A name that is safe as a file name: lower-case letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if first && text.len() <= 50 && text.bytes().all(inner) {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is no name: 1 to 50 of a-z 0-9 - _, the first a letter or digit"))
        }
    }
}

/// What a swarm secret's name begins with; the whole fits in 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SecretPrefix(String);

impl SecretPrefix {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SecretPrefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let most = SWARM_NAME_MAX - SWARM_NAME_REST;
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if first && text.len() <= most && text.bytes().all(inner) {
            Ok(Self(text))
        } else {
            Err(format!("swarmSecretPrefix `{text}`: 1 to {most} letters, digits and -_., the first a letter or digit"))
        }
    }
}

impl Manifest {
    /// What the types cannot say.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self) -> anyhow::Result<()> {
        let name = self.name.as_str();
        anyhow::ensure!(
            !self.domains.is_empty(),
            "certificate `{name}` has no domains to cover; name them in hearth.certificates.{name}.domains"
        );
        Ok(())
    }
}
