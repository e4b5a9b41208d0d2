//! The numbers of migrations, as their file names say them.
//!
//! A slot is the number that a name begins with: `0037_add.up.sql`, `V37__add.sql`, `20260101120000_add.rb`,
//! `2026-01-01-120000_add/up.sql`. What begins with no number takes no part.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Kind};

type Slot = Vec<u128>;

/// Looks for a number that two migrations have, in this version or in it and the one that serves, and for a new migration
/// with a lower number than one that ran.
pub fn check(image: &str, folder: &str, new: &[String], old: Option<&[String]>, late_ones_run: bool) -> Vec<Finding> {
    let mut findings = duplicates(image, folder, new);
    if let Some(old) = old {
        findings.extend(taken(image, folder, new, old));
        if !late_ones_run {
            findings.extend(late(image, folder, new, old));
        }
    }
    findings
}

fn duplicates(image: &str, folder: &str, files: &[String]) -> Vec<Finding> {
    let taken = slots(files).into_iter().filter(|(_, names)| names.len() > 1);
    taken
        .map(|(_, names)| {
            let names: Vec<&str> = names.into_iter().collect();
            let number = number(names[0]);
            Finding {
                kind: Kind::DuplicateSlot,
                object: format!("migration {number} of {image}"),
                cause: format!("{} have the same number in {folder}", names.join(" and ")),
                consequence: "a tool refuses both, or runs one and counts the other as done".to_owned(),
                remedy: "Give the newer one the next free number".to_owned(),
                evidence: Vec::new(),
            }
        })
        .collect()
}

/// A number that ran under another name: two branches took it, and one was deployed.
fn taken(image: &str, folder: &str, new: &[String], old: &[String]) -> Vec<Finding> {
    let (new, old) = (slots(new), slots(old));
    let both = new.iter().filter_map(|(slot, names)| Some((names, old.get(slot)?)));
    let other = both.filter(|(now, before)| now.is_disjoint(before));
    other
        .filter_map(|(now, before)| {
            let (now, before) = (now.first()?, before.first()?);
            Some(Finding {
                kind: Kind::DuplicateSlot,
                object: format!("migration {now} of {image}"),
                cause: format!("its number in {folder} is that of {before}, which ran already"),
                consequence: "a tool counts it as done and never runs it, or refuses the database".to_owned(),
                remedy: "Keep the one that ran as it is, and give this one the next free number".to_owned(),
                evidence: Vec::new(),
            })
        })
        .collect()
}

fn late(image: &str, folder: &str, new: &[String], old: &[String]) -> Vec<Finding> {
    let before = slots(old);
    let Some((highest, last)) = before.last_key_value() else { return Vec::new() };
    let last = last.first().copied().unwrap_or_default();
    let late = slots(new).into_iter().filter(|(slot, _)| slot < highest && !before.contains_key(slot));
    late.map(|(_, names)| {
        let name = names.into_iter().next().unwrap_or_default();
        Finding {
            kind: Kind::OutOfOrderSlot,
            object: format!("migration {name} of {image}"),
            cause: format!("it is new in {folder}, and its number is lower than that of {last}, which ran already"),
            consequence: "a tool that remembers the last number only never runs it, and nothing tells".to_owned(),
            remedy: "Give it a number above the last; or, where the tool runs what is missing whatever its number, set gate.migrations.outOfOrder".to_owned(),
            evidence: Vec::new(),
        }
    })
    .collect()
}

/// The names that each slot has, without their directions.
fn slots(files: &[String]) -> BTreeMap<Slot, BTreeSet<&str>> {
    let mut slots: BTreeMap<Slot, BTreeSet<&str>> = BTreeMap::new();
    for file in files {
        let first = file.split('/').next().unwrap_or(file);
        let (digits, stem) = (number(first), stem(first));
        if let Some(slot) = parse(digits) {
            slots.entry(slot).or_default().insert(stem);
        }
    }
    slots
}

