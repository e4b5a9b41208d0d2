//! The way to a folder that a link is made in, which may lead through folders that users own.
//!
//! Whoever may write to a folder on the way could put a symbolic link there at any moment, and have root work elsewhere. So
//! each step is taken from the folder before it, and a link is followed only where nobody but root could have made it.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, mkdirat, open, openat, readlinkat, statat};
use rustix::io::Errno;

/// As many links as the kernel follows in one path (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;

/// Opens a folder by its absolute path, and makes what is missing of it.
///
/// # Errors
/// When a link of somebody else's stands on the way, or something that is no folder; when the system refuses.
pub fn open_or_make(path: &Path) -> anyhow::Result<OwnedFd> {
    walk(path, true)
}

/// Opens a folder that is there.
///
/// # Errors
/// The same, and when it is not there.
pub fn open_there(path: &Path) -> anyhow::Result<OwnedFd> {
    walk(path, false)
}

fn walk(path: &Path, make: bool) -> anyhow::Result<OwnedFd> {
    let mut at = root()?;
    let mut steps: VecDeque<OsString> = steps(path).collect();
    let mut links = 0;
    while let Some(name) = steps.pop_front() {
        if let Some(target) = link(at.as_fd(), &name).with_context(|| path.display().to_string())? {
            links += 1;
            if links > MOST_LINKS {
                bail!("{}: {}", path.display(), io::Error::from(Errno::LOOP));
            }
            if !is_roots_alone(at.as_fd())? {
                bail!(
                    "{}: `{}` on the way is a link to {}, and stands in a folder that others than root can write to, so that it was not followed; write the path that it leads to",
                    path.display(),
                    name.display(),
                    target.display()
                );
            }
            if target.is_absolute() {
                at = root()?;
            }
            for step in steps_of(&target).into_iter().rev() {
                steps.push_front(step);
            }
        } else {
            at = enter(at.as_fd(), &name, make).with_context(|| path.display().to_string())?;
        }
    }
    Ok(at)
}

fn root() -> rustix::io::Result<OwnedFd> {
    open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn steps(path: &Path) -> impl Iterator<Item = OsString> {
    steps_of(path).into_iter()
}

fn steps_of(path: &Path) -> Vec<OsString> {
    let named = |component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(named).collect()
}

/// Where a name leads that is a link.
pub fn link(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<Option<PathBuf>> {
    match readlinkat(folder, name, Vec::new()) {
        Ok(target) => Ok(Some(OsString::from_vec(target.into_bytes()).into())),
        // No link, or nothing at all.
        Err(Errno::INVAL | Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether something is there that is no link.
pub fn is_taken(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<bool> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(FileType::from_raw_mode(found.st_mode) != FileType::Symlink),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_roots_alone(folder: BorrowedFd<'_>) -> io::Result<bool> {
    let found = fstat(folder)?;
    let others = (Mode::WGRP | Mode::WOTH).bits();
    Ok(found.st_uid == 0 && found.st_mode & others == 0)
}

fn enter(folder: BorrowedFd<'_>, name: &OsStr, make: bool) -> io::Result<OwnedFd> {
    // A link that takes the folder's place just now is not followed.
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(folder, name, flags, Mode::empty()) {
        Err(Errno::NOENT) if make => {
            match mkdirat(folder, name, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(openat(folder, name, flags, Mode::empty())?)
        }
        opened => Ok(opened?),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_link_is_followed_only_where_nobody_else_could_have_made_it() {
        // Only root can have folders of root's.
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir_in("/run").unwrap();
        let (own, elsewhere) = (folder.path().join("own"), folder.path().join("elsewhere"));
        std::fs::create_dir(&own).unwrap();
        std::fs::create_dir(&elsewhere).unwrap();
        symlink("../elsewhere", own.join("link")).unwrap();
        open_or_make(&own.join("link/deeper")).unwrap();
        assert!(elsewhere.join("deeper").is_dir());

        std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o775)).unwrap();
        let error = open_there(&own.join("link/deeper")).unwrap_err().to_string();
        assert!(error.contains("`link` on the way is a link to ../elsewhere"), "{error}");
        std::os::unix::fs::chown(&own, Some(1000), None).unwrap();
        std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o755)).unwrap();
        open_there(&own.join("link/deeper")).unwrap_err();
        open_or_make(&own.join("made/here")).unwrap();
        assert!(own.join("made/here").is_dir());
    }

    #[test]
    fn links_that_lead_in_a_circle_end() {
        let folder = tempfile::tempdir_in("/run").or_else(|_| tempfile::tempdir()).unwrap();
        symlink("b", folder.path().join("a")).unwrap();
        symlink("a", folder.path().join("b")).unwrap();
        open_there(&folder.path().join("a")).unwrap_err();
    }
}
