//! What this host has of apps that are not declared: their state folders, and services with Hearth's label. One list of
//! services answers for all apps.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use state::Journal;
use swarm::{Service, Services};

use super::kept::{self, Kept};
use super::manifest::Manifest;
use super::record::Record;
use crate::colour::FAILED_LABEL;
use crate::manifest::Name;
use crate::plan::APP_LABEL;
use crate::record::Intent;

/// The files of which any makes a state folder that of an app.
const OF_APP: [&str; 4] = ["deployed.json", "declared.json", "undeclared.json", "journal.json"];

/// What was found of one app that is not declared.
#[derive(Clone, Debug)]
pub struct Found {
    /// The app.
    pub app: Name,
    /// Its state folder, which may not be there.
    pub state_folder: PathBuf,
    /// What was declared of it, where that was kept; or why it cannot be read.
    pub kept: Result<Option<Kept>, String>,
    /// What is known of it from an earlier look.
    pub record: Option<Record>,
    /// What a run over it was doing when it was cut off; or why that is not known.
    pub unfinished: Result<Option<Intent>, String>,
    /// The services of it, and what is kept of its colours that failed.
    pub services: Vec<Service>,
    /// A manifest of it that is there all the same.
    pub manifest: Option<PathBuf>,
}

impl Found {
    /// Whether anything of it is told to run.
    pub fn runs(&self) -> bool {
        self.services.iter().any(Service::is_told_to_run)
    }

    /// The stacks that it has or had.
    pub fn stacks(&self) -> BTreeSet<String> {
        let kept = self.kept.as_ref().ok().and_then(Option::as_ref).map(|kept| kept.stack.clone());
        let told = self.services.iter().filter_map(|service| service.labels.get(swarm::STACK_LABEL).cloned());
        told.chain(kept).collect()
    }
}

/// Looks at the whole host.
///
/// # Errors
/// When the engine does not answer, or what is declared cannot be read: nobody knows then what is not.
pub async fn observe(manifest: &Manifest, engine: &impl Services) -> anyhow::Result<Vec<Found>> {
    ensure_readable(manifest)?;
    let mut services = engine.services(APP_LABEL).await?;
    let mut names = state_folders(&manifest.apps_folder)?;
    names.extend(services.iter().filter_map(|service| owner(service, APP_LABEL)));
    names.retain(|name| !manifest.declares(name.as_str()));
    if !names.is_empty() {
        services.extend(engine.services(FAILED_LABEL).await?);
    }
    names.into_iter().map(|name| find(manifest, name, &services)).collect()
}

/// What is found of one app of this name.
fn find(manifest: &Manifest, app: Name, services: &[Service]) -> anyhow::Result<Found> {
    let state_folder = manifest.state_of(&app);
    let is_own = |service: &&Service| {
        [APP_LABEL, FAILED_LABEL].iter().any(|label| service.labels.get(*label).is_some_and(|of| of == app.as_str()))
    };
    let file = manifest.manifests.join(format!("{app}.json"));
    Ok(Found {
        kept: kept::read(&state_folder, app.as_str()),
        record: Record::read(&state_folder)?,
        unfinished: Journal::in_folder(&state_folder).unfinished().map_err(|error| error.to_string()),
        services: services.iter().filter(is_own).cloned().collect(),
        manifest: file.exists().then_some(file),
        state_folder,
        app,
    })
}

/// Of a folder that cannot be read nobody knows what is declared there.
fn ensure_readable(manifest: &Manifest) -> anyhow::Result<()> {
    let consequence = "which apps are declared is not certain; nothing was done";
    let needed = manifest.apps.values().any(|declared| declared.enabled);
    let read = std::fs::read_dir(&manifest.manifests);
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound && !needed;
    if !read.as_ref().is_err_and(is_missing) {
        read.with_context(|| format!("{}: {consequence}", manifest.manifests.display()))?;
    }
    for (name, _) in manifest.apps.iter().filter(|(_, declared)| declared.enabled) {
        let file = manifest.manifests.join(format!("{name}.json"));
        ensure!(file.exists(), "{} is declared and {} is not there: {consequence}", name, file.display());
    }
    Ok(())
}

fn owner(service: &Service, label: &str) -> Option<Name> {
    service.labels.get(label).and_then(|of| Name::try_from(of.clone()).ok())
}

/// The names of the apps that have a state folder with something in it.
///
/// # Errors
/// When the folder cannot be read. One that is not there holds nothing.
pub fn state_folders(folder: &Path) -> anyhow::Result<BTreeSet<Name>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries.with_context(|| folder.display().to_string())?,
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.with_context(|| folder.display().to_string())?;
        let name = entry.file_name().into_string().ok().and_then(|name| Name::try_from(name).ok());
        if OF_APP.iter().any(|file| entry.path().join(file).exists()) {
            names.extend(name);
        }
    }
    Ok(names)
}
