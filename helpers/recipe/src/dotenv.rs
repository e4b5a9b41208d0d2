//! Environment files as Docker Compose and abra read them.
//!
//! `NAME=value`, `export NAME=value`, `NAME: value`; single quotes keep everything as it is, double quotes know
//! `\n \r \t \" \\ \$`, both may span lines; a `#` after a space begins a comment; variables are those of earlier
//! lines, never those of this process. The cases are those of
//! [compose-go](https://github.com/compose-spec/compose-go/tree/main/dotenv).

use std::collections::BTreeSet;

use crate::template;

/// A line that is no assignment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads an environment file. For a name that `preset` knows, its value is taken in place of the file's, also where a
/// later line refers to it.
///
/// # Errors
/// The first line that is no assignment.
pub fn parse(text: &str, preset: &dyn Fn(&str) -> Option<String>) -> Result<Vec<(String, String)>, Error> {
    let mut parser = Parser { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1, preset, found: Vec::new() };
    while parser.assignment()? {}
    Ok(parser.found)
}

struct Parser<'a> {
    rest: &'a str,
    line: usize,
    preset: &'a dyn Fn(&str) -> Option<String>,
    found: Vec<(String, String)>,
}

impl<'a> Parser<'a> {
    fn error<T>(&self, reason: impl Into<String>) -> Result<T, Error> {
        Err(Error { line: self.line, reason: reason.into() })
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn skip_blank_and_comments(&mut self) {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.advance(blank);
            if !self.rest.starts_with('#') {
                return;
            }
            self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    /// Reads one assignment; `false` at the end.
    fn assignment(&mut self) -> Result<bool, Error> {
        self.skip_blank_and_comments();
        if self.rest.is_empty() {
            return Ok(false);
        }
        if let Some(rest) = self.rest.strip_prefix("export")
            && rest.starts_with([' ', '\t'])
        {
            self.advance("export".len() + rest.len() - rest.trim_start_matches([' ', '\t']).len());
        }
        let name = self.name()?;
        let value = match self.rest.chars().next() {
            Some('=' | ':') => {
                self.advance(1);
                Some(self.value()?)
            }
            // A name alone means "as in the process": only what was declared counts here.
            _ => None,
        };
        if let Some(value) = (self.preset)(&name).or(value) {
            self.found.push((name, value));
        }
        Ok(true)
    }

    fn name(&mut self) -> Result<String, Error> {
        let end = self.rest.find(['=', ':', '\n']).unwrap_or(self.rest.len());
        let name = self.rest[..end].trim();
        let known = |c: char| c.is_alphanumeric() || "_.-[]".contains(c);
        if name.is_empty() {
            return self.error("there is no name before the `=`");
        }
        if let Some(bad) = name.chars().find(|c| !known(*c)) {
            return self.error(format!("{bad:?} cannot be in a variable's name; a line is `NAME=value`"));
        }
        let name = name.to_owned();
        self.advance(end);
        Ok(name)
    }

    fn value(&mut self) -> Result<String, Error> {
        let blank = self.rest.len() - self.rest.trim_start_matches([' ', '\t']).len();
        let after_blank = blank > 0;
        self.advance(blank);
        match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            _ => self.unquoted(after_blank),
        }
    }

    fn unquoted(&mut self, after_blank: bool) -> Result<String, Error> {
        let line = self.rest.split('\n').next().unwrap_or_default();
        let comment = line
            .char_indices()
            .find(|(at, c)| *c == '#' && line[..*at].chars().next_back().map_or(after_blank, char::is_whitespace));
        let written = line[..comment.map_or(line.len(), |(at, _)| at)].trim_end();
        let value = self.fill(written, written);
        self.advance(line.len());
        value
    }

    fn quoted(&mut self, quote: char) -> Result<String, Error> {
        let begun = self.line;
        // What is to be filled in, in which a dollar that was escaped is doubled, and the same where nothing is.
        let (mut raw, mut plain) = (String::new(), String::new());
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => match (characters.next(), quote) {
                    (Some((_, '$')), '"') => {
                        raw.push_str("$$");
                        plain.push('$');
                    }
                    (Some((_, escaped)), '"') => {
                        raw.push_str(&unescaped(escaped));
                        plain.push_str(&unescaped(escaped));
                    }
                    (Some((_, '\'')), _) => raw.push('\''),
                    (Some((_, other)), _) => raw.extend(['\\', other]),
                    (None, _) => break,
                },
                c if c == quote => {
                    let value = if quote == '"' { self.fill(&raw, &plain)? } else { raw };
                    self.advance(at + 1);
                    return self.nothing_but_a_comment_follows().map(|()| value);
                }
                other => {
                    raw.push(other);
                    plain.push(other);
                }
            }
        }
        Err(Error { line: begun, reason: format!("the value begun with {quote} has no closing {quote}") })
    }

    fn nothing_but_a_comment_follows(&mut self) -> Result<(), Error> {
        let line = self.rest.split('\n').next().unwrap_or_default();
        let rest = line.trim();
        if !(rest.is_empty() || rest.starts_with('#')) {
            return self.error(format!("{rest:?} after the closing quote"));
        }
        self.advance(line.len());
        Ok(())
    }

    /// Fills in earlier variables. Where that is no expression, the value is `plain`: a password hash is full of dollars.
    fn fill(&self, text: &str, plain: &str) -> Result<String, Error> {
        let Ok(parts) = template::parse(text) else { return Ok(plain.to_owned()) };
        let lookup = |name: &str| {
            let earlier = || self.found.iter().rev().find(|(found, _)| found == name).map(|(_, value)| value.clone());
            (self.preset)(name).or_else(earlier)
        };
        template::fill(&parts, &lookup, &mut BTreeSet::new())
            .or_else(|missing| self.error(format!("variable {} has no value: {}", missing.name, missing.message)))
    }
}

