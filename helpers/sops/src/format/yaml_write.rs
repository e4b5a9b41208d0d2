//! Tree to YAML, in block style with four spaces, as sops writes it.

use base64::Engine as _;

use super::json;
use super::yaml_scalar;
use crate::value::{Comment, Entry, Item, Scalar, Text, Value};

const INDENT: usize = 4;

pub(super) fn write(documents: &[Value]) -> Text {
    let mut out = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b"---\n");
        }
        match document {
            Value::Map(entries) if entries.is_empty() => out.extend_from_slice(b"{}\n"),
            Value::Map(entries) => write_map(entries, 0, &mut out),
            other => write_inline(other, 0, &mut out),
        }
    }
    Text::new(out)
}

fn indent(depth: usize, out: &mut Vec<u8>) {
    out.resize(out.len() + depth * INDENT, b' ');
}

/// Inline comments come before their value in the tree and after it in the text.
fn write_comment(comment: &Comment, depth: usize, out: &mut Vec<u8>) {
    indent(depth, out);
    out.push(b'#');
    out.extend_from_slice(comment.text.expose());
    out.push(b'\n');
}

fn write_map(entries: &[Entry], depth: usize, out: &mut Vec<u8>) {
    for entry in entries {
        match entry {
            Entry::Comment(comment) => write_comment(comment, depth, out),
            Entry::Pair(key, value) => {
                indent(depth, out);
                write_text(&Text::from(key.as_str()), None, out);
                out.push(b':');
                write_inline(value, depth + 1, out);
            }
        }
    }
}

fn write_list(items: &[Item], depth: usize, out: &mut Vec<u8>) {
    for item in items {
        match item {
            Item::Comment(comment) => write_comment(comment, depth, out),
            Item::Value(value) => {
                indent(depth, out);
                out.push(b'-');
                write_inline(value, depth + 1, out);
            }
        }
    }
}

/// What follows a `key:` or a `-`, up to the end of its line or block.
fn write_inline(value: &Value, depth: usize, out: &mut Vec<u8>) {
    match value {
        Value::Map(entries) if entries.is_empty() => out.extend_from_slice(b" {}\n"),
        Value::List(items) if items.is_empty() => out.extend_from_slice(b" []\n"),
        Value::Map(entries) => {
            out.push(b'\n');
            write_map(entries, depth, out);
        }
        Value::List(items) => {
            out.push(b'\n');
            write_list(items, depth, out);
        }
        Value::Scalar(scalar) => {
            out.push(b' ');
            write_scalar(scalar, depth, out);
            out.push(b'\n');
        }
    }
}

fn write_scalar(scalar: &Scalar, depth: usize, out: &mut Vec<u8>) {
    match scalar {
        Scalar::Null => out.extend_from_slice(b"null"),
        Scalar::Str(text) | Scalar::Bytes(text) => write_text(text, Some(depth), out),
        Scalar::Float(number) if number.is_nan() => out.extend_from_slice(b".nan"),
        Scalar::Float(number) if number.is_infinite() => {
            out.extend_from_slice(if *number > 0.0 { b".inf" } else { b"-.inf" });
        }
        Scalar::Float(number) if number.fract() == 0.0 => out.extend_from_slice(format!("{number:?}").as_bytes()),
        other => out.extend_from_slice(other.plain_bytes().unwrap_or_default().expose()),
    }
}

/// Plain where it reads back as the same text, a literal block (where `block` gives its depth) for lines, quoted
/// otherwise, base64 for what is not text.
fn write_text(text: &Text, block: Option<usize>, out: &mut Vec<u8>) {
    let Some(string) = text.expose_str() else {
        out.extend_from_slice(b"!!binary ");
        out.extend_from_slice(base64::prelude::BASE64_STANDARD.encode(text.expose()).as_bytes());
        return;
    };
    match block {
        Some(depth) if fits_block(string) => write_block(string, depth, out),
        _ if is_plain(string) => out.extend_from_slice(string.as_bytes()),
        _ => json::write_text(string.as_bytes(), is_unprintable, out),
    }
}

/// What YAML does not allow in its text although JSON does.
fn is_unprintable(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn fits_block(text: &str) -> bool {
    let inner = text.trim_end_matches('\n');
    inner.contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && text.chars().all(|character| character == '\n' || (character == '\t' || !character.is_control()))
        && !text.contains(|character| matches!(character, '\u{2028}' | '\u{2029}') || is_unprintable(character))
        && text.lines().all(|line| !line.ends_with([' ', '\t']))
}

fn write_block(text: &str, depth: usize, out: &mut Vec<u8>) {
    let body = text.trim_end_matches('\n');
    out.extend_from_slice(match text.len() - body.len() {
        0 => b"|-",
        1 => b"|",
        _ => b"|+",
    });
    let lines = text.strip_suffix('\n').unwrap_or(text);
    for line in lines.split('\n') {
        out.push(b'\n');
        if !line.is_empty() {
            indent(depth, out);
            out.extend_from_slice(line.as_bytes());
        }
    }
}

fn is_plain(text: &str) -> bool {
    let reads_as_text = matches!(yaml_scalar::resolve(text), Ok(Scalar::Str(_)));
    // YAML 1.1 readers take these for truth values.
    let truth = ["y", "n", "yes", "no", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word));
    let first = text.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '_' | '/' | '+'));
    let rest = text.chars().all(|character| {
        character.is_alphanumeric() || matches!(character, '_' | '/' | '+' | '-' | '.' | '=' | '@' | ' ' | '(' | ')')
    });
    reads_as_text && !truth && first && rest && !text.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::format::yaml;

    fn scalar() -> impl Strategy<Value = Scalar> {
        prop_oneof![
            Just(Scalar::Null),
            any::<bool>().prop_map(Scalar::Bool),
            any::<i64>().prop_map(Scalar::Int),
            any::<f64>().prop_filter("NaN differs from itself", |number| !number.is_nan()).prop_map(Scalar::Float),
            any::<String>().prop_map(|text| Scalar::Str(text.as_str().into())),
            "[ \\ta-z:#'\"-]{0,6}(\n[ \\ta-z:#-]{0,6}){0,4}\n{0,3}".prop_map(|text| Scalar::Str(text.as_str().into())),
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Scalar::Str(Text::new(bytes))),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        scalar().prop_map(Value::Scalar).prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5)
                    .prop_map(|values| Value::List(values.into_iter().map(Item::Value).collect())),
                prop::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| Value::Map(map.into_iter().map(|(key, value)| Entry::Pair(key, value)).collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(root in prop::collection::btree_map(".{1,20}", value(), 1..5)) {
            let document = Value::Map(root.into_iter().map(|(key, value)| Entry::Pair(key, value)).collect());
            let text = write(std::slice::from_ref(&document));
            let back = yaml::parse(text.expose(), Path::new("x")).unwrap_or_else(|error| {
                panic!("{error}\n{}", String::from_utf8_lossy(text.expose()))
            });
            prop_assert_eq!(&back[0], &document, "\n{}", String::from_utf8_lossy(text.expose()));
        }
    }
}
