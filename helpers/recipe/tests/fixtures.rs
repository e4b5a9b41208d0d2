//! Recipes, stacks, compose files and environment files that nobody here wrote: each is read, or refused with an error
//! that names the file, the key or line, and the reason.
//!
//! They are no part of the project: `HEARTH_FIXTURES` names their folder. Without them these tests do nothing, and say so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use recipe::{Allow, Recipe, Version, dotenv};

fn fixtures(kind: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("HEARTH_FIXTURES").map(|all| PathBuf::from(all).join(kind));
    let folder = folder.filter(|folder| folder.is_dir());
    if folder.is_none() {
        println!("skipped: HEARTH_FIXTURES names no folder with {kind}");
    }
    folder
}

fn files(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, wanted));
        } else if wanted(&path) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}

/// How a file fared.
#[derive(Default)]
struct Count {
    read: usize,
    needs_permission: usize,
    refused: BTreeMap<String, usize>,
}

impl Count {
    fn refuse(&mut self, path: &Path, name: &str, said: &str) {
        let places = said.lines().all(|line| line.contains(name) && line.trim().len() > name.len() + 10);
        assert!(places, "{}: names neither file nor reason: {said}", path.display());
        let reason = said.lines().next().unwrap_or_default().rsplit(": ").next().unwrap_or_default();
        *self.refused.entry(reason.chars().take(60).collect()).or_default() += 1;
    }

    fn print(&self, kind: &str) {
        let refused: usize = self.refused.values().sum();
        println!("{kind}: {} read, of which {} need permission; {refused} refused", self.read, self.needs_permission);
        for (reason, count) in &self.refused {
            println!("  {count} × {reason}");
        }
    }
}

fn compose_file(path: &Path, count: &mut Count) {
    let folder = path.parent().unwrap();
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    // The recipe's own environment file may be none; the compose file is looked at all the same.
    let Ok(recipe) = Recipe::open(folder) else { return };
    let environment = recipe.environment(&BTreeMap::new(), "stack", "example.org").unwrap();
    let read = recipe
        .compose_files(Some(std::slice::from_ref(&name)), &environment)
        .and_then(|files| recipe.read(&files, &environment));
    match read {
        Ok(reading) => {
            count.read += 1;
            let refusals = reading.check("app", &Allow::default());
            for refusal in &refusals {
                assert!(refusal.file == name && !refusal.key.is_empty() && refusal.reason.len() > 8, "{refusal:?}");
            }
            count.needs_permission += usize::from(!refusals.is_empty());
            for document in &reading.documents {
                let back: serde_json::Value = serde_json::from_str(&document.text(folder)).unwrap();
                assert!(back.is_object() || back.is_null(), "{}", path.display());
            }
        }
        Err(error) => count.refuse(path, &name, &error.to_string()),
    }
}

fn all_compose_files(kind: &str, prefix: &str, at_least: usize) {
    let Some(folder) = fixtures(kind) else { return };
    let mut count = Count::default();
    let named = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    let all = files(&folder, &|path| is_yaml(path) && named(path));
    for path in &all {
        compose_file(path, &mut count);
    }
    count.print(kind);
    assert!(count.read >= at_least, "only {} of {} were read", count.read, all.len());
}

#[test]
fn compose_files_are_read_or_refused_with_a_reason() {
    all_compose_files("compose", "", 300);
}

#[test]
fn stacks_are_read_or_refused_with_a_reason() {
    all_compose_files("stacks", "", 150);
}

#[test]
fn the_compose_files_of_recipes_are_read() {
    all_compose_files("recipes", "compose", 100);
}

#[test]
fn recipes_are_opened_and_their_versions_read() {
    let Some(folder) = fixtures("recipes") else { return };
    let (mut read, mut refused, mut versions) = (0, 0, Vec::new());
    for compose in files(&folder, &|path| path.ends_with("compose.yml")) {
        let folder = compose.parent().unwrap();
        let recipe = match Recipe::open(folder) {
            Ok(recipe) => recipe,
            Err(error) => {
                let said = error.to_string();
                assert!(said.contains(".env.sample:"), "{said}");
                println!("refused: {said}");
                refused += 1;
                continue;
            }
        };
        let environment = recipe.environment(&BTreeMap::new(), "example_org", "example.org").unwrap();
        let files = recipe.compose_files(Some(&["compose.yml".to_owned()]), &environment).unwrap();
        recipe.files_digest(&files).unwrap();
        match recipe.read(&files, &environment) {
            Ok(reading) => versions.extend(reading.version(&environment).unwrap()),
            Err(error) => println!("refused: {}: {error}", folder.display()),
        }
        read += 1;
    }
    for notes in files(&folder, &|path| path.parent().unwrap().ends_with("release")) {
        let name = notes.file_name().unwrap().to_str().unwrap();
        if let Ok(version) = name.parse::<Version>() {
            assert_eq!(version.to_string(), name);
            versions.push(version);
        }
    }
    versions.sort();
    versions.dedup();
    let shown: Vec<_> = versions.iter().map(ToString::to_string).collect();
    println!("recipes: {read} opened, {refused} refused; versions: {}", shown.join(" < "));
    assert!(read >= 25 && versions.len() >= 5);
}

#[test]
fn environment_files_are_read_or_refused_with_a_line() {
    let Some(folder) = fixtures("dotenv") else { return };
    let (mut read, mut refused) = (0, 0);
    for path in files(&folder, &|_| true) {
        match dotenv::parse(&std::fs::read_to_string(&path).unwrap(), &|_| None) {
            Ok(_) => read += 1,
            Err(error) => {
                assert!(error.line > 0 && !error.reason.is_empty());
                println!("refused: {}: {error}", path.display());
                refused += 1;
            }
        }
    }
    println!("dotenv: {read} read, {refused} refused");
    assert!(read >= 20);
}

#[test]
fn an_environment_file_of_compose_itself_has_the_values_that_compose_reads() {
    let Some(folder) = fixtures("dotenv/compose-spec__compose-go/dotenv/fixtures") else { return };
    for (file, expected) in [
        (
            "plain.env",
            &[("OPTION_C", "3"), ("OPTION_E", "5"), ("456", "ABC"), ("OPTION_F", ""), ("OPTION_H", "my string")][..],
        ),
        ("exported.env", &[("OPTION_A", "2"), ("OPTION_B", "\\n")]),
        ("equals.env", &[("OPTION_A", "postgres://localhost:5432/database?sslmode=disable")]),
        ("special.env", &[("VAR.WITH.DOTS", "dots"), ("VAR-WITH-DASHES", "dashes")]),
        (
            "quoted.env",
            &[
                ("OPTION_D", "\\n"),
                ("OPTION_H", "\n"),
                ("OPTION_I", "echo 'asd'"),
                ("OPTION_K", "Let's go!"),
                ("OPTION_J", "first line\nsecond line\nthird line\nand so on"),
                ("OPTION_Z", "last value"),
            ],
        ),
        ("inherited-multi-var.env", &[("foo", "bar"), ("bar", "baz")]),
    ] {
        let found = dotenv::parse(&std::fs::read_to_string(folder.join(file)).unwrap(), &|_| None).unwrap();
        for (name, value) in expected {
            let found = found.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
            assert_eq!(found, Some(*value), "{file}: {name}");
        }
    }
    let invalid = dotenv::parse(&std::fs::read_to_string(folder.join("invalid1.env")).unwrap(), &|_| None);
    assert_eq!(invalid.unwrap_err().line, 7);
}
