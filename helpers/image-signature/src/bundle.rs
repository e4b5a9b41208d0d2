//! Signatures as cosign 3 writes them: sigstore's bundle.
//!
//! A JSON document (<https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto>) with an envelope
//! (DSSE, <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>), in which there is a statement about
//! digests (in-toto, <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>). What the bundle holds
//! besides, certificates and entries of a transparency log, is not looked at.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Digest, Flaw, Key, from_base64, maker};

/// The media types of a bundle, of which the first is the newer.
pub const MEDIA_TYPES: [&str; 2] =
    ["application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle+json;version=0.3"];
/// What a statement says that means "signed", and nothing more.
pub const PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";
const STATEMENT: &str = "application/vnd.in-toto+json";
const STATEMENT_TYPES: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    dsse_envelope: Envelope,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    /// Exactly one, as the bundle's specification wants it.
    signatures: [Signature; 1],
}

#[derive(Deserialize)]
struct Signature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    predicate_type: String,
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    digest: BTreeMap<String, String>,
}

/// Which key signed an image, counted from one, if this bundle says so.
///
/// # Errors
/// Why it does not.
pub fn verify(bundle: &[u8], image: &Digest, keys: &[Key]) -> Result<usize, Flaw> {
    let bundle: Bundle =
        serde_json::from_slice(bundle).map_err(|_| Flaw::Unreadable("it is no bundle with one signed envelope"))?;
    if !MEDIA_TYPES.contains(&bundle.media_type.as_str()) {
        return Err(Flaw::Unreadable("it is a bundle of another version than 0.3"));
    }
    let Envelope { payload, payload_type, signatures: [signature] } = &bundle.dsse_envelope;
    let payload = from_base64(payload)?;
    let key = maker(keys, &authenticated(payload_type, &payload), &from_base64(&signature.sig)?)?;
    if payload_type != STATEMENT {
        return Err(Flaw::OtherStatement(key));
    }
    judge(&payload, key, image)
}

/// The key, if the statement that it signed says that this image is signed.
///
/// # Errors
/// What it says instead.
pub fn judge(payload: &[u8], key: usize, image: &Digest) -> Result<usize, Flaw> {
    let statement: Statement =
        serde_json::from_slice(payload).map_err(|_| Flaw::Unreadable("what is signed is no statement of in-toto"))?;
    if !STATEMENT_TYPES.contains(&statement.kind.as_str()) || statement.predicate_type != PREDICATE {
        return Err(Flaw::OtherStatement(key));
    }
    let is_image = |subject: &Subject| subject.digest.get("sha256").is_some_and(|hex| hex == image.hex());
    if statement.subject.iter().any(is_image) { Ok(key) } else { Err(Flaw::OtherImage(key)) }
}

/// What is signed of an envelope: its type and its payload, each with its length, so that neither can be taken for a part
/// of the other (DSSE's "pre-authentication encoding").
fn authenticated(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut all = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    all.extend_from_slice(payload);
    all
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
