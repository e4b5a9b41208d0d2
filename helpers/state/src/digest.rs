//! Content digests: the name under which the swarm keeps a secret or a configuration, and the sign of "nothing differs".

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest of content.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of one piece of content.
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }

    /// All 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The first 12 hexadecimal digits (48 bits): enough to tell the contents of one name apart, and short enough for
    /// the 64 characters that a swarm object's name may have.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.short())
    }
}

/// Digests many named parts into one. Each part is framed by its lengths, so that moving a byte from one part to the
/// next gives another digest.
#[derive(Default)]
pub struct Digester(Sha256);

impl Digester {
    /// Adds one part under a name.
    pub fn add(&mut self, name: &str, content: &[u8]) -> &mut Self {
        for field in [name.as_bytes(), content] {
            self.0.update((field.len() as u64).to_be_bytes());
            self.0.update(field);
        }
        self
    }

    /// The digest of all parts in the order in which they were added.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_moved_between_parts_changes_the_digest() {
        let digest = |parts: &[(&str, &str)]| {
            let mut digester = Digester::default();
            for (name, content) in parts {
                digester.add(name, content.as_bytes());
            }
            digester.finish()
        };
        assert_ne!(digest(&[("a", "bc")]), digest(&[("ab", "c")]));
        assert_ne!(digest(&[("a", "b"), ("c", "d")]), digest(&[("a", "bcd")]));
        assert_eq!(digest(&[("a", "b")]), digest(&[("a", "b")]));
    }
}
