use super::*;
use crate::testing::{Signer, base64};

fn payload(digest: &Digest) -> String {
    format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"registry.example.org/shop"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
    )
}

struct Signed {
    image: Digest,
    text: String,
    signature: String,
    keys: Vec<Key>,
}

/// A document that the second of two keys signed.
fn signed(text: impl FnOnce(&Digest) -> String) -> Signed {
    let image = Digest::of(b"an image");
    let (other, signer) = (Signer::ecdsa(), Signer::ecdsa());
    let text = text(&image);
    let signature = base64(&signer.sign(text.as_bytes()));
    let keys = [other, signer].map(|signer| Key::from_pem(&signer.pem()).unwrap()).to_vec();
    Signed { image, text, signature, keys }
}

impl Signed {
    fn verified(&self) -> Result<usize, Flaw> {
        verify(self.text.as_bytes(), &self.signature, &self.image, &self.keys)
    }
}

#[test]
fn a_good_one_says_which_key_made_it() {
    assert_eq!(signed(payload).verified(), Ok(2));
}

/// What cosign 2 left beside ghcr.io/freedomofpress/dangerzone/v1 on 2026-02-09.
#[test]
fn one_that_cosign_made_is_good() {
    let image = "sha256:7396780b5862cf8b37527854a2a2331e5c746b6a71aa1f424258c3bfaf3a1bd7".to_owned();
    let key = Key::from_pem(include_str!("../vectors/cosign-2.pub")).unwrap();
    let (payload, signature) = (include_bytes!("../vectors/cosign-2.json"), include_str!("../vectors/cosign-2.sig"));
    assert_eq!(verify(payload, signature, &Digest::try_from(image).unwrap(), &[key]), Ok(1));
}

#[test]
fn another_key_is_none_of_the_declared() {
    let mut one = signed(payload);
    one.keys.pop();
    assert_eq!(one.verified(), Err(Flaw::OtherKey));
    one.keys.clear();
    assert_eq!(one.verified(), Err(Flaw::OtherKey));
}

#[test]
fn a_signature_of_another_image_is_of_no_use_to_this_one() {
    assert_eq!(signed(|_| payload(&Digest::of(b"another image"))).verified(), Err(Flaw::OtherImage(2)));
}

#[test]
fn a_bit_that_is_flipped_in_the_document_is_seen() {
    let one = signed(payload);
    for at in 0..one.text.len() {
        let mut bytes = one.text.clone().into_bytes();
        bytes[at] ^= 1;
        assert_eq!(verify(&bytes, &one.signature, &one.image, &one.keys), Err(Flaw::OtherKey), "byte {at}");
    }
}

#[test]
fn what_is_no_signature_at_all_is_said() {
    let good = signed(payload);
    for (signature, expected) in [
        ("", Flaw::OtherKey),
        (&good.signature[..good.signature.len() - 1], Flaw::Unreadable("a part is no base64")),
        (&good.signature[..good.signature.len() - 4], Flaw::OtherKey),
        ("in no alphabet", Flaw::Unreadable("a part is no base64")),
    ] {
        assert_eq!(verify(good.text.as_bytes(), signature, &good.image, &good.keys), Err(expected), "{signature}");
    }
}

#[test]
fn what_a_key_signed_must_say_that_the_image_is_signed() {
    let unreadable = Flaw::Unreadable("it is no simple signing document");
    let changed = |from: &'static str, to: &'static str| {
        let one = signed(|image| payload(image).replace(from, to));
        assert_ne!(one.text, payload(&one.image), "{from}");
        one.verified()
    };
    assert_eq!(changed("cosign container image signature", "something else"), Err(Flaw::OtherStatement(2)));
    assert_eq!(changed("sha256:", "sha512:"), Err(unreadable));
    assert_eq!(changed("\"type\"", "\"unknown\":1,\"type\""), Err(unreadable));
    assert_eq!(changed("\"type\"", "\"type\":\"twice\",\"type\""), Err(unreadable));
    assert_eq!(changed("\"image\"", "\"images\""), Err(unreadable));
    assert_eq!(changed("\"optional\":null", "\"optional\":{\"commit\":\"1\"},\"more\":[]"), Ok(2));
    assert_eq!(signed(|_| "[]".to_owned()).verified(), Err(unreadable));
}
