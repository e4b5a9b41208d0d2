//! Encryption and decryption of a whole tree, and the MAC over it, in document order. `Tree.Encrypt` and `Tree.Decrypt`
//! in `sops.go`.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest as _, Sha256, Sha512};

use crate::cipher::{Cipher, Decrypted, is_encrypted};
use crate::key_path::KeyPath;
use crate::metadata::Metadata;
use crate::rules::{Place, Rule};
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

/// The encrypted forms of values, by what they decrypt to and where they stand: a value that did not change keeps its
/// own, so that the difference between two versions of a file is small.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(HashMap<[u8; 32], VecDeque<Text>>);

impl Kept {
    /// Each part with its length before it, so that no two places and values have one digest.
    fn digest(place: &str, kind: &str, plain: &Text) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [place.as_bytes(), kind.as_bytes(), plain.expose()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }

    fn keep(&mut self, place: &str, kind: &str, plain: &Text, encrypted: Text) {
        self.0.entry(Self::digest(place, kind, plain)).or_default().push_back(encrypted);
    }

    /// Each form is given once: two equal values do not show that they are equal.
    fn take(&mut self, place: &str, kind: &str, plain: &Text) -> Option<Text> {
        self.0.get_mut(&Self::digest(place, kind, plain))?.pop_front()
    }
}

fn mac_start(metadata: &Metadata) -> Sha512 {
    let mut hash = Sha512::new();
    if metadata.mac_only_encrypted {
        hash.update(MAC_ONLY_ENCRYPTED_START);
    }
    hash
}

/// Decrypts every document in place and returns the MAC computed over them. `kept` is given what was there before.
pub(crate) fn decrypt(
    documents: &mut [Value],
    metadata: &Metadata,
    cipher: &Cipher,
    kept: Option<&mut Kept>,
) -> Result<String, Refused> {
    let only_encrypted = metadata.mac_only_encrypted;
    let visitor = Decrypter { cipher, hash: mac_start(metadata), only_encrypted, kept };
    let walk = walk(documents, metadata, visitor)?;
    Ok(upper_hex(&walk.hash.finalize()))
}

/// Encrypts every document in place and returns the MAC computed over them.
pub(crate) fn encrypt(
    documents: &mut [Value],
    metadata: &Metadata,
    cipher: &Cipher,
    kept: &mut Kept,
) -> Result<String, Refused> {
    let only_encrypted = metadata.mac_only_encrypted;
    let visitor = Encrypter { cipher, hash: mac_start(metadata), only_encrypted, kept, rule: &metadata.rule };
    let walk = walk(documents, metadata, visitor)?;
    Ok(upper_hex(&walk.hash.finalize()))
}

fn upper_hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default().to_ascii_uppercase();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn walk<V: Visitor>(documents: &mut [Value], metadata: &Metadata, visitor: V) -> Result<V, Refused> {
    let mut walk = Walk { metadata, visitor };
    let mut position = Position::default();
    for document in documents {
        walk.value(document, &mut position)?;
    }
    Ok(walk.visitor)
}

/// The values that the file's rule says to encrypt and that are in clear.
pub(crate) fn clear_values(documents: &[Value], metadata: &Metadata) -> Vec<KeyPath> {
    // A finder refuses nothing.
    walk(&mut documents.to_vec(), metadata, ClearFinder { found: Vec::new() })
        .map_or_else(|_| Vec::new(), |it| it.found)
}

/// What is done at a leaf, once it is known whether it is to be encrypted.
trait Visitor {
    /// Gives back a comment when the scalar turns out to be one: sops encrypts comments in lists to elements.
    fn scalar(&mut self, scalar: &mut Scalar, encrypted: bool, position: &Position) -> Result<Option<Text>, String>;
    fn comment(&mut self, comment: &mut Comment, encrypted: bool, position: &Position) -> Result<(), String>;

    /// Whether comments in lists become elements once they were visited.
    const SEALS: bool = false;
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
                Entry::Comment(comment) => self.comment(comment, position)?,
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

