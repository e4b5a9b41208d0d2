//! Compose files as values: YAML in, JSON (which is YAML) out.

mod anchor;
mod node;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::template::{self, Missing};
use crate::{Environment, Error, Refusal};

/// The most bytes that a compose file may have.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// The sections that variables are filled in of; `x-…` extensions are left alone unless an alias brings them here.
const SECTIONS: [&str; 5] = ["services", "networks", "volumes", "secrets", "configs"];

/// Makes `docker stack config` cast a text to the number or truth value that the key wants: it casts only where it
/// itself filled something in, so it is given an empty thing to fill in.
const CAST: &str = "${HEARTH_EMPTY:-}";

/// Reads YAML: one document, aliases and merge keys resolved, within limits that no real compose file comes near.
///
/// # Errors
/// [`Error::Syntax`] with the file, line, column and reason.
pub fn parse(file: &str, text: &str) -> Result<Value, Error> {
    Document::parse(file, text).map(|document| document.value)
}

/// Writes a value as `docker stack config` and `docker stack deploy` read it back unchanged: as JSON, with each dollar
/// sign doubled. What `docker stack config` prints has them single, and `deploy` would fill variables in once more.
pub fn to_text(value: &Value) -> String {
    let mut escaped = value.clone();
    for_each_text(&mut escaped, &mut String::new(), &mut |_, text| *text = text.replace('$', "$$"));
    escaped.to_string()
}

/// A compose file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The file as the recipe names it.
    pub file: String,
    /// Its content.
    pub value: Value,
    /// Where each key is.
    lines: BTreeMap<String, u64>,
    /// The keys whose text a variable was filled into.
    filled: BTreeSet<String>,
}

impl Document {
    /// Reads a compose file. See [`parse`].
    ///
    /// # Errors
    /// [`Error::Syntax`].
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let root = node::parse(file, text)?;
        let mut lines = BTreeMap::new();
        let value = node::into_value(root, text, &mut String::new(), &mut lines);
        Ok(Self { file: file.to_owned(), value, lines, filled: BTreeSet::new() })
    }

    /// The line of a key such as `services.app.volumes[2]`, or of the nearest one above it.
    pub fn line(&self, key: &str) -> Option<u64> {
        let mut key = key;
        loop {
            if let Some(line) = self.lines.get(key) {
                return Some(*line);
            }
            key = &key[..key.rfind(['.', '['])?];
        }
    }

    /// How many characters of a key this file has.
    pub(crate) fn depth(&self, key: &str) -> usize {
        let mut key = key;
        while !self.lines.contains_key(key) {
            match key.rfind(['.', '[']) {
                Some(end) => key = &key[..end],
                None => return 0,
            }
        }
        key.len()
    }

    /// What `docker stack config` is given: JSON, nothing in it to be filled in from the environment of a process, and
    /// the files of the recipe in `folder` named from the root, so that the text may lie anywhere.
    pub fn text(&self, folder: &Path) -> String {
        let mut value = self.value.clone();
        anchor::anchor(&mut value, folder);
        for_each_text(&mut value, &mut String::new(), &mut |key, text| {
            *text = text.replace('$', "$$");
            if self.filled.contains(key) {
                text.push_str(CAST);
            }
        });
        value.to_string()
    }

    /// Fills in the variables. Adds the names of optional ones that are not set to `unset`, with where they are.
    pub(crate) fn fill(
        &mut self,
        environment: &Environment,
        unset: &mut BTreeMap<String, String>,
        refusals: &mut Vec<Refusal>,
    ) {
        let lookup = |name: &str| environment.get(name).map(ToOwned::to_owned);
        let mut value = std::mem::take(&mut self.value);
        let mut filled = BTreeSet::new();
        for section in SECTIONS {
            let Some(content) = value.get_mut(section) else { continue };
            for_each_text(content, &mut section.to_owned(), &mut |key, text| {
                if template::is_plain(text) {
                    return;
                }
                let mut names = BTreeSet::new();
                let result = template::parse(text)
                    .and_then(|parts| template::fill(&parts, &lookup, &mut names).map_err(|missing| said_of(&missing)));
                for name in names {
                    unset.entry(name).or_insert_with(|| self.place(key));
                }
                match result {
                    Ok(result) => {
                        *text = result;
                        filled.insert(key.to_owned());
                    }
                    Err(reason) => refusals.push(self.refusal(key, reason)),
                }
            });
            if section == "services" {
                set_named_variables(content, environment);
            }
        }
        self.value = value;
        self.filled = filled;
    }

    fn place(&self, key: &str) -> String {
        self.line(key).map_or_else(|| format!("{}: {key}", self.file), |line| format!("{}:{line}: {key}", self.file))
    }

    fn refusal(&self, key: &str, reason: String) -> Refusal {
        Refusal {
            file: self.file.clone(),
            line: self.line(key),
            key: key.to_owned(),
            reason,
            remedy: None,
            setting: None,
        }
    }
}

