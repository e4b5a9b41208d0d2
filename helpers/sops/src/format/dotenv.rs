//! Lines of `NAME=value`, as `stores/dotenv/store.go` of sops reads them: no quoting, `\n` for a line break.

use std::path::Path;

use super::syntax;
use crate::buffer::Buffer;
use crate::error::Error;
use crate::value::{Comment, Entry, Scalar, Text, Value};

pub(super) fn parse(text: &[u8], file: &Path) -> Result<Value, Error> {
    let mut entries = Vec::new();
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        entries.push(if let Some(comment) = line.strip_prefix(b"#") {
            Entry::Comment(Comment { text: Text::new(comment.to_vec()), inline: false })
        } else {
            let at = line.iter().position(|byte| *byte == b'=');
            let at = at.ok_or_else(|| syntax(file, number + 1, 1, "a line without `=`"))?;
            let name = std::str::from_utf8(&line[..at])
                .map_err(|error| syntax(file, number + 1, error.valid_up_to() + 1, "a name that is not UTF-8"))?;
            Entry::Pair(name.to_owned(), Value::Scalar(Scalar::Str(Text::new(with_breaks(&line[at + 1..])))))
        });
    }
    Ok(Value::Map(entries))
}

fn with_breaks(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((byte, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(b"\\n") {
            bytes.push(b'\n');
            rest = tail;
        } else {
            bytes.push(*byte);
            rest = tail;
        }
    }
    bytes
}

pub(super) fn write(documents: &[Value]) -> Result<Text, String> {
    let mut out = Buffer::default();
    let entries = if let Some(Value::Map(entries)) = documents.first() { entries.as_slice() } else { &[] };
    for entry in entries {
        match entry {
            Entry::Comment(comment) => {
                out.push(b'#');
                out.append(comment.text.expose());
            }
            Entry::Pair(name, Value::Scalar(scalar)) => {
                out.append(name.as_bytes());
                out.push(b'=');
                for byte in scalar.flat_text().expose() {
                    match byte {
                        b'\n' => out.append(b"\\n"),
                        other => out.push(*other),
                    }
                }
            }
            Entry::Pair(name, other) => {
                return Err(format!("`{name}` is {}; dotenv has only values", other.kind()));
            }
        }
        out.push(b'\n');
    }
    Ok(out.into_text())
}
