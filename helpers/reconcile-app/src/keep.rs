//! Whether the data of now stays when a person goes back to an earlier version.

use clap::ValueEnum;

use crate::record::TriedMigrations;

/// What becomes of the data when a person goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Data {
    /// It stays as it is: what was written since is kept, and the earlier version must understand it
    Keep,
    /// It becomes what it was when the snapshot was taken
    Restore,
}

/// To what a person goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    /// The snapshot of it.
    pub snapshot: String,
    /// What is to become of the data; where nobody says, what [`by_verdict`] says.
    pub data: Option<Data>,
}

/// What is to become of the data, and why: as the trial says of the migrations that led from the earlier version to what
/// serves. What was not seen to work is not kept.
pub fn by_verdict(tried: Option<&TriedMigrations>, serves: &str, earlier: &str) -> (Data, String) {
    match tried.filter(|tried| tried.digest == serves && tried.over.as_deref() == Some(earlier)) {
        Some(TriedMigrations { verdict, .. }) if verdict.old_version.keeps_data() => {
            (Data::Keep, verdict.old_version.to_string())
        }
        Some(TriedMigrations { verdict, .. }) => (Data::Restore, verdict.old_version.to_string()),
        None => (Data::Restore, "whether it works on the data of now was not tried".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use check_migrations::{OldVersion, Verdict};

    use super::*;

    fn tried(old_version: OldVersion) -> TriedMigrations {
        let verdict = Verdict { old_version, changes: true, attempts: Vec::new(), warnings: Vec::new() };
        TriedMigrations { digest: "new".to_owned(), over: Some("old".to_owned()), verdict }
    }

    #[test]
    fn the_data_stays_only_where_the_earlier_version_was_seen_to_work_on_it() {
        let works = tried(OldVersion::Works);
        assert_eq!(by_verdict(Some(&works), "new", "old").0, Data::Keep);
        for bad in [OldVersion::Breaks("no column".to_owned()), OldVersion::NotAsked("no probe".to_owned())] {
            let (data, why) = by_verdict(Some(&tried(bad)), "new", "old");
            assert_eq!(data, Data::Restore);
            assert!(why.contains("needs the snapshot"), "{why}");
        }
        assert_eq!(by_verdict(None, "new", "old").0, Data::Restore);
    }

    #[test]
    fn a_verdict_counts_only_for_the_step_that_it_is_of() {
        let works = tried(OldVersion::Works);
        for (serves, earlier) in [("newer", "old"), ("new", "older"), ("old", "new")] {
            assert_eq!(by_verdict(Some(&works), serves, earlier).0, Data::Restore, "{serves} over {earlier}");
        }
        let first = TriedMigrations { over: None, ..works };
        assert_eq!(by_verdict(Some(&first), "new", "old").0, Data::Restore);
    }
}