/// What a backslash and a character other than a dollar mean in double quotes.
fn unescaped(c: char) -> String {
    match c {
        'n' => "\n".to_owned(),
        'r' => "\r".to_owned(),
        't' => "\t".to_owned(),
        '"' | '\\' | '\'' | '`' => c.to_string(),
        other => format!("\\{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        parse(text, &|_| None).unwrap()
    }

    fn one(text: &str) -> String {
        let mut found = read(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found.remove(0).1
    }

    #[test]
    fn a_value_is_read_as_compose_reads_it() {
        for (text, expected) in [
            ("A=1", "1"),
            ("A = 5", "5"),
            ("A=", ""),
            ("A= # comment", ""),
            ("A=#fff", "#fff"),
            ("A=my string # comment", "my string"),
            ("A=a#b", "a#b"),
            ("export A=2", "2"),
            ("\texport\tA=2", "2"),
            ("A: yaml", "yaml"),
            ("A=1:B", "1:B"),
            ("A=b=", "b="),
            ("A='$B # x' # comment", "$B # x"),
            ("A='it\\'s'", "it's"),
            ("A='\\n'", "\\n"),
            ("A=\"\\n\"", "\n"),
            ("A=\"a\\\"b\"", "a\"b"),
            ("A=\"two\nlines\"", "two\nlines"),
            ("A=\"foo\\$BAR\"", "foo$BAR"),
            ("A=$2y$05$abc", "$2y$05$abc"),
            ("A=\"cost \\$5 and $1\"", "cost $5 and $1"),
            ("A=\"^foo\\$|bar$\"", "^foo$|bar$"),
            ("A=\"\\$2y$05$abc\"", "$2y$05$abc"),
            ("A=${NOT:-x/y}", "x/y"),
            ("A=x\r\n", "x"),
            ("\u{feff}A=1", "1"),
        ] {
            assert_eq!(one(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_later_line_sees_the_earlier_ones() {
        let found = read("COMPOSE_FILE=compose.yml\nCOMPOSE_FILE=\"$COMPOSE_FILE:compose.postgres.yml\"\n");
        assert_eq!(found[1].1, "compose.yml:compose.postgres.yml");
    }

    #[test]
    fn what_is_preset_wins_also_where_it_is_referred_to() {
        let preset = |name: &str| (name == "DOMAIN").then(|| "mine.org".to_owned());
        let found = parse("DOMAIN=example.org\nURL=https://$DOMAIN\nDOMAIN\nOTHER", &preset).unwrap();
        assert_eq!(found[0].1, "mine.org");
        assert_eq!(found[1].1, "https://mine.org");
        assert_eq!(found.len(), 3, "a name alone without a preset is nothing: {found:?}");
    }

    #[test]
    fn the_environment_of_this_process_is_not_looked_at() {
        assert!(std::env::var("PATH").is_ok());
        assert_eq!(one("A=$PATH"), "");
    }

    #[test]
    fn a_line_that_is_none_is_named_by_its_number() {
        for (text, line, reason) in [
            ("A=1\nfor x86 (built by CI):\n", 2, "' ' cannot be in"),
            ("A=\"1\n2\"\nINVALID LINE\n", 3, "' ' cannot be in"),
            ("\n=x", 2, "no name"),
            ("A='1\n\n", 1, "no closing '"),
            ("A=\"1\" 2", 1, "after the closing quote"),
            ("A=1\nB=${NOT:?needed}", 2, "NOT has no value: needed"),
        ] {
            let error = parse(text, &|_| None).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(error.reason.contains(reason), "{text:?}: {error}");
        }
    }
}
