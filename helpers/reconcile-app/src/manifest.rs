//! What the Nix module says about one app: `/etc/hearth/apps/NAME.json`.

mod gate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use gate::{Audit, BasicAuth, Credentials, Expect, Gate, Probe, Smoke, Watch};
use serde::Deserialize;
pub use snapshot_volumes::manifest::DeclaredState;
pub use snapshot_volumes::{Mode, Settings};

use crate::confine::{Confinement, Limits};
use crate::strategy;

/// One app as the flake declares it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Where this app's record, journal, lock and receipts are kept.
    pub state_folder: PathBuf,
    /// The engine's socket.
    pub docker_socket: PathBuf,
    /// The folder with the `config.json` that holds the registry logins.
    pub docker_config_folder: PathBuf,
    /// The Docker command-line client, which renders and applies compose files.
    pub docker_command: PathBuf,
    /// The app's name.
    pub name: Name,
    /// The stack's name in the swarm.
    pub stack: Name,
    /// Whether it runs.
    #[serde(default)]
    pub state: DeclaredState,
    /// The domain under which it is served.
    pub domain: String,
    /// Where its recipe is.
    pub recipe: Source,
    /// Compose files to use instead of those that `COMPOSE_FILE` in the environment names.
    pub compose_files: Option<Vec<String>>,
    /// Environment on top of the recipe's `.env.sample`.
    pub environment: BTreeMap<String, String>,
    /// For each secret that the compose files name, the file that holds its content.
    pub secrets: BTreeMap<String, PathBuf>,
    /// Images to load from the Nix store before anything is pulled.
    pub images: Vec<StoreImage>,
    /// What must hold before a deploy counts.
    pub gate: Gate,
    /// What of the host the recipe may touch.
    pub allow: recipe::Allow,
    /// How much of the machine each of its containers may take.
    #[serde(default)]
    pub limits: Limits,
    /// Networks that the app shares with others by its declaration: the proxy's, where it has a domain, and its databases'.
    #[serde(default)]
    pub shared_networks: Vec<String>,
    /// How its data is kept safe.
    #[serde(default)]
    pub snapshot: Settings,
    /// What the proxy puts in front of each of its routes.
    #[serde(default)]
    pub middlewares: Vec<Middleware>,
    /// The image that a pipeline deploys.
    #[serde(default)]
    pub deploy: Option<Deployable>,
    /// How running tasks are replaced.
    pub update: Update,
    /// How long connections may take to leave what is about to be replaced (`update = "handover"` or `"blue-green"`).
    pub drain_seconds: u64,
    /// For how long a colour that failed is kept (`update = "blue-green"`).
    #[serde(default)]
    pub keep_failed_hours: u32,
    /// The `nft` command, for `update = "handover"`.
    pub nft_command: Option<PathBuf>,
    /// The `systemctl` command, for `--all --start`.
    pub systemctl_command: Option<PathBuf>,
    /// The text of all this, which is kept beside the app's record.
    #[serde(skip)]
    pub text: Vec<u8>,
}

/// Something that the proxy does with requests and answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Middleware {
    /// The proxy's name for it, such as `hearth-wiki-auth@file`.
    pub name: String,
    /// Whether it lets only those through who give a password.
    pub asks_password: bool,
}

/// A name that is safe as a file name, as part of a unit's name and as part of a swarm object's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if first && text.bytes().all(inner) && text.len() <= 50 {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is no name: 1 to 50 of a-z 0-9 - _, the first a letter or digit"))
        }
    }
}

/// Where a recipe comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Sources")]
pub enum Source {
    /// A folder, on NixOS one in the store.
    Folder(PathBuf),
    /// A git repository, whose tags are its versions.
    Git(Box<GitSource>),
}

/// A recipe in a git repository.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GitSource {
    /// The repository.
    pub url: updates::Address,
    /// The version that the app has, or begins with; or a commit.
    #[serde(rename = "ref")]
    pub declared: Option<updates::Ref>,
    /// Whose signature a newer version needs for that; none where nobody's is needed.
    #[serde(default)]
    pub signers: Option<updates::Signers>,
    /// Which newer versions it moves to by itself.
    pub policy: updates::Policy,
    /// Where repositories and recipes are kept on this host.
    pub recipes: PathBuf,
    /// With what the repository is reached.
    pub access: updates::Access,
}

/// As it is written: one of the two.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sources {
    #[serde(default)]
    folder: Option<PathBuf>,
    #[serde(default)]
    git: Option<Box<GitSource>>,
}

impl Source {
    /// The folder below which the versions of a repository are kept.
    pub fn kept_below(&self) -> Option<&Path> {
        if let Self::Git(git) = self { Some(&git.recipes) } else { None }
    }
}

impl TryFrom<Sources> for Source {
    type Error = &'static str;

