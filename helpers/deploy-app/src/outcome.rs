//! How asking ends, as a pipeline sees it.

use state::Outcome;

/// How asking for a deploy ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was handed over, and ended so.
    Ran(Outcome),
    /// What is asked for is none, or not theirs.
    Refused,
    /// A newer one came while this one waited.
    Superseded,
}

impl End {
    /// The exit code. Both good endings are 0, since a pipeline takes everything else for a failure; the other outcomes
    /// have the codes that they have everywhere.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ran(Outcome::Unchanged | Outcome::Changed) => 0,
            Self::Ran(other) => other.exit_code(),
            Self::Refused => 2,
            Self::Superseded => 40,
        }
    }

    /// The word that a person reads.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ran(outcome) => outcome.word(),
            Self::Refused => "refused",
            Self::Superseded => "superseded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_endings_are_zero_and_all_others_are_told_apart() {
        let bad = [Outcome::Held, Outcome::RolledBack, Outcome::Failed].map(End::Ran);
        let codes: Vec<u8> = bad.into_iter().chain([End::Refused, End::Superseded]).map(End::exit_code).collect();
        assert_eq!(codes, [20, 30, 1, 2, 40]);
        assert_eq!(End::Ran(Outcome::Changed).exit_code(), 0);
        assert_eq!(End::Ran(Outcome::Unchanged).exit_code(), 0);
    }
}
