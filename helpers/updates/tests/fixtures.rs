//! Recipes and tags that nobody here wrote. They are no part of the project: `HEARTH_FIXTURES` names their folder. Without
//! it these tests do nothing, and say so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use updates::{Candidate, Commit, Decision, Known, Note, Policy, Reason, Tag, Tags, decide};

fn fixtures() -> Option<PathBuf> {
    let folder = std::env::var_os("HEARTH_FIXTURES").map(PathBuf::from);
    let folder = folder.filter(|folder| folder.join("INDEX.tsv").is_file());
    if folder.is_none() {
        println!("skipped: HEARTH_FIXTURES names no folder with an INDEX.tsv");
    }
    folder
}

/// The tags of each repository, as the index has them: its fourth and fifth column and its last, `tag NAME`.
fn tags(index: &str) -> BTreeMap<String, Tags> {
    let mut found: BTreeMap<String, BTreeSet<(String, Commit)>> = BTreeMap::new();
    for line in index.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        if let (Some(name), Some(&repository), Some(commit)) = (
            columns.last().and_then(|last| last.strip_prefix("tag ")),
            columns.get(3),
            columns.get(4).and_then(|commit| commit.parse().ok()),
        ) && columns[1] == "recipe"
        {
            found.entry(repository.to_owned()).or_default().insert((name.to_owned(), commit));
        }
    }
    found.into_iter().map(|(repository, tags)| (repository, Tags::read(tags))).collect()
}

#[test]
fn the_tags_of_real_recipes_are_versions_in_their_order() {
    let Some(folder) = fixtures() else { return };
    let tags = tags(&std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap());
    let names = |repository: &str| tags[repository].versions.iter().map(|tag| tag.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        names("bonfire-networks/bonfire-coop-cloud"),
        ["1.0.0+1.0.5-social-amd64", "2.0.0+1.0.5-social-amd64", "2.0.1+1.0.6-social-amd64"]
    );
    assert_eq!(names("WilhelmBerggren/foodsharing-cms"), ["v1.0.0", "v1.0.1", "v1.0.2"]);
    assert_eq!(names("ahdinosaur/coop-cloud-traefik"), ["v2.4.8"]);
    assert!(tags.values().all(|tags| tags.ignored.is_empty()));
}

/// The notes that a recipe's folder has in `release`.
fn notes(release: &Path) -> Vec<Note> {
    let entries = std::fs::read_dir(release).into_iter().flatten().map(|entry| entry.unwrap());
    entries
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some(Note { version, text: std::fs::read_to_string(entry.path()).ok()? })
        })
        .collect()
}

#[test]
fn a_real_recipe_whose_notes_ask_for_a_person_is_held_with_them() {
    let Some(folder) = fixtures() else { return };
    let tags = tags(&std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap());
    let versions = &tags["bonfire-networks/bonfire-coop-cloud"].versions;
    let recipes = folder.join("recipes/bonfire-networks__bonfire-coop-cloud");
    let tree = |tag: &Tag| {
        let of_commit =
            |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().ends_with(&tag.commit.as_str()[..8]);
        std::fs::read_dir(&recipes).unwrap().filter_map(Result::ok).find(of_commit).unwrap().path()
    };
    let candidate = |tag: &Tag| Candidate {
        tag: tag.clone(),
        notes: notes(&tree(tag).join("release")),
        moved_from: None,
        asks: Vec::new(),
        unsigned: None,
    };
    let candidates: Vec<Candidate> = versions.iter().map(candidate).collect();
    let from = |current: &Tag| {
        let known = Known {
            current: Some(current),
            declared: None,
            policy: Policy::Latest,
            candidates: &candidates,
            accepted: &[],
            failed: &[],
        };
        decide(known)
    };
    let Decision::Held(hold) = from(&versions[0]) else { panic!("{:?}", from(&versions[0])) };
    assert_eq!(hold.to, versions[2]);
    let [Reason::Major, Reason::ReleaseNotes(note)] = hold.reasons.as_slice() else { panic!("{hold:?}") };
    assert!(note.version == versions[1].version && note.text.contains("search backend was removed"), "{note:?}");
    assert_eq!(from(&versions[1]), Decision::Update { to: versions[2].clone(), beyond: None });
}
