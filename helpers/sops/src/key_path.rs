//! Where a value stands in a document.

use std::fmt;

use crate::value::Value;

/// A path such as `database/users/0/password`: keys of mappings and indices of sequences, divided by `/`.
///
/// A `/` or `\` that belongs to a key is written `\/` or `\\`. The empty path is the whole document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct KeyPath(Vec<String>);

impl KeyPath {
    /// Reads a path. Every text is one.
    pub fn parse(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        let mut segments = vec![String::new()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '/' => segments.push(String::new()),
                '\\' => push(&mut segments, characters.next().unwrap_or('\\')),
                other => push(&mut segments, other),
            }
        }
        Self(segments)
    }

    /// Whether it names the whole document.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys and indices.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The value at this path below `root`.
    ///
    /// # Errors
    /// How far the path went and why not further.
    pub fn find<'tree>(&self, root: &'tree Value) -> Result<&'tree Value, NotFound> {
        let mut value = root;
        for (depth, segment) in self.0.iter().enumerate() {
            let next = match value {
                Value::Map(_) => value.get(segment),
                Value::List(_) => segment.parse().ok().and_then(|index| value.at(index)),
                Value::Scalar(_) => None,
            };
            value = next.ok_or_else(|| NotFound {
                segment: segment.clone(),
                within: Self(self.0[..depth].to_vec()),
                kind: value.kind(),
            })?;
        }
        Ok(value)
    }
}

fn push(segments: &mut [String], character: char) {
    if let Some(last) = segments.last_mut() {
        last.push(character);
    }
}

impl<S: Into<String>> FromIterator<S> for KeyPath {
    fn from_iter<I: IntoIterator<Item = S>>(segments: I) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            f.write_str(&segment.replace('\\', "\\\\").replace('/', "\\/"))?;
        }
        Ok(())
    }
}

/// A path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFound {
    /// The key or index that is not there.
    pub segment: String,
    /// Where it was looked for.
    pub within: KeyPath,
    /// What is there: a mapping, a list, a value.
    pub kind: &'static str,
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.within.is_root() {
            write!(f, "`{}` is not there", self.segment)
        } else {
            write!(f, "`{}` is {} without `{}`", self.within, self.kind, self.segment)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_printed_path_is_read_back(segments in prop::collection::vec(".+", 0..5)) {
            let path: KeyPath = segments.into_iter().collect();
            prop_assert_eq!(KeyPath::parse(&path.to_string()), path);
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_says_where_it_ended() {
        use crate::value::{Entry, Scalar};
        let root = Value::Map(vec![Entry::Pair("a".into(), Value::Scalar(Scalar::Null))]);
        assert_eq!(KeyPath::parse("b").find(&root).unwrap_err().to_string(), "`b` is not there");
        assert_eq!(KeyPath::parse("a/b").find(&root).unwrap_err().to_string(), "`a` is null without `b`");
    }
}
