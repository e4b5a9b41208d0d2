//! Everything that decides how an app is deployed, and one digest over all of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use recipe::{ComposeFile, Environment, Recipe};
use state::{Digest, Digester, Image};

use crate::manifest::{Manifest, Source};
use crate::pin::{InForce, Pins};

/// Raised when the way in which inputs become a deploy changes, so that every app is deployed once more.
const SHAPE: &str = "hearth inputs 2";

/// Why an app's inputs cannot be had. Nothing has been touched when one of these is returned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A secret was not rendered.
    #[error(
        "secret `{key}` of `{app}`: {path} is not there; the app was not touched. `systemctl status hearth-secrets` says why"
    )]
    SecretMissing {
        /// The app.
        app: String,
        /// The secret's name in the compose files.
        key: String,
        /// The file that should hold it.
        path: PathBuf,
    },
    /// A secret cannot be read.
    #[error("secret `{key}` of `{app}`: {path}: {reason}; the app was not touched")]
    SecretUnreadable {
        /// The app.
        app: String,
        /// The secret's name in the compose files.
        key: String,
        /// The file that should hold it.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// Nobody chose yet which version of the recipe is meant.
    #[error("the recipe of `{app}` is in a git repository, and no version of it was chosen; the app was not touched")]
    NotChosen {
        /// The app.
        app: String,
    },
    /// What serves came from a folder, and nobody said which version of the repository that is.
    #[error(
        "the recipe of `{app}` moved to a git repository: set hearth.apps.{app}.recipe.version to the version that serves, or it would begin with the newest, whatever the step; the app was not touched"
    )]
    NoStart {
        /// The app.
        app: String,
    },
    /// No version of it can be had.
    #[error("the recipe of the app cannot be had: {0}; the app was not touched")]
    Choose(#[from] updates::ChooseError),
    /// What a pipeline had deployed cannot be known.
    #[error("what is pinned of the app cannot be read: {0}; the app was not touched")]
    Pin(#[from] io::Error),
    /// The recipe cannot be read.
    #[error(transparent)]
    Recipe(#[from] recipe::Error),
}

/// The content of a secret. Prints nothing of it.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The bytes, for the engine alone.
    pub fn content(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Everything that decides how an app is deployed.
#[derive(Debug)]
pub struct Inputs {
    /// The recipe.
    pub recipe: Recipe,
    /// The image that stands in place of the declared one.
    pub pin: Option<InForce>,
    /// The variables that its compose files are filled in with.
    pub environment: Environment,
    /// The compose files that are used.
    pub files: Vec<ComposeFile>,
    /// The secrets that the app declares, by their names in the compose files.
    pub secrets: BTreeMap<String, Secret>,
    /// Digests of their content.
    pub secret_digests: BTreeMap<String, Digest>,
    /// The digest of all inputs.
    pub digest: String,
}

impl Inputs {
    /// The image that came through the door.
    pub fn image(&self) -> Option<Image> {
        self.pin.as_ref().map(|of| Image::from(&of.pin))
    }

    /// Reads them. This is the path that runs every few minutes for every app: it reads files and digests them, and
    /// parses no YAML.
    ///
    /// # Errors
    /// When a secret is missing or the recipe cannot be read.
    pub fn read(manifest: &Manifest) -> Result<Self, Error> {
        match &manifest.recipe {
            Source::Folder(folder) => Self::read_from(manifest, folder),
            Source::Git(_) => Err(Error::NotChosen { app: manifest.name.to_string() }),
        }
    }

    /// Reads them with the recipe in this folder, such as one that was chosen from a repository.
    ///
    /// # Errors
    /// When a secret is missing or the recipe cannot be read.
    pub fn read_from(manifest: &Manifest, folder: &Path) -> Result<Self, Error> {
        let recipe = Recipe::open(folder)?;
        let pin = Pins::in_folder(&manifest.state_folder).in_force(manifest.deploy.as_ref())?;
        let declared = declared(manifest, pin.as_ref());
        let environment = recipe.environment(&declared, manifest.stack.as_str(), &manifest.domain)?;
        let files = recipe.compose_files(manifest.compose_files.as_deref(), &environment)?;
        let mut secrets = BTreeMap::new();
        for (key, path) in &manifest.secrets {
            secrets.insert(key.clone(), read_secret(manifest, key, path)?);
        }
        let secret_digests: BTreeMap<_, _> =
            secrets.iter().map(|(key, secret)| (key.clone(), Digest::of(secret.content()))).collect();
        let digest = digest(manifest, &recipe.files_digest(&files)?, &environment, &secret_digests);
        Ok(Self { recipe, pin, environment, files, secrets, secret_digests, digest })
    }
}

/// The declared environment, with the image that is pinned.
fn declared<'a>(manifest: &'a Manifest, pin: Option<&InForce>) -> Cow<'a, BTreeMap<String, String>> {
    let Some((deploy, of)) = manifest.deploy.as_ref().zip(pin) else { return Cow::Borrowed(&manifest.environment) };
    let mut environment = manifest.environment.clone();
    environment.insert(deploy.variable.clone(), of.pin.reference());
    Cow::Owned(environment)
}

fn read_secret(manifest: &Manifest, key: &str, path: &Path) -> Result<Secret, Error> {
    std::fs::read(path).map(Secret).map_err(|reason| {
        let (app, key, path) = (manifest.name.to_string(), key.to_owned(), path.to_owned());
        match reason.kind() {
            io::ErrorKind::NotFound => Error::SecretMissing { app, key, path },
            _ => Error::SecretUnreadable { app, key, path, reason },
        }
    })
}

fn digest(
    manifest: &Manifest,
    files: &Digest,
    environment: &Environment,
    secrets: &BTreeMap<String, Digest>,
) -> String {
    let mut digester = Digester::default();
    digester
        .add("shape", SHAPE.as_bytes())
        .add("stack", manifest.stack.as_str().as_bytes())
        .add("files", files.hex().as_bytes())
        .add("environment", environment.digest().hex().as_bytes());
    for (key, secret) in secrets {
        digester.add("secret", key.as_bytes()).add("content", secret.hex().as_bytes());
    }
    for middleware in &manifest.middlewares {
        digester.add("middleware", middleware.name.as_bytes());
    }
    for image in &manifest.images {
        digester.add("image", image.name.as_bytes()).add("archive", image.archive.as_os_str().as_encoded_bytes());
    }
    manifest.confinement(None).add_to(&mut digester);
    digester.finish().hex()
}
