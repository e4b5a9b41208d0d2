//! Decryption of a whole tree, and the MAC over it, in document order. `Tree.Decrypt` in `sops.go`.

use sha2::{Digest as _, Sha512};

use crate::cipher::{Cipher, Decrypted, is_encrypted};
use crate::key_path::KeyPath;
use crate::metadata::Metadata;
use crate::rules::Place;
use crate::value::{Comment, Entry, Item, Scalar, Text, Value};

/// With `mac_only_encrypted` the hash starts with these bytes (SHA-256 of `sops`), so that the two kinds of MAC differ.
const MAC_ONLY_ENCRYPTED_START: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b, 0x97, 0x5b,
    0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// A leaf that was refused, and why.
#[derive(Debug)]
pub(crate) struct Refused {
    pub key: KeyPath,
    pub reason: String,
}

/// Decrypts every document in place and returns the MAC computed over them.
pub(crate) fn decrypt(documents: &mut [Value], metadata: &Metadata, cipher: &Cipher) -> Result<String, Refused> {
    let mut hash = Sha512::new();
    if metadata.mac_only_encrypted {
        hash.update(MAC_ONLY_ENCRYPTED_START);
    }
    let mut walk = Walk { metadata, visitor: Decrypter { cipher, hash, only_encrypted: metadata.mac_only_encrypted } };
    let mut position = Position::default();
    for document in documents {
        walk.value(document, &mut position)?;
    }
    Ok(hex::encode_upper(walk.visitor.hash.finalize()))
}

/// The values that the file's rule says to encrypt and that are in clear.
pub(crate) fn clear_values(documents: &[Value], metadata: &Metadata) -> Vec<KeyPath> {
    let mut walk = Walk { metadata, visitor: ClearFinder { found: Vec::new() } };
    let mut position = Position::default();
    for document in documents {
        // A finder refuses nothing.
        let _ = walk.value(&mut document.clone(), &mut position);
    }
    walk.visitor.found
}

/// What is done at a leaf, once it is known whether it is to be encrypted.
trait Visitor {
    /// Gives back a comment when the scalar turns out to be one: sops encrypts comments in lists to elements.
    fn scalar(&mut self, scalar: &mut Scalar, encrypted: bool, position: &Position) -> Result<Option<Text>, String>;
    fn comment(&mut self, comment: &mut Comment, encrypted: bool, position: &Position);
}

struct Walk<'a, V> {
    metadata: &'a Metadata,
    visitor: V,
}

/// Where the walk is.
#[derive(Default)]
struct Position {
    /// The keys of mappings: what rules and the authenticated data see.
    keys: Vec<String>,
    /// Keys and indices: what a person is told.
    path: Vec<String>,
    /// The comments before the next value, a level of the tree each.
    comments: Vec<Vec<String>>,
    /// The keys, each with a colon.
    additional_data: String,
}

impl Position {
    /// What a value here is authenticated with. At the top, where only comments are, that is a colon too.
    fn additional_data(&self) -> &str {
        if self.additional_data.is_empty() { ":" } else { &self.additional_data }
    }
}

