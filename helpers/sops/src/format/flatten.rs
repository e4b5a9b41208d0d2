//! Metadata in formats without nesting: `age__list_0__map_recipient`. `stores/flatten.go` of sops.

use crate::value::{Entry, Item, Scalar, Text, Value};

const MAP: &str = "__map_";
const LIST: &str = "__list_";

/// Builds the section of flat pairs.
pub(super) fn unflatten(pairs: Vec<(String, Value)>) -> Value {
    let mut section = Value::Map(Vec::new());
    for (key, value) in pairs {
        place(&mut section, &tokens(&key), value);
    }
    section
}

/// The section as flat pairs, each key with `prefix` before it.
pub(super) fn flatten(section: &Value, prefix: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (key, value) in super::pairs(section) {
        descend(format!("{prefix}{key}"), value, &mut entries);
    }
    entries
}

fn descend(key: String, value: &Value, entries: &mut Vec<Entry>) {
    match value {
        Value::Scalar(scalar) => {
            let text = Scalar::Str(scalar.flat_text());
            entries.push(Entry::Pair(key, Value::Scalar(text)));
        }
        Value::Map(_) => {
            for (name, value) in super::pairs(value) {
                descend(format!("{key}{MAP}{name}"), value, entries);
            }
        }
        Value::List(items) => {
            let values = items.iter().filter_map(|item| if let Item::Value(value) = item { Some(value) } else { None });
            for (index, value) in values.enumerate() {
                descend(format!("{key}{LIST}{index}"), value, entries);
            }
        }
    }
}

/// Line breaks as the two characters `\n`, which the INI store needs for values of the section, and back.
pub(super) fn escape_breaks(value: Value, escape: bool) -> Value {
    let Value::Scalar(Scalar::Str(text)) = &value else { return value };
    let Some(string) = text.expose_str() else { return value };
    let replaced = if escape { string.replace('\n', "\\n") } else { string.replace("\\n", "\n") };
    Value::Scalar(Scalar::Str(Text::new(replaced.into_bytes())))
}

#[derive(Debug, PartialEq)]
enum Token<'key> {
    Key(&'key str),
    Index,
}

/// Lists come in order, so an index says only that here is a list; its number tells elements apart.
fn tokens(key: &str) -> Vec<(Token<'_>, &str)> {
    let mut tokens = Vec::new();
    let mut rest = key;
    let mut in_list = false;
    loop {
        let end = [rest.find(MAP), rest.find(LIST)].into_iter().flatten().min().unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        tokens.push((if in_list { Token::Index } else { Token::Key(name) }, name));
        if let Some(next) = tail.strip_prefix(MAP) {
            (rest, in_list) = (next, false);
        } else if let Some(next) = tail.strip_prefix(LIST) {
            (rest, in_list) = (next, true);
        } else {
            return tokens;
        }
    }
}

fn place(mut node: &mut Value, path: &[(Token<'_>, &str)], value: Value) {
    for (depth, (token, name)) in path.iter().enumerate() {
        let rest = &path[depth + 1..];
        let next = match (token, node) {
            (Token::Key(_), Value::Map(entries)) => child(entries, name, rest),
            (Token::Index, Value::List(items)) => element(items, name, rest),
            // Two shapes at one place: what came first stays, and the reader of the metadata misses what it needs.
            _ => return,
        };
        let Some(next) = next else { return };
        node = next;
    }
    *node = value;
}

fn empty_for(rest: &[(Token<'_>, &str)]) -> Value {
    match rest.first() {
        Some((Token::Index, _)) => Value::List(Vec::new()),
        _ => Value::Map(Vec::new()),
    }
}

fn child<'a>(entries: &'a mut Vec<Entry>, name: &str, rest: &[(Token<'_>, &str)]) -> Option<&'a mut Value> {
    let at = entries.iter().position(|entry| matches!(entry, Entry::Pair(key, _) if key == name));
    let at = at.unwrap_or_else(|| {
        entries.push(Entry::Pair(name.to_owned(), empty_for(rest)));
        entries.len() - 1
    });
    match entries.get_mut(at) {
        Some(Entry::Pair(_, value)) => Some(value),
        _ => None,
    }
}

fn element<'a>(items: &'a mut Vec<Item>, index: &str, rest: &[(Token<'_>, &str)]) -> Option<&'a mut Value> {
    let index: usize = index.parse().ok()?;
    // The keys of a list come in any order, but a number out of nowhere must not make a list of its size.
    while items.len() <= index && items.len() < 1000 {
        items.push(Item::Value(empty_for(rest)));
    }
    match items.get_mut(index) {
        Some(Item::Value(value)) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flattened_section_is_built_again() {
        let leaf = |text: &str| Value::Scalar(Scalar::Str(text.into()));
        let recipient = |name: &str| {
            Item::Value(Value::Map(vec![
                Entry::Pair("enc".into(), leaf("x\ny")),
                Entry::Pair("recipient".into(), leaf(name)),
            ]))
        };
        let section = Value::Map(vec![
            Entry::Pair("age".into(), Value::List(vec![recipient("a"), recipient("b")])),
            Entry::Pair("mac".into(), leaf("m")),
        ]);
        let flat = flatten(&section, "");
        let keys: Vec<String> = flat
            .iter()
            .map(|entry| if let Entry::Pair(key, _) = entry { key.clone() } else { String::new() })
            .collect();
        assert_eq!(keys[..2], ["age__list_0__map_enc", "age__list_0__map_recipient"]);
        let pairs = flat.into_iter().filter_map(|entry| match entry {
            Entry::Pair(key, value) => Some((key, value)),
            Entry::Comment(_) => None,
        });
        assert!(unflatten(pairs.collect()) == section);
    }
}
