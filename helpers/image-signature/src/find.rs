//! Looking for an image's signatures in its registry.

use std::fmt;

use serde::de::DeserializeOwned;

use crate::oci::{Descriptor, Index, Manifest};
use crate::{Digest, Flaw, Key, bundle, simple};

/// How many documents are looked at; whoever may push to a repository could put any number there.
const DOCUMENTS: usize = 64;
/// How many reasons a person is told.
const REASONS: usize = 4;
/// The most bytes of a manifest or index, which is what registries take
/// (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests>).
const MANIFEST_MAX: u64 = 4 << 20;
/// The most bytes of a signed document. Those of cosign have less than ten thousand.
const DOCUMENT_MAX: u64 = 256 << 10;

/// Something to ask a registry for, within the image's repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// The manifest or index that a tag leads to.
    Tag(String),
    /// A manifest by its digest.
    Manifest(Digest),
    /// The index of what refers to an image.
    Referrers(Digest),
    /// A blob.
    Blob(Digest),
}

impl Document {
    /// Where it is below the repository
    /// (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints>).
    pub fn path(&self) -> String {
        match self {
            Self::Tag(tag) => format!("manifests/{tag}"),
            Self::Manifest(digest) => format!("manifests/{digest}"),
            Self::Referrers(digest) => format!("referrers/{digest}"),
            Self::Blob(digest) => format!("blobs/{digest}"),
        }
    }

    /// The most bytes that are read of it.
    pub fn limit(&self) -> u64 {
        if matches!(self, Self::Blob(_)) { DOCUMENT_MAX } else { MANIFEST_MAX }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// A registry did not answer, or not as registries do. Says what was asked, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// The repository of an image.
pub trait Registry {
    /// The bytes of a document, unchecked; nothing where the repository does not have it, or the registry does not know
    /// of such documents.
    ///
    /// # Errors
    /// Why it cannot be known.
    fn get(&self, document: &Document) -> Result<Option<Vec<u8>>, Unanswered>;
}

/// A signature that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The key that made it, counted from one.
    pub key: usize,
    /// Where it was, for a person.
    pub place: String,
}

/// No signature was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// There is none, or none that counts: each with its flaw.
    #[error("it has no signature by a declared key: {0}")]
    Surely(String),
    /// There may be one that cannot be read.
    #[error("whether it has a signature by a declared key cannot be known: {0}")]
    Unknown(String),
}

/// Finds a signature of an image by one of some keys.
///
/// # Errors
/// That there is none, with what there is instead; or that not everything could be read, and none was found in the rest.
pub fn find(registry: &dyn Registry, image: &Digest, keys: &[Key]) -> Result<Signed, Unsigned> {
    let mut search = Search { registry, image, keys, left: DOCUMENTS, reasons: Vec::new(), answered: true };
    match search.tagged().or_else(|| search.referring()) {
        Some(signed) => Ok(signed),
        None => Err(search.without()),
    }
}

struct Search<'a> {
    registry: &'a dyn Registry,
    image: &'a Digest,
    keys: &'a [Key],
    left: usize,
    reasons: Vec<String>,
    answered: bool,
}

impl Search<'_> {
    /// Among what cosign 1 and 2 write.
    fn tagged(&mut self) -> Option<Signed> {
        let document = Document::Tag(format!("sha256-{}.sig", self.image.hex()));
        let bytes = self.get(&document)?;
        self.in_manifest(&document, &bytes)
    }

    /// Among what refers to the image.
    fn referring(&mut self) -> Option<Signed> {
        // Registries that do not know of referrers have them under a tag
        // (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema).
        let tag = Document::Tag(format!("sha256-{}", self.image.hex()));
        let api = Document::Referrers(self.image.clone());
        let (document, bytes) = match self.registry.get(&api) {
            Ok(Some(bytes)) => (api, bytes),
            Ok(None) => (tag.clone(), self.get(&tag)?),
            Err(unanswered) => return self.give_up(unanswered),
        };
        let index: Index = self.read(&document, &bytes)?;
        index.manifests.iter().filter(|one| one.may_be_signature()).find_map(|one| self.in_referrer(one))
    }

    fn in_referrer(&mut self, descriptor: &Descriptor) -> Option<Signed> {
        self.take_one()?;
        let document = Document::Manifest(descriptor.digest.clone());
        let bytes = self.get_exactly(&document, &descriptor.digest)?;
        self.in_manifest(&document, &bytes)
    }

    fn in_manifest(&mut self, document: &Document, bytes: &[u8]) -> Option<Signed> {
        let manifest: Manifest = self.read(document, bytes)?;
        manifest.layers.iter().find_map(|layer| self.in_layer(layer))
    }

    fn in_layer(&mut self, layer: &Descriptor) -> Option<Signed> {
        let is_bundle = bundle::MEDIA_TYPES.contains(&layer.media_type.as_str());
        if !is_bundle && layer.media_type != simple::MEDIA_TYPE {
            return None;
        }
        self.take_one()?;
        let document = Document::Blob(layer.digest.clone());
        let bytes = self.get_exactly(&document, &layer.digest)?;
        let verified = match layer.signature() {
            _ if is_bundle => bundle::verify(&bytes, self.image, self.keys),
            Some(signature) => simple::verify(&bytes, signature, self.image, self.keys),
            None => Err(Flaw::Unreadable("no signature is beside it")),
        };
        match verified {
            Ok(key) => Some(Signed { key, place: document.to_string() }),
            Err(flaw) => self.reject(format!("{document} {flaw}")),
        }
    }

    /// A document that need not be there.
    fn get(&mut self, document: &Document) -> Option<Vec<u8>> {
        self.registry.get(document).unwrap_or_else(|unanswered| self.give_up(unanswered))
    }

    /// A document that must be there, and be what its digest says.
    fn get_exactly(&mut self, document: &Document, digest: &Digest) -> Option<Vec<u8>> {
        match self.registry.get(document) {
            Ok(Some(bytes)) if Digest::of(&bytes) == *digest => Some(bytes),
            Ok(Some(_)) => self.reject(format!("{document} is not what its digest says")),
            Ok(None) => self.reject(format!("{document} is named and is not there")),
            Err(unanswered) => self.give_up(unanswered),
        }
    }

    fn read<T: DeserializeOwned>(&mut self, document: &Document, bytes: &[u8]) -> Option<T> {
        match serde_json::from_slice(bytes) {
            Ok(value) => Some(value),
            // Without the parser's words, which may quote what it read.
            Err(error) => self.reject(format!("{document} cannot be read (line {})", error.line())),
        }
    }

    fn take_one(&mut self) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        Some(())
    }

    fn give_up<T>(&mut self, Unanswered(reason): Unanswered) -> Option<T> {
        self.answered = false;
        self.reject(reason)
    }

    fn reject<T>(&mut self, reason: String) -> Option<T> {
        self.reasons.push(reason);
        None
    }

    fn without(self) -> Unsigned {
        let more = self.reasons.len().saturating_sub(REASONS);
        let mut told: Vec<String> = self.reasons.into_iter().take(REASONS).collect();
        if self.left == 0 {
            told.push(format!("the first {DOCUMENTS} documents were looked at and no others"));
        } else if told.is_empty() {
            told.push(format!(
                "there is nothing at the tag sha256-{}.sig and no bundle refers to it",
                self.image.hex()
            ));
        }
        if more > 0 {
            told.push(format!("and {more} more"));
        }
        if self.answered { Unsigned::Surely(told.join("; ")) } else { Unsigned::Unknown(told.join("; ")) }
    }
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
