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
