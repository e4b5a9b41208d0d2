//! The tree of a document: ordered, with its comments, clear or encrypted.

use std::fmt;

use zeroize::Zeroizing;

use crate::cipher::is_encrypted_comment;

/// Bytes that may be secret: zeroed when dropped, and never printed by `Debug`.
///
/// They need not be UTF-8: sops encrypts any bytes as a value of type `str`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text(Zeroizing<Vec<u8>>);

impl Text {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes. The name says what a reader of the caller's code should stop at.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, when they are UTF-8.
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(…)")
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes().to_vec())
    }
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A mapping: pairs and comments in the order of the document.
    Map(Vec<Entry>),
    /// A sequence: elements and comments in the order of the document.
    List(Vec<Item>),
    /// A leaf.
    Scalar(Scalar),
}

/// What stands in a mapping.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A comment before the next pair, or after the last.
    Comment(Comment),
    /// A key and its value.
    Pair(String, Value),
}

/// What stands in a sequence.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A comment before the next element, or after the last.
    Comment(Comment),
    /// An element.
    Value(Value),
}

/// A leaf of the tree, with the types that sops knows.
#[derive(Clone, PartialEq)]
pub enum Scalar {
    /// Nothing. sops leaves it as it is: it is neither encrypted nor part of the MAC.
    Null,
    /// Text, or any bytes that somebody stored as text. In an encrypted document, the `ENC[…]` form too.
    Str(Text),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A point in time as RFC 3339 text, as sops writes it.
    Time(String),
    /// Bytes of the rarely used type `bytes`.
    Bytes(Text),
}

impl Scalar {
    /// The bytes that sops hashes into the MAC and encrypts for this value; `None` for null, which it does neither with.
    ///
    /// From `ToBytes` in `sops.go`: truth values are `True` and `False`, floats have no exponent and no needless digits.
    pub fn mac_bytes(&self) -> Option<Text> {
        Some(match self {
            Self::Null => return None,
            Self::Str(text) | Self::Bytes(text) => text.clone(),
            Self::Int(number) => Text::new(number.to_string().into_bytes()),
            Self::Float(number) => Text::new(go_float(*number).into_bytes()),
            Self::Bool(truth) => Text::from(if *truth { "True" } else { "False" }),
            Self::Time(time) => Text::from(time.as_str()),
        })
    }

    /// What a program that asks for this value wants to read: like [`mac_bytes`](Self::mac_bytes), with truth values in
    /// the lower case in which YAML and JSON write them; `None` for null.
    pub fn plain_bytes(&self) -> Option<Text> {
        match self {
            Self::Bool(truth) => Some(Text::from(if *truth { "true" } else { "false" })),
            other => other.mac_bytes(),
        }
    }

    /// The value as formats without types have it, from `ValToString` in `stores/stores.go`: a float is never mistaken
    /// for a whole number, and null is what Go prints for nothing.
    pub(crate) fn flat_text(&self) -> Text {
        match self {
            Self::Null => Text::from("<nil>"),
            Self::Bool(truth) => Text::from(if *truth { "true" } else { "false" }),
            Self::Float(number) if number.is_finite() => {
                let text = crate::format::shortest_g(*number, 'E');
                let text = if text.contains(['.', 'E']) { text } else { format!("{number:.1}") };
                Text::new(text.into_bytes())
            }
            Self::Time(time) => Text::from(crate::time::without_fraction(time).as_str()),
            other => other.mac_bytes().unwrap_or_default(),
        }
    }

    /// The type's name in an `ENC[…]` value.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Str(_) => "str",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Bool(_) => "bool",
            Self::Time(_) => "time",
            Self::Bytes(_) => "bytes",
        }
    }
}

/// Only the type: a number or a truth value may be as secret as a text.
impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(…)", self.type_name())
    }
}

/// `strconv.FormatFloat(number, 'f', -1, 64)` of Go.
pub(crate) fn go_float(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        number.to_string()
    }
}

/// A comment, without its `#`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// What stands after the `#`.
    pub text: Text,
    /// Whether it stands behind a value on the same line.
    pub inline: bool,
}

impl Value {
    /// The value under `key`, when this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find_map(|entry| match entry {
            Entry::Pair(name, value) if name == key => Some(value),
            _ => None,
        })
    }

    /// The element at `index`, when this is a sequence that has it. Comments do not count, and neither do the elements
    /// that sops encrypts them to.
    pub fn at(&self, index: usize) -> Option<&Value> {
        let Self::List(items) = self else { return None };
        items
            .iter()
            .filter_map(|item| match item {
                Item::Value(Value::Scalar(Scalar::Str(text))) if is_encrypted_comment(text) => None,
                Item::Value(value) => Some(value),
                Item::Comment(_) => None,
            })
            .nth(index)
    }

    /// The children of a mapping or list as sops would give them for an index: see [`at`](Self::at).
    pub(crate) fn at_mut(&mut self, index: usize) -> Option<&mut Value> {
        let Self::List(items) = self else { return None };
        items
            .iter_mut()
            .filter_map(|item| match item {
                Item::Value(value) => Some(value),
                Item::Comment(_) => None,
            })
            .nth(index)
    }

    /// The value under `key`, to be changed.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let Self::Map(entries) = self else { return None };
        entries.iter_mut().find_map(|entry| match entry {
            Entry::Pair(name, value) if name == key => Some(value),
            _ => None,
        })
    }

    /// What a person calls this kind of node.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Map(_) => "a mapping",
            Self::List(_) => "a list",
            Self::Scalar(Scalar::Null) => "null",
            Self::Scalar(_) => "a value",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_printed() {
        let value = Value::Map(vec![
            Entry::Pair("key".into(), Value::Scalar(Scalar::Str("hunter2".into()))),
            Entry::Pair("pin".into(), Value::Scalar(Scalar::Int(1234))),
            Entry::Comment(Comment { text: "hunter2".into(), inline: false }),
        ]);
        let printed = format!("{value:?}");
        assert!(!printed.contains("hunter2") && !printed.contains("1234"), "{printed}");
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (number, text) in [(1.0, "1"), (0.1, "0.1"), (1e21, "1000000000000000000000"), (-2.5e-7, "-0.00000025")] {
            assert_eq!(go_float(number), text);
        }
        assert_eq!(go_float(f64::INFINITY), "+Inf");
    }
}
