//! Symbolic links to secrets that are wanted elsewhere than behind the one link.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rustix::fs::{AtFlags, RenameFlags, renameat, renameat_with, symlinkat, unlinkat};
use rustix::io::Errno;

use crate::link_folder;

/// The links that this helper has made, so that it can take them away again: path and target.
pub type Links = BTreeMap<PathBuf, PathBuf>;

/// What was made by earlier runs.
///
/// # Errors
/// When the list is there and cannot be read.
pub fn known(state_folder: &Path) -> anyhow::Result<Links> {
    let path = list(state_folder);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| format!("{}", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Links::new()),
        Err(error) => Err(error).with_context(|| format!("{}", path.display())),
    }
}

/// What has to be done about links, a line each.
pub fn changes(wanted: &Links, known: &Links) -> Vec<String> {
    let made = wanted
        .iter()
        .filter(|(path, target)| !leads_to(path, target))
        .map(|(path, target)| format!("{} becomes a link to {}", path.display(), target.display()));
    let gone = obsolete(wanted, known).map(|(path, _)| format!("the link {} goes", path.display()));
    made.chain(gone).collect()
}

/// Makes the wanted links and removes those that nobody wants any more. Never touches what is no link.
///
/// # Errors
/// The links that could not be made, each with its reason; the others were.
pub fn apply(wanted: &Links, known: &Links, state_folder: &Path) -> Vec<anyhow::Error> {
    let mut errors = Vec::new();
    if wanted != known {
        // Written first, and with the old ones, so that a killed run leaves no link that nobody knows of.
        let all: Links = known.iter().chain(wanted).map(|(path, target)| (path.clone(), target.clone())).collect();
        errors.extend(write(&all, state_folder).err());
    }
    for (path, target) in wanted.iter().filter(|(path, target)| !leads_to(path, target)) {
        errors.extend(make(path, target).err());
    }
    for (path, target) in obsolete(wanted, known) {
        let removed = remove(path, target).with_context(|| format!("the old link {}", path.display()));
        errors.extend(removed.err());
    }
    if wanted != known && errors.is_empty() {
        errors.extend(write(wanted, state_folder).err());
    }
    errors
}

fn obsolete<'a>(wanted: &'a Links, known: &'a Links) -> impl Iterator<Item = (&'a PathBuf, &'a PathBuf)> {
    known.iter().filter(|(path, target)| !wanted.contains_key(*path) && leads_to(path, target))
}

fn leads_to(path: &Path, target: &Path) -> bool {
    std::fs::read_link(path).is_ok_and(|found| found == target)
}

/// The folder is held open from here on, so that nobody can put another in its place.
fn make(path: &Path, target: &Path) -> anyhow::Result<()> {
    let (folder, name) = parts(path)?;
    let folder = link_folder::open_or_make(folder)?;
    let place = || format!("the link {}", path.display());
    if link_folder::is_taken(folder.as_fd(), name).with_context(place)? {
        bail!("{}", taken(path));
    }
    match symlinkat(target, &folder, name) {
        Err(Errno::EXIST) => move_link(&folder, name, target, path),
        made => made.with_context(place),
    }
}

/// Moves a link that is there. What took its place since that was seen is put back.
fn move_link(folder: &OwnedFd, name: &OsStr, target: &Path, path: &Path) -> anyhow::Result<()> {
    let place = || format!("the link {}", path.display());
    let temporary = temporary_name(name);
    match unlinkat(folder, &temporary, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error).with_context(place),
    }
    symlinkat(target, folder, &temporary).with_context(place)?;
    let exchanged = match renameat_with(folder, &temporary, folder, name, RenameFlags::EXCHANGE) {
        // File systems that cannot exchange.
        Err(Errno::INVAL) => return renameat(folder, &temporary, folder, name).with_context(place),
        exchanged => exchanged,
    };
    let is_strangers = exchanged.is_ok() && link_folder::is_taken(folder.as_fd(), &temporary).with_context(place)?;
    if is_strangers {
        renameat_with(folder, &temporary, folder, name, RenameFlags::EXCHANGE).with_context(place)?;
    }
    unlinkat(folder, &temporary, AtFlags::empty()).with_context(place)?;
    if is_strangers {
        bail!("{}", taken(path));
    }
    exchanged.with_context(place)
}

