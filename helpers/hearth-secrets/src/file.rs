//! A sops file on the disk: its format, the place of a value in it, and its replacement.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use sops::{Document, Format, KeyPath, OpenDocument};

use crate::identities::{Found, IdentityOptions};

/// A format by the name that sops has for it.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(missing_docs, reason = "each is named after the format")]
pub enum FormatName {
    Yaml,
    Json,
    Dotenv,
    Ini,
    Binary,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Yaml => Self::Yaml,
            FormatName::Json => Self::Json,
            FormatName::Dotenv => Self::Dotenv,
            FormatName::Ini => Self::Ini,
            FormatName::Binary => Self::Binary,
        }
    }
}

/// The format that was named, or the one of the file's name.
pub fn format(named: Option<FormatName>, file: &Path) -> Format {
    named.map_or_else(|| Format::of_name(file), Format::from)
}

/// The place of a value: `database/users/0`, or `["database"]["users"][0]` as sops writes it.
pub fn key_path(text: &str) -> anyhow::Result<KeyPath> {
    let Some(mut rest) = text.strip_prefix('[').map(|_| text) else { return Ok(KeyPath::parse(text)) };
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let wrong =
            || format!("`{text}` is no place in a file: write database/users/0, or [\"database\"][\"users\"][0]");
        let inner = rest.strip_prefix('[').with_context(wrong)?;
        let quote = inner.chars().next().filter(|first| matches!(first, '"' | '\''));
        let (segment, behind) = match quote {
            Some(quote) => inner[1..].split_once(&format!("{quote}]")).with_context(wrong)?,
            None => inner.split_once(']').with_context(wrong)?,
        };
        if quote.is_none() && segment.parse::<usize>().is_err() {
            bail!(wrong());
        }
        segments.push(segment.to_owned());
        rest = behind;
    }
    Ok(segments.into_iter().collect())
}

/// Reads, decrypts and verifies a file, to change it.
pub fn open(file: &Path, named: Option<FormatName>, identities: &IdentityOptions) -> anyhow::Result<OpenDocument> {
    let found = identities.find()?;
    open_with(file, named, &found)
}

/// The same, with keys that were looked for already.
pub fn open_with(file: &Path, named: Option<FormatName>, found: &Found) -> anyhow::Result<OpenDocument> {
    Document::read(file, format(named, file))?.open(&found.identities).map_err(|error| found.explain(error))
}

/// Encrypts a document into its file, whose permissions stay; a reader sees the old file or the new one.
pub fn save(open: OpenDocument, file: &Path) -> anyhow::Result<()> {
    let text = open.encrypt(SystemTime::now())?;
    replace(file, text.expose())
}

/// Replaces a file, or makes it, readable by all: what is in it is encrypted.
pub fn replace(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    // A link is followed: what it points to is replaced, not the link.
    let target = std::fs::canonicalize(file).or_else(|_| std::path::absolute(file))?;
    let mode = std::fs::metadata(&target).map_or(0o644, |metadata| metadata.permissions().mode() & 0o7777);
    Ok(state::write_atomic(&target, content, mode)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_in_either_way() {
        for text in ["a/b c/0", "[\"a\"][\"b c\"][0]", "['a']['b c'][0]"] {
            assert_eq!(key_path(text).unwrap(), KeyPath::parse("a/b c/0"), "{text}");
        }
        for text in ["[\"a\"", "[a]", "[\"a\"]b"] {
            assert!(key_path(text).unwrap_err().to_string().contains("is no place"), "{text}");
        }
    }
}
