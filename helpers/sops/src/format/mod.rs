//! The formats of files, each between text and tree.

mod dotenv;
mod flatten;
mod json;
mod yaml;
mod yaml_scalar;
mod yaml_write;

use std::path::Path;

use crate::error::Error;
use crate::metadata;
use crate::value::{Entry, Text, Value};

/// A file format. The name of a file does not decide it: extensions lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// YAML, several documents included.
    Yaml,
    /// JSON.
    Json,
    /// Lines of `NAME=value`.
    Dotenv,
    /// Any bytes, which sops keeps as the key `data` of a JSON file.
    Binary,
}

impl Format {
    pub(crate) fn parse(self, text: &[u8], file: &Path) -> Result<Vec<Value>, Error> {
        match self {
            Self::Yaml => yaml::parse(text, file),
            Self::Json | Self::Binary => json::parse(text, file).map(|document| vec![document]),
            Self::Dotenv => dotenv::parse(text, file).map(|document| vec![document]),
        }
    }

    /// Takes the `sops` section out of the documents.
    pub(crate) fn take_metadata(self, documents: &mut [Value], file: &Path) -> Result<Value, Error> {
        match self {
            Self::Yaml | Self::Json | Self::Binary => metadata::take_section(documents, file),
            Self::Dotenv => flatten::take_section(documents, file),
        }
    }

    /// Writes decrypted documents.
    pub(crate) fn write(self, documents: &[Value]) -> Text {
        match self {
            Self::Yaml => yaml_write::write(documents),
            Self::Json => json::write(documents),
            Self::Dotenv => dotenv::write(documents),
            Self::Binary => data(documents),
        }
    }
}

/// The one value of a binary file.
fn data(documents: &[Value]) -> Text {
    let value = documents.first().and_then(|document| document.get("data"));
    match value {
        Some(Value::Scalar(scalar)) => scalar.plain_bytes().unwrap_or_default(),
        _ => Text::default(),
    }
}

fn pairs(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let entries = if let Value::Map(entries) = document { entries.as_slice() } else { &[] };
    entries.iter().filter_map(|entry| match entry {
        Entry::Pair(key, value) => Some((key.as_str(), value)),
        Entry::Comment(_) => None,
    })
}

fn text_of(value: &Value) -> Text {
    match value {
        Value::Scalar(scalar) => scalar.plain_bytes().unwrap_or_default(),
        _ => Text::default(),
    }
}

fn syntax(file: &Path, line: usize, column: usize, reason: impl Into<String>) -> Error {
    Error::Syntax { file: file.to_owned(), line, column, reason: reason.into() }
}
