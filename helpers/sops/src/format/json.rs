//! JSON with the order of keys kept. The map of `serde_json` would sort them, or order them for every crate of a build.

use std::fmt;
use std::path::Path;

use serde::de::{self, DeserializeSeed as _, MapAccess, SeqAccess, Visitor};

use super::syntax;
use crate::buffer::Buffer;
use crate::error::Error;
use crate::value::{Entry, Item, Scalar, Text, Value};

/// Any JSON value.
pub(super) fn parse_value(text: &[u8], file: &Path) -> Result<Value, Error> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    Node.deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| syntax(file, error.line(), error.column(), reason(&error)))
}

pub(super) fn parse(text: &[u8], file: &Path) -> Result<Value, Error> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let value = parse_value(text, file)?;
    match value {
        Value::Map(_) => Ok(value),
        other => Err(syntax(file, 1, 1, format!("{} at the top; sops files are objects", other.kind()))),
    }
}

/// `serde_json` repeats the position, which the error has already.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

struct Node;

impl<'de> de::DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Null))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Bool(truth)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Int(number)))
    }

    #[expect(clippy::cast_precision_loss, reason = "as sops reads numbers past 63 bits")]
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Scalar(i64::try_from(number).map_or(Scalar::Float(number as f64), Scalar::Int)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Float(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Str(text.into())))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Str(Text::new(text.into_bytes()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(value) = access.next_element_seed(Node)? {
            items.push(Item::Value(value));
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some(key) = access.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                return Err(de::Error::custom(format!("the key `{key}` stands twice in one object")));
            }
            let value = access.next_value_seed(Node)?;
            entries.push(Entry::Pair(key, value));
        }
        Ok(Value::Map(entries))
    }
}

/// Writes with tabs, as sops does.
pub(super) fn write(documents: &[Value]) -> Result<Text, String> {
    let mut out = Buffer::default();
    if let Some(document) = documents.first() {
        refuse_infinite(document)?;
        write_value(document, 0, &mut out);
        out.push(b'\n');
    }
    Ok(out.into_text())
}

/// One value, without a line break behind it.
pub(super) fn write_one(value: &Value) -> Result<Text, String> {
    refuse_infinite(value)?;
    let mut out = Buffer::default();
    write_value(value, 0, &mut out);
    Ok(out.into_text())
}

fn refuse_infinite(value: &Value) -> Result<(), String> {
    match value {
        Value::Scalar(Scalar::Float(number)) if !number.is_finite() => {
            Err(format!("it has the number {number}, which JSON cannot say"))
        }
        Value::Scalar(_) => Ok(()),
        Value::Map(_) => super::pairs(value).try_for_each(|(_, value)| refuse_infinite(value)),
        Value::List(items) => items.iter().try_for_each(|item| match item {
            Item::Value(value) => refuse_infinite(value),
            Item::Comment(_) => Ok(()),
        }),
    }
}

fn write_value(value: &Value, depth: usize, out: &mut Buffer) {
    match value {
        Value::Scalar(scalar) => write_scalar(scalar, out),
        Value::Map(_) => {
            let members = super::pairs(value).map(|(key, value)| (Some(key), value));
            write_members(members, (b'{', b'}'), depth, out);
        }
        Value::List(items) => {
            let members = items.iter().filter_map(|item| match item {
                Item::Value(value) => Some((None, value)),
                Item::Comment(_) => None,
            });
            write_members(members, (b'[', b']'), depth, out);
        }
    }
}

fn write_members<'a>(
    members: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
    (open, close): (u8, u8),
    depth: usize,
    out: &mut Buffer,
) {
    let line = |depth: usize, out: &mut Buffer| {
        out.push(b'\n');
        out.fill(depth, b'\t');
    };
    out.push(open);
    let mut some = false;
    for (key, value) in members {
        if some {
            out.push(b',');
        }
        some = true;
        line(depth + 1, out);
        if let Some(key) = key {
            write_text(key.as_bytes(), out);
            out.append(b": ");
        }
        write_value(value, depth + 1, out);
    }
    if some {
        line(depth, out);
    }
    out.push(close);
}

fn write_scalar(scalar: &Scalar, out: &mut Buffer) {
    match scalar {
        Scalar::Null => out.append(b"null"),
        Scalar::Str(text) | Scalar::Bytes(text) => write_text(text.expose(), out),
        Scalar::Time(time) => write_text(time.as_bytes(), out),
        Scalar::Float(number) => out.append(super::go_number::json(*number).as_bytes()),
        other => out.append(other.plain_bytes().unwrap_or_default().expose()),
    }
}

/// A string with the escapes of Go's encoder. Bytes that are not UTF-8 become U+FFFD, since JSON has no way to say them.
fn write_text(bytes: &[u8], out: &mut Buffer) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' => out.append(&[b'\\', character as u8]),
                '\n' => out.append(b"\\n"),
                '\r' => out.append(b"\\r"),
                '\t' => out.append(b"\\t"),
                '\u{8}' => out.append(b"\\b"),
                '\u{c}' => out.append(b"\\f"),
                '<' | '>' | '&' | '\u{0}'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                    out.append(format!("\\u{:04x}", u32::from(character)).as_bytes());
                }
                other => out.append_char(other),
            }
        }
        if !chunk.invalid().is_empty() {
            out.append(b"\\ufffd");
        }
    }
    out.push(b'"');
}
