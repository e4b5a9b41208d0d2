//! Why a trial ends early: something is wrong with the version, or with the host.

use crate::finding::Finding;

/// Why a trial ends early.
#[derive(Debug)]
pub enum Stop {
    /// Something is wrong with the version.
    Finding(Box<Finding>),
    /// Something is wrong with the host, and nothing is known of the version.
    Error(anyhow::Error),
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Finding(Box::new(finding))
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Error(error)
    }
}

impl From<swarm::Error> for Stop {
    fn from(error: swarm::Error) -> Self {
        Self::Error(error.into())
    }
}