fn said_of(missing: &Missing) -> String {
    let said = format!("required variable `{}` is not set", missing.name);
    if missing.message.is_empty() { said } else { format!("{said}: {}", missing.message) }
}

/// `environment: [NAME]` and `environment: {NAME: }` mean "as in the environment"; unset ones stay out, as in Compose.
fn set_named_variables(services: &mut Value, environment: &Environment) {
    for service in services.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        match service.get_mut("environment") {
            Some(Value::Array(entries)) => {
                for entry in entries {
                    if let Some(value) = entry
                        .as_str()
                        .filter(|text| !text.contains('='))
                        .and_then(|name| environment.get(name).map(|value| format!("{name}={value}")))
                    {
                        *entry = Value::String(value);
                    }
                }
            }
            Some(Value::Object(entries)) => {
                for (name, value) in entries.iter_mut().filter(|(_, value)| value.is_null()) {
                    if let Some(known) = environment.get(name) {
                        *value = Value::String(known.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
}

/// Calls `f` with the key path of every text in a value.
fn for_each_text(value: &mut Value, key: &mut String, f: &mut impl FnMut(&str, &mut String)) {
    let length = key.len();
    match value {
        Value::String(text) => f(key, text),
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                push_index(key, index);
                for_each_text(item, key, f);
                key.truncate(length);
            }
        }
        Value::Object(entries) => {
            for (name, item) in entries.iter_mut() {
                push_name(key, name);
                for_each_text(item, key, f);
                key.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn push_index(key: &mut String, index: usize) {
    key.extend(["[", &index.to_string(), "]"]);
}

fn push_name(key: &mut String, name: &str) {
    if !key.is_empty() {
        key.push('.');
    }
    key.push_str(name);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let mut environment = Environment::default();
        for (name, value) in variables {
            environment.set(name, value).unwrap();
        }
        environment
    }

    fn filled(text: &str, variables: &[(&str, &str)]) -> (Document, BTreeMap<String, String>, Vec<Refusal>) {
        let mut document = Document::parse("compose.yml", text).unwrap();
        let (mut unset, mut refusals) = (BTreeMap::new(), Vec::new());
        document.fill(&environment(variables), &mut unset, &mut refusals);
        (document, unset, refusals)
    }

    #[test]
    fn aliases_and_merge_keys_are_resolved() {
        let text = "x-a: &a {b: 1, c: 2}\nservices:\n  app:\n    <<: *a\n    c: 3\n";
        let value = parse("compose.yml", text).unwrap();
        assert_eq!(value["services"]["app"], serde_json::json!({"b": 1, "c": 3}));
    }

    #[test]
    fn numbers_and_truth_are_those_of_compose() {
        let value = parse("f", "a: 0440\nb: yes\nc: true\nd: 1e3\ne: ~\nf: 0x10\n").unwrap();
        assert_eq!(value, serde_json::json!({"a": 288, "b": "yes", "c": true, "d": 1000.0, "e": null, "f": 16}));
    }

    #[test]
    fn a_number_beyond_all_numbers_is_the_text_that_it_is_written_with() {
        let text = "a: 5e1234\nb: [12e400, +1e999, -.5e999]\nc: {d: 1e999, e: 1}\ng: &x 7e777\nh: *x\ni: \"5e1234\"\n";
        let value = parse("f", text).unwrap();
        let expected = serde_json::json!({
            "a": "5e1234", "b": ["12e400", "+1e999", "-.5e999"], "c": {"d": "1e999", "e": 1}, "g": "7e777", "h": "7e777", "i": "5e1234"
        });
        assert_eq!(value, expected);
        assert_eq!(parse("f", "a: +.nan\nb: .inf").unwrap(), serde_json::json!({"a": "+.nan", "b": ".inf"}));
    }

    #[test]
    fn what_is_no_yaml_is_refused_with_file_line_column_and_reason() {
        for (text, said) in [
            ("a:\n  - b\n c: [\n", "compose.yml:3:2: "),
            ("a: 1\na: 2\n", "compose.yml:2:1: duplicate mapping key: a"),
            ("a: 1\n---\nb: 2\n", "one YAML document"),
            ("a: *nothing\n", "compose.yml:1:4: "),
            ("a: &a\n  b: *a\n", "compose.yml:2:6: "),
            ("? [a]\n: b\n", "compose.yml:1:3: "),
            ("a: !reset []\n", "the tag `!reset` is not YAML's own"),
            ("a:\n  b: !override {c: d}\n", "the tag `!override` is not YAML's own"),
            ("a: !x 1\n", "the tag `!x` is not YAML's own"),
        ] {
            let error = parse("compose.yml", text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn a_bomb_of_aliases_and_a_tower_of_brackets_are_refused() {
        let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x,x]\n");
        for pair in ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"] {
            let (from, to) = pair.split_at(1);
            let ten = vec![format!("*{from}"); 10].join(",");
            bomb.extend([to, ": &", to, " [", &ten, "]\n"]);
        }
        for text in [bomb, "[".repeat(100_000), "{a: ".repeat(5_000), "- ".repeat(5_000)] {
            parse("compose.yml", &text).unwrap_err();
        }
        let said = parse("compose.yml", &format!("a: &a [{}]\nb: [*a, *a, *a]", "x,".repeat(9_999))).unwrap_err();
        assert!(said.to_string().contains("more values, deeper nesting or more aliases"), "{said}");
    }

    #[test]
    fn variables_are_filled_in_and_the_result_has_none_left() {
        let text =
            "services:\n  app:\n    image: x:${TAG}\n    command: echo $$HOME\n    deploy: {replicas: \"${N}\"}\n";
        let (document, unset, refusals) = filled(text, &[("TAG", "a$b"), ("N", "2")]);
        assert_eq!((unset.len(), refusals.len()), (0, 0));
        assert_eq!(document.value["services"]["app"]["image"], "x:a$b");
        let text = document.text(Path::new("/recipe"));
        assert!(text.contains(r#""command":"echo $$HOME${HEARTH_EMPTY:-}""#), "{text}");
        assert!(text.contains(r#""image":"x:a$$b${HEARTH_EMPTY:-}""#), "{text}");
        assert!(text.contains(r#""replicas":"2${HEARTH_EMPTY:-}""#), "{text}");
    }

    #[test]
    fn a_required_variable_is_refused_with_its_line_and_an_optional_one_is_named() {
        let text = "services:\n  app:\n    # ${NOT_A_VARIABLE:?in a comment}\n    image: x\n    environment:\n      \
                    - A=${NEEDED:?the domain, e.g. a-b.org}\n      - B=$OPTIONAL\n      - C=$OPTIONAL\n";
        let (_, unset, refusals) = filled(text, &[]);
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert_eq!(
            refusals[0].to_string(),
            "compose.yml:6: services.app.environment[0]: required variable `NEEDED` is not set: the domain, e.g. a-b.org"
        );
        assert_eq!(unset.get("OPTIONAL").unwrap(), "compose.yml:7: services.app.environment[1]");
    }

    #[test]
    fn a_name_without_a_value_takes_it_from_the_declared_environment() {
        let list = filled("services: {a: {environment: [X, Y, Z=1]}}", &[("X", "x")]).0;
        assert_eq!(list.value["services"]["a"]["environment"], serde_json::json!(["X=x", "Y", "Z=1"]));
        let map = filled("services: {a: {environment: {X: , Y: }}}", &[("X", "x")]).0;
        assert_eq!(map.value["services"]["a"]["environment"], serde_json::json!({"X": "x", "Y": null}));
    }

    #[test]
    fn what_docker_rendered_is_written_back_with_doubled_dollars() {
        assert_eq!(to_text(&serde_json::json!({"a": ["b$c"], "d": 1})), r#"{"a":["b$$c"],"d":1}"#);
    }
}
