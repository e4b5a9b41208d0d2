//! Does an image carry a signature by one of some public keys?
//!
//! What `cosign sign --key` leaves in the registry beside an image is found by [`find`], in both of its forms:
//! [`simple`] signing, which cosign 1 and 2 write under a tag made of the image's digest, and sigstore's [`bundle`],
//! which cosign 3 writes as a referrer of the image. What is signed is a digest: that of an index where an image has one,
//! since it is what its tag leads to.
//!
//! The transparency log is not asked, and no certificate is looked at: a [`Key`] is trusted because it is declared. That
//! is what `cosign verify --key … --insecure-ignore-tlog=true` proves.
//!
//! Everything that a registry answers is taken for hostile. Whether a document is a signature is decided without the
//! network, in [`simple`] and [`bundle`]; a [`Registry`] is the network, and [`Remote`] the real one.

pub mod bundle;
mod challenge;
mod digest;
mod find;
mod key;
mod oci;
mod remote;
mod repository;
pub mod simple;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

pub use digest::{Digest, NoDigest};
pub use find::{Document, Registry, Signed, Unanswered, Unsigned, find};
pub use key::{Key, NoKey};
pub use remote::{Login, Remote};
pub use repository::{NoRepository, Repository};

/// Why a document is not what was looked for. Says nothing that the document could have chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It does not have the form that it claims.
    #[error("cannot be read: {0}")]
    Unreadable(&'static str),
    /// No declared key made it, or not all of it.
    #[error("was made by none of the declared keys")]
    OtherKey,
    /// A declared key signed another image, and somebody put its signature here.
    #[error("was made by key {0} for another image")]
    OtherImage(usize),
    /// A declared key signed something else about the image, such as the list of what is in it.
    #[error("was made by key {0} and says something else than that the image is signed")]
    OtherStatement(usize),
}

/// The number of the key that made a signature, counted from one as a person counts.
fn maker(keys: &[Key], message: &[u8], signature: &[u8]) -> Result<usize, Flaw> {
    let made = keys.iter().position(|key| key.verifies(message, signature));
    made.map(|index| index + 1).ok_or(Flaw::OtherKey)
}

/// Bytes out of base64, of either alphabet: a verifier must take both
/// (<https://github.com/secure-systems-lab/dsse/blob/master/envelope.md>).
fn from_base64(text: &str) -> Result<Vec<u8>, Flaw> {
    let decoded = BASE64_STANDARD.decode(text).or_else(|_| BASE64_URL_SAFE.decode(text));
    decoded.map_err(|_| Flaw::Unreadable("a part is no base64"))
}

#[cfg(test)]
mod testing;
