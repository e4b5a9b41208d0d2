//! What Hearth changes in a rendered compose file before it is applied.
//!
//! - Secrets and configs get names with the digest of their content: a swarm secret cannot be changed, so changed
//!   content is a new name, a rolling update, and the retirement of the old one. Nobody bumps a version by hand, and
//!   what a recipe's own name says (`${SECRET_X_VERSION}`) no longer matters.
//! - Images that were pulled are pinned to the digest that is here, so that a task started next week runs the same.
//! - Services carry the app's name and the digest of its inputs.
//! - Services go without what [`crate::confine`] takes, and within its limits.
//! - A new task that ends makes the swarm pause its update, not turn back and not go on: whether to go back is decided by
//!   the gate. Told to go on, the swarm stops the old task as soon as the new one is started again, healthy or not.
//! - Beside an old task that serves, the swarm does not end a new one for not getting healthy before the gate gives up: an
//!   end with exit code 0 counts there as a start that went well, and takes the old task away (moby, `controller.Start`).
//!
//! The result is JSON, which is YAML too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use state::Digest;

use crate::confine::Confinement;
use crate::plan::{APP_LABEL, DIGEST_LABEL};

/// The longest name that the swarm takes for a secret or a config.
const NAME_LIMIT: usize = 64;
/// Until the services that a gate gave up on are told to go back.
const AFTER_THE_GATE: Duration = Duration::from_secs(60);

/// What to put into a rendered compose file.
pub struct Rewrite<'a> {
    /// The app.
    pub app: &'a str,
    /// Its stack.
    pub stack: &'a str,
    /// The digest of its inputs.
    pub digest: &'a str,
    /// For each secret that the compose files name, the digest of its content.
    pub secrets: &'a BTreeMap<String, Digest>,
    /// What its containers may take.
    pub confinement: Confinement<'a>,
}

/// A compose file ready to be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    value: Value,
}

/// The name under which content is kept in the swarm. The part before the digest is cut where the whole would not fit.
pub fn content_name(stack: &str, key: &str, digest: &Digest) -> String {
    let digest = digest.short();
    let mut name = format!("{stack}_{key}");
    name.truncate(NAME_LIMIT - 1 - digest.len());
    format!("{name}_{digest}")
}

impl Rewrite<'_> {
    /// Rewrites a rendered compose file.
    ///
    /// # Errors
    /// When a service asks for a secret that is not declared, or a config's file cannot be read.
    pub fn apply(&self, mut value: Value) -> anyhow::Result<Stack> {
        self.name_secrets(&mut value)?;
        self.name_configs(&mut value)?;
        complete(&mut value);
        let services = value.get_mut("services").and_then(Value::as_object_mut).context("it declares no services")?;
        for (name, service) in services {
            let service = service.as_object_mut().with_context(|| format!("services.{name} is no mapping"))?;
            self.label(service).with_context(|| format!("services.{name}.deploy"))?;
            self.confinement.apply(service).with_context(|| format!("services.{name}"))?;
        }
        Ok(Stack { value })
    }

    fn name_secrets(&self, value: &mut Value) -> anyhow::Result<()> {
        for (key, secret) in mapping(value, "secrets") {
            let secret = secret.as_object_mut().with_context(|| format!("secrets.{key} is no mapping"))?;
            let name = match (self.secrets.get(key), secret.get("file").and_then(Value::as_str)) {
                (Some(digest), _) => {
                    secret.remove("file");
                    secret.insert("external".to_owned(), json!(true));
                    content_name(self.stack, key, digest)
                }
                (None, Some(file)) => {
                    let name = content_name(self.stack, key, &file_digest(file)?);
                    // Or nobody would retire it.
                    label_object(secret, self.app);
                    name
                }
                (None, None) => bail!(
                    "the recipe asks for secret `{key}`, which the app does not declare; add `hearth.apps.{}.secrets.{key}`",
                    self.app
                ),
            };
            secret.insert("name".to_owned(), json!(name));
        }
        Ok(())
    }

    fn name_configs(&self, value: &mut Value) -> anyhow::Result<()> {
        for (key, config) in mapping(value, "configs") {
            let config = config.as_object_mut().with_context(|| format!("configs.{key} is no mapping"))?;
            if let Some(file) = config.get("file").and_then(Value::as_str) {
                let name = content_name(self.stack, key, &file_digest(file)?);
                config.insert("name".to_owned(), json!(name));
                label_object(config, self.app);
            }
        }
        Ok(())
    }

    fn label(&self, service: &mut Map<String, Value>) -> anyhow::Result<()> {
        let deploy = service.entry("deploy").or_insert_with(|| json!({}));
        let deploy = deploy.as_object_mut().context("is no mapping")?;
        let labels = deploy.entry("labels").or_insert_with(|| json!({}));
        let labels = labels.as_object_mut().context("labels is no mapping")?;
        labels.insert(APP_LABEL.to_owned(), json!(self.app));
        labels.insert(DIGEST_LABEL.to_owned(), json!(self.digest));
        let update = deploy.entry("update_config").or_insert_with(|| json!({}));
        let update = update.as_object_mut().context("update_config is no mapping")?;
        update.insert("failure_action".to_owned(), json!("pause"));
        Ok(())
    }
}