/// Removes a link that leads where it led when it was made.
fn remove(path: &Path, target: &Path) -> anyhow::Result<()> {
    let (folder, name) = parts(path)?;
    let folder = link_folder::open_there(folder)?;
    if link_folder::link(folder.as_fd(), name)?.as_deref() != Some(target) {
        return Ok(());
    }
    Ok(unlinkat(&folder, name, AtFlags::empty())?)
}

fn parts(path: &Path) -> anyhow::Result<(&Path, &OsStr)> {
    path.parent().zip(path.file_name()).with_context(|| format!("{} has no folder", path.display()))
}

fn taken(path: &Path) -> String {
    format!("{} is there and is no link, so it was left alone; move it away, or give another `path`", path.display())
}

fn temporary_name(name: &OsStr) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.new", std::process::id()));
    temporary
}

/// Makes or moves a symbolic link in one step, in a folder that is root's.
///
/// # Errors
/// When the folder cannot be written to.
pub fn replace(path: &Path, target: &Path) -> io::Result<()> {
    let temporary = path.with_file_name(temporary_name(path.file_name().unwrap_or_default()));
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(target, &temporary)?;
    std::fs::rename(&temporary, path).inspect_err(|_| {
        // Nothing else knows of it, and the error in hand says more.
        let _ = std::fs::remove_file(&temporary);
    })
}

fn write(links: &Links, state_folder: &Path) -> anyhow::Result<()> {
    let text = serde_json::to_vec_pretty(links)?;
    state::write_atomic(&list(state_folder), &text, 0o640).context("the list of links")
}

fn list(state_folder: &Path) -> PathBuf {
    state_folder.join("links.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_made_moved_and_removed_and_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let (a, b, file) = (folder.path().join("x/a"), folder.path().join("b"), folder.path().join("file"));
        std::fs::write(&file, "mine").unwrap();
        let first: Links = [(a.clone(), "/one".into()), (b.clone(), "/two".into())].into();
        assert!(apply(&first, &Links::new(), &state).is_empty());
        assert_eq!(known(&state).unwrap(), first);
        assert!(changes(&first, &first).is_empty());

        let second: Links = [(a.clone(), "/three".into()), (file.clone(), "/four".into())].into();
        let errors = apply(&second, &first, &state);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].to_string().contains("is no link, so it was left alone"), "{}", errors[0]);
        assert_eq!(std::fs::read_link(&a).unwrap(), Path::new("/three"));
        assert!(std::fs::symlink_metadata(&b).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    }

    #[test]
    fn a_folder_of_a_user_that_became_a_link_leads_root_nowhere() {
        // Only root can give a folder to a user.
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir_in("/run").unwrap();
        let (home, elsewhere) = (folder.path().join("home"), folder.path().join("elsewhere"));
        std::fs::create_dir(&home).unwrap();
        std::fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::chown(&home, Some(1000), None).unwrap();
        std::os::unix::fs::symlink(&elsewhere, home.join("config")).unwrap();
        let wanted: Links = [(home.join("config/token"), "/run/token".into())].into();
        let errors = apply(&wanted, &Links::new(), &folder.path().join("state"));
        assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
        assert!(format!("{:#}", errors[0]).contains("so that it was not followed"), "{errors:?}");
    }

    #[test]
    fn a_link_that_somebody_else_moved_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::os::unix::fs::symlink("/theirs", &path).unwrap();
        let known: Links = [(path.clone(), "/ours".into())].into();
        assert!(apply(&Links::new(), &known, folder.path()).is_empty());
        assert_eq!(std::fs::read_link(&path).unwrap(), Path::new("/theirs"));
    }
}
