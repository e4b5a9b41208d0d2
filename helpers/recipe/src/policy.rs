//! What a compose file may ask of the host.
//!
//! A recipe comes from somebody else, and the engine that runs it is root. So whatever would give a container more than
//! itself is refused unless the app's declaration allows it by name: paths and devices of the host, its network and
//! process spaces, capabilities, `privileged`. Files that the Docker command would read for the recipe, as root, must
//! lie within the recipe's folder.
//!
//! A value of a shape that is not known is refused too: what is not understood is not let through.

mod files;
mod mounts;
mod service;

use std::path::Path;

use serde_json::{Map, Value};

use crate::{Allow, Refusal};

/// What is being looked at.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The compose file, or what it was rendered to.
    pub file: &'a str,
    /// The app, for the remedy.
    pub app: &'a str,
    /// The recipe's folder, absolute and without symlinks.
    pub folder: &'a Path,
}

/// What in a compose file an app may not ask for: in one as it is written with its variables filled in, and in what
/// `docker stack config` made of all of them.
pub fn check(compose: &Value, place: &Place<'_>, allow: &Allow) -> Vec<Refusal> {
    let mut check = Check { place, allow, refusals: Vec::new() };
    check.file(compose);
    check.refusals
}

/// The look at one compose file.
struct Check<'a> {
    place: &'a Place<'a>,
    allow: &'a Allow,
    refusals: Vec<Refusal>,
}

impl Check<'_> {
    fn file(&mut self, compose: &Value) {
        let Some(sections) = self.mapping("the file", compose) else { return };
        for (name, content) in sections {
            match name.as_str() {
                "services" => self.each(name, content, Self::service),
                "networks" => self.each(name, content, Self::network),
                "volumes" => self.each(name, content, Self::volume),
                "configs" | "secrets" => self.each(name, content, Self::object),
                "include" => self.include(content),
                _ => {}
            }
        }
    }

    /// Calls `look` with each entry of a section.
    fn each(&mut self, section: &str, content: &Value, look: fn(&mut Self, &str, &Map<String, Value>)) {
        if content.is_null() {
            return;
        }
        let Some(entries) = self.mapping(section, content) else { return };
        for (name, entry) in entries {
            let key = format!("{section}.{name}");
            if entry.is_null() {
                // `volumes: {data: }` declares one with nothing special; a network named `host` is still that one.
                look(self, &key, &Map::new());
            } else if let Some(entry) = self.mapping(&key, entry) {
                look(self, &key, entry);
            }
        }
    }

    fn network(&mut self, key: &str, network: &Map<String, Value>) {
        let external = &network.get("external").cloned().unwrap_or_default();
        let own_name = network.get("name").or_else(|| external.get("name"));
        let name = match own_name {
            Some(name) => name.as_str(),
            None if given(external) => key.strip_prefix("networks."),
            None => None,
        };
        let is_host = |value: Option<&str>| value == Some("host");
        if is_host(name) || is_host(network.get("driver").and_then(Value::as_str)) {
            self.host_network(key, "the network of the host");
        }
    }

    fn host_network(&mut self, key: &str, what: &str) {
        if !self.allow.host_network {
            self.refuse(
                key,
                format!("{what} lets the app reach and take every port of the host"),
                "hostNetwork = true",
            );
        }
    }

    /// Refuses something that `allow.SETTING` would let through.
    fn refuse(&mut self, key: &str, reason: impl Into<String>, setting: &str) {
        let remedy =
            format!("If the app truly needs it, declare `hearth.apps.{}.allow.{setting};`", attribute(self.place.app));
        self.push(key, reason.into(), Some((remedy, format!("allow.{setting}"))));
    }

    /// Refuses something that nothing lets through.
    fn refuse_always(&mut self, key: &str, reason: impl Into<String>) {
        self.push(key, reason.into(), None);
    }

    fn push(&mut self, key: &str, reason: String, remedy: Option<(String, String)>) {
        let (file, (remedy, setting)) = (self.place.file.to_owned(), remedy.unzip());
        self.refusals.push(Refusal { file, line: None, key: key.to_owned(), reason, remedy, setting });
    }

    fn mapping<'v>(&mut self, key: &str, value: &'v Value) -> Option<&'v Map<String, Value>> {
        let mapping = value.as_object();
        if mapping.is_none() {
            self.refuse_always(key, format!("it must be a mapping, not {}", kind(value)));
        }
        mapping
    }

    /// The entries of a list, with their keys; none when there is no such key.
    fn list<'v>(&mut self, key: &str, value: Option<&'v Value>) -> Vec<(String, &'v Value)> {
        match value {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => {
                items.iter().enumerate().map(|(index, item)| (format!("{key}[{index}]"), item)).collect()
            }
            Some(other) => {
                self.refuse_always(key, format!("it must be a list, not {}", kind(other)));
                Vec::new()
            }
        }
    }

    fn text<'v>(&mut self, key: &str, value: &'v Value) -> Option<&'v str> {
        let text = value.as_str();
        if text.is_none() {
            self.refuse_always(key, format!("it must be a text, not {}", kind(value)));
        }
        text
    }
}

/// Whether a switch is on. Whatever is not clearly off is on.
fn given(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_str() != Some("false")
}

pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// A name as it stands in a Nix attribute path.
pub fn attribute(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-'".contains(c));
    if plain { name.to_owned() } else { quoted(name) }
}

/// A Nix string.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${"))
}

#[cfg(test)]
mod tests;
