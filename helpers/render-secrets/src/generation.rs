//! What is there: the current generation, read back.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sops::Text;

use crate::manifest::Manifest;
use crate::plan::Permissions;

/// A generation as it lies in its folder.
#[derive(Debug)]
pub struct Generation {
    /// Its number, and the name of its folder.
    pub number: u64,
    /// Its files by their names within it.
    pub files: BTreeMap<String, Existing>,
}

/// A file of a generation.
#[derive(Clone, Debug)]
pub struct Existing {
    /// What is in it.
    pub content: Text,
    /// Whose it is, and who may read it.
    pub permissions: Permissions,
}

/// Reads the generation that the link leads to; none before the first run after a boot.
///
/// # Errors
/// When the link leads elsewhere, or a file cannot be read.
pub fn current(manifest: &Manifest) -> anyhow::Result<Option<Generation>> {
    let target = match std::fs::read_link(&manifest.link) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| {
                format!("{} is not the link that this helper makes; move it away", manifest.link.display())
            });
        }
    };
    let folder = std::path::absolute(&manifest.generations)?;
    let number = target.strip_prefix(&folder).ok().and_then(Path::to_str).and_then(|name| name.parse().ok());
    let number = number.with_context(|| {
        format!("{} leads to {}, which is no generation; remove it", manifest.link.display(), target.display())
    })?;
    let mut files = BTreeMap::new();
    match read_folder(&target, "", &mut files) {
        // After a boot the link, when it lies on a disk, leads nowhere.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{}", target.display())),
        Ok(()) => Ok(Some(Generation { number, files })),
    }
}

fn read_folder(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Existing>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            read_folder(&entry.path(), &format!("{name}/"), files)?;
        } else {
            let content = Text::new(std::fs::read(entry.path())?);
            let permissions = Permissions { uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() & 0o7777 };
            files.insert(name, Existing { content, permissions });
        }
    }
    Ok(())
}

/// The numbers of all generations that lie in the folder, also of those that a killed run left half-written.
///
/// # Errors
/// When the folder cannot be read.
pub fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

/// The folder of a generation.
pub fn folder(manifest: &Manifest, number: u64) -> io::Result<PathBuf> {
    Ok(std::path::absolute(&manifest.generations)?.join(number.to_string()))
}
