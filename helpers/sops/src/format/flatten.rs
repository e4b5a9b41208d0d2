//! Metadata in formats without nesting: `sops_age__list_0__map_recipient`. `stores/flatten.go` of sops.

use std::path::Path;

use crate::error::Error;
use crate::value::{Entry, Item, Value};

const PREFIX: &str = "sops_";
const MAP: &str = "__map_";
const LIST: &str = "__list_";

/// Takes the keys that start with `sops_` out of the first document and builds the section of them.
pub(super) fn take_section(documents: &mut [Value], file: &Path) -> Result<Value, Error> {
    let mut section = Value::Map(Vec::new());
    let mut found = false;
    if let Some(Value::Map(entries)) = documents.first_mut() {
        let mut kept = Vec::with_capacity(entries.len());
        for entry in entries.drain(..) {
            match entry {
                Entry::Pair(key, value) if key.starts_with(PREFIX) => {
                    found = true;
                    place(&mut section, &tokens(&key[PREFIX.len()..]), value);
                }
                other => kept.push(other),
            }
        }
        *entries = kept;
    }
    if found { Ok(section) } else { Err(Error::NotEncrypted { file: file.to_owned() }) }
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

fn place(node: &mut Value, path: &[(Token<'_>, &str)], value: Value) {
    let Some(((token, name), rest)) = path.split_first() else {
        *node = value;
        return;
    };
    let next = match (token, &mut *node) {
        (Token::Key(_), Value::Map(entries)) => child(entries, name, rest),
        (Token::Index, Value::List(items)) => element(items, name, rest),
        // Two shapes at one place: what came first stays, and the reader of the metadata misses what it needs.
        _ => return,
    };
    if let Some(next) = next {
        place(next, rest, value);
    }
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
    // One more than there are at most: the keys of a list come in any order, but a number out of nowhere must not
    // make a list of its size.
    while items.len() <= index && items.len() < 1000 {
        items.push(Item::Value(empty_for(rest)));
    }
    match items.get_mut(index) {
        Some(Item::Value(value)) => Some(value),
        _ => None,
    }
}