impl Stack {
    /// Reads one that was written with [`Stack::text`].
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        Ok(Self { value: serde_json::from_str(text)? })
    }

    /// Has new tasks of services that start first outlast a gate that waits this long.
    ///
    /// # Errors
    /// A start period that is no duration.
    pub fn outlast(&mut self, gate: Duration) -> anyhow::Result<()> {
        for (name, service) in mapping(&mut self.value, "services") {
            outlast(service, gate + AFTER_THE_GATE).with_context(|| format!("services.{name}.healthcheck"))?;
        }
        Ok(())
    }

    /// The text to apply: dollar signs doubled, because the Docker client fills variables in once more.
    pub fn to_deploy(&self) -> String {
        recipe::compose::to_text(&self.value)
    }

    /// The text to keep.
    pub fn text(&self) -> String {
        format!("{:#}\n", self.value)
    }

    /// The whole of it.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The images that its services run, each once.
    pub fn images(&self) -> Vec<String> {
        let mut images: Vec<String> = self
            .services()
            .filter_map(|(_, service)| service.get("image").and_then(Value::as_str).map(ToOwned::to_owned))
            .collect();
        images.sort();
        images.dedup();
        images
    }

    /// Pins an image to what is here.
    pub fn pin(&mut self, image: &str, pinned: &str) {
        for (_, service) in self.services_mut() {
            if service.get("image").and_then(Value::as_str) == Some(image) {
                service["image"] = json!(pinned);
            }
        }
    }

    /// Takes from a stack that was kept the content that it pinned for the same service and the same name. What is only
    /// put right again runs what it ran, though the tag may lead to something else by now.
    ///
    /// # Errors
    /// When what was kept is not JSON.
    pub fn keep_images_of(&mut self, kept: Option<&str>) -> serde_json::Result<()> {
        let Some(kept) = kept.map(Self::parse).transpose()? else { return Ok(()) };
        for (name, service) in self.services_mut() {
            let pinned = kept.value["services"][name]["image"].as_str();
            let asked = service["image"].as_str();
            if let Some(pinned) = pinned.filter(|pinned| pinned.split_once('@').map(|(name, _)| name) == asked) {
                service["image"] = json!(pinned);
            }
        }
        Ok(())
    }

    /// The recipe's version, from the label `coop-cloud.STACK.version` on the service `app`.
    pub fn version(&self, stack: &str) -> Option<String> {
        let label = format!("coop-cloud.{stack}.version");
        let app = self.value.get("services")?.get("app")?;
        Some(app.get("deploy")?.get("labels")?.get(&label)?.as_str()?.to_owned())
    }

    /// The names under which it wants secrets and configs: those of the app that are not among them can be retired.
    pub fn content_names(&self) -> Vec<String> {
        ["secrets", "configs"]
            .iter()
            .filter_map(|kind| self.value.get(kind).and_then(Value::as_object))
            .flat_map(Map::values)
            .filter_map(|object| object.get("name").and_then(Value::as_str).map(ToOwned::to_owned))
            .collect()
    }

    /// Takes secrets and configs from the swarm, where they are under the names of their content, instead of from files:
    /// those of an older recipe may be gone. Returns the names of those that are in neither.
    pub fn take_from_swarm(&mut self, there: &BTreeSet<String>) -> Vec<String> {
        let mut missing = Vec::new();
        for kind in ["secrets", "configs"] {
            for (_, object) in mapping(&mut self.value, kind) {
                let Some(name) = object.get("name").and_then(Value::as_str).map(ToOwned::to_owned) else { continue };
                if there.contains(&name) {
                    *object = json!({ "external": true, "name": name });
                } else if !object.get("file").and_then(Value::as_str).is_some_and(|file| holds(file, &name)) {
                    missing.push(name);
                }
            }
        }
        missing
    }

    /// What its services are called in the swarm, where it is applied under this name.
    pub(crate) fn service_names(&self, place: &str) -> Vec<String> {
        self.services().map(|(name, _)| format!("{place}_{name}")).collect()
    }

    pub(crate) fn services(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.value.get("services").and_then(Value::as_object).into_iter().flatten()
    }

    pub(crate) fn services_mut(&mut self) -> impl Iterator<Item = (&String, &mut Value)> {
        mapping(&mut self.value, "services")
    }
}

