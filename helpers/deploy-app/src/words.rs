//! What is asked for: app, environment, tag. The one parser of it, for every way in.
//!
//! The types cannot hold anything else: no path, no option, no white space, no second command. Whoever has a [`Target`]
//! may put its parts into an image's name or a message without looking at them again.

use std::fmt;

pub use image_signature::Digest;

/// The longest text that is looked at: two names, a tag, two spaces.
const LONGEST: usize = 2 * Word::LONGEST + Tag::LONGEST + 2;

/// The name of an app or an environment: 1 to 50 of `a-z 0-9 -`, the first a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Word(String);

/// A tag of an image, as registries have it (github.com/distribution/reference, `TagRegexp`): 1 to 128 of
/// `A-Z a-z 0-9 . _ -`, the first no `.` or `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

/// Everything that a deploy is asked for with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The app.
    pub app: Word,
    /// Which of its environments.
    pub environment: Word,
    /// The tag of its image.
    pub tag: Tag,
}

/// Why a text asks for nothing. Nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was asked for, as in a login without a command.
    #[error("nothing is asked for; {ASK}")]
    Nothing,
    /// It is longer than any good text.
    #[error("{0} bytes are asked for, {LONGEST} is the most; {ASK}")]
    TooLong(usize),
    /// It holds something that is in no name and no tag.
    #[error("`{0}` is in no name and no tag; {ASK}")]
    Character(String),
    /// It has more or fewer words than three.
    #[error("{0} words between single spaces are asked for, three are right; {ASK}")]
    Words(usize),
    /// The first or second word is no name.
    #[error("`{0}` is no name: 1 to 50 of a-z 0-9 -, the first a letter or digit; {ASK}")]
    Word(String),
    /// The third word is no tag.
    #[error("`{0}` is no tag: 1 to 128 of A-Z a-z 0-9 . _ -, the first no dot and no hyphen; {ASK}")]
    Tag(String),
}

const ASK: &str = "ask with APP ENVIRONMENT TAG, for example: shop prod 1.4.0";

impl Refusal {
    /// The same for who asks in another way than with three words: it ends with how they do.
    pub fn with_form(&self, ask: &str) -> String {
        self.to_string().replace(ASK, ask)
    }
}

impl Word {
    const LONGEST: usize = 50;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let good = text.len() <= Self::LONGEST && text.bytes().all(inner);
        (good && text.bytes().next().is_some_and(|first| first != b'-')).then(|| Self(text.to_owned()))
    }
}

impl Tag {
    const LONGEST: usize = 128;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let good = text.len() <= Self::LONGEST && text.bytes().all(inner);
        let first = text.bytes().next();
        (good && first.is_some_and(|first| !matches!(first, b'.' | b'-'))).then(|| Self(text.to_owned()))
    }
}

impl Target {
    /// Reads `APP ENVIRONMENT TAG`, with single spaces and nothing else between, before or behind.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(asked: &[u8]) -> Result<Self, Refusal> {
        if asked.is_empty() {
            return Err(Refusal::Nothing);
        }
        if asked.len() > LONGEST {
            return Err(Refusal::TooLong(asked.len()));
        }
        let text = plain(asked)?;
        let words: Vec<&str> = text.split(' ').collect();
        let [app, environment, tag] = words[..] else { return Err(Refusal::Words(words.len())) };
        let word = |text: &str| Word::parse(text).ok_or_else(|| Refusal::Word(text.to_owned()));
        Ok(Self {
            app: word(app)?,
            environment: word(environment)?,
            tag: Tag::parse(tag).ok_or_else(|| Refusal::Tag(tag.to_owned()))?,
        })
    }
}

/// The text, if it holds nothing but what a name, a tag or the space between them may.
fn plain(asked: &[u8]) -> Result<&str, Refusal> {
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b' ');
    let refused = |at: usize| Refusal::Character(shown(&asked[at..]));
    match asked.iter().position(|byte| !known(byte)) {
        Some(at) => Err(refused(at)),
        None => std::str::from_utf8(asked).map_err(|error| refused(error.valid_up_to())),
    }
}

/// The first character of some bytes as a person can read it, and a terminal does not obey it.
fn shown(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(4)];
    match String::from_utf8_lossy(start).chars().next() {
        Some(character @ ' '..='~') => character.to_string(),
        _ => format!("byte {:#04x}", start.first().copied().unwrap_or_default()),
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.app.0, self.environment.0, self.tag.0)
    }
}

impl TryFrom<String> for Word {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
            .ok_or_else(|| format!("`{text}` is no name: 1 to 50 of a-z 0-9 -, the first a letter or digit"))
    }
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
