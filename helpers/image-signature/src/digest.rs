//! What an image and each of its parts are known by.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of some bytes, as registries write it: `sha256:` and 64 lower-case hexadecimal digits
/// (<https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests>).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// A text is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no digest: it is `sha256:` and 64 of 0-9 a-f")]
pub struct NoDigest;

impl Digest {
    const PREFIX: &str = "sha256:";

    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("{}{}", Self::PREFIX, hex::encode(Sha256::digest(bytes))))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text without `sha256:`.
    pub fn hex(&self) -> &str {
        &self.0[Self::PREFIX.len()..]
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = NoDigest;

    fn try_from(text: String) -> Result<Self, NoDigest> {
        let hex = text.strip_prefix(Self::PREFIX).unwrap_or_default();
        if hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text))
        } else {
            Err(NoDigest)
        }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}
