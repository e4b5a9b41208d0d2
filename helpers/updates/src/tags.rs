//! The versions that a repository offers.

use std::collections::BTreeMap;
use std::fmt;

use recipe::Version;
use serde::{Deserialize, Serialize};

/// The id of a commit: 40 hexadecimal digits, or 64 in a repository with SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

/// A text that is no commit id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no commit: its whole id is needed, 40 (or 64) of 0-9 a-f")]
pub struct CommitError(String);

impl Commit {
    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first 12 digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl TryFrom<String> for Commit {
    type Error = CommitError;

    fn try_from(text: String) -> Result<Self, CommitError> {
        let hexadecimal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if hexadecimal && matches!(text.len(), 40 | 64) {
            Ok(Self(text))
        } else {
            Err(CommitError(text.chars().take(100).collect()))
        }
    }
}

impl std::str::FromStr for Commit {
    type Err = CommitError;

    fn from_str(text: &str) -> Result<Self, CommitError> {
        text.to_owned().try_into()
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> Self {
        commit.0
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A version as a repository has it: the tag's name and the commit it stands at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tag {
    /// What it means.
    pub version: Version,
    /// The tag's own name: the version, in some repositories after a `v`.
    pub name: String,
    /// Where it stands.
    pub commit: Commit,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.version.fmt(f)
    }
}

/// All versions of a repository, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// Those that are versions.
    pub versions: Vec<Tag>,
    /// The names of those that are none (`latest`, `before-rewrite`), or that name a version which another tag names at
    /// another commit. They are never moved to.
    pub ignored: Vec<String>,
}

impl Tags {
    /// Sorts out which tags are versions.
    ///
    /// A tag may have a `v` before the recipe's part (`v1.0.2`): real recipes have such. Where both `1.0.2` and `v1.0.2`
    /// exist, the one without counts.
    pub fn read(tags: impl IntoIterator<Item = (String, Commit)>) -> Self {
        let mut versions: BTreeMap<Version, Tag> = BTreeMap::new();
        let mut ignored = Vec::new();
        for (name, commit) in tags {
            let Some(version) = version_of(&name) else {
                ignored.push(name);
                continue;
            };
            let bare = version.to_string() == name;
            let tag = Tag { version: version.clone(), name, commit };
            match versions.get_mut(&version) {
                None => drop(versions.insert(version, tag)),
                Some(other) if bare => ignored.push(std::mem::replace(other, tag).name),
                Some(_) => ignored.push(tag.name),
            }
        }
        Self { versions: versions.into_values().collect(), ignored }
    }

    /// The tag of a version.
    pub fn of(&self, version: &Version) -> Option<&Tag> {
        self.versions.iter().find(|tag| tag.version == *version)
    }
}

/// The version that a tag, or a file in `release/`, is named after.
pub(crate) fn version_of(name: &str) -> Option<Version> {
    let bare = name.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    bare.unwrap_or(name).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(digit: char) -> Commit {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn read(names: &[&str]) -> Tags {
        Tags::read(
            names.iter().zip("0123456789abcdef".chars()).map(|(name, digit)| ((*name).to_owned(), commit(digit))),
        )
    }

    #[test]
    fn versions_are_found_in_order_and_the_rest_is_counted() {
        let tags = read(&["2.0.0+1", "latest", "1.10.0+1.0.5-social-amd64", "v1.9.0", "1.0", "v2", "release/1.0.0"]);
        let names: Vec<_> = tags.versions.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["v1.9.0", "1.10.0+1.0.5-social-amd64", "2.0.0+1"]);
        assert_eq!(tags.ignored, ["latest", "1.0", "v2", "release/1.0.0"]);
    }

    #[test]
    fn of_two_tags_for_one_version_the_one_without_v_counts() {
        for names in [["v1.0.0", "1.0.0"], ["1.0.0", "v1.0.0"]] {
            let tags = read(&names);
            assert_eq!(tags.versions.len(), 1);
            assert_eq!(tags.of(&"1.0.0".parse().unwrap()).unwrap().name, "1.0.0");
            assert_eq!(tags.ignored, ["v1.0.0"]);
        }
    }

    #[test]
    fn a_commit_is_its_whole_id() {
        for text in ["", "abc", "HEAD", &"g".repeat(40), &"A".repeat(40), &"a".repeat(41)] {
            assert!(text.parse::<Commit>().unwrap_err().to_string().contains("whole id"), "{text}");
        }
        assert_eq!(commit('a').short(), "aaaaaaaaaaaa");
    }
}
