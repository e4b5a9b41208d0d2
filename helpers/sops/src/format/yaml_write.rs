//! Tree to YAML, in block style with four spaces, as go-yaml v3 writes what sops gives it (`emitterc.go`): lists are
//! indented, the first key of an element stands behind its `-`, comments stand above, behind or below what they belong to.

use base64::Engine as _;
use zeroize::Zeroizing;

use super::yaml_style::{self, Style};
use crate::buffer::Buffer;
use crate::value::{Comment, Entry, Item, Scalar, Text, Value};

const INDENT: usize = 4;
/// Bytes in a key from which on it is written behind a `?`.
const LONGEST_SIMPLE_KEY: usize = 128;
/// Characters a line of base64 has in a value that is not text.
const BASE64_LINE: usize = 70;

pub(super) fn write(documents: &[Value]) -> Text {
    let mut writer = Writer::default();
    for (index, document) in documents.iter().enumerate() {
        writer.foot = None;
        if index > 0 {
            writer.out.append(b"---");
        }
        let separate = if index > 0 { &b" "[..] } else { b"" };
        match document {
            Value::Map(entries) if super::pairs(document).next().is_none() => {
                let comments: Vec<&Comment> = entries.iter().filter_map(entry_comment).collect();
                if index > 0 && !comments.is_empty() {
                    writer.out.push(b'\n');
                }
                writer.comments(&comments, 0);
                writer.out.append(if comments.is_empty() { separate } else { b"" });
                writer.out.append(b"{}\n");
            }
            Value::Map(entries) => {
                if index > 0 {
                    writer.out.push(b'\n');
                }
                writer.map(entries, 0, false);
            }
            other => {
                writer.out.append(separate);
                writer.out.append(write_value(other).expose());
            }
        }
    }
    writer.out.into_text()
}

/// One value as a document of its own.
pub(super) fn write_value(value: &Value) -> Text {
    let mut writer = Writer::default();
    match value {
        Value::List(items) if items.iter().any(|item| matches!(item, Item::Value(_))) => {
            // At the top a list is not indented.
            writer.list(items, 0);
        }
        Value::Map(_) => return write(std::slice::from_ref(value)),
        other => {
            writer.node(other, &[], 0, 0);
            return writer.out.without_first().into_text();
        }
    }
    writer.out.into_text()
}

fn entry_comment(entry: &Entry) -> Option<&Comment> {
    if let Entry::Comment(comment) = entry { Some(comment) } else { None }
}

fn item_comment(item: &Item) -> Option<&Comment> {
    if let Item::Comment(comment) = item { Some(comment) } else { None }
}

/// The indentation of a block within one at `indent`: the next multiple of four.
fn deeper(indent: usize) -> usize {
    (indent + INDENT) / INDENT * INDENT
}

#[derive(Default)]
struct Writer {
    out: Buffer,
    /// The indentation of the comment that was just written below something: what follows there stands apart.
    foot: Option<usize>,
}

impl Writer {
    fn indent(&mut self, indent: usize) {
        if self.foot.take() == Some(indent) {
            self.out.push(b'\n');
        }
        self.out.fill(indent, b' ');
    }

    /// Comments on lines of their own.
    fn comments(&mut self, comments: &[&Comment], indent: usize) {
        for comment in comments {
            for line in comment.text.expose().split(|byte| *byte == b'\n') {
                self.indent(indent);
                self.comment_text(line);
                self.out.push(b'\n');
            }
        }
    }

    /// A comment is text on one line; what is not, such as bytes that an older sops encrypted, is made that.
    fn comment_text(&mut self, line: &[u8]) {
        self.out.push(b'#');
        let text = String::from_utf8_lossy(line);
        let fits =
            |character: &char| !character.is_control() && !matches!(character, '\u{feff}' | '\u{2028}' | '\u{2029}');
        for character in text.chars() {
            let character = if character == '\t' || fits(&character) { character } else { ' ' };
            self.out.append_char(character);
        }
    }

    /// `opened`: the first key stands on the line that the `-` of an element began.
    fn map(&mut self, entries: &[Entry], indent: usize, mut opened: bool) {
        let mut above = Vec::new();
        let mut behind = Vec::new();
        for entry in entries {
            match entry {
                Entry::Comment(comment) if comment.inline => behind.push(comment),
                Entry::Comment(comment) => above.push(comment),
                Entry::Pair(key, value) => {
                    if std::mem::take(&mut opened) {
                        behind.append(&mut above);
                    } else {
                        self.comments(&above, indent);
                        above.clear();
                        self.indent(indent);
                    }
                    self.key(key, indent);
                    self.node(value, &behind, indent, deeper(indent));
                    behind.clear();
                }
            }
        }
        above.append(&mut behind);
        self.below(&above, indent);
    }

