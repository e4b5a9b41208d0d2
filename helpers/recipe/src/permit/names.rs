//! Volumes, networks, configs and secrets: an app has its own, and those of others by name.

use serde_json::Value;

use super::{Permit, entries, is_true, text};
use crate::policy::quoted;

/// Options of an overlay network that concern itself alone.
const NETWORK_OPTIONS: [&str; 1] = ["encrypted"];

impl Permit<'_> {
    pub(super) fn objects(&mut self, file: &Value) {
        for (key, volume) in entries(file, "volumes") {
            self.volume(key, volume);
        }
        for (key, network) in entries(file, "networks") {
            self.network(key, network);
        }
        for (key, config) in entries(file, "configs") {
            self.content(&format!("configs.{key}"), config);
        }
        for (key, secret) in entries(file, "secrets") {
            // One from elsewhere is the app's own by its declaration, or refused when names are given.
            self.content(&format!("secrets.{key}"), &without_external(secret));
        }
    }

    /// The name that an object has in the engine.
    pub(super) fn name_of(&self, key: &str, object: &Value) -> String {
        match object.get("name").map(text).filter(|name| !name.is_empty()) {
            Some(name) => name,
            None if is_true(&object["external"]) => key.to_owned(),
            None => format!("{}_{key}", self.owner.stack),
        }
    }

    fn volume(&mut self, key: &str, volume: &Value) {
        let place = format!("volumes.{key}");
        let name = self.name_of(key, volume);
        self.no_template(&format!("{place}.name"), &name);
        for (label, value) in entries(volume, "labels") {
            self.no_template(&format!("{place}.labels.{label}"), &text(value));
        }
        for (option, value) in entries(volume, "driver_opts") {
            self.no_template(&format!("{place}.driver_opts.{option}"), &text(value));
        }
        if self.allow.volumes.contains(&name) {
            return;
        }
        let setting = format!("allow.volumes = [ {} ]", quoted(&name));
        if !self.owner.owns(&name) {
            let reason = format!(
                "{name} is a volume of another app, or was made by hand: the app could read and change all of it, and a rollback of the app would put it back"
            );
            self.unless(&place, reason, &setting);
        }
        let driver = text(&volume["driver"]);
        if !matches!(driver.as_str(), "" | "local") {
            self.unless(&place, format!("the volume driver {driver} is a program with the rights of root"), &setting);
        }
        if super::mounts::is_of_the_network(&volume["driver_opts"]) {
            let reason = "the host itself mounts it, with its own address, from wherever the recipe says".to_owned();
            self.unless(&place, reason, &setting);
        }
    }

    fn network(&mut self, key: &str, network: &Value) {
        let place = format!("networks.{key}");
        let name = self.name_of(key, network);
        let declared = self.owner.networks.contains(&name) && is_true(&network["external"]);
        if declared || self.allow.networks.contains(&name) {
            return;
        }
        let setting = format!("allow.networks = [ {} ]", quoted(&name));
        if !self.owner.owns(&name) {
            let reason = format!(
                "{name} is a network of others: the app could reach what they keep to themselves, and answer in their place"
            );
            self.unless(&place, reason, &setting);
        }
        let driver = text(&network["driver"]);
        if !matches!(driver.as_str(), "" | "overlay") {
            self.unless(
                &place,
                format!("a network of the driver {driver} reaches the host's own interfaces"),
                &setting,
            );
        }
        for (option, _) in entries(network, "driver_opts").filter(|(name, _)| !NETWORK_OPTIONS.contains(&name.as_str()))
        {
            let reason = "it changes the host's interfaces or routes".to_owned();
            self.unless(&format!("{place}.driver_opts.{option}"), reason, &setting);
        }
        if network["ipam"].as_object().is_some_and(|ipam| !ipam.is_empty()) {
            let reason = "addresses that the recipe chooses may be those of somebody else on the host's way; the engine takes free ones".to_owned();
            self.unless(&format!("{place}.ipam"), reason, &setting);
        }
    }

    /// A config or a secret.
    fn content(&mut self, place: &str, object: &Value) {
        let name = object.get("name").map(text).unwrap_or_default();
        if is_true(&object["external"]) && !self.owner.owns(&name) {
            self.never(
                place,
                format!(
                    "{name:?} belongs to another app, or was made by hand; put the content into a file of the recipe"
                ),
            );
        }
        let driver = text(&object["template_driver"]);
        if !matches!(driver.as_str(), "" | "golang") {
            self.never(&format!("{place}.template_driver"), format!("{driver} is no driver that the swarm has"));
        }
    }
}

fn without_external(secret: &Value) -> Value {
    let mut secret = secret.clone();
    if let Some(secret) = secret.as_object_mut() {
        secret.remove("external");
    }
    secret
}