    fn try_from(sources: Sources) -> Result<Self, &'static str> {
        match sources {
            Sources { folder: Some(folder), git: None } => Ok(Self::Folder(folder)),
            Sources { folder: None, git: Some(git) } => Ok(Self::Git(git)),
            _ => Err("a recipe has either a `folder` or `git`"),
        }
    }
}

impl GitSource {
    /// A commit is no version that others are newer than.
    fn check(&self, app: &Name) -> anyhow::Result<()> {
        anyhow::ensure!(
            !matches!(self.declared, Some(updates::Ref::Commit(_))) || self.policy == updates::Policy::Pinned,
            "`{app}` has a commit for a version and policy = \"{}\": set `hearth.apps.{app}.recipe.version` to a version, or the policy to \"pinned\"",
            self.policy
        );
        Ok(())
    }
}

/// An image in the Nix store.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoreImage {
    /// The name and tag under which the recipe asks for it.
    pub name: String,
    /// The archive, as `docker save` writes it.
    pub archive: PathBuf,
}

/// An image that a pipeline deploys, by a tag at a time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployable {
    /// Its name, without tag and digest.
    pub image: String,
    /// The variable of the recipe that holds the whole image.
    pub variable: String,
}

/// How running tasks are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Update {
    /// As the recipe's `update_config` says; where it says nothing, the new task is started first if the two share nothing.
    Rolling,
    /// The old tasks are stopped before the new ones start, whatever the recipe says.
    StopFirst,
    /// A second copy of the whole stack comes up beside the one that serves, and the routes are switched.
    BlueGreen,
    /// A standby copy takes over the host-mode ports while the service itself is replaced.
    Handover,
}

impl Manifest {
    /// Reads a manifest, and remembers its text.
    ///
    /// # Errors
    /// See [`state::manifest::Error`].
    pub fn read(path: &Path) -> Result<Self, state::manifest::Error> {
        let text =
            std::fs::read(path).map_err(|reason| state::manifest::Error::Read { path: path.to_owned(), reason })?;
        let manifest: Self = state::manifest::parse(path, &text)?;
        Ok(Self { text, ..manifest })
    }

    /// What its containers may take of a machine with this much memory.
    pub fn confinement(&self, machine: Option<u64>) -> Confinement<'_> {
        Confinement { allow: &self.allow, limits: &self.limits, machine }
    }

    /// Checks what can be known before the host is touched; what a Nix build runs.
    ///
    /// # Errors
    /// The first thing that is wrong, with the option that mends it.
    pub fn check(&self) -> anyhow::Result<()> {
        for key in self.secrets.keys() {
            let length = self.stack.as_str().len() + 1 + key.len() + 1 + 12;
            anyhow::ensure!(
                length <= 64,
                "secret `{key}` of `{}`: its name in the swarm would have {length} characters, 64 are allowed; set a shorter `hearth.apps.{}.stack`",
                self.name,
                self.name
            );
        }
        anyhow::ensure!(
            self.update != Update::Handover || self.nft_command.is_some(),
            "`{}` has update = \"handover\" and no nftCommand: a handover moves connections with nftables",
            self.name
        );
        anyhow::ensure!(
            self.update != Update::BlueGreen || self.gate.probe.is_some(),
            "`{app}` has update = \"blue-green\" and no probe: without one nobody knows which colour the proxy serves. Set `hearth.apps.{app}.gate.probe.enable`, or another update",
            app = self.name
        );
        self.gate.check(self.name.as_str())?;
        if let Some(migrations) = &self.gate.migrations {
            migrations.check()?;
        }
        match &self.recipe {
            Source::Folder(_) => Ok(()),
            Source::Git(git) => git.check(&self.name),
        }
    }

    /// Checks what can be known of the recipe before the host is touched, where it is in a folder. What cannot be read
    /// yet, such as one with a variable that only a pipeline sets, is judged by the run.
    ///
    /// # Errors
    /// What in it cannot be there twice, for `update = "blue-green"`.
    pub fn check_recipe(&self) -> anyhow::Result<()> {
        let (Update::BlueGreen, Source::Folder(folder)) = (self.update, &self.recipe) else { return Ok(()) };
        let Ok(documents) = self.documents(folder) else { return Ok(()) };
        let reasons: Vec<String> =
            documents.iter().flat_map(|document| strategy::cannot_be_twice(&document.value)).collect();
        strategy::refuse(self.name.as_str(), &reasons)
    }

    fn documents(&self, folder: &Path) -> Result<Vec<recipe::compose::Document>, recipe::Error> {
        let recipe = recipe::Recipe::open(folder)?;
        let environment = recipe.environment(&self.environment, self.stack.as_str(), &self.domain)?;
        let files = recipe.compose_files(self.compose_files.as_deref(), &environment)?;
        Ok(recipe.read(&files, &environment)?.documents)
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
