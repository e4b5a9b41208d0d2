//! A file, encrypted and decrypted.

use std::path::{Path, PathBuf};

use subtle::ConstantTimeEq as _;

use crate::cipher::{Cipher, DataKey, Decrypted};
use crate::error::Error;
use crate::format::Format;
use crate::identity::Identities;
use crate::key_path::KeyPath;
use crate::metadata::Metadata;
use crate::open::OpenDocument;
use crate::rules::Rule;
use crate::time::without_fraction;
use crate::value::{Scalar, Text, Value};
use crate::walk::Kept;
use crate::{unlock, walk};

/// An encrypted file that was read and not yet decrypted.
#[derive(Clone, Debug)]
pub struct Document {
    file: PathBuf,
    format: Format,
    documents: Vec<Value>,
    metadata: Metadata,
}

impl Document {
    /// Reads an encrypted file.
    ///
    /// # Errors
    /// [`Error::Read`], and those of [`parse`](Self::parse).
    pub fn read(file: &Path, format: Format) -> Result<Self, Error> {
        let text = std::fs::read(file).map_err(|cause| Error::Read { file: file.to_owned(), cause })?;
        Self::parse(&text, format, file)
    }

    /// Reads an encrypted text. `file` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Syntax`], [`Error::NotEncrypted`] and [`Error::Metadata`].
    pub fn parse(text: &[u8], format: Format, file: &Path) -> Result<Self, Error> {
        let mut documents = format.parse(text, file)?;
        let section = format.take_metadata(&mut documents, file)?;
        let metadata = Metadata::parse(&section, file)?;
        Ok(Self { file: file.to_owned(), format, documents, metadata })
    }

    /// What the file says about itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Whether the file has this key. Keys are in clear, so no identity is needed.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`] when it has not.
    pub fn has(&self, key: &KeyPath) -> Result<(), Error> {
        find(&self.documents, key, &self.file).map(|_| ())
    }

    /// The values that the file's own rule says to encrypt and that are in clear: somebody added them by hand.
    pub fn clear_values(&self) -> Vec<KeyPath> {
        walk::clear_values(&self.documents, &self.metadata)
    }

    /// The values that another rule, such as the one that `.sops.yaml` has by now, says to encrypt and that are in clear.
    pub fn clear_values_under(&self, rule: &Rule) -> Vec<KeyPath> {
        let metadata = Metadata { rule: rule.clone(), ..self.metadata.clone() };
        walk::clear_values(&self.documents, &metadata)
    }

    /// Whether the value at `key` is encrypted as it stands.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`] when there is none.
    pub fn is_encrypted(&self, key: &KeyPath) -> Result<bool, Error> {
        Ok(match find(&self.documents, key, &self.file)? {
            Value::Scalar(Scalar::Str(text)) => text.is_empty() || crate::cipher::is_encrypted(text),
            Value::Scalar(_) => false,
            Value::Map(_) | Value::List(_) => true,
        })
    }

    /// Decrypts the data key.
    ///
    /// # Errors
    /// [`Error::NoIdentity`] or [`Error::Threshold`] when no identity fits, [`Error::Metadata`] when what it decrypts to
    /// is no data key.
    pub fn data_key(&self, identities: &Identities) -> Result<DataKey, Error> {
        unlock::unlock(&self.metadata, identities, &self.file)
    }

    /// Decrypts the file and verifies its MAC.
    ///
    /// # Errors
    /// Those of [`data_key`](Self::data_key), and [`Error::Value`], [`Error::MacMismatch`] and [`Error::NoMac`] when the
    /// file was changed.
    pub fn decrypt(self, identities: &Identities) -> Result<Plaintext, Error> {
        let key = self.data_key(identities)?;
        self.decrypt_with(&key)
    }

    /// Decrypts the file with a known data key and verifies its MAC.
    ///
    /// # Errors
    /// [`Error::Value`], [`Error::MacMismatch`] and [`Error::NoMac`] when the file was changed.
    pub fn decrypt_with(mut self, key: &DataKey) -> Result<Plaintext, Error> {
        let cipher = Cipher::new(key);
        let computed = self.walk(&cipher, None)?;
        self.verify(&cipher, &computed)?;
        Ok(self.into_plaintext())
    }

    /// Decrypts the file, verifies its MAC, and keeps what is needed to change it and encrypt it again.
    ///
    /// # Errors
    /// Those of [`decrypt`](Self::decrypt).
    pub fn open(mut self, identities: &Identities) -> Result<OpenDocument, Error> {
        let key = self.data_key(identities)?;
        let cipher = Cipher::new(&key);
        let mut kept = Kept::default();
        let computed = self.walk(&cipher, Some(&mut kept))?;
        self.verify(&cipher, &computed)?;
        let metadata = self.metadata.clone();
        Ok(OpenDocument::new(self.into_plaintext(), metadata, key, kept))
    }

    /// Decrypts the file and leaves it at that: values were authenticated each by itself, the file as a whole was not.
    /// For a person who repairs a file; nothing that runs by itself should call it.
    ///
    /// # Errors
    /// [`Error::Value`] when a value does not decrypt.
    pub fn decrypt_unverified(mut self, key: &DataKey) -> Result<Plaintext, Error> {
        self.walk(&Cipher::new(key), None)?;
        Ok(self.into_plaintext())
    }

