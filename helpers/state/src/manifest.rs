//! Reading the JSON that a Nix module wrote for a helper.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// The manifest schema that this build writes and reads. A manifest of a newer one is refused.
pub const SCHEMA: u32 = 1;

/// Why a manifest was refused. Nothing has been touched when one of these is returned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be read.
    #[error("manifest {path}: {reason}; nothing was done")]
    Read {
        /// The manifest.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// It has no content: what a full disk or an interrupted copy leaves behind.
    #[error("manifest {0} is empty; nothing was done. Write it again, on NixOS with `nixos-rebuild switch`")]
    Empty(PathBuf),
    /// It is not JSON, or not an object with a `schema`.
    #[error("manifest {path}: {reason}; nothing was done")]
    Syntax {
        /// The manifest.
        path: PathBuf,
        /// Where and why.
        reason: serde_json::Error,
    },
    /// It was written for a newer helper.
    #[error(
        "manifest {path} has schema {found}, this helper reads {SCHEMA}; nothing was done. Use the helper of the same generation of the system"
    )]
    Newer {
        /// The manifest.
        path: PathBuf,
        /// The schema that it names.
        found: u32,
    },
    /// A value is missing, unknown or of the wrong shape.
    #[error("manifest {path}: {reason}; nothing was done")]
    Shape {
        /// The manifest.
        path: PathBuf,
        /// Where and why.
        reason: serde_json::Error,
    },
}

#[derive(serde::Deserialize)]
struct Header {
    schema: u32,
}

/// Reads and parses the manifest at `path`. `T` names every key but `schema` and denies unknown ones.
///
/// # Errors
/// See [`enum@Error`].
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read(path).map_err(|reason| Error::Read { path: path.to_owned(), reason })?;
    parse(path, &text)
}

/// Parses a manifest that was read from `path`.
///
/// # Errors
/// See [`enum@Error`].
pub fn parse<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T, Error> {
    let path = path.to_owned();
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::Empty(path));
    }
    let header: Header = match serde_json::from_slice(text) {
        Ok(header) => header,
        Err(reason) => return Err(Error::Syntax { path, reason }),
    };
    if header.schema > SCHEMA {
        return Err(Error::Newer { path, found: header.schema });
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let body = WithoutSchema::<T>::deserialize(&mut deserializer);
    body.map(|body| body.0).map_err(|reason| Error::Shape { path, reason })
}

/// `deny_unknown_fields` and `flatten` do not go together in serde, so `schema` is taken out before `T` sees the rest.
struct WithoutSchema<T>(T);

impl<'de, T: DeserializeOwned> serde::Deserialize<'de> for WithoutSchema<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut object = serde_json::Map::<String, serde_json::Value>::deserialize(deserializer)?;
        object.remove("schema");
        serde_json::from_value(serde_json::Value::Object(object)).map(Self).map_err(serde::de::Error::custom)
    }
}

use serde::Deserialize as _;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Example {
        #[expect(dead_code, reason = "only its presence matters here")]
        name: String,
    }

    fn message(text: &str) -> String {
        parse::<Example>(Path::new("/etc/hearth/x.json"), text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_good_manifest_is_read() {
        parse::<Example>(Path::new("x"), br#"{"schema":1,"name":"a"}"#).unwrap();
    }

    #[test]
    fn what_is_wrong_is_said_with_the_path_and_that_nothing_was_done() {
        for (text, says) in [
            ("", "is empty"),
            ("  \n", "is empty"),
            ("{", "EOF"),
            (r#"{"name":"a"}"#, "missing field `schema`"),
            (r#"{"schema":2,"name":"a"}"#, "has schema 2, this helper reads 1"),
            (r#"{"schema":1}"#, "missing field `name`"),
            (r#"{"schema":1,"name":"a","nmae":1}"#, "unknown field `nmae`"),
        ] {
            let said = message(text);
            assert!(said.contains(says) && said.contains("/etc/hearth/x.json"), "{text}: {said}");
            assert!(said.contains("nothing was done"), "{said}");
        }
    }

    #[test]
    fn a_missing_manifest_is_said() {
        let error = read::<Example>(Path::new("/nonexistent/x.json")).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/x.json") && error.contains("No such file"), "{error}");
    }
}
