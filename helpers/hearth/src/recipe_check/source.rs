//! Where the recipe is: a folder, or a version of a repository, which is brought by the code that brings recipes to a host.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};
use recipe::Version;
use tempfile::TempDir;
use updates::{Access, Address, Mirror, Tag};

use super::program;

/// How long a repository may take, in seconds.
const PATIENCE: u64 = 300;
/// Who uses what is fetched.
const USER: &str = "check";

/// A recipe that can be read.
#[derive(Debug)]
pub struct Fetched {
    /// Its folder.
    pub folder: PathBuf,
    /// The version and the commit, of one from a repository.
    pub tag: Option<Tag>,
    /// What of it was left out.
    pub warnings: Vec<String>,
    /// The folder goes with this.
    scratch: Option<TempDir>,
}

impl Fetched {
    /// Gets it.
    ///
    /// # Errors
    /// When there is no such folder, repository or version.
    pub fn get(asked: &str, version: Option<&str>) -> anyhow::Result<Self> {
        let is_folder = Path::new(asked).is_dir();
        if is_folder && version.is_none() {
            return Ok(Self { folder: asked.into(), tag: None, warnings: Vec::new(), scratch: None });
        }
        ensure!(is_folder || !asked.starts_with(['/', '.']), "{asked}: there is no such folder");
        let path = if is_folder { std::fs::canonicalize(asked)?.display().to_string() } else { asked.to_owned() };
        let address: Address = path.parse().with_context(|| {
            format!("{asked} is neither a folder here nor an address that a repository can be fetched from")
        })?;
        let git_command = program("git").context(
            "there is no `git` in the search path to fetch the repository with. Install it, or name a folder",
        )?;
        state::err!("fetching {asked}");
        let access = Access {
            git_command,
            ssh_command: program("ssh"),
            credentials_file: None,
            ssh_key_file: None,
            known_hosts_file: None,
            ca_file: None,
            fetch_seconds: PATIENCE,
        };
        let scratch = tempfile::tempdir().context("making a folder for the repository")?;
        let mirror = Mirror::of(scratch.path(), &access, &address, USER);
        // What it says of earlier fetches is about hosts.
        mirror
            .fetch()
            .map_err(|error| anyhow!("{}", error.to_string().replace("; what was fetched before is used", "")))?;
        let tag = wanted(asked, &mirror.tags()?.versions, version)?;
        let tree = mirror.tree(&tag.commit)?;
        Ok(Self { folder: tree.folder, tag: Some(tag), warnings: tree.warnings, scratch: Some(scratch) })
    }
}

impl Drop for Fetched {
    /// What is exported is read-only, so that nobody but root could remove it.
    fn drop(&mut self) {
        if self.scratch.is_some() {
            make_writable(&self.folder);
        }
    }
}

/// Whatever cannot be made so is left behind in the folder for temporary files.
fn make_writable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    drop(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)));
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}

/// The version that is named, or the newest that is released.
fn wanted(asked: &str, versions: &[Tag], version: Option<&str>) -> anyhow::Result<Tag> {
    let newest =
        versions.iter().filter(|tag| tag.version.recipe().pre.is_empty()).max_by(|a, b| a.version.cmp(&b.version));
    let Some(version) = version else {
        return newest
            .cloned()
            .with_context(|| format!("{asked} has no tag that is a released version; name one with --version"));
    };
    let named: Version = version.parse()?;
    let found = versions.iter().find(|tag| tag.version == named);
    ensure!(!versions.is_empty(), "{asked} has no tag that is a version");
    found.cloned().with_context(|| {
        let newest = newest.map(|tag| format!("; the newest is {}", tag.version)).unwrap_or_default();
        format!("{asked} has no version {version}{newest}")
    })
}
