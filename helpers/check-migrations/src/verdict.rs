//! What a trial that found nothing wrong says.

use serde::{Deserialize, Serialize};

/// What is known of migrations that may be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whether the old version works on what the new one makes of the database.
    pub old_version: OldVersion,
    /// Whether the migrations change anything in the live database.
    pub changes: bool,
    /// What was done, a line an attempt.
    pub attempts: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Whether the old version works on the migrated database. A rollback obeys it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "result", content = "why")]
pub enum OldVersion {
    /// It does: a later rollback may keep the data.
    Works,
    /// It does not: a rollback needs the snapshot, and loses what was written since.
    Breaks(String),
    /// It was not asked.
    NotAsked(String),
}

impl OldVersion {
    /// Whether a rollback to the old version may keep the data. What is not known may not.
    pub fn keeps_data(&self) -> bool {
        *self == Self::Works
    }
}

impl std::fmt::Display for OldVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Works => f.write_str("the old version works on the migrated database: a rollback may keep the data"),
            Self::Breaks(why) => {
                write!(
                    f,
                    "the old version does not work on the migrated database: a rollback needs the snapshot ({why})"
                )
            }
            Self::NotAsked(why) => {
                write!(
                    f,
                    "the old version was not tried on the migrated database: a rollback needs the snapshot ({why})"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OldVersion;

    #[test]
    fn only_what_was_seen_to_work_keeps_the_data() {
        assert!(OldVersion::Works.keeps_data());
        assert!(!OldVersion::Breaks("x".into()).keeps_data());
        assert!(!OldVersion::NotAsked("x".into()).keeps_data());
    }

    #[test]
    fn it_is_written_down_and_read_again() {
        for value in [OldVersion::Works, OldVersion::Breaks("x".into()), OldVersion::NotAsked("y".into())] {
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<OldVersion>(&text).unwrap(), value, "{text}");
        }
    }
}
