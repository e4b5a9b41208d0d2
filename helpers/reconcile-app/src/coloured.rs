//! A stack in one of an app's colours.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::colour::{COLOUR_LABEL, GENERATION_LABEL, STAGE_LABEL, Stage, Turn};
use crate::rewrite::Stack;
use crate::routes;

impl Stack {
    /// The same in a colour. Its services are found under the names `STACK_SERVICE` by each other, as in the app's own
    /// stack: recipes use them.
    ///
    /// # Errors
    /// When it is no stack that Hearth rendered.
    pub fn coloured(&self, app_stack: &str, turn: &Turn, stage: Stage) -> anyhow::Result<Self> {
        let mut stack = self.clone();
        let internal = internal_networks(stack.value());
        for (name, service) in stack.services_mut() {
            let labels = labels_of(service);
            let mut labels = if routes::has_routes(&labels) {
                let mut routed = routes::coloured(&labels, turn, stage);
                routed.insert(STAGE_LABEL.to_owned(), stage.word().to_owned());
                routed
            } else {
                labels
            };
            labels.insert(COLOUR_LABEL.to_owned(), turn.colour.to_string());
            labels.insert(GENERATION_LABEL.to_owned(), turn.generation.to_string());
            let deploy = service.get_mut("deploy").and_then(Value::as_object_mut);
            deploy
                .with_context(|| format!("services.{name}.deploy is no mapping"))?
                .insert("labels".to_owned(), json!(labels));
            add_alias(service, &internal, &format!("{app_stack}_{name}"));
        }
        Ok(stack)
    }

    /// The deploy in colours that it is, if it is one.
    pub fn turn(&self) -> Option<Turn> {
        self.services().find_map(|(_, service)| Turn::of(&labels_of(service)))
    }

    /// The stack in the swarm that it is applied to.
    pub fn stack_name(&self, app_stack: &str) -> String {
        self.turn().map_or_else(|| app_stack.to_owned(), |turn| turn.stack(app_stack))
    }

    /// The services that visitors are sent to, with their labels.
    pub fn routed(&self) -> Vec<(String, BTreeMap<String, String>)> {
        let labelled = self.services().map(|(name, service)| (name.clone(), labels_of(service)));
        labelled.filter(|(_, labels)| routes::is_enabled(labels)).collect()
    }
}

/// The labels of a rendered service, which are texts.
fn labels_of(service: &Value) -> BTreeMap<String, String> {
    let labels = service.get("deploy").and_then(|deploy| deploy.get("labels")).and_then(Value::as_object);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    labels.into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

/// The networks that a colour has for itself.
fn internal_networks(value: &Value) -> Vec<String> {
    let networks = value.get("networks").and_then(Value::as_object).into_iter().flatten();
    let own = networks.filter(|(_, network)| network.get("external").is_none_or(|external| external == false));
    own.filter(|(_, network)| network.get("name").is_none()).map(|(name, _)| name.clone()).collect()
}

fn add_alias(service: &mut Value, internal: &[String], alias: &str) {
    let Some(networks) = service.get_mut("networks").and_then(Value::as_object_mut) else { return };
    for (_, network) in networks.iter_mut().filter(|(name, _)| internal.contains(name)) {
        if network.is_null() {
            *network = Value::Object(Map::new());
        }
        let Some(network) = network.as_object_mut() else { continue };
        if let Some(aliases) = network.entry("aliases").or_insert_with(|| json!([])).as_array_mut()
            && !aliases.iter().any(|known| known == alias)
        {
            aliases.push(json!(alias));
        }
    }
}

#[cfg(test)]
#[path = "coloured_tests.rs"]
mod tests;
