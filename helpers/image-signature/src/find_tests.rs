use std::cell::RefCell;
use std::collections::BTreeMap;

use super::*;
use crate::testing::{Signer, base64};

const SIMPLE: &str = simple::MEDIA_TYPE;
const BUNDLE: &str = bundle::MEDIA_TYPES[0];

/// A repository in memory.
struct Fake {
    documents: BTreeMap<String, Vec<u8>>,
    broken: Option<&'static str>,
    asked: RefCell<Vec<String>>,
    signer: Signer,
    image: Digest,
}

impl Registry for Fake {
    fn get(&self, document: &Document) -> Result<Option<Vec<u8>>, Unanswered> {
        let path = document.path();
        self.asked.borrow_mut().push(path.clone());
        match self.broken {
            Some(part) if path.contains(part) => Err(Unanswered("the connection is lost".to_owned())),
            _ => Ok(self.documents.get(&path).cloned()),
        }
    }
}

impl Fake {
    fn empty() -> Self {
        Self {
            documents: BTreeMap::new(),
            broken: None,
            asked: RefCell::default(),
            signer: Signer::ecdsa(),
            image: Digest::of(b"an image"),
        }
    }

    fn put(&mut self, path: String, bytes: impl Into<Vec<u8>>) {
        self.documents.insert(path, bytes.into());
    }

    fn blob(&mut self, bytes: &str) -> Digest {
        let digest = Digest::of(bytes.as_bytes());
        self.put(format!("blobs/{digest}"), bytes);
        digest
    }