    fn list(&mut self, items: &mut Vec<Item>, position: &mut Position) -> Result<(), Refused> {
        if V::SEALS {
            // sops would make an empty element of an empty comment.
            items.retain(|item| !matches!(item, Item::Comment(comment) if comment.text.is_empty()));
        }
        let mut index = 0_usize;
        for item in items {
            match item {
                Item::Comment(comment) => {
                    self.comment(comment, position)?;
                    if V::SEALS && is_encrypted(&comment.text) {
                        *item = Item::Value(Value::Scalar(Scalar::Str(std::mem::take(&mut comment.text))));
                    }
                }
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

    fn comment(&mut self, comment: &mut Comment, position: &mut Position) -> Result<(), Refused> {
        if self.metadata.rule.reads_comments() {
            let text = String::from_utf8_lossy(comment.text.expose()).into_owned();
            if let Some(level) = position.comments.last_mut() {
                level.push(text);
            }
        }
        let encrypted = self.encrypts(position, true);
        self.visitor.comment(comment, encrypted, position).map_err(|reason| position.refuse(reason))
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
    kept: Option<&'a mut Kept>,
}

impl Decrypter<'_> {
    fn keep(&mut self, kind: &str, plain: &Text, encrypted: &Text, position: &Position) {
        if let Some(kept) = self.kept.as_deref_mut() {
            kept.keep(position.additional_data(), kind, plain, encrypted.clone());
        }
    }
}

impl Visitor for Decrypter<'_> {
    fn scalar(&mut self, scalar: &mut Scalar, encrypted: bool, position: &Position) -> Result<Option<Text>, String> {
        if encrypted {
            let Scalar::Str(text) = scalar else {
                return Err(format!("it is in clear, a value of type {}", scalar.type_name()));
            };
            let clear = match self.cipher.decrypt(text, position.additional_data())? {
                Decrypted::Scalar(clear) => clear,
                Decrypted::Comment(comment) => {
                    self.keep("comment", &comment, text, position);
                    return Ok(Some(comment));
                }
            };
            if self.kept.is_some() && !text.is_empty() {
                let plain = clear.mac_bytes().unwrap_or_default();
                self.keep(clear.type_name(), &plain, text, position);
            }
            *scalar = clear;
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
    fn comment(&mut self, comment: &mut Comment, encrypted: bool, position: &Position) -> Result<(), String> {
        if !encrypted {
            return Ok(());
        }
        match self.cipher.decrypt(&comment.text, position.additional_data()) {
            Ok(Decrypted::Comment(text) | Decrypted::Scalar(Scalar::Str(text))) => {
                let encrypted = std::mem::replace(&mut comment.text, text);
                // sops forgets where an encrypted comment stood. What is only shown is shown as sops shows it; what is
                // edited and written again keeps its place.
                comment.inline &= self.kept.is_some();
                if !encrypted.is_empty() {
                    self.keep("comment", &comment.text, &encrypted, position);
                }
            }
            Ok(Decrypted::Scalar(_)) | Err(_) => {}
        }
        Ok(())
    }
}

struct Encrypter<'a> {
    cipher: &'a Cipher,
    hash: Sha512,
    only_encrypted: bool,
    kept: &'a mut Kept,
    rule: &'a Rule,
}

impl Encrypter<'_> {
    fn encrypted(&mut self, plain: &Text, kind: &str, position: &Position) -> Result<Text, String> {
        let place = position.additional_data();
        match self.kept.take(place, kind, plain) {
            Some(kept) => Ok(kept),
            None => self.cipher.encrypt(plain.expose(), kind, place).map_err(|error| error.to_string()),
        }
    }
}

impl Visitor for Encrypter<'_> {
    const SEALS: bool = true;

    fn scalar(&mut self, scalar: &mut Scalar, encrypted: bool, position: &Position) -> Result<Option<Text>, String> {
        let Some(plain) = scalar.mac_bytes() else { return Ok(None) };
        if encrypted || !self.only_encrypted {
            self.hash.update(plain.expose());
        }
        if encrypted {
            // sops has forgotten how to write `bytes`: what it once read as such it writes as text.
            let kind = if matches!(scalar, Scalar::Bytes(_)) { "str" } else { scalar.type_name() };
            *scalar = Scalar::Str(self.encrypted(&plain, kind, position)?);
        }
        Ok(None)
    }

    fn comment(&mut self, comment: &mut Comment, encrypted: bool, position: &Position) -> Result<(), String> {
        if !encrypted {
            return Ok(());
        }
        comment.text = self.encrypted(&comment.text, "comment", position)?;
        match self.rule {
            Rule::UnencryptedCommentRegex(regex) if regex.is_match(comment.text.expose_str().unwrap_or_default()) => Err(
                "an encrypted comment happens to match unencrypted_comment_regex, so that the file could not be decrypted; make the expression narrower"
                    .to_owned(),
            ),
            _ => Ok(()),
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

    fn comment(&mut self, _: &mut Comment, _: bool, _: &Position) -> Result<(), String> {
        Ok(())
    }
}
