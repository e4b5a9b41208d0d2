//! What is wrong with a version, in words for the person who made it.

use serde::Serialize;

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Two migrations have one number.
    DuplicateSlot,
    /// A new migration has a lower number than one that ran.
    OutOfOrderSlot,
    /// A statement names something that is not there.
    Missing,
    /// A statement makes something that is there already.
    Exists,
    /// A statement changes what belongs to another role.
    NotOwner,
    /// A statement does what its role may not.
    NotAllowed,
    /// A statement took longer than it may.
    TooLong,
    /// A table was locked for longer than it may be.
    LockTooLong,
    /// The migrations do not fit the rows that are there.
    Data,
    /// The command, run again, changed something or failed.
    NotRepeatable,
    /// A statement needs a connection of its own, and there is a pooler in front.
    SessionFeature,
    /// The command failed in another way.
    Failed,
    /// The command did not end.
    DidNotEnd,
    /// The new version does not work on the database that its migrations made.
    NewVersion,
    /// What is declared is not what the live database is.
    Declaration,
    /// The live database is larger than the scratch one may be.
    NoRoom,
}

/// Something that is wrong with a version. It was found before anything that serves was touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing is wrong.
    pub kind: Kind,
    /// With what.
    pub object: String,
    /// Why.
    pub cause: String,
    /// What would come of it.
    pub consequence: String,
    /// What to do.
    pub remedy: String,
    /// The last lines of what was run.
    pub evidence: Vec<String>,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}. {}", self.object, self.cause, self.consequence, self.remedy)
    }
}
