//! Regular expressions as Go has them: they come with files from anywhere, so what one may cost is bounded.

use std::fmt;

use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{Compiler, Config, WhichCaptures};
use regex_automata::util::syntax;

/// The longest regular expression that is read, in bytes. What parsing one takes grows with its length many times over.
const LONGEST: usize = 4096;

/// How many classes of characters (`[…]`, `\p{…}`) one may hold: each may be some 40 KB while it is parsed, since `(?i)`
/// adds both cases of every character in it.
const CLASSES: usize = 64;

/// How many bytes an expression may be compiled to: many times what people write, too few to be a burden.
const COMPILED: usize = 1 << 19;

/// A regular expression in the syntax of Go.
///
/// At most 4096 bytes long, with at most 64 classes of characters, and compiled to at most 512 KiB. Matching takes time in
/// proportion to the text, whatever the expression is.
#[derive(Clone)]
pub struct GoRegex {
    source: String,
    compiled: PikeVM,
}

impl fmt::Debug for GoRegex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("GoRegex").field(&self.source).finish()
    }
}

impl GoRegex {
    /// Compiles an expression.
    ///
    /// The syntaxes of Go and of Rust agree but for this: in Go `\d`, `\s`, `\w` and `\b` know ASCII only, and inside
    /// `[…]` the characters `[`, `&`, `~` stand for themselves.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let translated = translate(pattern)?;
        let parsed = syntax::parse(&translated).map_err(|error| error.to_string())?;
        // Nobody asks what a group matched, and room for groups grows with their square.
        let config = Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(COMPILED));
        let automaton =
            Compiler::new().configure(config).build_from_hir(&parsed).map_err(|error| match error.size_limit() {
                Some(limit) => format!("it is compiled to more than {limit} bytes, which are allowed"),
                None => error.to_string(),
            })?;
        let compiled = PikeVM::new_from_nfa(automaton).map_err(|error| error.to_string())?;
        Ok(Self { source: pattern.to_owned(), compiled })
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it matches anywhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(&mut self.compiled.create_cache(), text)
    }

    /// The bytes that it keeps.
    pub(crate) fn memory(&self) -> usize {
        self.source.len() + self.compiled.get_nfa().memory_usage()
    }
}

/// The expression in the syntax of Rust, if it is not too large.
fn translate(pattern: &str) -> Result<String, String> {
    let mut classes = 0;
    let mut translated = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let escaped = characters.next().ok_or("a trailing backslash")?;
                classes += usize::from(matches!(escaped, 'p' | 'P'));
                translated.push_str(&go_escape(escaped, in_class));
            }
            '[' if in_class && characters.peek() == Some(&':') => translated.push('['),
            '[' if in_class => translated.push_str("\\["),
            '[' => {
                in_class = true;
                classes += 1;
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
    if classes > CLASSES {
        return Err(format!("it has {classes} classes of characters, {CLASSES} are allowed"));
    }
    Ok(translated)
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
            assert_eq!(GoRegex::new(pattern).unwrap().is_match(text), matches, "{pattern} on {text}");
        }
        assert!(GoRegex::new("(").is_err());
    }

    #[test]
    fn what_would_take_too_much_is_refused() {
        for (pattern, says) in [
            ("a".repeat(4097), "4097 bytes"),
            (r"\pL".repeat(65), "65 classes"),
            ("[^a]".repeat(65), "65 classes"),
            (r"(a{999}){999}".to_owned(), "more than 524288 bytes"),
        ] {
            let reason = GoRegex::new(&pattern).unwrap_err();
            assert!(reason.contains(says), "{reason}");
        }
    }
}
