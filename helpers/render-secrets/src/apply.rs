//! The new generation: written whole, then the link moves to it.

use std::fs::{File, OpenOptions, Permissions as Mode};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::generation;
use crate::links;
use crate::manifest::Manifest;
use crate::plan::{self, Permissions};

/// Folders can be walked through by anybody who knows a name, and listed by root alone.
const FOLDER_MODE: u32 = 0o751;

/// Writes all files of the next generation into a folder that nothing leads to yet, and returns its number.
///
/// # Errors
/// When one cannot be written; what was written is removed.
pub fn write(manifest: &Manifest, files: &[plan::File], current: Option<u64>) -> anyhow::Result<u64> {
    create_folder(&manifest.generations).with_context(|| format!("{}", manifest.generations.display()))?;
    // What killed runs left, half-written or not yet linked to: it must not be mixed with this one.
    for left in generation::numbers(&manifest.generations)?.into_iter().filter(|number| Some(*number) > current) {
        remove(manifest, left)?;
    }
    let number = current.unwrap_or(0) + 1;
    let folder = generation::folder(manifest, number)?;
    let written = write_files(&folder, files);
    if written.is_err() {
        // The error in hand says more than that the half-written folder could not be removed.
        let _ = std::fs::remove_dir_all(&folder);
    }
    written.with_context(|| format!("generation {number}; nothing was rendered, the old one stays"))?;
    Ok(number)
}

fn write_files(folder: &Path, files: &[plan::File]) -> anyhow::Result<()> {
    create_folder(folder)?;
    for file in files {
        let path = folder.join(&file.name);
        let write = || {
            let mut parent = PathBuf::from(folder);
            for component in Path::new(&file.name).parent().into_iter().flat_map(Path::components) {
                parent.push(component);
                create_folder(&parent)?;
            }
            write_file(&path, file.content.expose(), file.permissions)
        };
        write().with_context(|| format!("{}", path.display()))?;
    }
    Ok(())
}

fn create_folder(path: &Path) -> io::Result<()> {
    match std::fs::DirBuilder::new().mode(FOLDER_MODE).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(path.parent().unwrap_or(path))?;
            std::fs::DirBuilder::new().mode(FOLDER_MODE).create(path)?;
        }
        other => other?,
    }
    // The umask may have taken bits away.
    std::fs::set_permissions(path, Mode::from_mode(FOLDER_MODE))
}

/// Nobody can open the file before it has its owner, and its owner before all is in it.
fn write_file(path: &Path, content: &[u8], permissions: Permissions) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o000).open(path)?;
    file.write_all(content)?;
    give(&file, permissions)?;
    file.set_permissions(Mode::from_mode(permissions.mode))
}

fn give(file: &File, permissions: Permissions) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let is = file.metadata()?;
    if (is.uid(), is.gid()) == (permissions.uid, permissions.gid) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(permissions.uid), Some(permissions.gid))
}

/// Moves the link to a generation, in one step.
///
/// # Errors
/// When it cannot be moved; it then leads where it led.
pub fn switch(manifest: &Manifest, number: u64) -> anyhow::Result<()> {
    let folder = manifest.link.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    links::replace(&manifest.link, &generation::folder(manifest, number)?)
        .with_context(|| format!("the link {}; the old generation stays", manifest.link.display()))
}

/// Removes generations that are too old.
///
/// # Errors
/// When one cannot be removed.
pub fn prune(manifest: &Manifest, current: u64) -> anyhow::Result<()> {
    let numbers = generation::numbers(&manifest.generations)?;
    numbers
        .into_iter()
        .filter(|number| number + manifest.keep_generations < current)
        .try_for_each(|old| remove(manifest, old))
}

fn remove(manifest: &Manifest, number: u64) -> anyhow::Result<()> {
    let folder = generation::folder(manifest, number)?;
    std::fs::remove_dir_all(&folder).with_context(|| format!("the old generation {}", folder.display()))
}
