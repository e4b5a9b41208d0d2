//! What the Nix module says about the door: `/etc/hearth/deploy.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use image_signature::Key;
use serde::Deserialize;

use crate::words::Word;

/// Everything that may be deployed through the door, and by whom.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The Unix socket on which the door listens.
    pub socket: PathBuf,
    /// Where deploys wait for each other; in memory, since a boot ends all waiting.
    pub queue_folder: PathBuf,
    /// The engine's socket.
    pub docker_socket: PathBuf,
    /// Where the engine keeps its images: the disk that must have room for another one.
    pub engine_folder: PathBuf,
    /// The folder with the `config.json` that holds the host's own registry logins.
    pub docker_config_folder: PathBuf,
    /// The `systemctl` command.
    pub systemctl_command: PathBuf,
    /// The `journalctl` command.
    pub journalctl_command: PathBuf,
    /// The user that keys log in as. It alone may speak for a key.
    pub ssh_user: String,
    /// What may be deployed.
    pub environments: Vec<Environment>,
}

/// One environment of an app, which is an app of its own for the rest of Hearth.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// The app, as who deploys it calls it.
    pub app: Word,
    /// The environment, as who deploys to it calls it.
    pub environment: Word,
    /// The name of the app in the flake.
    pub name: Word,
    /// Where that app's records are kept.
    pub state_folder: PathBuf,
    /// The image, without tag and digest.
    pub image: String,
    /// Labels that the image must have.
    pub labels: BTreeMap<String, String>,
    /// Public keys of cosign, PEM: where there are any, the image must carry a signature by one of them.
    pub cosign_keys: Vec<String>,
    /// The keys that may deploy it.
    pub keys: BTreeSet<String>,
    /// The users of this host that may deploy it.
    pub users: BTreeSet<String>,
}

impl Environment {
    /// The unit that does the work.
    pub fn unit(&self) -> String {
        format!("hearth-app-{}.service", self.name.as_str())
    }

    /// The keys of which one must have signed the image; none where it need not be signed.
    ///
    /// # Errors
    /// Which of them is no key whose signatures could be checked, with the option that holds it.
    pub fn signers(&self) -> anyhow::Result<Vec<Key>> {
        let read = |(index, text): (usize, &String)| {
            let option = format!("{}.cosignKeys", self.option());
            let which = || format!("{option}: key {} is of no use", index + 1);
            Key::from_pem(text).with_context(which)
        };
        self.cosign_keys.iter().enumerate().map(read).collect()
    }

    /// The option that declares it.
    pub fn option(&self) -> String {
        format!("hearth.apps.{}.deploy", self.name.as_str())
    }
}

impl Manifest {
    /// Checks what can be known before the host is touched; what a Nix build runs.
    ///
    /// # Errors
    /// The first thing that is wrong, with the option that mends it.
    pub fn check(&self) -> anyhow::Result<()> {
        let mut seen = BTreeMap::new();
        for one in &self.environments {
            let option = one.option();
            ensure!(
                is_image(&one.image),
                "{option}.image: `{}` is no name of an image: write it without tag and digest, such as registry.example.org/shop",
                one.image
            );
            one.signers()?;
            if let Some(other) = seen.insert((&one.app, &one.environment), &one.name) {
                anyhow::bail!(
                    "{option}: `{} {}` is declared by hearth.apps.{} too; give each its own environment",
                    one.app.as_str(),
                    one.environment.as_str(),
                    other.as_str()
                );
            }
        }
        Ok(())
    }

    /// The environment that an app of the flake is.
    pub fn named(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|one| one.name.as_str() == name)
    }
}

/// Whether a text is an image's name: parts between slashes, of which only the first may have a port.
fn is_image(text: &str) -> bool {
    let is_part = |part: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
        !part.is_empty()
            && part.bytes().all(inner)
            && part.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    let (host, path) = text.split_once('/').unwrap_or(("", text));
    let (host, port) = host.split_once(':').unwrap_or((host, "0"));
    text.len() <= 255
        && (host.is_empty() && !text.starts_with('/') || is_part(host))
        && !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && path.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_named_without_tag_and_digest() {
        for good in ["shop", "team/shop", "registry.example.org/team/shop", "localhost:5000/hello", "a/b__c/d-e.f"] {
            assert!(is_image(good), "{good}");
        }
        for bad in [
            "",
            "/shop",
            "shop/",
            "shop:1",
            "localhost:5000/shop:1",
            "shop@sha256:00",
            "Shop",
            "a//b",
            "localhost:/x",
            "a b",
            "-x",
            "--help",
            "a/../b",
            "a:b/c",
        ] {
            assert!(!is_image(bad), "{bad}");
        }
    }
}
