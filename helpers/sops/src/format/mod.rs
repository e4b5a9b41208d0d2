//! The formats of files, each between text and tree.

mod dotenv;
mod flatten;
mod go_number;
mod ini;
mod json;
mod yaml;
mod yaml_scalar;
mod yaml_style;
mod yaml_write;

use std::path::Path;

use crate::error::Error;
use crate::metadata;
use crate::value::{Entry, Scalar, Text, Value};

pub(crate) use go_number::shortest_g;

/// What the keys of the section begin with in formats that have only keys at the top.
const FLAT_PREFIX: &str = "sops_";

/// A file format. The name of a file does not decide it: extensions lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// YAML, several documents included.
    Yaml,
    /// JSON.
    Json,
    /// Lines of `NAME=value`.
    Dotenv,
    /// Sections of `key = value`.
    Ini,
    /// Any bytes, which sops keeps as the key `data` of a JSON file.
    Binary,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Yaml, Self::Json, Self::Dotenv, Self::Ini, Self::Binary];

    /// The format that sops takes a file of this name for; what has no known extension is binary.
    pub fn of_name(file: &Path) -> Self {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("yaml" | "yml") => Self::Yaml,
            Some("json") => Self::Json,
            Some("env") => Self::Dotenv,
            Some("ini") => Self::Ini,
            _ => Self::Binary,
        }
    }

    /// The name that sops knows the format by: `yaml`, `json`, `dotenv`, `ini`, `binary`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Dotenv => "dotenv",
            Self::Ini => "ini",
            Self::Binary => "binary",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    pub(crate) fn parse(self, text: &[u8], file: &Path) -> Result<Vec<Value>, Error> {
        match self {
            Self::Yaml => yaml::parse(text, file),
            Self::Json | Self::Binary => json::parse(text, file).map(|document| vec![document]),
            Self::Dotenv => dotenv::parse(text, file).map(|document| vec![document]),
            Self::Ini => ini::parse(text, file).map(|document| vec![document]),
        }
    }

    /// Reads a text that is not encrypted.
    pub(crate) fn parse_clear(self, text: &[u8], file: &Path) -> Result<Vec<Value>, Error> {
        if self != Self::Binary {
            return self.parse(text, file);
        }
        let data = Value::Scalar(Scalar::Str(Text::new(text.to_vec())));
        Ok(vec![Value::Map(vec![Entry::Pair("data".to_owned(), data)])])
    }

    /// Takes the `sops` section out of the documents.
    pub(crate) fn take_metadata(self, documents: &mut [Value], file: &Path) -> Result<Value, Error> {
        match self {
            Self::Yaml | Self::Json | Self::Binary => metadata::take_section(documents, file),
            Self::Ini => {
                let section = metadata::take_section(documents, file)?;
                let pairs = pairs(&section).map(|(key, value)| {
                    let value = value.clone();
                    (key.to_owned(), flatten::escape_breaks(value, false))
                });
                Ok(flatten::unflatten(pairs.collect()))
            }
            Self::Dotenv => take_flat_section(documents, file),
        }
    }

    /// Puts the `sops` section into every document, as sops does.
    pub(crate) fn put_metadata(self, documents: &mut [Value], section: &Value) {
        let entries = match self {
            Self::Yaml | Self::Json | Self::Binary => vec![Entry::Pair("sops".to_owned(), section.clone())],
            Self::Ini => {
                let escaped = |entry| match entry {
                    Entry::Pair(key, value) => Entry::Pair(key, flatten::escape_breaks(value, true)),
                    comment @ Entry::Comment(_) => comment,
                };
                let flat = flatten::flatten(section, "").into_iter().map(escaped).collect();
                vec![Entry::Pair("sops".to_owned(), Value::Map(flat))]
            }
            Self::Dotenv => flatten::flatten(section, FLAT_PREFIX),
        };
        for document in documents {
            if let Value::Map(own) = document {
                own.extend(entries.iter().cloned());
            }
        }
    }

    /// A key that a file in clear must not have, because the section takes its place.
    pub(crate) fn reserved_key(self, documents: &[Value]) -> Option<&str> {
        documents.iter().flat_map(pairs).map(|(key, _)| key).find(|key| match self {
            Self::Dotenv => key.starts_with(FLAT_PREFIX),
            _ => *key == "sops",
        })
    }

    /// Writes decrypted documents, as `sops decrypt --output-type` does.
    pub(crate) fn write(self, documents: &[Value]) -> Result<Text, String> {
        match self {
            Self::Yaml => Ok(yaml_write::write(documents)),
            Self::Json => json::write(documents),
            Self::Dotenv => dotenv::write(documents),
            Self::Ini => ini::write(documents, ini::Quotes::OfSops),
            Self::Binary => data(documents),
        }
    }

    /// Writes documents so that they are read again as they are.
    ///
    /// Formats without quotes for names have names that would be read as something else, such as the `#1` that INI makes
    /// of `-`, and some values in clear too. What is written is therefore read once more.
    pub(crate) fn write_to_read(self, documents: &[Value]) -> Result<Text, String> {
        let text = match self {
            Self::Ini => ini::write(documents, ini::Quotes::ToRead)?,
            other => other.write(documents)?,
        };
        if matches!(self, Self::Dotenv | Self::Ini) {
            let back = self.parse(text.expose(), Path::new("written"));
            if !back.is_ok_and(|back| contents(&back) == contents(documents)) {
                return Err(format!("a name or value in it would not be read again as it is in {}", self.name()));
            }
        }
        Ok(text)
    }

    /// Writes documents that were encrypted.
    pub(crate) fn write_encrypted(self, documents: &[Value]) -> Result<Text, String> {
        if self == Self::Binary { json::write(documents) } else { self.write_to_read(documents) }
    }

    /// Writes one value, as `sops decrypt --extract` does.
    pub(crate) fn write_value(self, value: &Value) -> Result<Text, String> {
        match (self, value) {
            (_, Value::Scalar(Scalar::Str(text))) => Ok(text.clone()),
            (Self::Binary, _) => Err("binary files are one value; write it without a key".to_owned()),
            (_, Value::Map(_)) => self.write(std::slice::from_ref(value)),
            (Self::Yaml, _) => Ok(yaml_write::write_value(value)),
            (Self::Dotenv, _) => Err(format!("dotenv has only text, and it is {}", value.kind())),
            (Self::Json | Self::Ini, _) => json::write_one(value),
        }
    }
}

