//! INI to tree and back, as `stores/ini/store.go` of sops has it on top of [ini.v1](https://github.com/go-ini/ini).
//!
//! Every section is a mapping of the root, also the `DEFAULT` one that a file may begin with unnamed. A section's comment
//! is the first thing in it; a key's comment stands before the key in the file and behind it in the tree.

use std::path::Path;

use super::syntax;
use crate::buffer::Buffer;
use crate::error::Error;
use crate::value::{Comment, Entry, Scalar, Text, Value};

/// The section that a file begins with, without a header.
const DEFAULT_SECTION: &str = "DEFAULT";

pub(super) fn parse(text: &[u8], file: &Path) -> Result<Value, Error> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = std::str::from_utf8(text).map_err(|error| syntax(file, 1, 1, error.to_string()))?;
    let mut parser = Parser {
        lines: text.split_inclusive('\n'),
        number: 0,
        comment: String::new(),
        counter: 1,
        sections: Vec::new(),
    };
    parser.sections.push((DEFAULT_SECTION.to_owned(), Vec::new()));
    while let Some(line) = parser.next() {
        parser.line(line).map_err(|reason| syntax(file, parser.number, 1, reason))?;
    }
    let mut sections = parser.sections;
    if sections.first().is_some_and(|(_, entries)| entries.is_empty()) {
        sections.remove(0);
    }
    Ok(Value::Map(sections.into_iter().map(|(name, entries)| Entry::Pair(name, Value::Map(entries))).collect()))
}

struct Parser<'text> {
    lines: std::str::SplitInclusive<'text, char>,
    number: usize,
    /// Comment lines since the last key or section.
    comment: String,
    /// The number of the next key that is written `-`.
    counter: usize,
    sections: Vec<(String, Vec<Entry>)>,
}

impl<'text> Parser<'text> {
    fn next(&mut self) -> Option<&'text str> {
        self.number += 1;
        self.lines.next()
    }

    fn line(&mut self, line: &'text str) -> Result<(), String> {
        let line = line.trim_start();
        match line.as_bytes().first() {
            None => Ok(()),
            Some(b'#' | b';') => {
                self.comment.push_str(line);
                Ok(())
            }
            Some(b'[') => self.section(line),
            Some(_) => self.key(line),
        }
    }

    fn take_comment(&mut self) -> Option<Entry> {
        let comment = std::mem::take(&mut self.comment);
        let comment = comment.trim();
        if comment.is_empty() {
            return None;
        }
        let text = match comment.as_bytes().first() {
            Some(b';') => comment.trim_start_matches([';', ' ']),
            Some(b'#') => comment.trim_start_matches(['#', ' ']),
            _ => comment,
        };
        Some(Entry::Comment(Comment { text: text.into(), inline: false }))
    }

    fn section(&mut self, line: &str) -> Result<(), String> {
        let close = line.rfind(']').ok_or("a section without its closing bracket")?;
        let name = &line[1..close];
        if name.is_empty() {
            return Err("a section without a name".to_owned());
        }
        let behind = &line[close + 1..];
        self.comment.push_str(behind.find(['#', ';']).map_or("", |at| &behind[at..]));
        let comment = self.take_comment();
        self.counter = 1;
        self.sections.push((name.to_owned(), comment.into_iter().collect()));
        Ok(())
    }

    fn key(&mut self, line: &'text str) -> Result<(), String> {
        let (mut name, value) = key_name(line)?;
        if name == "-" {
            name = format!("#{}", self.counter);
            self.counter += 1;
        }
        if name.is_empty() {
            return Err("a line without a key".to_owned());
        }
        let value = Value::Scalar(Scalar::Str(self.value(value)?.as_str().into()));
        let comment = self.take_comment();
        let Some((_, entries)) = self.sections.last_mut() else { return Ok(()) };
        let known = entries.iter().position(|entry| matches!(entry, Entry::Pair(key, _) if *key == name));
        // What stands twice in a section has the place of the first and the value of the last.
        let at = known.unwrap_or(entries.len());
        let old_comment = known.is_some() && matches!(entries.get(at + 1), Some(Entry::Comment(_)));
        let end = at + usize::from(known.is_some()) + usize::from(old_comment);
        entries.splice(at..end, std::iter::once(Entry::Pair(name, value)).chain(comment));
        Ok(())
    }

    fn value(&mut self, rest: &'text str) -> Result<String, String> {
        let line = rest.trim_start();
        let quote = if line.len() > 3 && line.starts_with("\"\"\"") {
            "\"\"\""
        } else if line.starts_with('`') {
            "`"
        } else {
            return Ok(self.plain_value(line.trim()));
        };
        let inner = &line[quote.len()..];
        match inner.rfind(quote) {
            Some(end) => Ok(inner[..end].to_owned()),
            None => self.quoted_lines(inner, quote),
        }
    }

    fn plain_value(&mut self, line: &str) -> String {
        if let Some(start) = line.strip_suffix('\\') {
            return self.continued(start);
        }
        let mut value = line;
        if let Some(at) = line.find(['#', ';']) {
            self.comment.push_str(&line[at..]);
            value = line[..at].trim();
        }
        let unquoted = ['\'', '"'].into_iter().find_map(|quote| {
            let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
            (!inner.contains(quote)).then_some(inner)
        });
        unquoted.unwrap_or(value).to_owned()
    }

    fn continued(&mut self, start: &str) -> String {
        let mut value = start.to_owned();
        while let Some(line) = self.next() {
            let line = line.trim();
            value.push_str(line);
            match value.strip_suffix('\\') {
                Some(_) if !line.is_empty() => value.truncate(value.len() - 1),
                _ => break,
            }
        }
        value
    }

    fn quoted_lines(&mut self, start: &str, quote: &str) -> Result<String, String> {
        let mut value = start.to_owned();
        while let Some(line) = self.next() {
            let Some(at) = line.rfind(quote) else {
                value.push_str(line);
                continue;
            };
            let behind = &line[at + quote.len()..];
            if behind.trim().ends_with('\\') {
                value.push_str(line);
                continue;
            }
            value.push_str(&line[..at]);
            self.comment.push_str(behind.find(['#', ';']).map_or("", |at| behind[at..].trim()));
            return Ok(value);
        }
        Err(format!("a value that begins with {quote} and does not end"))
    }
}