/// The digits that a name begins with, after the `V` of Flyway.
fn number(name: &str) -> &str {
    let name = name.strip_prefix('V').unwrap_or(name);
    let end = name.find(|character: char| !character.is_ascii_digit() && !"-.".contains(character));
    let digits = &name[..end.unwrap_or(name.len())];
    digits.trim_end_matches(['-', '.'])
}

/// What is left of a name when the endings that say direction and language are gone.
fn stem(name: &str) -> &str {
    let after = number(name).len() + usize::from(name.starts_with('V'));
    name[after..].find('.').map_or(name, |dot| &name[..after + dot])
}

fn parse(digits: &str) -> Option<Slot> {
    digits.split(['-', '.']).map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn found(new: &[&str], old: Option<&[&str]>) -> Vec<Kind> {
        let old = old.map(files);
        check("shop:2", "/migrations", &files(new), old.as_deref(), false)
            .into_iter()
            .map(|finding| finding.kind)
            .collect()
    }

    #[test]
    fn two_directions_of_one_migration_are_one() {
        assert_eq!(found(&["0001_a.up.sql", "0001_a.down.sql", "0002_b.sql"], None), []);
        assert_eq!(found(&["2024-01-01-000000_a/up.sql", "2024-01-01-000000_a/down.sql"], None), []);
    }

    #[test]
    fn two_migrations_with_one_number_are_found_however_it_is_written() {
        for pair in [
            ["0037_a.up.sql", "0037_b.up.sql"],
            ["0037_a.sql", "37_b.sql"],
            ["V37__a.sql", "V37__b.sql"],
            ["20260101120000_a.rb", "20260101120000_b.rb"],
            ["2024-01-01-000000_a/up.sql", "2024-01-01-000000_b/up.sql"],
            ["V1.2__a.sql", "V1.2__b.sql"],
        ] {
            assert_eq!(found(&pair, None), [Kind::DuplicateSlot], "{pair:?}");
        }
    }

    #[test]
    fn the_finding_names_both_and_says_what_to_do() {
        let all = check("shop:2", "/migrations", &files(&["0037_a.up.sql", "0037_b.up.sql"]), None, false);
        let said = all[0].to_string();
        for word in ["migration 0037 of shop:2", "0037_a and 0037_b", "/migrations", "next free number"] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }

    #[test]
    fn a_new_migration_below_the_last_is_found_and_one_above_is_not() {
        let old = ["0001_a.up.sql", "0003_c.up.sql"];
        assert_eq!(found(&["0001_a.up.sql", "0002_b.up.sql", "0003_c.up.sql"], Some(&old)), [Kind::OutOfOrderSlot]);
        assert_eq!(found(&["0001_a.up.sql", "0003_c.up.sql", "0004_d.up.sql"], Some(&old)), []);
        assert_eq!(found(&["0010_x.sql", "0003_c.sql", "0001_a.sql"], Some(&["0001_a.sql", "0003_c.sql"])), []);
    }

    #[test]
    fn a_number_that_ran_under_another_name_is_found() {
        assert_eq!(
            found(&["0001_a.up.sql", "0002_c.up.sql"], Some(&["0001_a.up.sql", "0002_b.up.sql"])),
            [Kind::DuplicateSlot]
        );
        assert_eq!(found(&["0001_a.up.sql", "0002_b.up.sql"], Some(&["0001_a.up.sql", "0002_b.down.sql"])), []);
    }

    #[test]
    fn where_the_tool_runs_late_ones_they_are_no_matter() {
        let (new, old) = (files(&["1_a.sql", "2_b.sql", "3_c.sql"]), files(&["1_a.sql", "3_c.sql"]));
        assert_eq!(check("shop:2", "/m", &new, Some(&old), true), []);
        assert_eq!(check("shop:2", "/m", &new, Some(&old), false).len(), 1);
    }

    #[test]
    fn what_has_no_number_takes_no_part() {
        assert_eq!(found(&["__init__.py", "env.py", "ae1027a6acf_x.py", "R__view.sql", "R__view.sql"], None), []);
    }
}
