//! One value: AES-256 in Galois/Counter mode, as `aes/cipher.go` of sops writes it.
//!
//! `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`, three times base64 and the type of what was encrypted. The additional
//! authenticated data is the path of the value, each key followed by a colon (indices of lists do not count), so that a
//! value moved elsewhere does not decrypt. sops uses 32 random bytes as nonce, other tools 12 or 16.

use aes_gcm::aead::consts::{U12, U16, U32};
use aes_gcm::aead::generic_array::{ArrayLength, GenericArray};
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::KeyInit as _;
use aes_gcm::{AeadInPlace as _, AesGcm};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::value::{Scalar, Text};

const PREFIX: &str = "ENC[AES256_GCM,data:";

/// The key that encrypts every value of one file. Zeroed when dropped.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// A new data key from the system's random numbers.
    ///
    /// # Errors
    /// When the system has none.
    pub fn generate() -> Result<Self, std::io::Error> {
        let mut key = Zeroizing::new([0; 32]);
        random(&mut *key)?;
        Ok(Self(key))
    }

    /// A key that nothing is encrypted with, for a document that has none yet.
    pub(crate) fn from_zeros() -> Self {
        Self(Zeroizing::new([0; 32]))
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// A data key from its 32 bytes; `None` for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// Fills the bytes with the system's random numbers.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), std::io::Error> {
    getrandom::fill(bytes).map_err(|error| std::io::Error::other(format!("no random numbers: {error}")))
}

/// Whether `text` has the outer form of an encrypted value.
pub(crate) fn is_encrypted(text: &Text) -> bool {
    text.expose().starts_with(PREFIX.as_bytes()) && text.expose().ends_with(b"]")
}

/// Whether `text` is what sops makes of a comment in a list.
pub(crate) fn is_encrypted_comment(text: &Text) -> bool {
    is_encrypted(text) && text.expose().ends_with(b",type:comment]")
}

/// Decrypts the values of one file: the key schedule is computed once.
pub(crate) struct Cipher {
    aes: Aes256,
}

/// A decrypted leaf.
#[derive(Debug, PartialEq)]
pub(crate) enum Decrypted {
    Scalar(Scalar),
    Comment(Text),
}

impl Cipher {
    pub fn new(key: &DataKey) -> Self {
        Self { aes: Aes256::new(GenericArray::from_slice(&*key.0)) }
    }

    /// Decrypts one `ENC[…]` text. An empty text is what sops makes of an empty one.
    pub fn decrypt(&self, text: &Text, path: &str) -> Result<Decrypted, String> {
        if text.is_empty() {
            return Ok(Decrypted::Scalar(Scalar::Str(Text::default())));
        }
        let parts = Parts::parse(text)?;
        let mut data = parts.data;
        let tag = GenericArray::from_slice(&parts.tag);
        let opened = match parts.iv.len() {
            32 => self.open::<U32>(&parts.iv, path, &mut data, tag),
            16 => self.open::<U16>(&parts.iv, path, &mut data, tag),
            12 => self.open::<U12>(&parts.iv, path, &mut data, tag),
            other => return Err(format!("a nonce of {other} bytes; sops uses 32")),
        };
        opened.map_err(|_| "it does not decrypt: it was changed or moved, or is from another file".to_owned())?;
        typed(std::mem::take(&mut *data), parts.kind)
    }

    /// Encrypts one value with a nonce of its own. An empty text stays one, as in sops.
    pub fn encrypt(&self, plain: &[u8], kind: &str, path: &str) -> Result<Text, std::io::Error> {
        if plain.is_empty() {
            return Ok(Text::default());
        }
        let mut nonce = GenericArray::<u8, U32>::default();
        random(&mut nonce)?;
        let gcm = AesGcm::<Aes256, U32>::from(self.aes.clone());
        let mut data = plain.to_vec();
        let tag = gcm
            .encrypt_in_place_detached(&nonce, path.as_bytes(), &mut data)
            .map_err(|_| std::io::Error::other("a value of more than 64 GiB"))?;
        let mut text = String::with_capacity(PREFIX.len() + data.len() * 4 / 3 + 112);
        text.push_str(PREFIX);
        BASE64_STANDARD.encode_string(&data, &mut text);
        text.push_str(",iv:");
        BASE64_STANDARD.encode_string(nonce, &mut text);
        text.push_str(",tag:");
        BASE64_STANDARD.encode_string(tag, &mut text);
        text.push_str(",type:");
        text.push_str(kind);
        text.push(']');
        Ok(Text::new(text.into_bytes()))
    }

    fn open<N: ArrayLength<u8>>(
        &self,
        nonce: &[u8],
        path: &str,
        data: &mut [u8],
        tag: &GenericArray<u8, U16>,
    ) -> Result<(), aes_gcm::Error> {
        let gcm = AesGcm::<Aes256, N>::from(self.aes.clone());
        gcm.decrypt_in_place_detached(GenericArray::from_slice(nonce), path.as_bytes(), data, tag)
    }
}

struct Parts<'text> {
    data: Zeroizing<Vec<u8>>,
    iv: Vec<u8>,
    tag: Vec<u8>,
    kind: &'text str,
}

impl<'text> Parts<'text> {
    fn parse(text: &'text Text) -> Result<Self, String> {
        let shape =
            || "it is not encrypted, or not in a form that sops writes: ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]";
        let inner =
            text.expose_str().and_then(|text| text.strip_prefix(PREFIX)?.strip_suffix(']')).ok_or_else(shape)?;
        let (data, rest) = inner.split_once(",iv:").ok_or_else(shape)?;
        let (iv, rest) = rest.split_once(",tag:").ok_or_else(shape)?;
        let (tag, kind) = rest.split_once(",type:").ok_or_else(shape)?;
        let decode = |name: &str, field: &str| {
            BASE64_STANDARD.decode(field).map_err(|error| format!("its {name} is not base64: {error}"))
        };
        let tag = decode("tag", tag)?;
        if tag.len() != 16 {
            return Err(format!("a tag of {} bytes; it has 16", tag.len()));
        }
        Ok(Self { data: Zeroizing::new(decode("data", data)?), iv: decode("iv", iv)?, tag, kind })
    }
}

/// Gives decrypted bytes the type that was written beside them. The type is not authenticated by the value, but what it
/// makes of the bytes is part of the MAC.
fn typed(bytes: Vec<u8>, kind: &str) -> Result<Decrypted, String> {
    let scalar = match kind {
        "str" => Scalar::Str(Text::new(bytes)),
        "bytes" => Scalar::Bytes(Text::new(bytes)),
        "comment" => return Ok(Decrypted::Comment(Text::new(bytes))),
        _ => {
            let text = Text::new(bytes);
            number_or_truth(&text, kind)?
        }
    };
    Ok(Decrypted::Scalar(scalar))
}

fn number_or_truth(text: &Text, kind: &str) -> Result<Scalar, String> {
    let text = text.expose_str().unwrap_or_default();
    let parsed = match kind {
        "int" => text.parse().ok().map(Scalar::Int),
        "float" => text.parse().ok().map(Scalar::Float),
        "bool" => match text {
            "1" | "t" | "T" | "true" | "True" | "TRUE" => Some(Scalar::Bool(true)),
            "0" | "f" | "F" | "false" | "False" | "FALSE" => Some(Scalar::Bool(false)),
            _ => None,
        },
        "time" => Some(Scalar::Time(text.to_owned())),
        other => return Err(format!("its type `{other}` is unknown")),
    };
    parsed.ok_or_else(|| format!("what it decrypts to is not of its type `{kind}`"))
}
