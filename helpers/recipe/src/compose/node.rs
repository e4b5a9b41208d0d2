//! YAML with the place of each value.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Location, NonFiniteFloatPolicy, Spanned};

use super::{push_index, push_name};
use crate::Error;

/// A value and where it was defined.
type Node = Spanned<Kind>;

pub(super) enum Kind {
    Leaf(Value),
    /// What the parser takes for a number and no computer can hold. See [`text_of`].
    Boundless,
    List(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

/// Far above what any real compose file needs (the largest of 600 that were looked at has 3,000 values), and low enough
/// that a hostile one costs some milliseconds.
const MAX_VALUES: usize = 30_000;

pub(super) fn parse(file: &str, text: &str) -> Result<Node, Error> {
    // As Compose has it: 0440 is octal, and `yes` is a text.
    let options = serde_saphyr::options! {
        legacy_octal_numbers: true,
        strict_booleans: true,
        // A tag that is not YAML's own asks for something, such as `!reset`. Left out, the opposite would be done.
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        budget: serde_saphyr::budget! { max_nodes: MAX_VALUES, max_depth: 48 },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
        Error::Syntax { file: file.to_owned(), line, column, reason: reason(&error) }
    })
}

/// The parser's words without the place, which is told beside them, and without advice for programmers.
fn reason(error: &serde_saphyr::Error) -> String {
    match error.without_snippet() {
        serde_saphyr::Error::MultipleDocuments { .. } => {
            "a compose file is one YAML document, and a second one begins here".to_owned()
        }
        serde_saphyr::Error::Budget { .. } => too_large(),
        serde_saphyr::Error::UnsupportedTag { tag, .. } => {
            format!(
                "the tag `{tag}` is not YAML's own, and nothing here does what it asks; write what is meant without it"
            )
        }
        other => {
            let text = other.to_string();
            // Inside an alias the parser wraps the error, and names it only in its text.
            if text.contains("budget breached") {
                return too_large();
            }
            let text = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]);
            text.split(", set DuplicateKeyPolicy").next().unwrap_or(text).to_owned()
        }
    }
}

fn too_large() -> String {
    format!("more values, deeper nesting or more aliases than a compose file may have ({MAX_VALUES} values)")
}

/// Drops the places, after noting the line of each key. `text` is what the nodes were read from.
pub(super) fn into_value(node: Node, text: &str, key: &mut String, lines: &mut BTreeMap<String, u64>) -> Value {
    lines.entry(key.clone()).or_insert(node.defined.line());
    let length = key.len();
    match node.value {
        Kind::Leaf(value) => value,
        Kind::Boundless => Value::String(text_of(text, node.defined).to_owned()),
        Kind::List(items) => {
            let place = |(index, item): (usize, Node)| {
                push_index(key, index);
                let value = into_value(item, text, key, lines);
                key.truncate(length);
                value
            };
            Value::Array(items.into_iter().enumerate().map(place).collect())
        }
        Kind::Mapping(entries) => {
            let mut map = Map::new();
            for (name, item) in entries {
                push_name(key, &name);
                let value = into_value(item, text, key, lines);
                key.truncate(length);
                map.insert(name, value);
            }
            Value::Object(map)
        }
    }
}

/// A number beyond all numbers is a text for Compose, as it is for Go's YAML: `5e1234` may be a password or the name of a
/// commit. Infinity and "not a number", as YAML writes them, are no more than that here.
fn text_of(text: &str, place: Location) -> &str {
    let column = usize::try_from(place.column()).unwrap_or(1).saturating_sub(1);
    let line = usize::try_from(place.line()).unwrap_or(1).saturating_sub(1);
    let line = text.lines().nth(line).unwrap_or_default();
    let start = line.char_indices().nth(column).map_or(line.len(), |(start, _)| start);
    let mut rest = &line[start..];
    // An anchor or a tag may stand before it.
    while rest.starts_with(['&', '!']) {
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
    }
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-._".contains(c))).unwrap_or(rest.len());
    &rest[..end]
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind)
    }
}

struct AnyKind;

impl<'de> Visitor<'de> for AnyKind {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a truth value, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Leaf(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Leaf(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        Kind::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Leaf(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
        Ok(Number::from_f64(value).map_or(Kind::Boundless, |number| Kind::Leaf(number.into())))
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Leaf(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Kind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        while let Some(name) = access.next_key::<String>()? {
            if name.contains('\0') {
                return Err(A::Error::custom("a key with a NUL in it"));
            }
            entries.push((name, access.next_value()?));
        }
        Ok(Kind::Mapping(entries))
    }
}
