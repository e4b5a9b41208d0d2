//! Every image is here before anything that runs is touched.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use swarm::{Credentials, HELD_TAG, Images, archived_content};

use crate::manifest::StoreImage;
use crate::rewrite::Stack;

/// Where an app's images come from.
pub struct Sources<'a, E> {
    /// The engine that has them, or not yet.
    pub engine: &'a E,
    /// Those that lie in the Nix store.
    pub from_store: &'a [StoreImage],
    /// The folder with the registry logins.
    pub config_folder: &'a Path,
}

impl<E: Images> Sources<'_, E> {
    /// Loads what comes from the Nix store, pulls what is not here, and has the stack name the content of each.
    ///
    /// # Errors
    /// The first image that cannot be had, with the engine's or the registry's words.
    pub async fn provide(&self, stack: &mut Stack, say: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        for image in stack.images() {
            let exact = self.one(&image, say).await?;
            stack.pin(&image, &exact);
        }
        Ok(())
    }

    /// The same, which goes on after an image that cannot be had: the stack then names it as before. Returns why, for each
    /// of those.
    pub async fn provide_what_can_be(&self, stack: &mut Stack, say: &mut dyn FnMut(String)) -> Vec<String> {
        let mut missing = Vec::new();
        for image in stack.images() {
            match self.one(&image, say).await {
                Ok(exact) => stack.pin(&image, &exact),
                Err(error) => missing.push(format!("{error:#}")),
            }
        }
        missing
    }

    /// Sees to an image; returns the name that stands for its content.
    async fn one(&self, image: &str, say: &mut dyn FnMut(String)) -> anyhow::Result<String> {
        if let Some(stored) = self.from_store.iter().find(|stored| is_of(image, &stored.name)) {
            return self.stored(stored, image, say).await.with_context(|| format!("image {}", stored.name));
        }
        let digests = match self.engine.image_digests(image).await? {
            Some(digests) => digests,
            None => self.pull(image, say).await?,
        };
        let exact = pinned(image, &digests).unwrap_or_else(|| image.to_owned());
        self.hold(&exact).await?;
        Ok(exact)
    }

    /// An image of the Nix store goes by a name that says what is in it. So a rebuilt one is another image though its tag
    /// is the same, the one before it stays here for a rollback, and neither is loaded twice.
    async fn stored(&self, stored: &StoreImage, image: &str, say: &mut dyn FnMut(String)) -> anyhow::Result<String> {
        let content = archived_content(&stored.archive, &with_tag(&stored.name))?;
        let name = content_name(&stored.name, &content.short());
        let asked = image.split_once('@').map_or(image, |(name, _)| name);
        let earlier = asked != stored.name && asked != name;
        let wanted = if earlier { asked } else { &name };
        let mut digests = self.engine.image_digests(wanted).await?;
        ensure!(
            digests.is_some() || !earlier,
            "{asked} came from the Nix store with an earlier generation, and is not here any more; no registry has it. \
             Switch to that generation, or deploy what is declared now"
        );
        if digests.is_none() {
            say(format!("loading image {}", stored.name));
            self.engine.load(&stored.archive).await?;
            self.engine.name(&stored.name, &name).await?;
            digests = self.engine.image_digests(&name).await?;
        }
        Ok(pinned(wanted, &digests.unwrap_or_default()).unwrap_or_else(|| wanted.to_owned()))
    }

    async fn pull(&self, image: &str, say: &mut dyn FnMut(String)) -> anyhow::Result<Vec<String>> {
        say(format!("pulling image {image}"));
        let login = login_for(self.config_folder, image)?;
        self.engine.pull(image, login, &mut |_| {}).await.map_err(|error| {
            let remedy = match error {
                swarm::Error::NotFound { .. } => "; push it again, or declare a version that is in its registry",
                _ => "",
            };
            anyhow::Error::from(error).context(format!("image {image} cannot be pulled{remedy}"))
        })?;
        self.engine
            .image_digests(image)
            .await?
            .with_context(|| format!("image {image} cannot be pulled: the engine says it did, and does not have it"))
    }

    /// Keeps an image findable by its digest. In containerd's store an image whose tag moves on has no name left, and then
    /// no digest of that name finds it: a rollback, even a restart, would ask the registry for it.
    async fn hold(&self, exact: &str) -> anyhow::Result<()> {
        let Some((_, digest)) = exact.split_once('@') else { return Ok(()) };
        let short: String = digest.trim_start_matches("sha256:").chars().take(CONTENT).collect();
        let name = format!("{}:{HELD_TAG}{short}", swarm::repository(exact));
        if self.engine.image_digests(&name).await?.is_none() {
            self.engine.name(exact, &name).await?;
        }
        Ok(())
    }
}

