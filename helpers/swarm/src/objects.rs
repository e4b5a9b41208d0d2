//! Swarm secrets and configs: named, fixed content.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bollard::models::{ConfigSpec, SecretSpec};
use bollard::query_parameters::{ListConfigsOptions, ListSecretsOptions};

use crate::engine::label_filter;
use crate::{Engine, Error, Result};

/// A secret or a config as the manager lists it: never with its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Its name, at most 64 characters.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A secret about to be created. Prints only its name.
pub struct NewSecret<'a> {
    /// The name, at most 64 characters.
    pub name: String,
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The content, at most 500 KiB.
    pub content: &'a [u8],
}

impl std::fmt::Debug for NewSecret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewSecret({})", self.name)
    }
}

/// The swarm's secrets.
pub trait Secrets {
    /// All secrets that carry `label` (`key` or `key=value`).
    async fn secrets(&self, label: &str) -> Result<Vec<Object>>;
    /// Creates a secret; one that exists under this name is left as it is, because names carry the content's digest.
    async fn create_secret(&self, secret: NewSecret<'_>) -> Result<()>;
    /// Removes a secret. `Ok(false)` when a service still uses it; one that is not there is no error.
    async fn remove_secret(&self, name: &str) -> Result<bool>;
}

/// The swarm's configs.
pub trait Configs {
    /// All configs that carry `label` (`key` or `key=value`).
    async fn configs(&self, label: &str) -> Result<Vec<Object>>;
    /// Removes a config. `Ok(false)` when a service still uses it; one that is not there is no error.
    async fn remove_config(&self, name: &str) -> Result<bool>;
}

impl Secrets for Engine {
    async fn secrets(&self, label: &str) -> Result<Vec<Object>> {
        let options = ListSecretsOptions { filters: Some(label_filter(label)) };
        let secrets =
            self.docker.list_secrets(Some(options)).await.map_err(self.error("listing the swarm's secrets"))?;
        Ok(secrets.into_iter().filter_map(|secret| secret.spec).map(Object::from).collect())
    }

    async fn create_secret(&self, secret: NewSecret<'_>) -> Result<()> {
        let doing = format!("creating secret {}", secret.name);
        let spec = SecretSpec {
            name: Some(secret.name),
            labels: Some(secret.labels.into_iter().collect()),
            data: Some(BASE64_STANDARD.encode(secret.content)),
            ..Default::default()
        };
        match self.docker.create_secret(spec).await.map_err(self.error(doing)) {
            Ok(_) => Ok(()),
            Err(Error::Refused { message, .. }) if message.contains("already exists") => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn remove_secret(&self, name: &str) -> Result<bool> {
        removed(self.docker.delete_secret(name).await.map_err(self.error(format!("removing secret {name}"))))
    }
}

impl Configs for Engine {
    async fn configs(&self, label: &str) -> Result<Vec<Object>> {
        let options = ListConfigsOptions { filters: Some(label_filter(label)) };
        let configs =
            self.docker.list_configs(Some(options)).await.map_err(self.error("listing the swarm's configs"))?;
        Ok(configs.into_iter().filter_map(|config| config.spec).map(Object::from).collect())
    }

    async fn remove_config(&self, name: &str) -> Result<bool> {
        removed(self.docker.delete_config(name).await.map_err(self.error(format!("removing config {name}"))))
    }
}

fn removed(result: Result<()>) -> Result<bool> {
    match result {
        Ok(()) | Err(Error::NotFound { .. }) => Ok(true),
        Err(Error::Refused { message, .. }) if message.contains("in use") => Ok(false),
        Err(error) => Err(error),
    }
}

impl From<SecretSpec> for Object {
    fn from(spec: SecretSpec) -> Self {
        Self { name: spec.name.unwrap_or_default(), labels: spec.labels.unwrap_or_default().into_iter().collect() }
    }
}

impl From<ConfigSpec> for Object {
    fn from(spec: ConfigSpec) -> Self {
        Self { name: spec.name.unwrap_or_default(), labels: spec.labels.unwrap_or_default().into_iter().collect() }
    }
}