    fn below(&mut self, comments: &[&Comment], indent: usize) {
        if !comments.is_empty() {
            self.comments(comments, indent);
            self.foot = Some(indent);
        }
    }

    fn key(&mut self, key: &str, indent: usize) {
        let simple = key.len() <= LONGEST_SIMPLE_KEY;
        if !simple {
            self.out.append(b"? ");
        }
        match yaml_style::of(key) {
            Style::Literal | Style::Double => yaml_style::write_double(key, &mut self.out),
            style => self.one_line(key, style),
        }
        if !simple {
            self.out.push(b'\n');
            self.indent(indent);
        }
        self.out.push(b':');
    }

    fn list(&mut self, items: &[Item], indent: usize) {
        self.list_from(items, indent, false);
    }

    fn list_from(&mut self, items: &[Item], indent: usize, mut opened: bool) {
        let mut above = Vec::new();
        let mut behind = Vec::new();
        for item in items {
            match item {
                Item::Comment(comment) if comment.inline => behind.push(comment),
                Item::Comment(comment) => above.push(comment),
                Item::Value(value) => {
                    let (first, rest) = leading_comments(value);
                    above.extend(first);
                    // Of an opened list, the element above has written them.
                    if !std::mem::take(&mut opened) {
                        self.comments(&above, indent);
                        self.indent(indent);
                    }
                    above.clear();
                    self.out.push(b'-');
                    self.element(&rest, &behind, indent);
                    behind.clear();
                }
            }
        }
        above.append(&mut behind);
        self.below(&above, indent);
    }

    /// What follows a `-`. Collections begin on its line.
    fn element(&mut self, value: &Rest<'_>, behind: &[&Comment], indent: usize) {
        match *value {
            Rest::Map(entries) => {
                self.out.push(b' ');
                self.map(entries, indent + 2, true);
            }
            Rest::List(items) => {
                self.out.push(b' ');
                self.list_from(items, indent + 2, true);
            }
            Rest::Other(value) => self.node(value, behind, indent, indent + 2),
        }
    }

    /// What follows a `key:` or a `-`, up to the end of its line or block.
    fn node(&mut self, value: &Value, behind: &[&Comment], parent: usize, indent: usize) {
        match value {
            Value::Map(entries) if super::pairs(value).next().is_none() => {
                let comments: Vec<&Comment> = entries.iter().filter_map(entry_comment).collect();
                self.empty((b'{', b'}'), &comments, behind, parent, indent);
            }
            Value::List(items) if !items.iter().any(|item| matches!(item, Item::Value(_))) => {
                let comments: Vec<&Comment> = items.iter().filter_map(item_comment).collect();
                self.empty((b'[', b']'), &comments, behind, parent, indent);
            }
            Value::Map(entries) => {
                self.behind(behind);
                self.out.push(b'\n');
                self.map(entries, indent, false);
            }
            Value::List(items) => {
                self.behind(behind);
                self.out.push(b'\n');
                self.list(items, indent);
            }
            Value::Scalar(scalar) => {
                self.out.push(b' ');
                self.scalar(scalar, behind, parent, indent);
            }
        }
    }

    fn empty(
        &mut self,
        (open, close): (u8, u8),
        within: &[&Comment],
        behind: &[&Comment],
        parent: usize,
        indent: usize,
    ) {
        self.out.append(&[b' ', open]);
        if !within.is_empty() {
            self.out.push(b'\n');
            self.comments(within, indent);
            self.indent(parent);
        }
        self.out.push(close);
        self.behind(behind);
        self.out.push(b'\n');
    }

    /// Comments at the end of a line; more than one cannot stand there, so the rest follow below.
    fn behind(&mut self, comments: &[&Comment]) {
        for (index, comment) in comments.iter().enumerate() {
            self.out.push(if index == 0 { b' ' } else { b'\n' });
            self.comment_text(comment.text.expose());
        }
    }

