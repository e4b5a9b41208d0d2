//! Registry logins, tried before they are written, and kept in memory only.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::manifest::{Login, Manifest};

/// How long a registry may take to answer a login.
const PATIENCE: Duration = Duration::from_secs(45);
/// How the folders begin that the Docker client writes its logins to while they are tried.
const SCRATCH: &str = ".login-";

/// A Docker client configuration with logins, as `docker login` writes it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DockerConfig {
    auths: BTreeMap<String, Auth>,
}

/// `user:password` in base64. Prints nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Auth {
    auth: String,
}

impl fmt::Debug for DockerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.auths.keys()).finish()
    }
}

/// What became of the logins.
#[derive(Debug, Default)]
pub struct Logins {
    /// Registries whose login is new or changed.
    pub changed: Vec<String>,
    /// Registries whose login was taken away.
    pub removed: Vec<String>,
    /// Registries whose login is wrong or cannot be had, and why.
    pub failed: Vec<String>,
    config: DockerConfig,
}

impl Logins {
    /// Whether the file has to be written.
    pub fn differ(&self) -> bool {
        !self.changed.is_empty() || !self.removed.is_empty()
    }

    /// Writes the Docker client's configuration, readable by root alone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, manifest: &Manifest) -> anyhow::Result<()> {
        let text = serde_json::to_vec(&self.config)?;
        state::write_atomic(&file(manifest), &text, 0o400).context("writing the registry logins")
    }
}

fn file(manifest: &Manifest) -> std::path::PathBuf {
    manifest.docker_config_folder.join("config.json")
}

/// Reads the passwords and tries those that changed, all at once. A registry whose login fails keeps the one it had.
///
/// # Errors
/// When the present logins cannot be read, or what a killed run left cannot be removed.
pub async fn prepare(manifest: &Manifest) -> anyhow::Result<Logins> {
    prepare_within(manifest, PATIENCE).await
}

async fn prepare_within(manifest: &Manifest, patience: Duration) -> anyhow::Result<Logins> {
    remove_what_was_left(&manifest.docker_config_folder)?;
    let present = present(manifest)?;
    let mut logins = Logins::default();
    let renewals = manifest.registries.iter().map(async |(registry, login)| {
        let old = present.auths.get(registry);
        (registry, old, renew(manifest, registry, login, old, patience).await)
    });
    for (registry, old, renewed) in join_all(renewals).await {
        match renewed {
            Ok(auth) => {
                if old != Some(&auth) {
                    logins.changed.push(registry.clone());
                }
                logins.config.auths.insert(registry.clone(), auth);
            }
            Err(error) => {
                logins.failed.push(format!("registry {registry}: {error:#}; other registries are not concerned"));
                logins.config.auths.extend(old.map(|old| (registry.clone(), old.clone())));
            }
        }
    }
    logins.removed = present.auths.into_keys().filter(|registry| !manifest.registries.contains_key(registry)).collect();
    Ok(logins)
}

/// Removes what holds a password of a run that was killed in the middle of a login.
fn remove_what_was_left(folder: &Path) -> anyhow::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| folder.display().to_string())?,
    };
    for entry in entries {
        let entry = entry.with_context(|| folder.display().to_string())?;
        if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            let path = entry.path();
            std::fs::remove_dir_all(&path)
                .with_context(|| format!("removing {}, which may hold a registry's password", path.display()))?;
        }
    }
    Ok(())
}

fn present(manifest: &Manifest) -> anyhow::Result<DockerConfig> {
    match std::fs::read(file(manifest)) {
        // A file that is none is written anew: it holds nothing that the secrets do not.
        Ok(text) => Ok(serde_json::from_slice(&text).unwrap_or_default()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(DockerConfig::default()),
        Err(error) => Err(error).with_context(|| file(manifest).display().to_string()),
    }
}

/// The login of a registry; tried only when it is not the one that was tried before.
async fn renew(
    manifest: &Manifest,
    registry: &str,
    login: &Login,
    old: Option<&Auth>,
    patience: Duration,
) -> anyhow::Result<Auth> {
    let path = &login.password_file;
    let password = std::fs::read_to_string(path).with_context(|| {
        format!("password file {}; `systemctl status hearth-secrets` says why it may be missing", path.display())
    })?;
    let password = password.trim_end_matches(['\r', '\n']);
    let auth = Auth { auth: BASE64_STANDARD.encode(format!("{}:{password}", login.username)) };
    if old != Some(&auth) {
        // The client has no limit of its own, and would wait for a host that drops all that it is sent.
        let tried = tokio::time::timeout(patience, attempt(manifest, registry, &login.username, password)).await;
        tried.unwrap_or_else(|_| {
            bail!("it does not answer within {} s; is its name right, and can this host reach it?", patience.as_secs())
        })?;
    }
    Ok(auth)
}

/// `docker login` into a folder that is thrown away: the engine asks the registry.
async fn attempt(manifest: &Manifest, registry: &str, username: &str, password: &str) -> anyhow::Result<()> {
    let folder: &Path = &manifest.docker_config_folder;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    // Beside the real one, in memory: what the client writes there is the password.
    let scratch = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(folder).context("making a folder")?;
    let mut child = Command::new(&manifest.docker_command)
        .args(["login", "--username", username, "--password-stdin", registry])
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("DOCKER_HOST", format!("unix://{}", manifest.docker_socket.display()))
        .env("DOCKER_CONFIG", scratch.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {}", manifest.docker_command.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(password.as_bytes()).await.context("handing over the password")?;
    }
    let output = child.wait_with_output().await.context("waiting for the Docker client")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason given").to_owned();
        bail!("the login of {username} is refused: {last}");
    }
    Ok(())
}

#[cfg(test)]
#[path = "logins_tests.rs"]
mod tests;
