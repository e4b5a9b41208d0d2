//! For how long tables were locked against everybody, from samples taken while the migrations ran.

use std::collections::BTreeMap;

use crate::finding::{Finding, Kind};

/// How often the locks are looked at, in seconds.
pub const EVERY: f64 = 0.05;

/// The connection that takes the samples, by its name.
pub const SAMPLER: &str = "hearth-locks";

/// The statement of one sample: table, backend, seconds. A table that the same transaction makes is seen by nobody else,
/// and is not in it.
pub const SAMPLE: &str = "\
SELECT n.nspname || '.' || c.relname || '|' || l.pid || '|' || extract(epoch FROM clock_timestamp())
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.mode = 'AccessExclusiveLock' AND l.granted AND c.relkind IN ('r', 'p', 'm')
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";

/// The longest time for which each table was locked, in milliseconds.
pub fn longest(samples: &str) -> BTreeMap<String, u64> {
    let mut seen: BTreeMap<(&str, &str), (f64, f64)> = BTreeMap::new();
    for line in samples.lines() {
        let mut parts = line.trim().rsplitn(3, '|');
        let (Some(time), Some(pid), Some(table)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let Ok(time) = time.parse::<f64>() else { continue };
        let (begun, last) = seen.entry((table, pid)).or_insert((time, time));
        // Between two transactions of one connection there is at least one sample without the lock.
        if time - *last > 3.0 * EVERY + 0.2 {
            *begun = time;
        }
        *last = time;
    }
    let mut longest = BTreeMap::new();
    for ((table, _), (begun, last)) in seen {
        let milliseconds = std::time::Duration::try_from_secs_f64(last - begun).unwrap_or_default().as_millis();
        let most: &mut u64 = longest.entry(table.to_owned()).or_default();
        *most = (*most).max(u64::try_from(milliseconds).unwrap_or(u64::MAX));
    }
    longest
}

/// A finding for the table that was locked for longest, if that was too long.
pub fn judge(image: &str, longest: &BTreeMap<String, u64>, budget: u64) -> Option<Finding> {
    let (table, milliseconds) = longest.iter().max_by_key(|(_, milliseconds)| **milliseconds)?;
    (*milliseconds > budget).then(|| Finding {
        kind: Kind::LockTooLong,
        object: format!("table {table} under the migrations of {image}"),
        cause: format!("it was locked against everybody for {milliseconds} ms, {budget} are allowed"),
        consequence: "every request that reads it would have waited that long, and longer on the live host".to_owned(),
        remedy: "Make the change in smaller transactions, or in a form that does not rewrite the table; gate.migrations.budget.lockMilliseconds allows more".to_owned(),
        evidence: longest.iter().map(|(table, milliseconds)| format!("{table}: {milliseconds} ms")).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_lasts_from_its_first_sample_to_its_last() {
        let samples = "public.orders|7|100.00\n\npublic.orders|7|100.125\npublic.orders|7|100.25\npublic.items|8|100.25\nTime: x\n";
        assert_eq!(longest(samples), BTreeMap::from([("public.items".into(), 0), ("public.orders".into(), 250)]));
    }

    #[test]
    fn two_short_locks_with_time_between_them_are_not_one_long_one() {
        let samples = "public.orders|7|100.0\npublic.orders|7|105.0\npublic.orders|7|105.25\n";
        assert_eq!(longest(samples)["public.orders"], 250);
    }

    #[test]
    fn the_longest_lock_is_told_when_it_is_over_the_budget() {
        let longest = BTreeMap::from([("public.a".to_owned(), 100), ("public.b".to_owned(), 3000)]);
        let said = judge("shop:2", &longest, 2000).expect("over the budget").to_string();
        assert!(said.contains("public.b") && said.contains("3000 ms"), "{said}");
        assert_eq!(judge("shop:2", &longest, 3000), None);
    }
}
