//! The `git` command, told to do nothing but what it is asked for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::address::Protocol;
use crate::listing::{Entry, content_of, entry_of, tag_of};
use crate::process::{Ended, Limits, Stopped, run};
use crate::{Address, Commit, Error};

/// The most bytes that a mirror may have. Real recipes have some hundred kilobytes with all their history.
const MIRROR_BYTES: u64 = 256 * 1024 * 1024;
/// The most bytes that a list of tags, or of a tree's files, may have: many thousands of lines.
const LIST_BYTES: u64 = 2 * 1024 * 1024;
/// How long reading what is here may take.
const READ_TIME: Duration = Duration::from_secs(60);

/// What is asked of a repository.
pub trait Repository {
    /// Brings its tags and branches here, and forgets those that it has no more.
    ///
    /// # Errors
    /// [`Error::Unreachable`].
    fn fetch(&self) -> Result<(), Error>;

    /// The names of its tags and the commits they stand at, as fetched last. Tags of anything but commits are left out.
    ///
    /// # Errors
    /// [`Error::Git`].
    fn tags(&self) -> Result<Vec<(String, Commit)>, Error>;

    /// Everything below `under` (the root when empty) in a commit's tree.
    ///
    /// # Errors
    /// [`Error::NoCommit`] or [`Error::Git`].
    fn tree(&self, commit: &Commit, under: &str) -> Result<Vec<Entry>, Error>;

    /// The contents of objects, which together have at most `limit` bytes.
    ///
    /// # Errors
    /// [`Error::Git`].
    fn contents(&self, objects: &[&str], limit: u64) -> Result<Vec<Vec<u8>>, Error>;
}

/// With what repositories are reached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Access {
    /// The `git` command.
    pub git_command: PathBuf,
    /// The `ssh` command, for repositories that are reached through it.
    pub ssh_command: Option<PathBuf>,
    /// A file with a line `username=…` and a line `password=…` (or a token), for `https://`.
    pub credentials_file: Option<PathBuf>,
    /// A private key, for `ssh://`.
    pub ssh_key_file: Option<PathBuf>,
    /// The host keys that are known, for `ssh://`. Without it those of the system are.
    pub known_hosts_file: Option<PathBuf>,
    /// Certificates to trust instead of the system's, for `https://`.
    pub ca_file: Option<PathBuf>,
    /// How long a fetch may take, in seconds.
    pub fetch_seconds: u64,
}

/// A bare mirror of a repository, read and written by the `git` command.
#[derive(Debug)]
pub struct Git<'a> {
    access: &'a Access,
    address: &'a Address,
    mirror: PathBuf,
}

impl<'a> Git<'a> {
    /// The mirror in a folder.
    pub fn mirror(access: &'a Access, address: &'a Address, mirror: PathBuf) -> Self {
        Self { access, address, mirror }
    }

    /// Makes the mirror where there is none, and anew where it is none that `git` can read: it is only a copy.
    ///
    /// # Errors
    /// [`Error::Git`] or [`Error::Io`].
    pub fn initialise(&self) -> Result<(), Error> {
        if self.mirror.join("HEAD").exists() && self.is_readable()? {
            return Ok(());
        }
        let new = self.mirror.with_extension("new");
        for folder in [&new, &self.mirror] {
            remove(folder)?;
        }
        let made = self.start(&["init", "--bare", "--quiet", "--template="], &[new.as_os_str()], None, &reading())?;
        self.succeeded(made, "making a mirror")?;
        std::fs::rename(&new, &self.mirror).map_err(Error::at(&self.mirror))
    }

    fn is_readable(&self) -> Result<bool, Error> {
        let ended = self.here(&["for-each-ref", "--count=1"], &[], None, &reading())?;
        Ok(ended.status.success())
    }

    /// The line that `git` answers; none where it says no.
    pub(crate) fn answer(&self, arguments: &[&str]) -> Result<Option<String>, Error> {
        let ended = self.here(arguments, &[], None, &reading())?;
        let line = || String::from_utf8_lossy(&ended.output).trim().to_owned();
        Ok(ended.status.success().then(line))
    }