/// The key of a line, and what stands behind its `=` or `:`.
fn key_name(line: &str) -> Result<(String, &str), String> {
    let no_delimiter = || "a line that is no section, comment or `key = value`".to_owned();
    let quote = if line.len() > 6 && line.starts_with("\"\"\"") {
        "\"\"\""
    } else if line.starts_with('"') {
        "\""
    } else if line.starts_with('`') {
        "`"
    } else {
        let at = line.find(['=', ':']).ok_or_else(no_delimiter)?;
        return Ok((line[..at].trim().to_owned(), &line[at + 1..]));
    };
    let inner = &line[quote.len()..];
    let end = inner.find(quote).ok_or("a key without its closing quote")?;
    let behind = &inner[end + quote.len()..];
    let at = behind.find(['=', ':']).ok_or_else(no_delimiter)?;
    Ok((inner[..end].trim().to_owned(), &behind[at + 1..]))
}

/// Whose way of quoting a value is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// That of sops, which reads some of what it writes as something else.
    OfSops,
    /// One that is read as it was, by sops too.
    ToRead,
}

/// Writes sections with aligned `=`, an empty line between two.
pub(super) fn write(documents: &[Value], quotes: Quotes) -> Result<Text, String> {
    let mut out = Buffer::default();
    let sections: Vec<(&str, &Value)> = documents.iter().flat_map(super::pairs).collect();
    for (index, (name, section)) in sections.iter().enumerate() {
        let Value::Map(entries) = section else {
            return Err(format!("`{name}` is {}; INI has only sections at the top", section.kind()));
        };
        write_section(name, entries, (index, quotes), &mut out)?;
        if index + 1 < sections.len() {
            out.push(b'\n');
        }
    }
    Ok(out.into_text())
}

fn is_default(name: &str) -> bool {
    name.eq_ignore_ascii_case(DEFAULT_SECTION)
}

