//! Signatures as cosign 1 and 2 write them: "simple signing".
//!
//! A small JSON document that names the image's digest is a blob, and a base64 of the signature over its bytes stands
//! beside it (<https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md>). The document itself is of
//! <https://github.com/containers/image/blob/main/docs/containers-signature.5.md>, which wants what is unknown within
//! `critical` refused.

use serde::Deserialize;

use crate::{Digest, Flaw, Key, from_base64, maker};

/// The media type of such a document.
pub const MEDIA_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation with the signature.
pub const ANNOTATION: &str = "dev.cosignproject.cosign/signature";
/// What the document is, in its own words.
const KIND: &str = "cosign container image signature";

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Critical {
    // Which name it was signed under is not looked at, as cosign does not: the same image may be in several places.
    #[serde(rename = "identity")]
    _identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    #[serde(rename = "docker-reference")]
    _reference: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: Digest,
}

/// Which key signed an image, counted from one, if this document and this signature of it say so.
///
/// # Errors
/// Why they do not.
pub fn verify(payload: &[u8], signature: &str, image: &Digest, keys: &[Key]) -> Result<usize, Flaw> {
    let key = maker(keys, payload, &from_base64(signature)?)?;
    judge(payload, key, image)
}

/// The key, if the document that it signed says that this image is signed.
///
/// # Errors
/// What it says instead.
pub fn judge(payload: &[u8], key: usize, image: &Digest) -> Result<usize, Flaw> {
    let Payload { critical } =
        serde_json::from_slice(payload).map_err(|_| Flaw::Unreadable("it is no simple signing document"))?;
    if critical.kind != KIND {
        return Err(Flaw::OtherStatement(key));
    }
    if critical.image.digest == *image { Ok(key) } else { Err(Flaw::OtherImage(key)) }
}

#[cfg(test)]
#[path = "simple_tests.rs"]
mod tests;
