//! Files that are whole or not there.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::fault::point;

/// Replaces `path` with `content` so that a reader, or the machine after a power cut, sees the old file or the new one.
///
/// The steps are those of `rename(2)` durability: write a temporary file in the same folder, `fsync` it, rename it over
/// `path`, `fsync` the folder. `mode` is set before a byte is written, so the content is never more readable than asked.
/// The folder is created when it is missing.
///
/// # Errors
/// The first system error, with the path it concerns; the old file is then untouched.
pub fn write_atomic(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let folder = parent(path)?;
    point(|| format!("before writing {}", path.display()));
    create_folder(folder).map_err(|error| about(folder, &error))?;
    let temporary = temporary_beside(path)?;
    let written = write_new(&temporary, content, mode).and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = written {
        // Nothing else knows of this file; that it could not be removed adds nothing to the error already in hand.
        let _ = std::fs::remove_file(&temporary);
        return Err(about(path, &error));
    }
    sync_folder(folder)?;
    point(|| format!("after writing {}", path.display()));
    Ok(())
}

/// Creates a folder and those above it that are missing, each durable in the one that holds it.
fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        create_folder(above)?;
    }
    std::fs::create_dir_all(folder)?;
    above.map_or(Ok(()), sync_folder)
}

/// Removes `path` and makes the removal durable. A file that is not there is no error.
///
/// # Errors
/// Any other system error, with the path it concerns.
pub fn remove_durably(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => {
            sync_folder(parent(path)?)?;
            point(|| format!("after removing {}", path.display()));
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(about(path, &error)),
    }
}

fn parent(path: &Path) -> io::Result<&Path> {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{} has no folder", path.display())))
}

/// Named after the process, so that two writers of one file never share a temporary one.
fn temporary_beside(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{} names no file", path.display())))?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.new", std::process::id()));
    Ok(path.with_file_name(temporary))
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    // A left-over of a killed run keeps its old mode, and the umask may have taken bits away.
    file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| about(folder, &error))
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_with_the_mode_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file");
        write_atomic(&path, b"one", 0o600).unwrap();
        write_atomic(&path, b"two", 0o640).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_content_and_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::create_dir(&path).unwrap();
        let error = write_atomic(&path, b"x", 0o600).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn removing_twice_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomic(&path, b"x", 0o600).unwrap();
        remove_durably(&path).unwrap();
        remove_durably(&path).unwrap();
    }
}
