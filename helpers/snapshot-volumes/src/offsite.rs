//! Copies of snapshots that outlive the host, in a restic repository.
//!
//! A snapshot's folder is what is sent, and what comes back is verified like any other before it counts. The password
//! never stands in arguments: restic reads it from its file.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use serde::Deserialize;

use crate::settings::Offsite;
use crate::snapshot::Manifest;
use crate::{Id, Snapshot, Store, space};

/// Exit code of restic 0.17 and later for a repository that is not there.
const NO_REPOSITORY: i32 = 10;
/// What earlier ones say of it.
const NOT_THERE: &str = "Is there a repository at the following location?";

/// The repository of an app's copies.
pub struct Repository<'a> {
    declared: &'a Offsite,
    app: &'a str,
}

/// What restic says of one of its snapshots.
#[derive(Debug, Deserialize)]
struct Copy {
    id: String,
    paths: Vec<PathBuf>,
    #[serde(default)]
    tags: Vec<String>,
    /// When it was copied.
    time: Timestamp,
}

/// What restic says of the files of a copy.
#[derive(Debug, Deserialize)]
struct Size {
    /// Bytes.
    total_size: u64,
}

impl Copy {
    /// The snapshot that it is a copy of: a tag.
    fn of(&self) -> Option<Id> {
        self.tags.iter().find_map(|tag| tag.parse().ok())
    }
}

impl<'a> Repository<'a> {
    /// The copies of one app in a declared repository, which other apps may share.
    pub fn new(declared: &'a Offsite, app: &'a str) -> Self {
        Self { declared, app }
    }

