//! A version of an app: what each of its services runs, from a rendered compose file.

use std::collections::BTreeMap;

use serde_json::Value;

/// What the services of a version run, by their names in the compose file.
pub type Release = BTreeMap<String, Part>;

/// What one service runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its image.
    pub image: String,
    /// Its variables.
    pub environment: BTreeMap<String, String>,
    /// Its program, where that is not the image's.
    pub entrypoint: Option<Vec<String>>,
    /// Its arguments, where they are not the image's.
    pub command: Option<Vec<String>>,
    /// Its user, where that is not the image's.
    pub user: Option<String>,
}

impl Part {
    /// Its image as a person calls it: without the digest that it is pinned to.
    pub fn shown(&self) -> &str {
        self.image.split('@').next().unwrap_or(&self.image)
    }
}

/// Reads it from a compose file as `docker stack config` renders it, with dollar signs that stand for themselves. What
/// cannot be read is left out.
pub fn release(compose: &Value) -> Release {
    let services = compose.get("services").and_then(Value::as_object);
    services.into_iter().flatten().map(|(name, service)| (name.clone(), part(service))).collect()
}

fn part(service: &Value) -> Part {
    let words = |key: &str| service.get(key).map(words).filter(|words| !words.is_empty());
    let text = |key: &str| service.get(key).and_then(Value::as_str).map(str::to_owned);
    Part {
        image: text("image").unwrap_or_default(),
        environment: service.get("environment").map(environment).unwrap_or_default(),
        entrypoint: words("entrypoint"),
        command: words("command"),
        user: text("user"),
    }
}

/// A list, or a text that stands for a list of one: a rendered file has lists only.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(words) => words.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(word) => vec![word.clone()],
        _ => Vec::new(),
    }
}

/// A mapping, or a list of `NAME=value`. A variable without a value is not set.
fn environment(value: &Value) -> BTreeMap<String, String> {
    match value {
        Value::Object(map) => map.iter().filter_map(|(name, value)| Some((name.clone(), scalar(value)?))).collect(),
        Value::Array(lines) => {
            let lines = lines.iter().filter_map(Value::as_str).filter_map(|line| line.split_once('='));
            lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_is_read_as_it_is_rendered() {
        let compose = json!({"services": {"app": {
            "image": "shop:1@sha256:aa",
            "command": ["serve", "--all"],
            "environment": {"A": "1", "UNSET": null, "N": 2, "D": "a$b"},
        }, "db": {"image": "postgres:17", "environment": ["B=x=y", "UNSET"]}}});
        let release = release(&compose);
        assert_eq!(release["app"].command.as_deref(), Some(["serve".to_owned(), "--all".to_owned()].as_slice()));
        let expected = [("A", "1"), ("D", "a$b"), ("N", "2")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(release["app"].environment, BTreeMap::from(expected));
        assert_eq!(release["db"].environment["B"], "x=y");
        assert_eq!(release["db"].user, None);
        assert_eq!((release["app"].shown(), release["db"].shown()), ("shop:1", "postgres:17"));
    }

    #[test]
    fn what_is_no_compose_file_is_a_version_without_services() {
        assert!(release(&json!(["x"])).is_empty());
    }
}
