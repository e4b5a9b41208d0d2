//! Comparing a decrypted tree with what JSON says it should be.

use serde_json::Value as Json;
use sops::{Comment, Entry, Item, Scalar, Value};

/// Whether a tree is what JSON says, the order of keys not counted.
pub fn same(value: &Value, expected: &Json) -> bool {
    match (value, expected) {
        (Value::Scalar(Scalar::Null), Json::Null) => true,
        (Value::Scalar(Scalar::Bool(is)), Json::Bool(expected)) => is == expected,
        (Value::Scalar(Scalar::Int(is)), Json::Number(expected)) => expected.as_i64() == Some(*is),
        (Value::Scalar(Scalar::Float(is)), Json::Number(expected)) => expected.as_f64() == Some(*is),
        (Value::Scalar(Scalar::Str(is) | Scalar::Bytes(is)), Json::String(expected)) => {
            is.expose() == expected.as_bytes()
        }
        (Value::Scalar(Scalar::Str(is)), Json::Object(object)) => same_bytes(is.expose(), object),
        (Value::Scalar(Scalar::Time(is)), Json::String(expected)) => is == expected,
        (Value::List(items), Json::Array(expected)) => {
            let values: Vec<&Value> = items
                .iter()
                .filter_map(|item| if let Item::Value(value) = item { Some(value) } else { None })
                .collect();
            values.len() == expected.len() && values.iter().zip(expected).all(|(is, expected)| same(is, expected))
        }
        (Value::Map(_), Json::Object(expected)) => {
            let pairs = pairs(value);
            pairs.len() == expected.len()
                && pairs.iter().all(|(key, value)| expected.get(*key).is_some_and(|expected| same(value, expected)))
        }
        _ => false,
    }
}

fn same_bytes(is: &[u8], object: &serde_json::Map<String, Json>) -> bool {
    object.values().any(|value| value.as_str().is_some_and(|text| hex::decode(text).is_ok_and(|bytes| bytes == is)))
}

/// The pairs of a mapping.
pub fn pairs(value: &Value) -> Vec<(&str, &Value)> {
    let Value::Map(entries) = value else { return Vec::new() };
    entries
        .iter()
        .filter_map(|entry| if let Entry::Pair(key, value) = entry { Some((key.as_str(), value)) } else { None })
        .collect()
}

/// A tree as one line, without its comments.
#[allow(dead_code, reason = "not every test that shares this needs it")]
pub fn sketch(value: &Value) -> String {
    match value {
        Value::Scalar(scalar) => {
            let text = scalar.plain_bytes().map(|text| hex::encode(text.expose()));
            format!("{}:{}", scalar.type_name(), text.unwrap_or_default())
        }
        Value::Map(_) => {
            let all: Vec<String> = pairs(value).iter().map(|(key, value)| format!("{key}={}", sketch(value))).collect();
            format!("{{{}}}", all.join(","))
        }
        Value::List(items) => {
            let all =
                items.iter().filter_map(|item| if let Item::Value(value) = item { Some(sketch(value)) } else { None });
            format!("[{}]", all.collect::<Vec<_>>().join(","))
        }
    }
}

/// Comments that still have the encrypted form.
pub fn encrypted_comments(value: &Value) -> usize {
    let encrypted = |comment: &Comment| usize::from(comment.text.expose().starts_with(b"ENC["));
    match value {
        Value::Map(entries) => entries
            .iter()
            .map(|entry| match entry {
                Entry::Comment(comment) => encrypted(comment),
                Entry::Pair(_, value) => encrypted_comments(value),
            })
            .sum(),
        Value::List(items) => items
            .iter()
            .map(|item| match item {
                Item::Comment(comment) => encrypted(comment),
                Item::Value(value) => encrypted_comments(value),
            })
            .sum(),
        Value::Scalar(_) => 0,
    }
}