/// A value from JSON text, as `sops set` takes it. `origin` is what an error calls it.
///
/// # Errors
/// [`Error::Syntax`] when it is not JSON.
pub fn value_from_json(text: &[u8], origin: &Path) -> Result<Value, Error> {
    json::parse_value(text, origin)
}

/// A mapping from YAML text, for configuration.
pub(crate) fn yaml_document(text: &[u8], file: &Path) -> Result<Value, Error> {
    Ok(yaml::parse(text, file)?.into_iter().next().unwrap_or(Value::Map(Vec::new())))
}

/// The keys that start with `sops_` of the first document.
fn take_flat_section(documents: &mut [Value], file: &Path) -> Result<Value, Error> {
    let mut flat = Vec::new();
    if let Some(Value::Map(entries)) = documents.first_mut() {
        let mut kept = Vec::with_capacity(entries.len());
        for entry in entries.drain(..) {
            match entry {
                Entry::Pair(key, value) if key.starts_with(FLAT_PREFIX) => {
                    flat.push((key[FLAT_PREFIX.len()..].to_owned(), value));
                }
                other => kept.push(other),
            }
        }
        *entries = kept;
    }
    if flat.is_empty() {
        return Err(Error::NotEncrypted { file: file.to_owned() });
    }
    Ok(flatten::unflatten(flat))
}

/// The one value of a binary file.
fn data(documents: &[Value]) -> Result<Text, String> {
    match documents.first().and_then(|document| document.get("data")) {
        Some(Value::Scalar(Scalar::Str(text) | Scalar::Bytes(text))) => Ok(text.clone()),
        _ => Err("it has no text under the key `data`, so it is no binary file; name another format".to_owned()),
    }
}

/// Every name and value, of sections and of what is in them.
fn contents(documents: &[Value]) -> Vec<(&str, Option<Text>)> {
    let text = |value: &Value| if let Value::Scalar(scalar) = value { Some(scalar.flat_text()) } else { None };
    let both = |(key, value)| {
        std::iter::once((key, text(value))).chain(pairs(value).map(move |(key, value)| (key, text(value))))
    };
    documents.iter().flat_map(pairs).flat_map(both).collect()
}

fn pairs(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let entries = if let Value::Map(entries) = document { entries.as_slice() } else { &[] };
    entries.iter().filter_map(|entry| match entry {
        Entry::Pair(key, value) => Some((key.as_str(), value)),
        Entry::Comment(_) => None,
    })
}

fn syntax(file: &Path, line: usize, column: usize, reason: impl Into<String>) -> Error {
    Error::Syntax { file: file.to_owned(), line, column, reason: reason.into() }
}
