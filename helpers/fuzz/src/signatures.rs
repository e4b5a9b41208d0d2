//! What a registry says about the signatures of an image.

use std::sync::OnceLock;

use image_signature::{Digest, Document, Key, Registry, Unanswered, bundle, find, simple};

/// A key that signed nothing of what is thrown at it.
const KEY: &str = include_str!("../../image-signature/vectors/cosign-2.pub");

/// A registry that answers everything with the same bytes.
struct Echo<'a>(&'a [u8]);

impl Registry for Echo<'_> {
    fn get(&self, _: &Document) -> Result<Option<Vec<u8>>, Unanswered> {
        Ok(Some(self.0.to_vec()))
    }
}

/// Payloads, bundles, statements, manifests, indexes and keys.
///
/// # Panics
/// When any of it is taken for a signature, or a refusal is no short line of printable text.
pub fn documents(bytes: &[u8]) {
    let image = Digest::of(b"an image");
    let found = find(&Echo(bytes), &image, keys());
    let by_bundle = bundle::verify(bytes, &image, keys());
    let text = String::from_utf8_lossy(bytes);
    let simply = simple::verify(b"{}", &text, &image, keys());
    assert!(by_bundle.is_err() && simply.is_err(), "something else was taken for a signature");
    // What comes after a signature that is right: nothing here names that image.
    let judged = [simple::judge(bytes, 1, &image), bundle::judge(bytes, 1, &image)];
    assert!(judged.iter().all(Result::is_err), "another image was taken for this one");
    let _ = Key::from_pem(&text);
    match found {
        Ok(signed) => panic!("{} was taken for a signature", signed.place),
        Err(unsigned) => assert!(is_line(&unsigned.to_string()), "no refusal that helps: {unsigned:?}"),
    }
}

fn is_line(said: &str) -> bool {
    said.len() < 2000 && !said.chars().any(char::is_control)
}

fn keys() -> &'static [Key] {
    static KEYS: OnceLock<[Key; 1]> = OnceLock::new();
    KEYS.get_or_init(|| [Key::from_pem(KEY).unwrap_or_else(|error| panic!("{error}"))])
}