    /// A layer with a signature of an image as cosign 2 makes it.
    fn simple(&mut self, of: &Digest) -> String {
        let text = format!(
            r#"{{"critical":{{"identity":{{"docker-reference":""}},"image":{{"docker-manifest-digest":"{of}"}},"type":"cosign container image signature"}}}}"#
        );
        let signature = base64(&self.signer.sign(text.as_bytes()));
        let digest = self.blob(&text);
        let annotation = format!(r#""annotations":{{"{}":"{signature}"}}"#, simple::ANNOTATION);
        format!(r#"{{"mediaType":"{SIMPLE}","digest":"{digest}","size":1,{annotation}}}"#)
    }

    /// A layer with a bundle as cosign 3 makes it.
    fn bundle(&mut self, of: &Digest) -> String {
        let statement = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{}"}}}}],"predicateType":"{}"}}"#,
            of.hex(),
            bundle::PREDICATE
        );
        let kind = "application/vnd.in-toto+json";
        let signed = format!("DSSEv1 {} {kind} {} {statement}", kind.len(), statement.len());
        let (payload, signature) = (base64(statement.as_bytes()), base64(&self.signer.sign(signed.as_bytes())));
        let text = format!(
            r#"{{"mediaType":"{BUNDLE}","dsseEnvelope":{{"payload":"{payload}","payloadType":"{kind}","signatures":[{{"sig":"{signature}"}}]}}}}"#
        );
        let digest = self.blob(&text);
        format!(r#"{{"mediaType":"{BUNDLE}","digest":"{digest}","size":1}}"#)
    }

    fn tag(&mut self, tag: &str, bytes: &str) {
        self.put(format!("manifests/sha256-{}{tag}", self.image.hex()), bytes);
    }

    /// Puts a manifest with these layers, and returns what an index says of it.
    fn referrer(&mut self, layers: &[String]) -> String {
        let manifest = manifest(layers);
        let digest = Digest::of(manifest.as_bytes());
        self.put(format!("manifests/{digest}"), manifest);
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":1,"artifactType":"{BUNDLE}"}}"#
        )
    }

    fn found(&self) -> Result<Signed, Unsigned> {
        let keys = [Signer::ecdsa().pem(), self.signer.pem()].map(|pem| Key::from_pem(&pem).unwrap());
        find(self, &self.image, &keys)
    }

    fn refused(&self) -> String {
        self.found().unwrap_err().to_string()
    }
}

fn manifest(layers: &[String]) -> String {
    format!(r#"{{"schemaVersion":2,"config":{{}},"layers":[{}]}}"#, layers.join(","))
}

fn index(manifests: &[String]) -> String {
    format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, manifests.join(","))
}

#[test]
fn what_cosign_2_writes_is_found_at_its_tag() {
    let mut registry = Fake::empty();
    let layer = registry.simple(&registry.image.clone());
    registry.tag(".sig", &manifest(&[layer]));
    let signed = registry.found().unwrap();
    assert_eq!(signed.key, 2);
    assert!(signed.place.starts_with("blobs/sha256:"), "{}", signed.place);
}

#[test]
fn what_cosign_3_writes_is_found_among_the_referrers() {
    let mut registry = Fake::empty();
    let layer = registry.bundle(&registry.image.clone());
    let referrer = registry.referrer(&[layer]);
    registry.put(format!("referrers/{}", registry.image), index(&[referrer]));
    assert_eq!(registry.found().unwrap().key, 2);
}

#[test]
fn without_referrers_it_is_found_at_their_tag() {
    let mut registry = Fake::empty();
    let layer = registry.bundle(&registry.image.clone());
    let referrer = registry.referrer(&[layer]);
    registry.tag("", &index(&[referrer]));
    assert_eq!(registry.found().unwrap().key, 2);
}

/// As cosign 3.0.2 writes that index: it takes the type of the empty configuration for that of the whole.
#[test]
fn it_is_found_where_the_index_calls_it_empty() {
    let mut registry = Fake::empty();
    let layer = registry.bundle(&registry.image.clone());
    let referrer = registry.referrer(&[layer]).replace(BUNDLE, "application/vnd.oci.empty.v1+json");
    registry.tag("", &index(&[referrer]));
    assert_eq!(registry.found().unwrap().key, 2);
}

#[test]
fn an_unsigned_image_is_said_to_be_one() {
    let registry = Fake::empty();
    let said = registry.refused();
    assert!(said.starts_with("it has no signature by a declared key: there is nothing at the tag sha256-"), "{said}");
    assert_eq!(registry.asked.borrow().len(), 3, "{:?}", registry.asked);
}

#[test]
fn one_good_one_among_bad_ones_is_enough_and_bad_ones_are_named() {
    let mut registry = Fake::empty();
    let (image, other) = (registry.image.clone(), Digest::of(b"another image"));
    let bad = [registry.simple(&other), registry.bundle(&other)];
    registry.tag(".sig", &manifest(&bad));
    let said = registry.refused();
    assert!(said.matches("was made by key 2 for another image").count() == 2, "{said}");
    let good = registry.simple(&image);
    let [first, second] = bad;
    registry.tag(".sig", &manifest(&[first, good, second]));
    assert_eq!(registry.found().unwrap().key, 2);
}

#[test]
fn a_document_that_is_not_what_its_digest_says_is_no_signature() {
    let mut registry = Fake::empty();
    let layer = registry.simple(&registry.image.clone());
    registry.tag(".sig", &manifest(&[layer]));
    let blob = registry.documents.keys().find(|path| path.starts_with("blobs/")).unwrap().clone();
    registry.documents.get_mut(&blob).unwrap().push(b' ');
    assert!(registry.refused().contains("is not what its digest says"), "{}", registry.refused());
    registry.documents.remove(&blob);
    assert!(registry.refused().contains("is named and is not there"), "{}", registry.refused());
}

#[test]
fn a_registry_that_does_not_answer_leaves_it_unknown() {
    for broken in ["manifests/", "referrers/", "blobs/"] {
        let mut registry = Fake::empty();
        let layer = registry.simple(&registry.image.clone());
        registry.tag(".sig", &manifest(&[layer]));
        registry.broken = Some(broken);
        let found = registry.found();
        if broken == "referrers/" {
            assert_eq!(found.unwrap().key, 2, "the tag was enough");
            continue;
        }
        let said = found.unwrap_err().to_string();
        assert!(said.starts_with("whether it has") && said.contains("the connection is lost"), "{broken}: {said}");
    }
}

#[test]
fn what_cannot_be_read_is_said_without_its_words() {
    for text in
        ["{", "[]", r#"{"schemaVersion":1,"layers":[]}"#, r#"{"schemaVersion":2,"layers":[{"digest":"canary"}]}"#]
    {
        let mut registry = Fake::empty();
        registry.tag(".sig", text);
        registry.tag("", text);
        let said = registry.refused();
        assert!(said.matches("cannot be read (line ").count() == 2 && !said.contains("canary"), "{said}");
    }
}

#[test]
fn what_is_of_another_kind_is_not_asked_for() {
    let mut registry = Fake::empty();
    let layer = registry.bundle(&registry.image.clone());
    let good = registry.referrer(&[layer]);
    let sbom = good.replace(BUNDLE, "application/spdx+json");
    let provenance = good.replace(
        "\"size\"",
        "\"annotations\":{\"dev.sigstore.bundle.predicateType\":\"https://slsa.dev/provenance/v1\"},\"size\"",
    );
    registry.tag("", &index(&[sbom, provenance]));
    assert!(registry.found().is_err());
    assert!(registry.asked.borrow().iter().all(|path| !path.starts_with("blobs/")), "{:?}", registry.asked);
}

#[test]
fn nobody_is_asked_without_end() {
    let mut registry = Fake::empty();
    let layer = registry.simple(&Digest::of(b"another image"));
    registry.tag(".sig", &manifest(&vec![layer; 1000]));
    let said = registry.refused();
    assert!(said.contains("the first 64 documents") && said.ends_with("and 60 more"), "{said}");
    assert!(registry.asked.borrow().len() < 70);
}
