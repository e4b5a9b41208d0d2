//! Variables in text: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `${NAME:+alternative}`, `$$`.
//!
//! The rules are those of the [Compose specification](https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md),
//! nested expressions included.

use std::collections::BTreeSet;

/// How deep expressions may be nested in each other. Real ones have two or three levels.
const MAX_DEPTH: usize = 16;

/// A piece of text with variables.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Variable { name: String, form: Form },
}

/// What is done when the variable is unset, or (with a colon: `or_empty`) empty.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Default { or_empty: bool, value: Vec<Part> },
    Required { or_empty: bool, message: Vec<Part> },
    Alternative { or_empty: bool, value: Vec<Part> },
}

/// A required variable that has no value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub name: String,
    pub message: String,
}

/// Reads `text`, or says what in it is no expression.
pub(crate) fn parse(text: &str) -> Result<Vec<Part>, String> {
    let mut parser = Parser { rest: text };
    let parts = parser.parts(0)?;
    Ok(parts)
}

/// Whether there is nothing to fill in.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.contains('$')
}

/// Fills in the variables. The names of those that are unset and have no default are added to `unset`.
pub(crate) fn fill(
    parts: &[Part],
    lookup: &dyn Fn(&str) -> Option<String>,
    unset: &mut BTreeSet<String>,
) -> Result<String, Missing> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(plain) => text.push_str(plain),
            Part::Variable { name, form } => text.push_str(&value(name, form, lookup, unset)?),
        }
    }
    Ok(text)
}

fn value(
    name: &str,
    form: &Form,
    lookup: &dyn Fn(&str) -> Option<String>,
    unset: &mut BTreeSet<String>,
) -> Result<String, Missing> {
    let found = |or_empty: bool| lookup(name).filter(|value| !(or_empty && value.is_empty()));
    match form {
        Form::Plain => Ok(lookup(name).unwrap_or_else(|| {
            unset.insert(name.to_owned());
            String::new()
        })),
        Form::Default { or_empty, value } => match found(*or_empty) {
            Some(value) => Ok(value),
            None => fill(value, lookup, unset),
        },
        Form::Alternative { or_empty, value } => match found(*or_empty) {
            Some(_) => fill(value, lookup, unset),
            None => Ok(String::new()),
        },
        Form::Required { or_empty, message } => {
            if let Some(value) = found(*or_empty) {
                return Ok(value);
            }
            let message = fill(message, lookup, &mut BTreeSet::new())?;
            Err(Missing { name: name.to_owned(), message })
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    /// Everything up to the end, or within an expression up to its closing brace, which is consumed.
    fn parts(&mut self, depth: usize) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        // Braces of the text itself, as in a default that is JSON.
        let mut open = 0_usize;
        loop {
            let stop = self.rest.find(|c| c == '$' || (depth > 0 && matches!(c, '{' | '}')));
            let (text, rest) = self.rest.split_at(stop.unwrap_or(self.rest.len()));
            push_text(&mut parts, text);
            self.rest = rest;
            if let Some(rest) = self.rest.strip_prefix("$$") {
                push_text(&mut parts, "$");
                self.rest = rest;
            } else if self.rest.starts_with('$') {
                parts.push(self.variable(depth)?);
            } else if let Some(rest) = self.rest.strip_prefix('{') {
                open += 1;
                push_text(&mut parts, "{");
                self.rest = rest;
            } else if let Some(rest) = self.rest.strip_prefix('}') {
                self.rest = rest;
                if open == 0 {
                    return Ok(parts);
                }
                open -= 1;
                push_text(&mut parts, "}");
            } else if depth > 0 {
                return Err("an expression `${` without its closing `}`".to_owned());
            } else {
                return Ok(parts);
            }
        }
    }

    fn variable(&mut self, depth: usize) -> Result<Part, String> {
        let written = self.rest;
        let braced = written.starts_with("${");
        self.rest = &written[if braced { 2 } else { 1 }..];
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        let name = name.to_owned();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("`{}` is no variable; a plain dollar sign is written `$$`", shown(written)));
        }
        self.rest = rest;
        let form = if braced { self.form(written, depth)? } else { Form::Plain };
        Ok(Part::Variable { name, form })
    }

    fn form(&mut self, written: &str, depth: usize) -> Result<Form, String> {
        if depth >= MAX_DEPTH {
            return Err(format!("expressions nested deeper than {MAX_DEPTH}"));
        }
        if let Some(rest) = self.rest.strip_prefix('}') {
            self.rest = rest;
            return Ok(Form::Plain);
        }
        let or_empty = self.rest.starts_with(':');
        let mut operator = self.rest[usize::from(or_empty)..].chars();
        let kind = operator.next();
        self.rest = operator.as_str();
        match kind {
            Some('-') => Ok(Form::Default { or_empty, value: self.parts(depth + 1)? }),
            Some('?') => Ok(Form::Required { or_empty, message: self.parts(depth + 1)? }),
            Some('+') => Ok(Form::Alternative { or_empty, value: self.parts(depth + 1)? }),
            _ => Err(format!("`{}` is no expression of Compose", shown(written))),
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(before)) => before.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

/// The beginning of an expression, short enough for a message.
fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let end = line.find('}').map_or(line.len(), |end| end + 1);
    line[..end].chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let lookup = |name: &str| match name {
            "SET" => Some("set".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let parts = parse(text)?;
        fill(&parts, &lookup, &mut BTreeSet::new()).map_err(|missing| format!("{}: {}", missing.name, missing.message))
    }

    #[test]
    fn every_form_of_compose_is_filled_in() {
        for (text, expected) in [
            ("no variable", "no variable"),
            ("$SET-bar", "set-bar"),
            ("a-${SET}b", "a-setb"),
            ("$NOT", ""),
            ("cost $$5 $$$SET", "cost $5 $set"),
            ("${NOT:-default}", "default"),
            ("${EMPTY:-default}", "default"),
            ("${EMPTY-default}", ""),
            ("${NOT:-}", ""),
            ("${NOT:-a:-b}", "a:-b"),
            ("${NOT:-${SET}}", "set"),
            ("${NOT:-${NOR:-x${SET}y}z}", "xsetyz"),
            ("${SET:+yes}", "yes"),
            ("${EMPTY:+yes}", ""),
            ("${EMPTY+yes}", "yes"),
            ("${NOT+yes}", ""),
            ("${SET:?see a-b}", "set"),
            ("${EMPTY?needed}", ""),
            ("${SET}}", "set}"),
            (r#"${SET:-{"a":"b"}}"#, "set"),
            (r#"${NOT:-{"a":{"b":"${SET}"}}}"#, r#"{"a":{"b":"set"}}"#),
            ("${NOT:-{}}{}", "{}{}"),
            ("{}", "{}"),
            ("", ""),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_required_variable_without_a_value_is_missing_with_its_message() {
        assert_eq!(filled("${NOT:?see a-b}").unwrap_err(), "NOT: see a-b");
        assert_eq!(filled("${EMPTY:?}").unwrap_err(), "EMPTY: ");
        assert_eq!(filled("${NOT?ask $SET}").unwrap_err(), "NOT: ask set");
    }

    #[test]
    fn what_is_no_expression_is_said() {
        for text in ["$", "a$", "$1", "${", "${1X}", "${X", "${X.Y}", "${ X }", "${X:}", "${X:-a", "${X:-{}", "$-"] {
            filled(text).expect_err(text);
        }
        assert!(filled("price: ${1X} and more").unwrap_err().contains("`${1X}`"));
        let deep = "${A:-".repeat(100_000);
        assert!(filled(&deep).unwrap_err().contains("nested deeper"));
    }
}
