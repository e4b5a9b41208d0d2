//! Images on this node.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bollard::auth::DockerCredentials;
use bollard::query_parameters::{CreateImageOptions, ImportImageOptions, TagImageOptions};
use futures_util::StreamExt;
use tokio_util::io::ReaderStream;

use crate::{Engine, Error, Result};

/// How the tag begins under which Hearth holds an image that was pulled, so that its digest is found while its other tags
/// move on.
pub const HELD_TAG: &str = "hearth-";

/// A login for a registry. Prints only the user.
#[derive(Clone)]
pub struct Credentials {
    /// The user.
    pub username: String,
    /// The password or token.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}, …)", self.username)
    }
}

impl Credentials {
    /// Reads the `auth` of a registry in a Docker configuration: `user:password` in base64.
    pub fn from_docker_config(auth: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64_STANDARD.decode(auth).ok()?).ok()?;
        let (username, password) = text.split_once(':')?;
        Some(Self { username: username.to_owned(), password: password.to_owned() })
    }
}

/// The repository of an image: its name without tag and digest. A colon before the last slash belongs to a port.
pub fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(name, _)| name)
}

/// The images of this node.
pub trait Images {
    /// The digests (`name@sha256:…`) of an image that is here; `None` when it is not. In containerd's store every image
    /// has one for each of its repositories, in the engine's older store only one that was pulled.
    async fn image_digests(&self, image: &str) -> Result<Option<Vec<String>>>;
    /// Pulls an image; `progress` hears the engine's words as they come.
    async fn pull(&self, image: &str, credentials: Option<Credentials>, progress: &mut dyn FnMut(&str)) -> Result<()>;
    /// Loads images from an archive as `docker save` writes it.
    async fn load(&self, archive: &Path) -> Result<()>;
    /// Gives an image that is here one more name, `repository:tag`. An image that had that name loses it.
    async fn name(&self, image: &str, name: &str) -> Result<()>;
}

/// What is written into an image.
pub trait ImageLabels {
    /// The labels of an image that is here; `None` when it is not here.
    async fn image_labels(&self, image: &str) -> Result<Option<BTreeMap<String, String>>>;
}

impl ImageLabels for Engine {
    async fn image_labels(&self, image: &str) -> Result<Option<BTreeMap<String, String>>> {
        match self.docker.inspect_image(image).await.map_err(self.error(format!("looking for image {image}"))) {
            Ok(inspected) => {
                let labels = inspected.config.and_then(|config| config.labels).unwrap_or_default();
                Ok(Some(labels.into_iter().collect()))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Images for Engine {
    async fn image_digests(&self, image: &str) -> Result<Option<Vec<String>>> {
        match self.docker.inspect_image(image).await.map_err(self.error(format!("looking for image {image}"))) {
            Ok(inspected) => Ok(Some(inspected.repo_digests.unwrap_or_default())),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn pull(&self, image: &str, credentials: Option<Credentials>, progress: &mut dyn FnMut(&str)) -> Result<()> {
        let options = CreateImageOptions { from_image: Some(image.to_owned()), ..Default::default() };
        let credentials = credentials.map(|login| DockerCredentials {
            username: Some(login.username),
            password: Some(login.password),
            ..Default::default()
        });
        let mut events = std::pin::pin!(self.docker.create_image(Some(options), None, credentials));
        while let Some(event) = events.next().await {
            let event = event.map_err(self.error(format!("pulling image {image}")))?;
            if let Some(status) = event.status {
                progress(&status);
            }
        }
        Ok(())
    }

    async fn load(&self, archive: &Path) -> Result<()> {
        let doing = format!("loading images from {}", archive.display());
        let file = tokio::fs::File::open(archive)
            .await
            .map_err(|error| Error::Refused { doing: doing.clone(), message: error.to_string() })?;
        let mut answers = std::pin::pin!(self.docker.import_image(
            ImportImageOptions { quiet: true, ..Default::default() },
            bollard::body_try_stream(ReaderStream::new(file)),
            None,
        ));
        while let Some(answer) = answers.next().await {
            answer.map_err(self.error(doing.clone()))?;
        }
        Ok(())
    }

    async fn name(&self, image: &str, name: &str) -> Result<()> {
        let repo = repository(name);
        let tag = name[repo.len()..].trim_start_matches(':');
        let options = TagImageOptions { repo: Some(repo.to_owned()), tag: Some(tag.to_owned()) };
        let named = self.docker.tag_image(image, Some(options)).await;
        named.map_err(self.error(format!("naming image {image} {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_a_name_without_tag_and_digest() {
        for (image, name) in [
            ("shop", "shop"),
            ("shop:1", "shop"),
            ("localhost:5000/shop", "localhost:5000/shop"),
            ("localhost:5000/shop:1", "localhost:5000/shop"),
            ("localhost:5000/shop@sha256:a", "localhost:5000/shop"),
            ("localhost:5000/shop:1@sha256:a", "localhost:5000/shop"),
        ] {
            assert_eq!(repository(image), name);
        }
    }
}
