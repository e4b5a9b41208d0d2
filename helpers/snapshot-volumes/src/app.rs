//! What `reconcile-app` remembers of the deploy that runs.

use std::collections::BTreeMap;
use std::io;

use anyhow::Context as _;
use serde::Deserialize;
use state::Image;
use swarm::Service;

use crate::manifest::Manifest;
use crate::{About, Snapshot};

/// The deploy that passed its gate last, from the app's state folder.
pub struct App {
    name: String,
    stack_name: String,
    deployed: Option<Deployed>,
    stack: String,
    /// Whether no deploy is under way.
    settled: bool,
}

#[derive(Deserialize)]
struct Deployed {
    digest: String,
    version: Option<String>,
    #[serde(default)]
    image: Option<Image>,
    /// The name of the file with its rendered compose file.
    compose: String,
    #[serde(default)]
    recipe: serde_json::Value,
}

impl App {
    /// Reads it.
    ///
    /// # Errors
    /// When a record is there and cannot be read.
    pub fn read(manifest: &Manifest) -> anyhow::Result<Self> {
        let file = |name: &str| {
            let path = manifest.state_folder.join(name);
            match std::fs::read_to_string(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                text => text.map(Some).with_context(|| path.display().to_string()),
            }
        };
        let deployed = file("deployed.json")?.map(|text| serde_json::from_str::<Deployed>(&text)).transpose();
        let deployed = deployed.context("deployed.json")?;
        let stack = match &deployed {
            Some(deployed) => file(&deployed.compose)?
                .with_context(|| format!("{} is not there; deployed.json names it", deployed.compose))?,
            None => String::new(),
        };
        Ok(Self {
            name: manifest.name.clone(),
            stack_name: manifest.stack.clone(),
            deployed,
            stack,
            settled: file("journal.json")?.is_none(),
        })
    }

    /// Whether no run of `reconcile-app` over it was killed: what its volumes hold then is for the next such run to say.
    ///
    /// # Errors
    /// When one was, with what to do.
    pub fn ensure_settled(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.settled,
            "a run of reconcile-app over this app was killed; nothing was done. `systemctl start hearth-app-{}` ends it well",
            self.name
        );
        Ok(())
    }

    /// What a snapshot of it says.
    pub fn about(&self, services: &[Service], up: bool) -> About {
        About {
            app: self.name.clone(),
            version: self.deployed.as_ref().and_then(|deployed| deployed.version.clone()),
            image: self.deployed.as_ref().and_then(|deployed| deployed.image.clone()),
            digest: self.deployed.as_ref().map(|deployed| deployed.digest.clone()).unwrap_or_default(),
            stack: self.stack.clone(),
            recipe: self.deployed.as_ref().map(|deployed| deployed.recipe.clone()).unwrap_or_default(),
            environment: None,
            secrets: self.secrets(services),
            healthy: up && self.deployed.is_some(),
        }
    }

    /// What a person calls the version that is deployed.
    pub fn named(&self) -> Option<String> {
        let deployed = self.deployed.as_ref()?;
        state::named(deployed.version.as_deref(), deployed.image.as_ref())
    }

    /// Whether a snapshot is of another deploy.
    pub fn differs_from(&self, snapshot: &Snapshot) -> bool {
        self.deployed.as_ref().is_some_and(|deployed| deployed.digest != snapshot.manifest.digest)
    }

    /// A secret's name in the swarm is that of the stack, its own, and the start of its content's digest.
    fn secrets(&self, services: &[Service]) -> BTreeMap<String, String> {
        let names = services.iter().flat_map(|service| &service.secrets);
        names
            .filter_map(|name| name.strip_prefix(&self.stack_name)?.strip_prefix('_')?.rsplit_once('_'))
            .map(|(key, digest)| (key.to_owned(), digest.to_owned()))
            .collect()
    }
}
