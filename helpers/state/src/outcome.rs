//! How a run ends.

use serde::{Deserialize, Serialize};

/// The five ways in which a run ends. There is no sixth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing differed; nothing was touched.
    Unchanged,
    /// The declared state is now the running state.
    Changed,
    /// A person must decide before anything is done.
    Held,
    /// The change failed and the old version serves again.
    RolledBack,
    /// What was found is untouched, or the receipt says what state it is in.
    Failed,
}

impl Outcome {
    /// The process exit code: 0 unchanged, 10 changed, 20 held, 30 rolled back, 1 failed.
    ///
    /// Units list 10 and 20 in `SuccessExitStatus=`. A rollback is a failure: the unit fails and somebody is told.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Unchanged => 0,
            Self::Changed => 10,
            Self::Held => 20,
            Self::RolledBack => 30,
            Self::Failed => 1,
        }
    }

    /// The word that a person reads.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Held => "held",
            Self::RolledBack => "rolled back",
            Self::Failed => "failed",
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_distinct() {
        let all = [Outcome::Unchanged, Outcome::Changed, Outcome::Held, Outcome::RolledBack, Outcome::Failed];
        let codes: std::collections::BTreeSet<u8> = all.iter().map(|outcome| outcome.exit_code()).collect();
        assert_eq!(codes.len(), all.len());
    }
}
