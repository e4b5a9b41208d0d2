//! A commit's tree as a read-only folder that is whole or not there.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::git::{Repository, remove};
use crate::listing::{Entry, Kind};
use crate::tree::{Checked, check, check_links};
use crate::{Commit, Error};

/// What the first bytes of a file are whose content is in no repository.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Puts a commit's tree into `folders/COMMIT`, where it never changes again, and says what of it was left out.
///
/// Contents are taken from the objects as they are: attributes, filters and hooks have no part in it.
///
/// # Errors
/// [`Error`]; there is then no such folder.
pub fn export(repository: &impl Repository, commit: &Commit, folders: &Path) -> Result<Vec<String>, Error> {
    let mut checked = check(commit, repository.tree(commit, "")?)?;
    let objects: Vec<&str> = checked.files.values().map(|entry| entry.object.as_str()).collect();
    let contents = repository.contents(&objects, checked.bytes())?;
    let files: Vec<(&String, &Entry, Vec<u8>)> =
        checked.files.iter().zip(contents).map(|((path, entry), content)| (path, entry, content)).collect();
    check_links(commit, &links(&files))?;
    let new = folders.join(format!(".{commit}.new"));
    remove_tree(&new)?;
    make_folder(&new)?;
    for (path, entry, content) in &files {
        write(&new, path, entry.kind, content)?;
    }
    let pointers = files.iter().filter(|(_, _, content)| content.starts_with(LFS_POINTER));
    let said = pointers.map(|(path, ..)| format!("{path} is a Git LFS pointer, its content is not fetched")).collect();
    seal(&new)?;
    let whole = folders.join(commit.as_str());
    std::fs::rename(&new, &whole).map_err(Error::at(&whole))?;
    sync(folders)?;
    let Checked { warnings, .. } = &mut checked;
    Ok(std::mem::take(warnings).into_iter().chain::<Vec<String>>(said).collect())
}

fn links(files: &[(&String, &Entry, Vec<u8>)]) -> BTreeMap<String, String> {
    let symlinks = files.iter().filter(|(_, entry, _)| entry.kind == Kind::Symlink);
    symlinks.map(|(path, _, target)| ((*path).clone(), String::from_utf8_lossy(target).into_owned())).collect()
}

fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(Error::at(path))
}

/// The folder is ours alone and new, and no path in it leads through a symlink: that was checked.
fn write(root: &Path, path: &str, kind: Kind, content: &[u8]) -> Result<(), Error> {
    let path = root.join(path);
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    if kind == Kind::Symlink {
        return symlink(Path::new(&*String::from_utf8_lossy(content)), &path).map_err(Error::at(&path));
    }
    let mode = if kind == Kind::Executable { 0o555 } else { 0o444 };
    let written = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
        // The umask may have taken away what containers of another user need.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(content)?;
        file.sync_all()
    };
    written().map_err(Error::at(&path))
}

/// Makes all folders read-only and durable, the innermost first.
fn seal(folder: &Path) -> Result<(), Error> {
    for inner in folders_in(folder)? {
        seal(&inner)?;
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o555)).map_err(Error::at(folder))?;
    sync(folder)
}

fn sync(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::at(folder))
}

fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::at(folder))? {
        let entry = entry.map_err(Error::at(folder))?;
        if entry.file_type().map_err(Error::at(folder))?.is_dir() {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

/// Removes a tree, if it is there. It loses its name first, so that no half of it is ever found under it.
pub fn remove_tree(path: &Path) -> Result<(), Error> {
    if !path.is_dir() {
        return remove(path);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let old = path.with_file_name(format!(".{}.old", name.trim_matches('.')));
    if old != path {
        remove_tree(&old)?;
        std::fs::rename(path, &old).map_err(Error::at(path))?;
    }
    unseal(&old)?;
    remove(&old)
}

fn unseal(folder: &Path) -> Result<(), Error> {
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).map_err(Error::at(folder))?;
    folders_in(folder)?.iter().try_for_each(|inner| unseal(inner))
}