    /// What `git` complains of; none where it says yes.
    pub(crate) fn refused(&self, arguments: &[&str]) -> Result<Option<String>, Error> {
        let ended = self.here(arguments, &[], None, &reading())?;
        Ok((!ended.status.success()).then_some(ended.complaint))
    }

    /// Runs `git` on the mirror.
    fn here(
        &self,
        arguments: &[&str],
        paths: &[&OsStr],
        input: Option<Vec<u8>>,
        limits: &Limits,
    ) -> Result<Ended, Error> {
        let mirror = format!("--git-dir={}", self.mirror.display());
        let arguments: Vec<&str> = std::iter::once(mirror.as_str()).chain(arguments.iter().copied()).collect();
        self.start(&arguments, paths, input, limits)
    }

    fn start(
        &self,
        arguments: &[&str],
        paths: &[&OsStr],
        input: Option<Vec<u8>>,
        limits: &Limits,
    ) -> Result<Ended, Error> {
        let mut command = self.quiet();
        command.args(arguments).args(paths);
        run(&mut command, input, limits).map_err(|stopped| self.failed("git", &stopped))
    }

    fn failed(&self, what: &'static str, reason: &dyn std::fmt::Display) -> Error {
        Error::Git { program: self.access.git_command.clone(), what, reason: reason.to_string() }
    }

    fn succeeded(&self, ended: Ended, what: &'static str) -> Result<Vec<u8>, Error> {
        if ended.status.success() { Ok(ended.output) } else { Err(self.failed(what, &ended.complaint)) }
    }

