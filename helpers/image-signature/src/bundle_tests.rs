use super::*;
use crate::testing::{Signer, base64};

fn image() -> Digest {
    Digest::of(b"an image")
}

/// What cosign 3 writes into the envelope.
fn statement(digest: &Digest) -> String {
    format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{}"}},"annotations":{{}}}}],"predicateType":"{PREDICATE}","predicate":{{}}}}"#,
        digest.hex()
    )
}

fn bundle(payload_type: &str, payload: &str, signature: &str) -> String {
    format!(
        r#"{{"mediaType":"{}","verificationMaterial":{{"publicKey":{{"hint":"aGludA=="}},"tlogEntries":[]}},"dsseEnvelope":{{"payload":"{payload}","payloadType":"{payload_type}","signatures":[{{"sig":"{signature}"}}]}}}}"#,
        MEDIA_TYPES[0]
    )
}

/// A bundle that the second of two keys made, and the keys.
fn signed(payload_type: &str, payload: &str) -> (String, Vec<Key>) {
    let (other, signer) = (Signer::ecdsa(), Signer::ecdsa());
    let signature = signer.sign(&authenticated(payload_type, payload.as_bytes()));
    let keys = [other, signer].map(|signer| Key::from_pem(&signer.pem()).unwrap()).to_vec();
    (bundle(payload_type, &base64(payload.as_bytes()), &base64(&signature)), keys)
}

fn verified(payload_type: &str, payload: &str) -> Result<usize, Flaw> {
    let (bundle, keys) = signed(payload_type, payload);
    verify(bundle.as_bytes(), &image(), &keys)
}

#[test]
fn the_encoding_that_is_signed_is_that_of_the_protocols_own_example() {
    let encoded = authenticated("http://example.com/HelloWorld", b"hello world");
    assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

#[test]
fn a_good_one_says_which_key_made_it() {
    assert_eq!(verified(STATEMENT, &statement(&image())), Ok(2));
    let old = statement(&image()).replace("Statement/v1", "Statement/v0.1");
    assert_eq!(verified(STATEMENT, &old), Ok(2));
}

/// What cosign 3 left beside an image at ttl.sh on 2026-06-09.
#[test]
fn one_that_cosign_made_is_good() {
    let image = "sha256:5099b89d7666cc2186cad769ddc262ddc7c335b33f5fe79f9ffe50a01282b23e".to_owned();
    let key = Key::from_pem(include_str!("../vectors/cosign-3.pub")).unwrap();
    let bundle = include_bytes!("../vectors/cosign-3.json");
    assert_eq!(verify(bundle, &Digest::try_from(image).unwrap(), &[key]), Ok(1));
}

#[test]
fn both_alphabets_of_base64_are_read() {
    // With bytes that the alphabets write differently.
    let text = statement(&image()).replace("\"annotations\":{}", "\"annotations\":{\"a\":\"???>>>~~~\"}");
    let (bundle, keys) = signed(STATEMENT, &text);
    let other = bundle.replace(&base64(text.as_bytes()), &base64(text.as_bytes()).replace('+', "-").replace('/', "_"));
    assert_ne!(bundle, other);
    assert_eq!(verify(bundle.as_bytes(), &image(), &keys), Ok(2));
    assert_eq!(verify(other.as_bytes(), &image(), &keys), Ok(2));
}

#[test]
fn another_key_is_none_of_the_declared() {
    let (bundle, keys) = signed(STATEMENT, &statement(&image()));
    assert_eq!(verify(bundle.as_bytes(), &image(), &keys[..1]), Err(Flaw::OtherKey));
}

#[test]
fn what_a_key_signed_must_say_that_this_image_is_signed() {
    let other = Digest::of(b"another image");
    assert_eq!(verified(STATEMENT, &statement(&other)), Err(Flaw::OtherImage(2)));
    let sbom = statement(&image()).replace(PREDICATE, "https://cyclonedx.org/bom");
    assert_eq!(verified(STATEMENT, &sbom), Err(Flaw::OtherStatement(2)));
    let newer = statement(&image()).replace("Statement/v1", "Statement/v9");
    assert_eq!(verified(STATEMENT, &newer), Err(Flaw::OtherStatement(2)));
    assert_eq!(verified("text/plain", &statement(&image())), Err(Flaw::OtherStatement(2)));
    let of_sha512 = statement(&image()).replace("\"sha256\"", "\"sha512\"");
    assert_eq!(verified(STATEMENT, &of_sha512), Err(Flaw::OtherImage(2)));
    let unreadable = Err(Flaw::Unreadable("what is signed is no statement of in-toto"));
    assert_eq!(verified(STATEMENT, "{}"), unreadable);
    assert_eq!(verified(STATEMENT, &statement(&image()).replace("\"subject\"", "\"subjects\"")), unreadable);
}

#[test]
fn of_several_subjects_one_is_enough() {
    let both = statement(&image()).replace("[{", "[{\"digest\":{\"sha1\":\"00\"}},{");
    assert_eq!(verified(STATEMENT, &both), Ok(2));
}

#[test]
fn a_type_that_is_changed_afterwards_is_seen() {
    let (bundle, keys) = signed("text/plain", &statement(&image()));
    let changed = bundle.replace("text/plain", STATEMENT);
    assert_eq!(verify(changed.as_bytes(), &image(), &keys), Err(Flaw::OtherKey));
}

#[test]
fn what_is_no_such_bundle_is_said() {
    let (good, keys) = signed(STATEMENT, &statement(&image()));
    let changed = |from: &str, to: &str| {
        let text = good.replace(from, to);
        assert_ne!(text, good, "{from}");
        verify(text.as_bytes(), &image(), &keys).unwrap_err()
    };
    let form = Flaw::Unreadable("it is no bundle with one signed envelope");
    assert_eq!(changed("dsseEnvelope", "messageSignature"), form);
    assert_eq!(changed("[{\"sig\"", "[{\"sig\":\"\"},{\"sig\""), form);
    assert_eq!(changed("[{\"sig\"", "[],\"more\":[{\"sig\""), form);
    assert_eq!(changed("bundle.v0.3", "bundle.v0.9"), Flaw::Unreadable("it is a bundle of another version than 0.3"));
    assert_eq!(changed("\"payload\":\"ey", "\"payload\":\"e"), Flaw::Unreadable("a part is no base64"));
    assert_eq!(changed("\"sig\":\"M", "\"sig\":\""), Flaw::Unreadable("a part is no base64"));
}

#[test]
fn a_bit_that_is_flipped_is_seen_wherever_it_counts() {
    let (good, keys) = signed(STATEMENT, &statement(&image()));
    let envelope = good.find("dsseEnvelope").unwrap();
    for at in envelope..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 1;
        assert!(verify(&bytes, &image(), &keys).is_err(), "byte {at}: {}", String::from_utf8_lossy(&bytes));
    }
}
