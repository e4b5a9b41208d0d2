//! A decrypted file that is changed and encrypted again.

use std::time::SystemTime;

use crate::cipher::{Cipher, DataKey};
use crate::creation_rules::CreationRule;
use crate::document::Plaintext;
use crate::error::Error;
use crate::format::Format;
use crate::key_path::KeyPath;
use crate::metadata::{KeyGroup, Metadata, Recipient, RecipientKind};
use crate::rules::Rule;
use crate::value::{Entry, Item, Text, Value};
use crate::walk::Kept;
use crate::{recipient, time, unlock, walk};

/// The version of sops whose way of writing this library follows, as files name it.
const FOLLOWED_VERSION: &str = "3.13.3";

/// A file that was decrypted and verified, or that is new, with all that is needed to encrypt it again.
///
/// Values that did not change keep their ciphertext, so that a diff shows what changed and nothing else.
#[derive(Clone, Debug)]
pub struct OpenDocument {
    plain: Plaintext,
    metadata: Metadata,
    key: DataKey,
    kept: Kept,
    /// Whether a value changed, or the key: then the time and the MAC are new too.
    touched: bool,
}

impl OpenDocument {
    pub(crate) fn new(plain: Plaintext, metadata: Metadata, key: DataKey, kept: Kept) -> Self {
        Self { plain, metadata, key, kept, touched: false }
    }

    /// A new file, with a data key of its own, for the recipients of a rule.
    ///
    /// # Errors
    /// [`Error::Recipient`] when one is no age recipient or its plugin is missing, [`Error::Write`] when there is none.
    pub fn create(plain: Plaintext, rule: &CreationRule) -> Result<Self, Error> {
        // The one value of a binary file is called `data` by sops; no rule that is about keys may leave it in clear.
        let binary = plain.format == Format::Binary;
        let mut metadata = Metadata {
            last_modified: String::new(),
            mac: Text::default(),
            mac_only_encrypted: rule.mac_only_encrypted && !binary,
            rule: if binary { Rule::default() } else { rule.rule.clone() },
            key_groups: Vec::new(),
            shamir_threshold: rule.shamir_threshold,
            version: String::new(),
        };
        for group in &rule.key_groups {
            let mut recipients = Vec::new();
            for (kind, name) in group {
                if *kind != RecipientKind::Age {
                    let reason = "only age recipients can be encrypted to here; use `sops encrypt` for it".to_owned();
                    return Err(Error::Recipient { file: plain.file, recipient: name.clone(), reason });
                }
                recipients.push(Recipient::age(name));
            }
            metadata.key_groups.push(KeyGroup { recipients });
        }
        if metadata.key_groups.is_empty() {
            let reason = "nobody is named to encrypt it to; name a recipient, age1…".to_owned();
            return Err(Error::Write { file: plain.file, reason });
        }
        let mut new = Self { plain, metadata, key: DataKey::from_zeros(), kept: Kept::default(), touched: true };
        new.rotate()?;
        Ok(new)
    }

    /// The file in clear.
    pub fn plaintext(&self) -> &Plaintext {
        &self.plain
    }

    /// What the file says about itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The key that every value is encrypted with.
    pub fn data_key(&self) -> &DataKey {
        &self.key
    }

    /// Puts an edited text in place of all values.
    ///
    /// # Errors
    /// Those of [`Plaintext::parse`]; the file is then as it was.
    pub fn replace(&mut self, text: &[u8]) -> Result<(), Error> {
        self.plain = Plaintext::parse(text, self.plain.format, &self.plain.file)?;
        self.touched = true;
        Ok(())
    }

    /// Puts a value at a place, which is made when it is not there. Says whether that changed anything.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`] when the path leads through a value, or to an element of a list behind its end.
    pub fn set(&mut self, key: &KeyPath, value: Value) -> Result<bool, Error> {
        let at = self.plain.documents.iter().position(|document| key.find(document).is_ok()).unwrap_or(0);
        let Some(document) = self.plain.documents.get_mut(at) else { return Ok(false) };
        let segments: Vec<&str> = key.segments().collect();
        let place = place(document, &segments).map_err(|reason| Error::NoSuchKey {
            file: self.plain.file.clone(),
            key: key.clone(),
            reason,
        })?;
        let changed = *place != value;
        *place = value;
        self.touched |= changed;
        Ok(changed)
    }

    /// Takes a value, or all that is below a key, away.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`] when there is none.
    pub fn unset(&mut self, key: &KeyPath) -> Result<(), Error> {
        self.plain.get(key)?;
        let segments: Vec<&str> = key.segments().collect();
        let Some((last, parents)) = segments.split_last() else { return Ok(()) };
        let holds = |document: &&mut Value| key.find(document).is_ok();
        let parent = self.plain.documents.iter_mut().find(holds).and_then(|document| walk_to(document, parents));
        match parent {
            Some(Value::Map(entries)) => {
                entries.retain(|entry| !matches!(entry, Entry::Pair(name, _) if name == last));
            }
            Some(Value::List(items)) => {
                let values = items.iter().enumerate().filter(|(_, item)| matches!(item, Item::Value(_)));
                let at = last.parse().ok().and_then(|index| values.map(|(at, _)| at).nth(index));
                at.map(|at| items.remove(at));
            }
            _ => {}
        }
        self.touched = true;
        Ok(())
    }