/// Takes away what a rendered file no longer needs and could not be applied with: variables of files are in
/// `environment` by now, and the files may be gone when the stack is put back; keys of today's form are refused under an old
/// form's number.
fn complete(file: &mut Value) {
    if let Some(file) = file.as_object_mut() {
        file.remove("version");
    }
    for (_, service) in mapping(file, "services") {
        if let Some(service) = service.as_object_mut() {
            service.remove("env_file");
        }
    }
}

fn outlast(service: &mut Value, patience: Duration) -> anyhow::Result<()> {
    let disabled = service["healthcheck"]["disable"] == true;
    if service["deploy"]["update_config"]["order"] != "start-first" || disabled {
        return Ok(());
    }
    // What the compose file leaves out is taken from the image.
    let service = service.as_object_mut().context("the service is no mapping")?;
    let check = service.entry("healthcheck").or_insert_with(|| json!({}));
    let own = match check.get("start_period").and_then(Value::as_str) {
        Some(text) => text.parse::<SignedDuration>().with_context(|| format!("start_period `{text}`"))?.unsigned_abs(),
        None => Duration::ZERO,
    };
    let check = check.as_object_mut().context("is no mapping")?;
    check.insert("start_period".to_owned(), json!(format!("{}s", patience.max(own).as_secs())));
    Ok(())
}

fn mapping<'a>(value: &'a mut Value, key: &str) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    value.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten()
}

fn label_object(object: &mut Map<String, Value>, app: &str) {
    if let Some(labels) = object.entry("labels").or_insert_with(|| json!({})).as_object_mut() {
        labels.insert(APP_LABEL.to_owned(), json!(app));
    }
}

/// Whether a file still has the content that a name stands for.
fn holds(file: &str, name: &str) -> bool {
    file_digest(file).is_ok_and(|digest| name.ends_with(&format!("_{}", digest.short())))
}

fn file_digest(file: &str) -> anyhow::Result<Digest> {
    std::fs::read(file).map(|content| Digest::of(&content)).with_context(|| file.to_owned())
}

#[cfg(test)]
#[path = "rewrite_tests.rs"]
mod tests;
