//! What came of a step, and of all of them.

use std::fmt;

use crate::plan::bytes;

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It went, and so many bytes with it, where that is known.
    Gone(Option<u64>),
    /// The engine kept it.
    Stays,
    /// Somebody began to need it after the plan was made.
    NeededBy(String),
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(Some(went)) => write!(f, "done, {} freed", bytes(*went)),
            Self::Gone(None) => f.write_str("done; how much that freed is not known"),
            Self::Stays => f.write_str("stays: it is in use by now, or there was nothing old enough"),
            Self::NeededBy(by) => write!(f, "stays: it is needed by now: {by}"),
        }
    }
}

/// What all steps together freed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// How many bytes, of those steps of which it is known.
    pub bytes: u64,
    /// Whether there was one of which it is not known.
    pub more: bool,
}

impl Freed {
    /// Counts what a step freed.
    pub fn add(&mut self, taken: &Taken) {
        match taken {
            Taken::Gone(Some(bytes)) => self.bytes = self.bytes.saturating_add(*bytes),
            Taken::Gone(None) => self.more = true,
            Taken::Stays | Taken::NeededBy(_) => {}
        }
    }

    /// How many bytes it was in all, where that is known.
    pub fn all(&self) -> Option<u64> {
        (!self.more).then_some(self.bytes)
    }
}

impl fmt::Display for Freed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.more, self.bytes) {
            (false, known) => f.write_str(&bytes(known)),
            (true, 0) => f.write_str("an unknown number of bytes"),
            (true, known) => write!(f, "at least {}", bytes(known)),
        }
    }
}
