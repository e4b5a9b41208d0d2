//! Passwords, which print nothing.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, ensure};
use zeroize::Zeroizing;

/// A password.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Password {
    /// Takes a text, without the line break at its end.
    ///
    /// # Errors
    /// When it is empty, or holds what `PostgreSQL` and its clients would each prepare in their own way.
    pub fn new(text: &str) -> anyhow::Result<Self> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        ensure!(!text.is_empty(), "it is empty");
        // RFC 4013 (SASLprep) leaves these as they are, and needs no tables for it.
        ensure!(
            text.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "it has characters other than printable ASCII; choose one without"
        );
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Reads the file of a role.
    ///
    /// # Errors
    /// When it cannot be read, or holds no password. The role is named, not what is in the file.
    pub fn read(role: &str, file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).map(Zeroizing::new);
        let text = text.with_context(|| format!("password of role {role}, {}", file.display()))?;
        Self::new(&text).with_context(|| format!("password of role {role}, {}", file.display()))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::Password;

    #[test]
    fn a_password_prints_nothing() {
        assert_eq!(format!("{:?}", Password::new("geheim").unwrap()), "Password(…)");
    }

    #[test]
    fn what_would_be_prepared_in_different_ways_is_refused_and_not_told() {
        for text in ["", "\n", "gehe\u{e9}im", "gehe\tim", "geheim\n\n"] {
            let error = format!("{:#}", Password::new(text).unwrap_err());
            assert!(!error.contains("gehe"), "{error}");
        }
        assert_eq!(Password::new("a b~\n").unwrap().bytes(), b"a b~");
    }
}