    /// Lets somebody else decrypt the file too. Says whether they could not yet.
    ///
    /// With several key groups, `group` counts from 0, and the data key is split and encrypted anew for all.
    ///
    /// # Errors
    /// [`Error::Recipient`] when it is no recipient; [`Error::Write`] when there is no such group.
    pub fn add_recipient(&mut self, name: &str, group: usize) -> Result<bool, Error> {
        let refused = |reason| Error::Recipient { file: self.plain.file.clone(), recipient: name.to_owned(), reason };
        recipient::check(name).map_err(refused)?;
        let groups = self.metadata.key_groups.len();
        let Some(own) = self.metadata.key_groups.get_mut(group) else {
            let reason = format!("there is no key group {group}; the file has {groups}, counted from 0");
            return Err(Error::Write { file: self.plain.file.clone(), reason });
        };
        if own.recipients.iter().any(|recipient| recipient.name == name) {
            return Ok(false);
        }
        let mut new = Recipient::age(name);
        if groups == 1 {
            unlock::seal_to(&mut new, self.key.expose()).map_err(refused)?;
            own.recipients.push(new);
        } else {
            own.recipients.push(new);
            unlock::seal(&mut self.metadata, &self.key, &self.plain.file)?;
        }
        Ok(true)
    }

    /// Takes a recipient away and rotates the data key, which they may have kept. Says whether they were one.
    ///
    /// # Errors
    /// [`Error::Write`] when a key group would be left without a recipient, and those of [`rotate`](Self::rotate).
    pub fn remove_recipient(&mut self, name: &str) -> Result<bool, Error> {
        let before = self.metadata.recipients().count();
        for group in &mut self.metadata.key_groups {
            group.recipients.retain(|recipient| recipient.name != name && recipient.to_string() != name);
        }
        if self.metadata.recipients().count() == before {
            return Ok(false);
        }
        if self.metadata.key_groups.iter().any(|group| group.recipients.is_empty()) {
            let reason = format!("without {name} nobody could decrypt it; add another recipient first");
            return Err(Error::Write { file: self.plain.file.clone(), reason });
        }
        self.rotate()?;
        Ok(true)
    }

    /// Makes a new data key, encrypts it to every recipient, and every value with it.
    ///
    /// # Errors
    /// [`Error::Recipient`] when one of them is no age recipient: nothing can be encrypted to it here.
    pub fn rotate(&mut self) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::Write { file: self.plain.file.clone(), reason: error.to_string() };
        let key = DataKey::generate().map_err(failed)?;
        unlock::seal(&mut self.metadata, &key, &self.plain.file)?;
        self.key = key;
        self.kept = Kept::default();
        self.touched = true;
        Ok(())
    }

    /// Writes the file, encrypted. `now` is the time that it names as its last change.
    ///
    /// # Errors
    /// [`Error::Write`] when the format has no way to say what is in the file, [`Error::AlreadyEncrypted`] when a key
    /// that was set is that of the metadata, [`Error::Value`] when a value cannot be encrypted.
    pub fn encrypt(mut self, now: SystemTime) -> Result<Text, Error> {
        let Plaintext { file, format, mut documents } = self.plain;
        if let Some(key) = format.reserved_key(&documents) {
            return Err(Error::AlreadyEncrypted { key: key.to_owned(), file });
        }
        let cipher = Cipher::new(&self.key);
        let mac = walk::encrypt(&mut documents, &self.metadata, &cipher, &mut self.kept)
            .map_err(|refused| Error::Value { file: file.clone(), key: refused.key, reason: refused.reason })?;
        if self.touched {
            self.metadata.last_modified = time::rfc3339(now);
            self.metadata.mac = cipher
                .encrypt(mac.as_bytes(), "str", &self.metadata.last_modified)
                .map_err(|error| Error::Write { file: file.clone(), reason: error.to_string() })?;
            FOLLOWED_VERSION.clone_into(&mut self.metadata.version);
        }
        format.put_metadata(&mut documents, &self.metadata.section());
        format.write_encrypted(&documents).map_err(|reason| Error::Write { file, reason })
    }
}

fn child<'tree>(node: &'tree mut Value, segment: &str) -> Option<&'tree mut Value> {
    match node {
        Value::Map(_) => node.get_mut(segment),
        Value::List(_) => segment.parse().ok().and_then(|index| node.at_mut(index)),
        Value::Scalar(_) => None,
    }
}

fn walk_to<'tree>(root: &'tree mut Value, segments: &[&str]) -> Option<&'tree mut Value> {
    segments.iter().try_fold(root, |node, segment| child(node, segment))
}

/// The place that a path names, made where it is not there yet: mappings, and the next element of a list.
fn place<'tree>(root: &'tree mut Value, segments: &[&str]) -> Result<&'tree mut Value, String> {
    let mut node = root;
    for segment in segments {
        if child(node, segment).is_none() {
            make(node, segment)?;
        }
        node = child(node, segment).ok_or_else(|| format!("`{segment}` cannot be made"))?;
    }
    Ok(node)
}

fn make(node: &mut Value, segment: &str) -> Result<(), String> {
    let empty = Value::Map(Vec::new());
    match node {
        Value::Map(entries) => entries.push(Entry::Pair(segment.to_owned(), empty)),
        Value::List(items) => {
            let length = items.iter().filter(|item| matches!(item, Item::Value(_))).count();
            if segment.parse() != Ok(length) {
                return Err(format!("the list has {length} elements, and `{segment}` is not the next"));
            }
            items.push(Item::Value(empty));
        }
        Value::Scalar(_) => *node = Value::Map(vec![Entry::Pair(segment.to_owned(), empty)]),
    }
    Ok(())
}
