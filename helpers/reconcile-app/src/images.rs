//! Every image is here before anything that runs is touched.

use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use swarm::{Credentials, Images};

use crate::manifest::StoreImage;
use crate::rewrite::Stack;

/// Loads what comes from the Nix store, pulls what is not here, and pins what was pulled to its digest.
///
/// # Errors
/// The image, and the engine's or the registry's words.
pub async fn provide(
    engine: &impl Images,
    stack: &mut Stack,
    from_store: &[StoreImage],
    config_folder: &Path,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<()> {
    for image in from_store {
        if engine.image_digests(&image.name).await?.is_none() {
            say(format!("loading image {}", image.name));
            engine.load(&image.archive).await.with_context(|| format!("image {}", image.name))?;
        }
    }
    for image in stack.images() {
        let digests = match engine.image_digests(&image).await? {
            Some(digests) => digests,
            None => pull(engine, &image, config_folder, say).await?,
        };
        if let Some(pinned) = pinned(&image, &digests) {
            stack.pin(&image, &pinned);
        }
    }
    Ok(())
}

async fn pull(
    engine: &impl Images,
    image: &str,
    config_folder: &Path,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<Vec<String>> {
    say(format!("pulling image {image}"));
    let login = login_for(config_folder, image)?;
    engine.pull(image, login, &mut |_| {}).await.map_err(|error| {
        let remedy = match error {
            swarm::Error::NotFound { .. } => "; push it again, or declare a version that is in its registry",
            _ => "",
        };
        anyhow::Error::from(error).context(format!("image {image} cannot be pulled{remedy}"))
    })?;
    Ok(engine.image_digests(image).await?.unwrap_or_default())
}

/// `name:tag@sha256:…` for an image that was pulled; nothing for one that was loaded, or that names its digest itself.
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
mod tests {
    use super::*;

    #[test]
    fn the_registry_of_an_image_is_the_part_that_looks_like_a_host() {
        for (image, expected) in [
            ("localhost:5000/hello:1", "localhost:5000"),
            ("ghcr.io/a/b", "ghcr.io"),
            ("localhost/x", "localhost"),
            ("nginx", "https://index.docker.io/v1/"),
            ("team/app:2", "https://index.docker.io/v1/"),
        ] {
            assert_eq!(registry(image), expected, "{image}");
        }
    }

    #[test]
    fn a_pulled_image_is_pinned_and_a_loaded_one_is_not() {
        let digests = ["localhost:5000/hello@sha256:aa".to_owned()];
        assert_eq!(pinned("localhost:5000/hello:1", &digests).as_deref(), Some("localhost:5000/hello:1@sha256:aa"));
        assert_eq!(pinned("hearth/traefik:3", &[]), None);
        assert_eq!(pinned("localhost:5000/hello@sha256:aa", &digests), None);
    }
}
