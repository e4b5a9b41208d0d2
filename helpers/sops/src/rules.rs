//! Which values of a file are encrypted: the six rules that a file may name, of which it has one.

use regex::{Regex, RegexBuilder};

/// The longest regular expression that is read, in bytes. What parsing one takes grows with its length many times over.
const LONGEST: usize = 4096;

/// How many bytes an expression may be compiled to: many times what people write, too few to be a burden.
const COMPILED: usize = 1 << 19;

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

/// A regular expression in the syntax of Go.
#[derive(Clone, Debug)]
pub struct GoRegex {
    source: String,
    compiled: Regex,
}

impl GoRegex {
    /// Whether it matches anywhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
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
            Self::UnencryptedRegex(regex) => ("unencrypted_regex", &regex.source),
            Self::EncryptedRegex(regex) => ("encrypted_regex", &regex.source),
            Self::UnencryptedCommentRegex(regex) => ("unencrypted_comment_regex", &regex.source),
            Self::EncryptedCommentRegex(regex) => ("encrypted_comment_regex", &regex.source),
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
            "unencrypted_regex" => Self::UnencryptedRegex(go_regex(text)?),
            "encrypted_regex" => Self::EncryptedRegex(go_regex(text)?),
            "unencrypted_comment_regex" => Self::UnencryptedCommentRegex(go_regex(text)?),
            "encrypted_comment_regex" => Self::EncryptedCommentRegex(go_regex(text)?),
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

/// Compiles a regular expression as Go does.
///
/// The syntaxes agree but for this: in Go `\d`, `\s`, `\w` and `\b` know ASCII only, and inside `[…]` the characters
/// `[`, `&`, `~` stand for themselves.
pub(crate) fn go_regex(pattern: &str) -> Result<GoRegex, String> {
    let mut translated = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let escaped = characters.next().ok_or("a trailing backslash")?;
                translated.push_str(&go_escape(escaped, in_class));
            }
            '[' if in_class && characters.peek() == Some(&':') => translated.push('['),
            '[' if in_class => translated.push_str("\\["),
            '[' => {
                in_class = true;
                translated.push('[');
                open_class(&mut characters, &mut translated);
            }
            ':' if in_class && characters.peek() == Some(&']') && translated.contains("[:") => {
                characters.next();
                translated.push_str(":]");
            }
            ']' => {
                in_class = false;
                translated.push(']');
            }
            '&' | '~' if in_class => translated.extend(['\\', character]),
            other => translated.push(other),
        }
    }
    if translated.len() > LONGEST {
        return Err(format!("it has {} bytes, {LONGEST} are allowed", translated.len()));
    }
    let compiled = RegexBuilder::new(&translated).size_limit(COMPILED).build().map_err(|error| error.to_string())?;
    Ok(GoRegex { source: pattern.to_owned(), compiled })
}

/// A `]` right after `[` or `[^` stands for itself.
fn open_class(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, translated: &mut String) {
    if characters.peek() == Some(&'^') {
        characters.next();
        translated.push('^');
    }
    if characters.peek() == Some(&']') {
        characters.next();
        translated.push_str("\\]");
    }
}

fn go_escape(escaped: char, in_class: bool) -> String {
    match escaped {
        'd' => "[0-9]".to_owned(),
        'D' => "[^0-9]".to_owned(),
        's' => "[\\t\\n\\f\\r ]".to_owned(),
        'S' => "[^\\t\\n\\f\\r ]".to_owned(),
        'w' => "[0-9A-Za-z_]".to_owned(),
        'W' => "[^0-9A-Za-z_]".to_owned(),
        'b' if !in_class => "(?-u:\\b)".to_owned(),
        other => format!("\\{other}"),
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
        let rule = Rule::EncryptedRegex(go_regex("^(data|stringData)$").unwrap());
        assert!(rule.encrypts(&place(&keys, &[], false)));
        assert!(!rule.encrypts(&place(&keys[1..], &[], false)));
        assert!(!Rule::UnencryptedSuffix("ta".into()).encrypts(&place(&keys, &[], false)));
    }

    #[test]
    fn the_comment_that_switches_encryption_on_stays_in_clear() {
        let comments = [vec!["secret".to_owned()]];
        let rule = Rule::EncryptedCommentRegex(go_regex("secret").unwrap());
        assert!(rule.encrypts(&place(&[], &comments, false)));
        assert!(!rule.encrypts(&place(&[], &comments, true)));
    }

    #[test]
    fn expressions_mean_what_they_mean_in_go() {
        for (pattern, text, matches) in [
            (r"^\w+$", "käse", false),
            (r"^\w+$", "kase_1", true),
            (r"^[\w-]+$", "a-b", true),
            (r"^[[&]+$", "[&", true),
            (r"^[[:alpha:]]+$", "abc", true),
            (r"^[]a]+$", "a]", true),
            (r"\bkey\b", "a key", true),
            (r"^[^\d]+$", "abc1", false),
            (r"(?i)PASS", "password", true),
        ] {
            assert_eq!(go_regex(pattern).unwrap().is_match(text), matches, "{pattern} on {text}");
        }
        assert!(go_regex("(").is_err());
    }
}