impl<V: Visitor> Walk<'_, V> {
    fn encrypts(&self, position: &Position, is_comment: bool) -> bool {
        self.metadata.rule.encrypts(&Place { keys: &position.keys, comments: &position.comments, is_comment })
    }

    fn value(&mut self, value: &mut Value, position: &mut Position) -> Result<Option<Text>, Refused> {
        match value {
            // sops neither encrypts nor hashes null.
            Value::Scalar(Scalar::Null) => Ok(None),
            Value::Scalar(scalar) => {
                let encrypted = self.encrypts(position, false);
                self.visitor.scalar(scalar, encrypted, position).map_err(|reason| position.refuse(reason))
            }
            Value::Map(entries) => self.within(position, |walk, position| walk.map(entries, position)),
            Value::List(items) => self.within(position, |walk, position| walk.list(items, position)),
        }
    }

    fn within(
        &mut self,
        position: &mut Position,
        body: impl FnOnce(&mut Self, &mut Position) -> Result<(), Refused>,
    ) -> Result<Option<Text>, Refused> {
        position.comments.push(Vec::new());
        let result = body(self, position);
        position.comments.pop();
        result.map(|()| None)
    }

    fn map(&mut self, entries: &mut [Entry], position: &mut Position) -> Result<(), Refused> {
        for entry in entries {
            match entry {
                Entry::Comment(comment) => self.comment(comment, position),
                Entry::Pair(key, value) => {
                    let length = position.additional_data.len();
                    position.additional_data.push_str(key);
                    position.additional_data.push(':');
                    position.keys.push(key.clone());
                    position.path.push(key.clone());
                    if self.value(value, position)?.is_some() {
                        return Err(position.refuse("it is an encrypted comment, not a value".to_owned()));
                    }
                    position.path.pop();
                    position.keys.pop();
                    position.additional_data.truncate(length);
                    position.forget_comments();
                }
            }
        }
        Ok(())
    }

    fn list(&mut self, items: &mut [Item], position: &mut Position) -> Result<(), Refused> {
        let mut index = 0_usize;
        for item in items {
            match item {
                Item::Comment(comment) => self.comment(comment, position),
                Item::Value(value) => {
                    position.path.push(index.to_string());
                    let comment = self.value(value, position)?;
                    position.path.pop();
                    position.forget_comments();
                    index += 1;
                    if let Some(text) = comment {
                        *item = Item::Comment(Comment { text, inline: false });
                    }
                }
            }
        }
        Ok(())
    }

    fn comment(&mut self, comment: &mut Comment, position: &mut Position) {
        if self.metadata.rule.reads_comments() {
            let text = String::from_utf8_lossy(comment.text.expose()).into_owned();
            if let Some(level) = position.comments.last_mut() {
                level.push(text);
            }
        }
        let encrypted = self.encrypts(position, true);
        self.visitor.comment(comment, encrypted, position);
    }
}

impl Position {
    fn refuse(&self, reason: String) -> Refused {
        Refused { key: self.path.iter().cloned().collect(), reason }
    }

    fn forget_comments(&mut self) {
        if let Some(level) = self.comments.last_mut() {
            level.clear();
        }
    }
}

struct Decrypter<'a> {
    cipher: &'a Cipher,
    hash: Sha512,
    only_encrypted: bool,
}

impl Visitor for Decrypter<'_> {
    fn scalar(&mut self, scalar: &mut Scalar, encrypted: bool, position: &Position) -> Result<Option<Text>, String> {
        if encrypted {
            let Scalar::Str(text) = scalar else {
                return Err(format!("it is in clear, a value of type {}", scalar.type_name()));
            };
            *scalar = match self.cipher.decrypt(text, position.additional_data())? {
                Decrypted::Scalar(clear) => clear,
                Decrypted::Comment(text) => return Ok(Some(text)),
            };
        }
        if encrypted || !self.only_encrypted {
            if let Some(bytes) = scalar.mac_bytes() {
                self.hash.update(bytes.expose());
            }
        }
        Ok(None)
    }

    /// A comment that does not decrypt is left as it is, as sops leaves it: old versions did not encrypt comments, and
    /// comments are not part of the MAC.
    fn comment(&mut self, comment: &mut Comment, encrypted: bool, position: &Position) {
        if !encrypted {
            return;
        }
        match self.cipher.decrypt(&comment.text, position.additional_data()) {
            Ok(Decrypted::Comment(text) | Decrypted::Scalar(Scalar::Str(text))) => comment.text = text,
            Ok(Decrypted::Scalar(_)) | Err(_) => {}
        }
    }
}

struct ClearFinder {
    found: Vec<KeyPath>,
}

impl Visitor for ClearFinder {
    fn scalar(&mut self, scalar: &mut Scalar, encrypted: bool, position: &Position) -> Result<Option<Text>, String> {
        // An empty text is the one value that stays as it is when it is encrypted.
        let hidden = matches!(scalar, Scalar::Str(text) if text.is_empty() || is_encrypted(text));
        if encrypted && !hidden {
            self.found.push(position.path.iter().cloned().collect());
        }
        Ok(None)
    }

    fn comment(&mut self, _: &mut Comment, _: bool, _: &Position) {}
}
