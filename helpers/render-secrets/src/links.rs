//! Symbolic links to secrets that are wanted elsewhere than behind the one link.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

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
    for (path, _) in obsolete(wanted, known) {
        let removed = std::fs::remove_file(path).with_context(|| format!("the old link {}", path.display()));
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

fn make(path: &Path, target: &Path) -> anyhow::Result<()> {
    let folder = path.parent().with_context(|| format!("{} has no folder", path.display()))?;
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.is_symlink() => {
            bail!(
                "{} is there and is no link, so it was left alone; move it away, or give another `path`",
                path.display()
            )
        }
        _ => {}
    }
    std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    replace(path, target).with_context(|| format!("the link {}", path.display()))
}

/// Makes or moves a symbolic link in one step.
///
/// # Errors
/// When the folder cannot be written to.
pub fn replace(path: &Path, target: &Path) -> io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.new", std::process::id()));
    let temporary = path.with_file_name(name);
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
    fn a_link_that_somebody_else_moved_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::os::unix::fs::symlink("/theirs", &path).unwrap();
        let known: Links = [(path.clone(), "/ours".into())].into();
        assert!(apply(&Links::new(), &known, folder.path()).is_empty());
        assert_eq!(std::fs::read_link(&path).unwrap(), Path::new("/theirs"));
    }
}
