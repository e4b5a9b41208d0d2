//! What a registry says about an image's signatures
//! (<https://github.com/opencontainers/image-spec/blob/main/manifest.md>, `image-index.md`, `descriptor.md`).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Digest, bundle, simple};

/// What the bundle's specification has in the place of a configuration. Old clients take it for the type of the whole.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// What cosign 2 calls a simple signature that it attaches as a referrer.
const ARTIFACT: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
/// Where an index says what a bundle is about.
const PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";

/// A document, and what is known of it before it is read.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub media_type: String,
    pub digest: Digest,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    /// Whether a referrer may be a signature. What is of another kind is not even asked for.
    pub fn may_be_signature(&self) -> bool {
        let kind = self.artifact_type.as_deref().filter(|kind| !kind.is_empty());
        let kind_fits =
            kind.is_none_or(|kind| bundle::MEDIA_TYPES.contains(&kind) || kind == EMPTY || kind == ARTIFACT);
        kind_fits && self.annotation(PREDICATE_TYPE).is_none_or(|predicate| predicate == bundle::PREDICATE)
    }

    /// The signature of a document of simple signing.
    pub fn signature(&self) -> Option<&str> {
        self.annotation(simple::ANNOTATION)
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.as_ref()?.get(name).map(String::as_str)
    }
}

/// The manifest of an artifact: its documents are its layers.
#[derive(Deserialize)]
pub struct Manifest {
    #[serde(rename = "schemaVersion")]
    _version: Two,
    pub layers: Vec<Descriptor>,
}

/// An index: what refers to an image.
#[derive(Deserialize)]
pub struct Index {
    #[serde(rename = "schemaVersion")]
    _version: Two,
    pub manifests: Vec<Descriptor>,
}

/// The version that both have.
#[derive(Deserialize)]
#[serde(try_from = "u64")]
struct Two;

impl TryFrom<u64> for Two {
    type Error = &'static str;

    fn try_from(version: u64) -> Result<Self, Self::Error> {
        if version == 2 { Ok(Self) } else { Err("the version of the form is not 2") }
    }
}
