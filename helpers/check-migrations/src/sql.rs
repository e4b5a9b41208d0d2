//! Statements without what is not theirs: comments, and what stands in quotes.

/// The statements of a text, each as words in lower case with one space between them. Comments are gone, literals are
/// empty, quoted names lose their quotes.
pub fn statements(text: &str) -> Vec<String> {
    bare(text).split(';').map(words).filter(|statement| !statement.is_empty()).collect()
}

fn words(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The text without comments and the content of literals.
fn bare(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if first == '\'' {
            bare.push_str("''");
            literal(rest, bare.ends_with("e''") || bare.ends_with("E''"))
        } else if let Some(tag) = dollar_tag(rest).filter(|_| !bare.ends_with(is_of_name)) {
            bare.push_str("''");
            rest[tag.len()..].find(tag).map_or(rest.len(), |end| end + 2 * tag.len())
        } else {
            if first != '"' {
                bare.push(first);
            }
            first.len_utf8()
        };
        if rest.starts_with("--") || rest.starts_with("/*") {
            bare.push(' ');
        }
        rest = &rest[skip..];
    }
    bare
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

/// The length of a comment, which may hold others.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of a literal with its quotes. A doubled quote is one of its characters; in the form `E'…'` a backslash
/// makes the next one of it.
fn literal(text: &str, escapes: bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// `$tag$` at the beginning of a text. A parameter, `$1`, is none.
fn dollar_tag(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('$')?;
    let end = inner.find('$')?;
    let tag = &inner[..end];
    let good = tag.chars().all(|one| one.is_alphanumeric() || one == '_')
        && !tag.starts_with(|one: char| one.is_ascii_digit());
    good.then(|| &text[..end + 2])
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn comments_and_literals_are_not_part_of_a_statement() {
        let text = "-- LISTEN a\nSELECT 'it''s; LISTEN b' /* LISTEN c /* d */ e */ , \"Name\"  FROM t; NOTIFY x";
        assert_eq!(statements(text), ["select '' , name from t", "notify x"]);
    }

    #[test]
    fn a_function_body_is_a_literal_and_a_parameter_is_not() {
        let text = "CREATE FUNCTION f() AS $x$ LISTEN a; $y$ $x$; SELECT pg_advisory_lock($1), $2";
        assert_eq!(statements(text), ["create function f() as ''", "select pg_advisory_lock($1), $2"]);
    }

    #[test]
    fn a_backslash_hides_a_quote_only_in_its_own_form() {
        assert_eq!(statements(r"SELECT E'a\'; LISTEN b'; SELECT 2"), ["select e''", "select 2"]);
        assert_eq!(statements(r"SELECT 'a\'; LISTEN b"), ["select ''", "listen b"]);
    }

    #[test]
    fn no_text_makes_it_fail_or_run_on() {
        for text in ["'", "/*", "$$", "$a$ x", "E'\\", "\"", "--", "ä'ö", "$ä$ü$ä$", "/*/", "$1$2", "''''"] {
            let _ = statements(text);
        }
    }
}