    fn scalar(&mut self, scalar: &Scalar, behind: &[&Comment], parent: usize, indent: usize) {
        let text = match scalar {
            Scalar::Str(text) | Scalar::Bytes(text) => return self.text(text, behind, parent, indent),
            Scalar::Null => Text::from("null"),
            Scalar::Float(number) if number.is_nan() => Text::from(".nan"),
            Scalar::Float(number) if number.is_infinite() => Text::from(if *number > 0.0 { ".inf" } else { "-.inf" }),
            // As `-0` it would be read back as a whole number, which has no sign there, and the MAC would not match.
            Scalar::Float(number) if *number == 0.0 && number.is_sign_negative() => Text::from("-0.0"),
            Scalar::Float(number) => Text::from(super::shortest_g(*number, 'e').as_str()),
            other => other.plain_bytes().unwrap_or_default(),
        };
        self.out.append(text.expose());
        self.behind(behind);
        self.out.push(b'\n');
    }

    fn text(&mut self, text: &Text, behind: &[&Comment], parent: usize, indent: usize) {
        let Some(string) = text.expose_str() else { return self.binary(text, behind, indent) };
        match yaml_style::of(string) {
            // In a list go-yaml counts the spaces of such a block from the wrong place.
            Style::Literal if string.starts_with([' ', '\n', '\t']) && indent - parent != INDENT => {
                yaml_style::write_double(string, &mut self.out);
            }
            Style::Literal => return self.literal(string, behind, indent),
            style => self.one_line(string, style),
        }
        self.behind(behind);
        self.out.push(b'\n');
    }

    fn one_line(&mut self, text: &str, style: Style) {
        match style {
            Style::Plain => self.out.append(text.as_bytes()),
            Style::Single => {
                self.out.push(b'\'');
                for piece in text.split_inclusive('\'') {
                    self.out.append(piece.as_bytes());
                    if piece.ends_with('\'') {
                        self.out.push(b'\'');
                    }
                }
                self.out.push(b'\'');
            }
            Style::Double | Style::Literal => yaml_style::write_double(text, &mut self.out),
        }
    }

    fn binary(&mut self, text: &Text, behind: &[&Comment], indent: usize) {
        let encoded = Zeroizing::new(base64::prelude::BASE64_STANDARD.encode(text.expose()));
        self.out.append(b"!!binary ");
        if encoded.len() < BASE64_LINE {
            self.out.append(encoded.as_bytes());
            self.behind(behind);
            self.out.push(b'\n');
            return;
        }
        let mut lines = Zeroizing::new(String::with_capacity(encoded.len() + encoded.len() / BASE64_LINE + 1));
        for line in encoded.as_bytes().chunks(BASE64_LINE) {
            lines.push_str(&String::from_utf8_lossy(line));
            lines.push('\n');
        }
        self.literal(&lines, behind, indent);
    }

    fn literal(&mut self, text: &str, behind: &[&Comment], indent: usize) {
        self.out.push(b'|');
        if text.starts_with([' ', '\n']) {
            self.out.append(INDENT.to_string().as_bytes());
        }
        let body = text.trim_end_matches('\n');
        match text.len() - body.len() {
            0 => self.out.push(b'-'),
            1 if !body.is_empty() => {}
            _ => self.out.push(b'+'),
        }
        self.behind(behind);
        self.out.push(b'\n');
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.indent(indent);
                self.out.append(line.as_bytes());
            }
            self.out.push(b'\n');
        }
    }
}

/// What is left of a value without the comments that it begins with.
enum Rest<'tree> {
    Map(&'tree [Entry]),
    List(&'tree [Item]),
    Other(&'tree Value),
}

/// The comments that a collection begins with: as the first thing in an element they stand above its `-`.
fn leading_comments(value: &Value) -> (Vec<&Comment>, Rest<'_>) {
    match value {
        Value::Map(entries) if super::pairs(value).next().is_some() => {
            let count = entries.iter().take_while(|entry| entry_comment(entry).is_some_and(|it| !it.inline)).count();
            (entries[..count].iter().filter_map(entry_comment).collect(), Rest::Map(&entries[count..]))
        }
        Value::List(items) if items.iter().any(|item| matches!(item, Item::Value(_))) => {
            let count = items.iter().take_while(|item| matches!(item, Item::Comment(it) if !it.inline)).count();
            let mut comments: Vec<&Comment> = items[..count].iter().filter_map(item_comment).collect();
            let rest = &items[count..];
            // The first element of a list in a list may itself begin so.
            if let Some(Item::Value(first)) = rest.first() {
                let (inner, _) = leading_comments(first);
                comments.extend(inner);
            }
            (comments, Rest::List(rest))
        }
        other => (Vec::new(), Rest::Other(other)),
    }
}
#[cfg(test)]
#[path = "yaml_write_tests.rs"]
mod tests;