    /// `git` without the configuration of whoever runs it, without hooks, prompts, housekeeping, and able to speak one
    /// protocol.
    fn quiet(&self) -> Command {
        let mut command = Command::new(&self.access.git_command);
        command.env_clear();
        for kept in ["PATH", "SSL_CERT_FILE", "NIX_SSL_CERT_FILE", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"]
        {
            command.envs(std::env::var_os(kept).map(|value| (kept, value)));
        }
        command.envs([
            ("LC_ALL", "C"),
            ("HOME", "/var/empty"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_ALLOW_PROTOCOL", self.address.protocol().word()),
        ]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        self.identify(&mut command);
        command
    }

    /// Secrets are named by the files that they lie in, and read by what needs them.
    fn identify(&self, command: &mut Command) {
        let access = self.access;
        if let Some(file) = &access.credentials_file {
            command.env("HEARTH_CREDENTIALS", file);
            command.args(["-c", r#"credential.helper=!f() { test "$1" = get && cat "$HEARTH_CREDENTIALS"; }; f"#]);
        }
        if let Some(file) = &access.ca_file {
            command.env("GIT_SSL_CAINFO", file);
        }
        if self.address.protocol() == Protocol::Ssh {
            command.env("GIT_SSH_COMMAND", ssh(access));
        }
    }

    fn fetched(&self) -> Result<Ended, Stopped> {
        let mut command = self.quiet();
        command.arg(format!("--git-dir={}", self.mirror.display())).args([
            "fetch",
            "--quiet",
            "--atomic",
            "--force",
            "--prune",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--",
            self.address.as_str(),
            "+refs/tags/*:refs/tags/*",
            "+refs/heads/*:refs/heads/*",
        ]);
        let time = Duration::from_secs(self.access.fetch_seconds);
        let limits = Limits { time, output: LIST_BYTES, folder: Some((self.mirror.clone(), MIRROR_BYTES)) };
        run(&mut command, None, &limits)
    }
}

/// Said on every call, over whatever a configuration file says.
const SETTINGS: [&str; 13] = [
    "protocol.allow=never",
    "protocol.ext.allow=never",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    // A mirror that was half written at a power cut would have to be fetched anew.
    "core.fsync=all",
    "core.askPass=",
    // The helper answers for whichever server asks: a redirect would hand the token on.
    "http.followRedirects=false",
    // Empties the list of helpers; ours follows.
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    // A server that gives fewer than 1000 bytes a second for half a minute is as good as none.
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
];

impl Repository for Git<'_> {
    fn fetch(&self) -> Result<(), Error> {
        self.initialise()?;
        clear_locks(&self.mirror);
        let reason = match self.fetched() {
            Ok(ended) if ended.status.success() => return Ok(()),
            Ok(ended) => ended.complaint,
            Err(stopped @ Stopped::Disk(_)) => {
                // What it wrote until then is nothing that anybody can use.
                clear_locks(&self.mirror);
                stopped.to_string()
            }
            Err(stopped) => stopped.to_string(),
        };
        Err(Error::Unreachable { address: Box::new(self.address.clone()), reason })
    }

    fn tags(&self) -> Result<Vec<(String, Commit)>, Error> {
        let format = "--format=%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname)";
        let listed = self.here(&["for-each-ref", format, "refs/tags"], &[], None, &reading())?;
        let listed = self.succeeded(listed, "listing tags")?;
        let listed = String::from_utf8_lossy(&listed);
        Ok(listed.lines().filter_map(tag_of).collect())
    }

    fn tree(&self, commit: &Commit, under: &str) -> Result<Vec<Entry>, Error> {
        let mut arguments = vec!["ls-tree", "-r", "-z", "-l", "--full-tree", commit.as_str(), "--"];
        arguments.extend((!under.is_empty()).then_some(under));
        let ended = self.here(&arguments, &[], None, &reading())?;
        if !ended.status.success() {
            let (address, commit) = (Box::new(self.address.clone()), Box::new(commit.clone()));
            return Err(Error::NoCommit { address, commit, reason: ended.complaint });
        }
        let lines = ended.output.split(|byte| *byte == 0).filter(|line| !line.is_empty());
        lines
            .map(|line| entry_of(line).ok_or_else(|| self.failed("listing a tree", &String::from_utf8_lossy(line))))
            .collect()
    }

    fn contents(&self, objects: &[&str], limit: u64) -> Result<Vec<Vec<u8>>, Error> {
        let input = objects.iter().flat_map(|object| [object.as_bytes(), b"\n"].concat()).collect();
        let limits = Limits { output: limit + 100 * (objects.len() as u64 + 1), ..reading() };
        let output = self.here(&["cat-file", "--batch"], &[], Some(input), &limits)?;
        let output = self.succeeded(output, "reading files")?;
        let mut rest = output.as_slice();
        objects
            .iter()
            .map(|object| content_of(&mut rest, object).ok_or_else(|| self.failed("reading files", object)))
            .collect()
    }
}

fn reading() -> Limits {
    Limits { time: READ_TIME, output: LIST_BYTES, folder: None }
}

fn ssh(access: &Access) -> String {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    let program = access.ssh_command.as_deref().unwrap_or(Path::new("ssh"));
    let mut command = quoted(program);
    command += " -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20";
    if let Some(key) = &access.ssh_key_file {
        command += " -o IdentitiesOnly=yes -i ";
        command += &quoted(key);
    }
    if let Some(known) = &access.known_hosts_file {
        command += " -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=";
        command += &quoted(known);
    }
    command
}

/// A fetch that was killed leaves lock files and half packs behind. Whoever fetches holds the mirror's own lock, so
/// they are nobody's.
fn clear_locks(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if name.starts_with("tmp_") || name.starts_with("incoming-") {
            let _ = remove(&path);
        } else if is_folder {
            clear_locks(&path);
        } else if path.extension().is_some_and(|extension| extension == "lock") {
            // If it stays, git names it.
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// Removes a file or folder, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(Error::at(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_the_ssh_command_is_one_word() {
        let access = Access {
            git_command: "git".into(),
            ssh_command: None,
            credentials_file: None,
            ssh_key_file: Some("/run/a b'c".into()),
            known_hosts_file: None,
            ca_file: None,
            fetch_seconds: 1,
        };
        assert!(ssh(&access).ends_with(r"-i '/run/a b'\''c'"), "{}", ssh(&access));
    }
}
