//! What of recipes, stacks and compose files that others wrote passes the allow-list, and why the rest does not.
//!
//! They are no part of the project: `HEARTH_FIXTURES` names their folder, and Docker's client renders them. Where one of
//! the two is missing this test says so and does nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use recipe::permit::Owner;
use recipe::{Allow, Place, Reading, Recipe, Refusal};
use reconcile_app::stack::{DockerCommand, Stacks as _};

const STACK: &str = "app_example_org";
/// What a person is told to change in a file where no option lets it through.
const CHANGES: [&str; 3] = ["name the port of the host", "put the content into a file", "write the value itself"];

/// How the files of one kind fared.
#[derive(Default)]
struct Count {
    unread: usize,
    unrendered: usize,
    before: usize,
    passed: usize,
    /// Of those that pass no more, what they would need.
    options: BTreeMap<String, usize>,
    reasons: BTreeMap<String, usize>,
}

fn fixtures() -> Option<PathBuf> {
    let folder = std::env::var_os("HEARTH_FIXTURES").map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        println!("skipped: HEARTH_FIXTURES names no folder");
    }
    folder
}

fn client() -> Option<DockerCommand> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let command = std::env::split_paths(&folders).map(|folder| folder.join("docker")).find(|file| file.is_file());
    if command.is_none() {
        println!("skipped: there is no docker in PATH to render compose files with");
    }
    Some(DockerCommand { command: command?, socket: "/nonexistent".into(), config_folder: "/nonexistent".into() })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> Option<Reading> {
    let recipe = Recipe::open(path.parent()?).ok()?;
    let environment = recipe.environment(&BTreeMap::new(), STACK, "app.example.org").ok()?;
    let name = path.file_name()?.to_str()?.to_owned();
    let files = recipe.compose_files(Some(&[name]), &environment).ok()?;
    recipe.read(&files, &environment).ok()
}

async fn one(client: &DockerCommand, path: &Path, count: &mut Count) {
    let Some(reading) = read(path) else {
        count.unread += 1;
        return;
    };
    let folder = path.parent().unwrap();
    let documents: Vec<String> = reading.documents.iter().map(|document| document.text(folder)).collect();
    let Ok(rendered) = client.render(folder, &documents).await else {
        count.unrendered += 1;
        return;
    };
    let value = recipe::compose::parse("rendered", &rendered).unwrap();
    let (allow, networks) = (Allow::default(), ["proxy".to_owned()]);
    let place = Place { file: "rendered", app: "app", folder };
    let mut refusals = reading.check("app", &allow);
    refusals.extend(recipe::check(&value, &place, &allow));
    if !refusals.is_empty() {
        return;
    }
    count.before += 1;
    let owner = Owner { app: "app", stack: STACK, domain: Some("app.example.org"), networks: &networks };
    let refusals = recipe::permit::check(&value, &owner, &allow);
    note(&refusals, count);
}

fn note(refusals: &[Refusal], count: &mut Count) {
    count.passed += usize::from(refusals.is_empty());
    let mut options = BTreeSet::new();
    for refusal in refusals {
        let option = refusal.setting.as_ref().and_then(|setting| setting.split(' ').next());
        let changes = CHANGES.iter().any(|change| refusal.reason.contains(change));
        assert!(option.is_some() || changes, "it names neither an option nor what to change: {refusal}");
        let option = option.unwrap_or("nothing permits it, and the reason says what to change");
        options.insert(option.to_owned());
        if option.starts_with("nothing") {
            *count.reasons.entry(refusal.reason.chars().take(90).collect()).or_default() += 1;
        }
    }
    if !options.is_empty() {
        let options = options.into_iter().collect::<Vec<_>>().join(" + ");
        *count.options.entry(options).or_default() += 1;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_others_wrote_passes_or_names_the_option_that_it_needs() {
    let (Some(fixtures), Some(client)) = (fixtures(), client()) else { return };
    for kind in ["recipes", "stacks", "compose"] {
        let mut count = Count::default();
        for path in files(&fixtures.join(kind)) {
            one(&client, &path, &mut count).await;
        }
        println!(
            "{kind}: {} not read, {} not rendered; of those without a path, device or right of the host, {} passed before, {} pass now",
            count.unread, count.unrendered, count.before, count.passed
        );
        for (options, files) in &count.options {
            println!("  {files} need {options}");
        }
        for (reason, times) in &count.reasons {
            println!("  {times} × {reason}");
        }
        assert!(count.passed > 0, "{kind}: nothing passes");
    }
}
