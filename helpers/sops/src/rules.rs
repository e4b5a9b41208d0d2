//! Which values of a file are encrypted: the six rules that a file may name, of which it has one.

use crate::go_regex::GoRegex;

/// The suffix that leaves a value in clear when a file names no rule.
pub const DEFAULT_UNENCRYPTED_SUFFIX: &str = "_unencrypted";

/// How it is decided whether a value is encrypted. `shouldBeEncrypted` in `sops.go`.
#[derive(Clone, Debug)]
pub enum Rule {
    /// All but what stands under a key with this ending.
    UnencryptedSuffix(String),
    /// Only what stands under a key with this ending.
    EncryptedSuffix(String),
    /// All but what stands under a key that matches.
    UnencryptedRegex(GoRegex),
    /// Only what stands under a key that matches.
    EncryptedRegex(GoRegex),
    /// All but what a matching comment stands before.
    UnencryptedCommentRegex(GoRegex),
    /// Only what a matching comment stands before.
    EncryptedCommentRegex(GoRegex),
}

/// What sops does when nothing else is said.
impl Default for Rule {
    fn default() -> Self {
        Self::UnencryptedSuffix(DEFAULT_UNENCRYPTED_SUFFIX.to_owned())
    }
}

/// A leaf's surroundings: the keys above it, and the comments before it on every level.
pub(crate) struct Place<'walk> {
    pub keys: &'walk [String],
    pub comments: &'walk [Vec<String>],
    pub is_comment: bool,
}

impl Rule {
    /// The metadata key that names the rule, and its text.
    pub fn field(&self) -> (&'static str, &str) {
        match self {
            Self::UnencryptedSuffix(suffix) => ("unencrypted_suffix", suffix),
            Self::EncryptedSuffix(suffix) => ("encrypted_suffix", suffix),
            Self::UnencryptedRegex(regex) => ("unencrypted_regex", regex.source()),
            Self::EncryptedRegex(regex) => ("encrypted_regex", regex.source()),
            Self::UnencryptedCommentRegex(regex) => ("unencrypted_comment_regex", regex.source()),
            Self::EncryptedCommentRegex(regex) => ("encrypted_comment_regex", regex.source()),
        }
    }

    /// The metadata keys that name rules.
    pub(crate) const FIELDS: [&'static str; 6] = [
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
    ];

    /// The rule that a metadata key and its text stand for.
    ///
    /// # Errors
    /// When the key names no rule, or the text is no regular expression where one is wanted.
    pub fn from_field(field: &str, text: &str) -> Result<Self, String> {
        Ok(match field {
            "unencrypted_suffix" => Self::UnencryptedSuffix(text.to_owned()),
            "encrypted_suffix" => Self::EncryptedSuffix(text.to_owned()),
            "unencrypted_regex" => Self::UnencryptedRegex(GoRegex::new(text)?),
            "encrypted_regex" => Self::EncryptedRegex(GoRegex::new(text)?),
            "unencrypted_comment_regex" => Self::UnencryptedCommentRegex(GoRegex::new(text)?),
            "encrypted_comment_regex" => Self::EncryptedCommentRegex(GoRegex::new(text)?),
            other => return Err(format!("`{other}` names no rule")),
        })
    }

    /// The one rule of a section; `text` gives what stands under a key, empty for nothing.
    pub(crate) fn only_one(text: impl Fn(&str) -> String) -> Result<Self, (&'static str, String)> {
        let mut rule = None;
        for field in Self::FIELDS {
            let text = text(field);
            if text.is_empty() {
                continue;
            }
            let found = Self::from_field(field, &text).map_err(|reason| (field, reason))?;
            if rule.replace(found).is_some() {
                return Err((field, "a second rule for what is encrypted; a file has one".to_owned()));
            }
        }
        Ok(rule.unwrap_or_default())
    }

    /// The bytes that its regular expression keeps.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::UnencryptedSuffix(_) | Self::EncryptedSuffix(_) => 0,
            Self::UnencryptedRegex(regex)
            | Self::EncryptedRegex(regex)
            | Self::UnencryptedCommentRegex(regex)
            | Self::EncryptedCommentRegex(regex) => regex.memory(),
        }
    }

    pub(crate) fn encrypts(&self, place: &Place<'_>) -> bool {
        let any_key = |matches: &dyn Fn(&str) -> bool| place.keys.iter().any(|key| matches(key));
        match self {
            Self::UnencryptedSuffix(suffix) => !any_key(&|key| key.ends_with(suffix.as_str())),
            Self::EncryptedSuffix(suffix) => any_key(&|key| key.ends_with(suffix.as_str())),
            Self::UnencryptedRegex(regex) => !any_key(&|key| regex.is_match(key)),
            Self::EncryptedRegex(regex) => any_key(&|key| regex.is_match(key)),
            Self::UnencryptedCommentRegex(regex) => !place.comments.iter().flatten().any(|text| regex.is_match(text)),
            Self::EncryptedCommentRegex(regex) => place.earlier_comments().any(|text| regex.is_match(text)),
        }
    }

    /// Whether the rule looks at comments, so that the walk must collect them.
    pub(crate) fn reads_comments(&self) -> bool {
        matches!(self, Self::UnencryptedCommentRegex(_) | Self::EncryptedCommentRegex(_))
    }
}

impl Place<'_> {
    /// All comments but, for a comment, itself: the comment that switches encryption on stays readable.
    fn earlier_comments(&self) -> impl Iterator<Item = &String> {
        let last = self.comments.len().saturating_sub(1);
        self.comments.iter().enumerate().flat_map(move |(level, comments)| {
            let own = usize::from(self.is_comment && level == last);
            comments[..comments.len().saturating_sub(own)].iter()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place<'a>(keys: &'a [String], comments: &'a [Vec<String>], is_comment: bool) -> Place<'a> {
        Place { keys, comments, is_comment }
    }

    #[test]
    fn a_key_above_decides_for_all_below() {
        let keys = ["data".to_owned(), "a".to_owned()];
        let rule = Rule::EncryptedRegex(GoRegex::new("^(data|stringData)$").unwrap());
        assert!(rule.encrypts(&place(&keys, &[], false)));
        assert!(!rule.encrypts(&place(&keys[1..], &[], false)));
        assert!(!Rule::UnencryptedSuffix("ta".into()).encrypts(&place(&keys, &[], false)));
    }

    #[test]
    fn the_comment_that_switches_encryption_on_stays_in_clear() {
        let comments = [vec!["secret".to_owned()]];
        let rule = Rule::EncryptedCommentRegex(GoRegex::new("secret").unwrap());
        assert!(rule.encrypts(&place(&[], &comments, false)));
        assert!(!rule.encrypts(&place(&[], &comments, true)));
    }
}
