//! One file, folder, link or device of a volume, as the index of a snapshot describes it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde::{Deserialize, Serialize};

/// What lies at one path of a volume, with everything that a restore puts back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its path from the volume's root; empty for the root itself.
    pub path: Raw,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
    /// Permission bits, with set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// When its content last changed: seconds since 1970 (negative before), nanoseconds.
    pub mtime: (i64, u32),
    /// Extended attributes; ACLs are among them, as `system.posix_acl_…`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub xattrs: BTreeMap<Raw, Raw>,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file.
    File {
        /// Its length in bytes.
        size: u64,
        /// SHA-256 of its content, holes read as zeros; empty until the content was read.
        sha256: String,
    },
    /// A further name of an entry that came before it.
    HardLink {
        /// The path of that entry.
        to: Raw,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points.
        to: Raw,
    },
    /// A named pipe.
    Fifo,
    /// A character device.
    CharacterDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    BlockDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
}

impl Entry {
    /// The same entry without the digest of its content, to compare what was looked at with what was read.
    #[must_use]
    pub fn without_digest(&self) -> Self {
        let mut entry = self.clone();
        if let Kind::File { sha256, .. } = &mut entry.kind {
            sha256.clear();
        }
        entry
    }

    /// The length of its content in bytes.
    pub fn size(&self) -> u64 {
        match self.kind {
            Kind::File { size, .. } => size,
            _ => 0,
        }
    }
}

/// Bytes that need not be UTF-8: a path, the name or value of an attribute. In JSON a backslash and every byte that is
/// not part of UTF-8 or is a control character is written `\xNN`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Raw(pub Vec<u8>);

impl Raw {
    /// As the system's calls take it.
    pub fn as_os(&self) -> &OsStr {
        OsStr::from_bytes(&self.0)
    }

    /// This path with one more name at its end.
    #[must_use]
    pub fn join(&self, name: &[u8]) -> Self {
        let mut path = self.0.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Self(path)
    }

    /// Whether the other path is this one or lies below it.
    pub fn holds(&self, other: &Self) -> bool {
        self.0.is_empty()
            || other.0.strip_prefix(self.0.as_slice()).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }

    /// The path of the folder it lies in, and its name there. `None` for the root.
    pub fn split(&self) -> Option<(&[u8], &[u8])> {
        if self.0.is_empty() {
            return None;
        }
        Some(match self.0.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (&self.0[..slash], &self.0[slash + 1..]),
            None => (&[], &self.0),
        })
    }

    /// Whether it stays in the volume: no empty, `.` or `..` part.
    pub fn is_inside(&self) -> bool {
        self.0.is_empty()
            || (!self.0.contains(&0)
                && self.0.split(|byte| *byte == b'/').all(|part| !part.is_empty() && part != b"." && part != b".."))
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", String::from(self.clone()))
    }
}

impl std::fmt::Display for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(if self.0.is_empty() { "." } else { "" })?;
        f.write_str(&String::from(self.clone()))
    }
}

impl From<Raw> for String {
    fn from(raw: Raw) -> Self {
        use std::fmt::Write as _;
        let mut text = Self::with_capacity(raw.0.len());
        for chunk in raw.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if character == '\\' || character.is_control() {
                    let mut bytes = [0; 4];
                    for byte in character.encode_utf8(&mut bytes).bytes() {
                        let _ = write!(text, "\\x{byte:02x}");
                    }
                } else {
                    text.push(character);
                }
            }
            for byte in chunk.invalid() {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
        text
    }
}

impl TryFrom<String> for Raw {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((first, more)) = rest.split_first() {
            rest = if *first == b'\\' {
                let digits = more.strip_prefix(b"x").and_then(|more| more.split_at_checked(2));
                let (digits, more) = digits.ok_or_else(|| format!("`{text}`: a backslash that escapes nothing"))?;
                let byte = hex::decode(digits).map_err(|error| format!("`{text}`: {error}"))?;
                bytes.extend(byte);
                more
            } else {
                bytes.push(*first);
                more
            };
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_survive_the_way_through_json(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let raw = Raw(bytes);
            let text = serde_json::to_string(&raw).unwrap();
            prop_assert_eq!(serde_json::from_str::<Raw>(&text).unwrap(), raw);
        }
    }

    #[test]
    fn a_path_that_leaves_the_volume_is_told() {
        let inside = |text: &str| Raw(text.as_bytes().to_vec()).is_inside();
        assert!(inside("") && inside("a/b") && inside("..."));
        for outside in ["/etc", "a/../b", "..", "./a", "a//b", "a/", "a\0b"] {
            assert!(!inside(outside), "{outside}");
        }
    }
}