/// The digits of a content's digest in a name.
const CONTENT: usize = 12;
/// The most characters of the tag before them: a tag has at most 128
/// (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>).
const TAG_MAX: usize = 128 - CONTENT - 1;

/// The name of an image of the Nix store with this content.
fn content_name(name: &str, content: &str) -> String {
    let repository = swarm::repository(name);
    let tag = name[repository.len()..].trim_start_matches(':');
    match tag.get(..TAG_MAX.min(tag.len())).unwrap_or_default() {
        "" => format!("{repository}:{content}"),
        tag => format!("{repository}:{tag}-{content}"),
    }
}

/// Whether an image is one of the Nix store: as it is declared, or as an earlier or this version of it is called here.
fn is_of(image: &str, declared: &str) -> bool {
    let tagged = image.split_once('@').map_or(image, |(name, _)| name);
    let pattern = content_name(declared, "");
    let content = tagged.strip_prefix(&pattern);
    tagged == declared
        || content.is_some_and(|rest| rest.len() == CONTENT && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What the engine takes a name without a tag for.
fn with_tag(name: &str) -> String {
    if swarm::repository(name) == name { format!("{name}:latest") } else { name.to_owned() }
}

/// `name:tag@sha256:…` for an image of which the engine knows a digest; nothing for one that names its digest itself.
fn pinned(image: &str, digests: &[String]) -> Option<String> {
    if image.contains('@') {
        return None;
    }
    let repository = swarm::repository(image);
    let (_, digest) = digests.iter().filter_map(|known| known.split_once('@')).find(|(name, _)| *name == repository)?;
    Some(format!("{image}@{digest}"))
}

/// The key of an image's registry in the Docker configuration: the first part of its name where that looks like a
/// host, otherwise Docker Hub's (github.com/distribution/reference, `splitDockerDomain`).
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "https://index.docker.io/v1/",
    }
}

#[derive(Deserialize, Default)]
struct DockerConfig {
    #[serde(default)]
    auths: std::collections::BTreeMap<String, Auth>,
}

#[derive(Deserialize)]
struct Auth {
    #[serde(default)]
    auth: String,
}

/// The host's own login for an image's registry, if it has one.
///
/// # Errors
/// When the configuration cannot be read.
pub fn login_for(config_folder: &Path, image: &str) -> anyhow::Result<Option<Credentials>> {
    login(config_folder, registry(image))
}

fn login(config_folder: &Path, registry: &str) -> anyhow::Result<Option<Credentials>> {
    let path = config_folder.join("config.json");
    let config: DockerConfig = match std::fs::read(&path) {
        // Without the parser's words, which may quote what it read.
        Ok(text) => serde_json::from_slice(&text).map_err(|error| {
            anyhow::anyhow!("{}: not a Docker configuration (line {})", path.display(), error.line())
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => DockerConfig::default(),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let Some(auth) = config.auths.get(registry) else { return Ok(None) };
    Credentials::from_docker_config(&auth.auth)
        .map(Some)
        .with_context(|| format!("{}: the login of {registry} is not `user:password` in base64", path.display()))
}

#[cfg(test)]
#[path = "images_tests.rs"]
mod tests;
