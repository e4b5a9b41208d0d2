//! Which snapshots stay.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;

use crate::snapshot::Id;

/// How many snapshots stay: the newest of each of so many days, weeks and months that have any, in UTC, and so many
/// newest ones whatever their time. The newest always stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retention {
    /// The newest ones.
    pub last: usize,
    /// Days.
    pub daily: usize,
    /// ISO weeks.
    pub weekly: usize,
    /// Months.
    pub monthly: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { last: 3, daily: 7, weekly: 4, monthly: 6 }
    }
}

/// The snapshots that may go. `taken` may be in any order.
pub fn dispensable(taken: &[(Id, Timestamp)], retention: Retention, keep: &[Id]) -> Vec<Id> {
    let mut newest_first: Vec<&(Id, Timestamp)> = taken.iter().collect();
    newest_first.sort_by(|one, other| other.0.cmp(&one.0));
    let mut kept: BTreeSet<&Id> = keep.iter().collect();
    kept.extend(newest_first.iter().take(retention.last.max(1)).map(|(id, _)| id));
    for (count, period) in [(retention.daily, "%Y-%m-%d"), (retention.weekly, "%G-W%V"), (retention.monthly, "%Y-%m")] {
        let mut seen = BTreeSet::new();
        for (id, at) in &newest_first {
            let name = at.to_zoned(TimeZone::UTC).strftime(period).to_string();
            if seen.len() < count && seen.insert(name) {
                kept.insert(id);
            }
        }
    }
    let mut go: Vec<Id> = taken.iter().map(|(id, _)| id).filter(|id| !kept.contains(id)).cloned().collect();
    go.sort();
    go
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taken(number: u64, at: &str) -> (Id, Timestamp) {
        let at: Timestamp = at.parse().unwrap();
        let id = format!("{number:06}-{}-0123456789ab", at.strftime("%Y%m%dT%H%M%SZ"));
        (id.parse().unwrap(), at)
    }

    fn kept(all: &[(Id, Timestamp)], retention: Retention, keep: &[Id]) -> Vec<u64> {
        let go = dispensable(all, retention, keep);
        all.iter().map(|(id, _)| id).filter(|id| !go.contains(id)).map(Id::number).collect()
    }

    const NONE: Retention = Retention { last: 0, daily: 0, weekly: 0, monthly: 0 };

    #[test]
    fn the_newest_of_each_day_week_and_month_stays() {
        let all = [
            taken(1, "2026-09-30T10:00:00Z"),
            taken(2, "2026-10-30T10:00:00Z"),
            taken(3, "2026-11-14T10:00:00Z"),
            taken(4, "2026-11-19T10:00:00Z"),
            taken(5, "2026-11-20T09:00:00Z"),
            taken(6, "2026-11-20T10:00:00Z"),
        ];
        assert_eq!(kept(&all, Retention { daily: 2, ..NONE }, &[]), [4, 6]);
        assert_eq!(kept(&all, Retention { weekly: 2, ..NONE }, &[]), [3, 6]);
        assert_eq!(kept(&all, Retention { monthly: 3, ..NONE }, &[]), [1, 2, 6]);
        assert_eq!(kept(&all, Retention { last: 3, ..NONE }, &[]), [4, 5, 6]);
        assert_eq!(kept(&all, NONE, std::slice::from_ref(&all[0].0)), [1, 6]);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_make_the_newest_an_old_one() {
        let all = [taken(1, "2030-01-01T00:00:00Z"), taken(2, "2026-11-20T10:00:00Z")];
        assert_eq!(kept(&all, NONE, &[]), [2]);
    }

    proptest! {
        #[test]
        fn the_newest_and_what_is_protected_always_stay(
            times in proptest::collection::vec(0_i64..4_000_000_000, 1..30),
            (last, daily, weekly, monthly) in (0_usize..5, 0_usize..5, 0_usize..5, 0_usize..5),
            protected in any::<proptest::sample::Index>(),
        ) {
            let all: Vec<_> = times.iter().zip(1..)
                .map(|(at, number)| taken(number, &Timestamp::from_second(*at).unwrap().to_string())).collect();
            let keep = all[protected.index(all.len())].0.clone();
            let kept = kept(&all, Retention { last, daily, weekly, monthly }, std::slice::from_ref(&keep));
            prop_assert!(kept.contains(&(all.len() as u64)) && kept.contains(&keep.number()));
            prop_assert!(kept.len() <= 1 + last.max(1) + daily + weekly + monthly);
        }
    }
}