    fn walk(&mut self, cipher: &Cipher, kept: Option<&mut Kept>) -> Result<String, Error> {
        walk::decrypt(&mut self.documents, &self.metadata, cipher, kept).map_err(|refused| Error::Value {
            file: self.file.clone(),
            key: refused.key,
            reason: refused.reason,
        })
    }

    fn verify(&self, cipher: &Cipher, computed: &str) -> Result<(), Error> {
        if self.metadata.mac.is_empty() {
            return Err(Error::NoMac { file: self.file.clone() });
        }
        let stored = self.stored_mac(cipher)?;
        // The comparison takes the same time wherever the two differ.
        if stored.expose().ct_eq(computed.as_bytes()).into() {
            Ok(())
        } else {
            Err(Error::MacMismatch { file: self.file.clone() })
        }
    }

    /// The MAC is authenticated with the time of the last change: as sops prints it after having parsed it, or, from
    /// other tools, as it stands in the file.
    fn stored_mac(&self, cipher: &Cipher) -> Result<Text, Error> {
        let raw = &self.metadata.last_modified;
        let mut refused = String::new();
        for time in [without_fraction(raw), raw.clone()] {
            match cipher.decrypt(&self.metadata.mac, &time) {
                Ok(Decrypted::Scalar(Scalar::Str(mac))) => return Ok(mac),
                Ok(_) => "it is not a text".clone_into(&mut refused),
                Err(reason) => refused = reason,
            }
        }
        let key = KeyPath::from_iter(["sops", "mac"]);
        Err(Error::Value { file: self.file.clone(), key, reason: refused })
    }

    fn into_plaintext(self) -> Plaintext {
        Plaintext { file: self.file, format: self.format, documents: self.documents }
    }
}

/// A decrypted file. Zeroed when dropped.
#[derive(Clone, Debug)]
pub struct Plaintext {
    pub(crate) file: PathBuf,
    pub(crate) format: Format,
    pub(crate) documents: Vec<Value>,
}

impl Plaintext {
    /// Reads a text that is not encrypted, to encrypt it. `file` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Syntax`], and [`Error::AlreadyEncrypted`] when it has the key of the `sops` section.
    pub fn parse(text: &[u8], format: Format, file: &Path) -> Result<Self, Error> {
        let documents = format.parse_clear(text, file)?;
        let file = file.to_owned();
        if documents.is_empty() {
            let reason = "it is empty; it needs at least one value".to_owned();
            return Err(Error::Syntax { file, line: 1, column: 1, reason });
        }
        if let Some(key) = format.reserved_key(&documents) {
            return Err(Error::AlreadyEncrypted { key: key.to_owned(), file });
        }
        Ok(Self { file, format, documents })
    }

    /// The format of the file that this was read from.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The whole file in clear, in another format if one is asked for: what `sops decrypt --output-type` prints.
    ///
    /// # Errors
    /// [`Error::Write`] when the format has no way to say what is in the file.
    pub fn write(&self, format: Format) -> Result<Text, Error> {
        format.write(&self.documents).map_err(|reason| Error::Write { file: self.file.clone(), reason })
    }

    /// The whole file in clear for somebody who changes it and gives it to [`OpenDocument::replace`]: what is not changed
    /// is read again as it is, which in INI is not true of everything that sops prints.
    ///
    /// # Errors
    /// [`Error::Write`] when the format has no way to say what is in the file.
    pub fn write_to_edit(&self) -> Result<Text, Error> {
        let written = self.format.write_to_read(&self.documents);
        written.map_err(|reason| Error::Write { file: self.file.clone(), reason })
    }

    /// One value or part of the file in clear: what `sops decrypt --extract` prints.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`], and [`Error::Write`] when the format has no way to say it.
    pub fn extract(&self, key: &KeyPath, format: Format) -> Result<Text, Error> {
        if key.is_root() {
            return self.write(format);
        }
        let value = self.get(key)?;
        format.write_value(value).map_err(|reason| Error::Write { file: self.file.clone(), reason })
    }

    /// The documents: one, but for YAML streams.
    pub fn documents(&self) -> &[Value] {
        &self.documents
    }

    /// The value at `key`, of the first document that has it.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`] when none has.
    pub fn get(&self, key: &KeyPath) -> Result<&Value, Error> {
        find(&self.documents, key, &self.file)
    }

    /// The bytes of the value at `key`, or of the whole file when the path is empty.
    ///
    /// # Errors
    /// [`Error::Write`] when the whole file cannot be written, [`Error::NoSuchKey`] when there is none, or a mapping, a list or null in its place.
    pub fn bytes(&self, key: &KeyPath) -> Result<Text, Error> {
        if key.is_root() || self.format == Format::Binary {
            return self.write(self.format);
        }
        let value = self.get(key)?;
        let scalar = if let Value::Scalar(scalar) = value { scalar.plain_bytes() } else { None };
        scalar.ok_or_else(|| Error::NoSuchKey {
            file: self.file.clone(),
            key: key.clone(),
            reason: format!("it is {}, not a value; name what is in it", value.kind()),
        })
    }
}

pub(crate) fn find<'tree>(documents: &'tree [Value], key: &KeyPath, file: &Path) -> Result<&'tree Value, Error> {
    let mut not_found = "the file is empty".to_owned();
    for document in documents {
        match key.find(document) {
            Ok(value) => return Ok(value),
            Err(reason) => not_found = reason.to_string(),
        }
    }
    Err(Error::NoSuchKey { file: file.to_owned(), key: key.clone(), reason: not_found })
}
