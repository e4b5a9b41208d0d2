//! Whether the dumps that an app's own command was to make are there, new, and large enough.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context as _, ensure};

use crate::entry::{Entry, Kind, Raw};
use crate::{Part, walk};

/// What lay at the paths of the dumps before they were made.
pub struct Before {
    begun: SystemTime,
    /// For each path, in order.
    files: Vec<Vec<Entry>>,
}

impl Before {
    /// Looks, before the command runs.
    ///
    /// # Errors
    /// When a volume cannot be read.
    pub fn look(parts: &[Part]) -> io::Result<Self> {
        let begun = SystemTime::now();
        let files = paths(parts).map(|(part, path)| files(part, path)).collect::<io::Result<_>>()?;
        Ok(Self { begun, files })
    }

    /// Whether each path holds a dump that was written since, and has at least so many bytes. That it is not what lay
    /// there before is asked, too: after a clock was set back, an old one looks newer than the command.
    ///
    /// # Errors
    /// Names the first dump that is missing, old or too small.
    pub fn check(&self, parts: &[Part], least: u64) -> anyhow::Result<()> {
        for ((part, path), before) in paths(parts).zip(&self.files) {
            let shown = part.volume.path.join(PathBuf::from(path.as_os()));
            let shown = shown.display();
            let now = files(part, path).with_context(|| shown.to_string())?;
            let newest = now.iter().map(|file| file.mtime.0).max();
            let newest = newest.with_context(|| format!("the pre-hook left no dump in {shown}"))?;
            ensure!(
                newest >= seconds(self.begun) && now != *before,
                "the dump {shown} is an old one: the pre-hook did not write it"
            );
            let bytes: u64 = now.iter().map(Entry::size).sum();
            ensure!(
                bytes >= least,
                "the dump {shown} has {bytes} bytes, at least {least} are expected (snapshot.leastDumpBytes)"
            );
        }
        Ok(())
    }
}

fn paths(parts: &[Part]) -> impl Iterator<Item = (&Part, &Raw)> {
    parts.iter().flat_map(|part| part.only.iter().map(move |path| (part, path)))
}

/// The files at and below a path.
fn files(part: &Part, path: &Raw) -> io::Result<Vec<Entry>> {
    let mut files = Vec::new();
    walk::walk_parts(walk::root(&part.volume.path)?, std::slice::from_ref(path), &mut |found| {
        if matches!(found.entry.kind, Kind::File { .. }) {
            files.push(found.entry.clone());
        }
        Ok(())
    })?;
    Ok(files)
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(since).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::Volume;

    const YEAR: Duration = Duration::from_secs(365 * 86_400);

    /// A volume with a dump that is so much newer than now, as one is after the clock was set back by that.
    fn place(ahead: Duration) -> (tempfile::TempDir, [Part; 1]) {
        let folder = tempfile::tempdir().unwrap();
        let volume = Volume { name: "data".to_owned(), path: folder.path().to_owned() };
        write(folder.path(), "rows of last week", ahead);
        (folder, [Part { volume, only: vec![Raw(b"dump.sql".to_vec())] }])
    }

    fn write(folder: &Path, text: &str, ahead: Duration) {
        let path = folder.join("dump.sql");
        fs::write(&path, text).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(SystemTime::now() + ahead).unwrap();
    }

    fn said(before: &Before, parts: &[Part]) -> String {
        before.check(parts, 4).map_or_else(|error| error.to_string(), |()| "good".to_owned())
    }

    #[test]
    fn a_dump_that_the_command_left_alone_is_an_old_one_also_after_the_clock_was_set_back() {
        for ahead in [Duration::ZERO, YEAR] {
            let (_folder, parts) = place(ahead);
            let before = Before::look(&parts).unwrap();
            let said = said(&before, &parts);
            assert!(said.ends_with("is an old one: the pre-hook did not write it"), "{said}");
        }
    }

    #[test]
    fn a_dump_that_the_command_wrote_counts_also_after_the_clock_was_set_back() {
        let (folder, parts) = place(YEAR);
        let before = Before::look(&parts).unwrap();
        write(folder.path(), "rows of today", Duration::ZERO);
        assert_eq!(said(&before, &parts), "good");
        write(folder.path(), "", Duration::ZERO);
        assert!(said(&before, &parts).contains("has 0 bytes, at least 4 are expected"));
        fs::remove_file(folder.path().join("dump.sql")).unwrap();
        assert!(said(&before, &parts).contains("left no dump"));
    }
}