fn write_section(
    name: &str,
    entries: &[Entry],
    (index, quotes): (usize, Quotes),
    out: &mut Buffer,
) -> Result<(), String> {
    let mut entries = entries;
    if let Some((Entry::Comment(comment), rest)) = entries.split_first() {
        write_comment(comment, out);
        entries = rest;
    }
    if index > 0 || !is_default(name) {
        out.append(format!("[{name}]\n").as_bytes());
    }
    let needs_quotes = |key: &str| key.contains(['"', '=', ':']);
    let width = |key: &str| key.len() + if needs_quotes(key) { 2 } else { usize::from(key.contains('`')) * 6 };
    let keys = entries.iter().filter_map(|entry| if let Entry::Pair(key, _) = entry { Some(key) } else { None });
    let align = keys.map(|key| width(key)).max().unwrap_or(0);
    for (at, entry) in entries.iter().enumerate() {
        let Entry::Pair(key, value) = entry else { continue };
        let behind = entries[at + 1..].iter().map_while(|entry| match entry {
            Entry::Comment(comment) => Some(comment),
            Entry::Pair(..) => None,
        });
        behind.last().into_iter().for_each(|comment| write_comment(comment, out));
        let written = match key {
            key if needs_quotes(key) => format!("`{key}`"),
            key if key.contains('`') => format!("\"\"\"{key}\"\"\""),
            key => key.clone(),
        };
        out.append(written.as_bytes());
        out.fill(align - width(key), b' ');
        out.append(b" = ");
        write_value(key, value, quotes, out)?;
        out.push(b'\n');
    }
    Ok(())
}

fn write_comment(comment: &Comment, out: &mut Buffer) {
    let text = String::from_utf8_lossy(comment.text.expose());
    for line in text.split('\n').filter(|_| !text.is_empty()) {
        let (sign, rest) = match line.as_bytes().first() {
            Some(b'#') => ('#', &line[1..]),
            Some(b';') => (';', &line[1..]),
            _ => (';', line),
        };
        out.append(format!("{sign} {}\n", rest.trim()).as_bytes());
    }
}

fn write_value(key: &str, value: &Value, quotes: Quotes, out: &mut Buffer) -> Result<(), String> {
    let Value::Scalar(scalar) = value else {
        return Err(format!("`{key}` is {}; INI has only values in its sections", value.kind()));
    };
    let text = scalar.flat_text();
    let bytes = text.expose();
    let string = text.expose_str().ok_or_else(|| format!("`{key}` is not UTF-8, which INI has to be"))?;
    let quote = quote_of(string, quotes);
    out.append(quote);
    out.append(bytes);
    out.append(quote);
    Ok(())
}

/// What stands around a value.
fn quote_of(value: &str, quotes: Quotes) -> &'static [u8] {
    let within = |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    let ends = value.ends_with('\\') || value.starts_with("\"\"\"") || within('"') || within('\'');
    let spaces = value.trim().len() != value.len();
    let misread = quotes == Quotes::ToRead && (ends || (spaces && value.contains('"')));
    if value.contains(['\n', '`']) {
        b"\"\"\""
    } else if misread || value.contains(['#', ';']) {
        b"`"
    } else if spaces {
        b"\""
    } else {
        b""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> String {
        let tree = parse(text.as_bytes(), Path::new("x.ini")).unwrap();
        String::from_utf8(write(&[tree], Quotes::OfSops).unwrap().expose().to_vec()).unwrap()
    }

    #[test]
    fn what_ini_v1_writes_is_read_and_written_as_it_was() {
        for text in [
            "top = 1\n\n[a]\nlong_key = x\nk        = `a;b`\n",
            "; of the section\n[a]\n; of the key\nk = v\n",
            "[a]\nk = \"\"\"two\nlines\"\"\"\ne = \n\n[a]\nagain = \" spaces \"\n",
            "[a]\n`x=y` = 1\n",
        ] {
            assert_eq!(rewritten(text), text);
        }
    }

    #[test]
    fn a_line_that_is_nothing_is_refused_with_its_number() {
        for (text, says) in [
            ("[a]\nnothing\n", "line 2"),
            ("[a\n", "closing bracket"),
            ("= 1\n", "without a key"),
            ("k = \"\"\"abc\n", "does not end"),
        ] {
            let said = parse(text.as_bytes(), Path::new("x.ini")).unwrap_err().to_string();
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
