//! How a text is written as a YAML scalar: plain, quoted or as a block, chosen as go-yaml v3 chooses it (`stringv` in
//! `encode.go`, `yaml_emitter_analyze_scalar` in `emitterc.go`), so that files look as sops writes them.

use super::yaml_scalar;
use crate::buffer::Buffer;
use crate::value::Scalar;

/// The styles of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// The style of a text. A literal block is only for values that are not keys.
pub(super) fn of(text: &str) -> Style {
    let shape = Shape::of(text);
    if text.contains('\n') {
        return if shape.block_allowed() { Style::Literal } else { Style::Double };
    }
    if !reads_as_text(text) || shape.other_breaks {
        Style::Double
    } else if shape.plain_allowed(text) {
        Style::Plain
    } else if shape.tabs || shape.special {
        Style::Double
    } else {
        Style::Single
    }
}

/// Whether the text, unquoted, is text for every reader of YAML 1.1 and 1.2.
fn reads_as_text(text: &str) -> bool {
    let old_truth = ["y", "n", "yes", "no", "on", "off"].iter().any(|word| {
        let title: String = word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect();
        text == *word || text == title || text == word.to_uppercase()
    });
    matches!(yaml_scalar::resolve(text), Ok(Scalar::Str(_))) && !old_truth && text != "<<" && !is_base_60(text)
}

/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = text.split(':');
    let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let whole = parts.next().is_some_and(|first| first.starts_with(|c: char| c.is_ascii_digit()) && number(first));
    let mut sixtieths = parts.peekable();
    let sixtieth = |part: &str| match part.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [ten, digit] => (b'0'..=b'5').contains(ten) && digit.is_ascii_digit(),
        _ => false,
    };
    whole && sixtieths.peek().is_some() && sixtieths.all(sixtieth) && number(fraction)
}

/// What is in a text that decides how it may be written.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are found together and asked for one by one")]
struct Shape {
    indicators: bool,
    tabs: bool,
    special: bool,
    /// Line breaks of Unicode, which YAML 1.1 and 1.2 read differently.
    other_breaks: bool,
    trailing_space: bool,
    space_before_break: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut shape = Self {
            indicators: text.starts_with("---") || text.starts_with("...") || starts_with_indicator(text),
            trailing_space: text.ends_with(' '),
            ..Self::default()
        };
        let mut before = ' ';
        let mut characters = text.chars().peekable();
        let mut first = true;
        while let Some(character) = characters.next() {
            let blank_follows = characters.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
            shape.indicators |= !first && character == ':' && blank_follows;
            shape.indicators |= !first && character == '#' && matches!(before, ' ' | '\t' | '\n');
            shape.tabs |= character == '\t';
            shape.other_breaks |= matches!(character, '\u{2028}' | '\u{2029}');
            shape.special |= character != '\t' && !is_printable(character);
            shape.space_before_break |= before == ' ' && character == '\n' && !first;
            (before, first) = (character, false);
        }
        shape
    }

    fn block_allowed(&self) -> bool {
        !self.trailing_space && !self.space_before_break && !self.special && !self.other_breaks
    }

    fn plain_allowed(&self, text: &str) -> bool {
        !self.indicators && !self.tabs && !self.special && !text.starts_with(' ') && !self.trailing_space
    }
}

fn starts_with_indicator(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    let blank_follows = characters.next().is_none_or(|next| matches!(next, ' ' | '\t'));
    match first {
        Some('#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`') => true,
        Some('?' | ':' | '-') => blank_follows,
        _ => false,
    }
}

/// What go-yaml writes as it is: of one, two and three bytes in UTF-8, without control characters and byte order marks.
fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Writes a text in double quotes, with the escapes of YAML.
pub(super) fn write_double(text: &str, out: &mut Buffer) {
    out.push(b'"');
    for character in text.chars() {
        let escape = match character {
            '\0' => "0",
            '\u{7}' => "a",
            '\u{8}' => "b",
            '\t' => "\t",
            '\n' => "n",
            '\u{b}' => "v",
            '\u{c}' => "f",
            '\r' => "r",
            '\u{1b}' => "e",
            '"' => "\"",
            '\\' => "\\",
            '\u{85}' => "N",
            '\u{2028}' => "L",
            '\u{2029}' => "P",
            other if is_printable(other) => {
                out.append_char(other);
                continue;
            }
            other => {
                write_hex(other, out);
                continue;
            }
        };
        out.push(b'\\');
        // A tab is printable for nobody but go-yaml's double quotes.
        out.append(if escape == "\t" { b"t" } else { escape.as_bytes() });
    }
    out.push(b'"');
}

fn write_hex(character: char, out: &mut Buffer) {
    let number = u32::from(character);
    let text = match number {
        0..=0xff => format!("\\x{number:02X}"),
        0x100..=0xffff => format!("\\u{number:04X}"),
        _ => format!("\\U{number:08X}"),
    };
    out.append(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_style_that_go_yaml_gives_it() {
        for (text, style) in [
            ("word", Style::Plain),
            ("two words", Style::Plain),
            ("ENC[AES256_GCM,data:x==,iv:y,tag:z,type:str]", Style::Plain),
            ("a: b", Style::Single),
            ("- a", Style::Single),
            ("-a", Style::Plain),
            ("#a", Style::Single),
            ("a #b", Style::Single),
            ("it's", Style::Plain),
            ("'quoted", Style::Single),
            (" space", Style::Single),
            ("", Style::Double),
            ("true", Style::Double),
            ("Yes", Style::Double),
            ("12", Style::Double),
            ("12:30", Style::Double),
            ("2024-01-02", Style::Double),
            ("tab\tbed", Style::Double),
            ("😀", Style::Double),
            ("käse", Style::Plain),
            ("two\nlines", Style::Literal),
            ("space \nbefore", Style::Double),
        ] {
            assert_eq!(of(text), style, "{text:?}");
        }
    }
}
