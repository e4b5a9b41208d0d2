//! The folder that the proxy watches.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use state::{Digest, remove_durably, write_atomic};

/// The files of one certificate in the folder.
pub(crate) struct Folder<'a> {
    pub path: &'a Path,
    pub name: &'a str,
}

impl Folder<'_> {
    fn configuration_file(&self) -> PathBuf {
        self.path.join(format!("{}.yml", self.name))
    }

    /// What the proxy reads now; `None` when it has not been told of this certificate.
    pub fn configuration(&self) -> anyhow::Result<Option<String>> {
        let path = self.configuration_file();
        match std::fs::read(&path) {
            Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// The certificate's files, with the digests of their content.
    pub fn files(&self) -> anyhow::Result<BTreeMap<String, Digest>> {
        let entries = match std::fs::read_dir(self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(error).with_context(|| self.path.display().to_string()),
        };
        let mut files = BTreeMap::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if self.is_ours(&name) {
                let path = self.path.join(&name);
                let content = std::fs::read(&path).with_context(|| path.display().to_string())?;
                files.insert(name, Digest::of(&content));
            }
        }
        Ok(files)
    }

    /// `NAME-` and twelve digits of a digest. A certificate `a-b` is none of `a`'s.
    fn is_ours(&self, file: &str) -> bool {
        file.strip_prefix(self.name)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| rest.strip_suffix(".crt").or_else(|| rest.strip_suffix(".key")))
            .is_some_and(|digest| digest.len() == 12 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// Readable by root alone, as whom the proxy runs.
    pub fn write(&self, file: &str, content: &[u8]) -> io::Result<()> {
        write_atomic(&self.path.join(file), content, 0o600)
    }

    pub fn write_configuration(&self, text: &str) -> io::Result<()> {
        write_atomic(&self.configuration_file(), text.as_bytes(), 0o600)
    }

    pub fn remove(&self, file: &str) -> io::Result<()> {
        remove_durably(&self.path.join(file))
    }
}