    /// The snapshots of which there are copies, the oldest first.
    ///
    /// # Errors
    /// When restic cannot be run or the repository cannot be read.
    pub fn list(&self) -> anyhow::Result<Vec<Id>> {
        let mut ids: Vec<Id> = self.copies()?.iter().filter_map(Copy::of).collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    /// Copies a snapshot, which is verified first. One that is copied already is not copied again; returns whether it was.
    ///
    /// # Errors
    /// When the snapshot is damaged, or restic fails.
    pub fn send(&self, store: &Store, id: &Id, say: &mut dyn FnMut(String)) -> anyhow::Result<bool> {
        store.verify(id)?;
        self.ensure_repository(say)?;
        if self.list()?.contains(id) {
            return Ok(false);
        }
        say(format!("copying {id} to {}", self.declared.repository));
        let path = store.folder().join(id.as_str());
        self.run(&["backup", "--quiet", "--tag", &self.tag(), "--tag", id.as_str(), &path.to_string_lossy()])?;
        Ok(true)
    }

    /// Brings a copy back into the store, the newest when none is named, and verifies it there.
    ///
    /// # Errors
    /// When there is no such copy, or none is named and which is the newest is not certain; when restic fails, or what came
    /// is damaged. The store is then what it was.
    pub fn fetch(&self, store: &Store, id: Option<&Id>, say: &mut dyn FnMut(String)) -> anyhow::Result<Snapshot> {
        let copies = self.copies()?;
        let copies: Vec<(Id, &Copy)> = copies.iter().filter_map(|copy| Some((copy.of()?, copy))).collect();
        let (found, copy) = match id {
            Some(id) => copies.iter().find(|(of, _)| of == id),
            None => self.newest(&copies)?,
        }
        .with_context(|| {
            format!("{} holds no such copy of `{}`; nothing was fetched", self.declared.repository, self.app)
        })?;
        let path = copy.paths.first().context("the copy is of no folder; nothing was fetched")?;
        say(format!("fetching {found} from {}", self.declared.repository));
        let snapshot = store.adopt(found, |folder| {
            self.ensure_room(&copy.id, path, store.folder())?;
            self.restore(&copy.id, path, folder)
        })?;
        say(format!("{found} is here, and whole"));
        Ok(snapshot)
    }

    /// The copy that was made last, which must also have the highest number. On a host that was installed anew numbers begin
    /// again, and its first copies may be of empty volumes: nobody but a person knows which is wanted then.
    fn newest<'c>(&self, copies: &'c [(Id, &'c Copy)]) -> anyhow::Result<Option<&'c (Id, &'c Copy)>> {
        let last = copies.iter().max_by_key(|(_, copy)| copy.time);
        let highest = copies.iter().max_by_key(|(of, _)| of);
        if let Some(((last, _), (highest, _))) = last.zip(highest)
            && last != highest
        {
            bail!(
                "{} holds {highest}, which has the highest number, and {last}, which was copied last, and may be of a host that was installed anew, where numbers begin again. Nothing was fetched; name the one that you want",
                self.declared.repository
            );
        }
        Ok(last)
    }

    /// Refuses a copy that would fill the disk of the other apps, before any of it is here.
    fn ensure_room(&self, copy: &str, path: &Path, folder: &Path) -> anyhow::Result<()> {
        let free = space::free(folder).with_context(|| folder.display().to_string())?.saturating_sub(space::RESERVE);
        let all: Size = serde_json::from_slice(&self.run(&["stats", "--json", "--mode", "restore-size", copy])?.stdout)
            .context("what restic says of the size of the copy cannot be read")?;
        let mut needed = all.total_size;
        if needed > free && self.keeps_holes()? {
            // There they count as the zeros that they read as.
            let manifest = self.run(&["dump", copy, &path.join("snapshot.json").to_string_lossy()])?;
            let manifest: Manifest = serde_json::from_slice(&manifest.stdout).context("snapshot.json of the copy")?;
            needed = needed.min(manifest.volumes.iter().map(|volume| volume.allocated).sum());
        }
        ensure!(
            needed <= free,
            "the copy takes {needed} bytes, and {free} can be had in {}; nothing was fetched. Make room and run it again",
            folder.display()
        );
        Ok(())
    }

    /// Restores one path of a copy as `folder`. Restic puts it below its target with the whole path that it had.
    fn restore(&self, copy: &str, path: &Path, folder: &Path) -> anyhow::Result<()> {
        let target = folder.with_extension("restic");
        let (to, included) = (target.to_string_lossy(), path.to_string_lossy());
        let mut arguments = vec!["restore", "--quiet", copy, "--target", &*to, "--include", &*included];
        if self.keeps_holes()? {
            arguments.push("--sparse");
        }
        self.run(&arguments)?;
        let landed = target.join(path.strip_prefix("/").unwrap_or(path));
        std::fs::rename(&landed, folder).with_context(|| landed.display().to_string())?;
        std::fs::remove_dir_all(&target).with_context(|| target.display().to_string())
    }

    /// Whether holes come back as holes: restic can do so since 0.15. Else they come as zeros, and nothing else differs.
    fn keeps_holes(&self) -> anyhow::Result<bool> {
        Ok(String::from_utf8_lossy(&self.run(&["restore", "--help"])?.stdout).contains("--sparse"))
    }

    fn copies(&self) -> anyhow::Result<Vec<Copy>> {
        let output = self.run(&["snapshots", "--json", "--tag", &self.tag()])?;
        serde_json::from_slice(&output.stdout).context("what restic lists cannot be read")
    }

    /// Makes the repository when it is not there.
    fn ensure_repository(&self, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        let output = self.restic(&["cat", "config"])?;
        match output.status.code() {
            Some(0) => Ok(()),
            _ if is_missing(&output) => {
                say(format!("making repository {}", self.declared.repository));
                self.run(&["init", "--quiet"]).map(drop)
            }
            _ => bail!("{}: {}", self.declared.repository, last_line(&output)),
        }
    }

    fn tag(&self) -> String {
        format!("hearth-{}", self.app)
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let output = self.restic(arguments)?;
        ensure!(
            output.status.success(),
            "restic {} with {}: {}",
            arguments.first().unwrap_or(&""),
            self.declared.repository,
            last_line(&output)
        );
        Ok(output)
    }

    fn restic(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let command = &self.declared.restic_command;
        let mut restic = Command::new(command);
        restic.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/root");
        restic.envs(self.credentials()?);
        restic.env("RESTIC_REPOSITORY", &self.declared.repository);
        restic.env("RESTIC_PASSWORD_FILE", &self.declared.password_file);
        restic.arg("--no-cache").args(arguments).stdin(Stdio::null());
        restic.output().with_context(|| format!("{} cannot be run", command.display()))
    }

    fn credentials(&self) -> anyhow::Result<Vec<(String, String)>> {
        let Some(path) = &self.declared.environment_file else { return Ok(Vec::new()) };
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let pairs: Option<Vec<_>> = lines.map(|line| line.split_once('=')).collect();
        // Which line is wrong is not shown: it may hold a secret.
        let pairs = pairs.with_context(|| format!("{}: a line is no NAME=value", path.display()))?;
        Ok(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

fn is_missing(output: &Output) -> bool {
    output.status.code() == Some(NO_REPOSITORY) || String::from_utf8_lossy(&output.stderr).contains(NOT_THERE)
}

fn last_line(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned()
}
