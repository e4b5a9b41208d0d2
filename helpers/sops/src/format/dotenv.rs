//! Lines of `NAME=value`, as `stores/dotenv/store.go` of sops reads them: no quoting, `\n` for a line break.

use std::path::Path;

use super::{syntax, text_of};
use crate::error::Error;
use crate::value::{Comment, Entry, Scalar, Text, Value};

pub(super) fn parse(text: &[u8], file: &Path) -> Result<Value, Error> {
    let text = std::str::from_utf8(text).map_err(|error| syntax(file, 1, 1, error.to_string()))?;
    let mut entries = Vec::new();
    for (number, line) in text.split('\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        entries.push(if let Some(comment) = line.strip_prefix('#') {
            Entry::Comment(Comment { text: comment.into(), inline: false })
        } else {
            let (name, value) =
                line.split_once('=').ok_or_else(|| syntax(file, number + 1, 1, "a line without `=`"))?;
            Entry::Pair(name.to_owned(), Value::Scalar(Scalar::Str(value.replace("\\n", "\n").as_str().into())))
        });
    }
    Ok(Value::Map(entries))
}

pub(super) fn write(documents: &[Value]) -> Text {
    let mut out = Vec::new();
    for document in documents {
        let Value::Map(entries) = document else { continue };
        for entry in entries {
            match entry {
                Entry::Comment(comment) => {
                    out.push(b'#');
                    out.extend_from_slice(comment.text.expose());
                }
                Entry::Pair(name, value) => {
                    out.extend_from_slice(name.as_bytes());
                    out.push(b'=');
                    for byte in text_of(value).expose() {
                        match byte {
                            b'\n' => out.extend_from_slice(b"\\n"),
                            other => out.push(*other),
                        }
                    }
                }
            }
            out.push(b'\n');
        }
    }
    Text::new(out)
}
