//! The floor: which images are needed, whatever the disk looks like. Read from the state of every app that ever was here,
//! from every snapshot that is kept, and from what is declared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reconcile_app::host::manifests;
use reconcile_app::manifest::Manifest as App;
use reconcile_app::pin::Pins;
use reconcile_app::record::Files;
use reconcile_app::rewrite::Stack;
use snapshot_volumes::Store;

use crate::manifest::Manifest;
use crate::plan::Need;

/// All of it.
///
/// # Errors
/// When anything of it cannot be read: then it is not known what is needed.
pub fn needed(manifest: &Manifest) -> anyhow::Result<Vec<Need>> {
    // An app that is deployed meanwhile replaces its records one after the other, so a reader may find a file gone that
    // the one before it names.
    read(manifest).or_else(|_| read(manifest)).context("it is not known which images are needed; nothing was removed")
}

fn read(manifest: &Manifest) -> anyhow::Result<Vec<Need>> {
    let mut needs: Vec<Need> =
        manifest.keep.iter().map(|image| need(image, "hearth.pruning.keep".to_owned())).collect();
    // By folder: an app that is declared keeps its own where the declaration says, one that is not where all were.
    let mut stores: BTreeMap<PathBuf, String> = BTreeMap::new();
    for folder in folders(&manifest.snapshots)? {
        stores.insert(folder.clone(), name_of(&folder));
    }
    for path in if manifest.app_manifests.exists() { manifests(&manifest.app_manifests)? } else { Vec::new() } {
        let app: App = state::manifest::read(&path)?;
        let name = app.name.as_str().to_owned();
        needs.extend(app.images.iter().map(|image| need(&image.name, format!("declared for app {name}"))));
        stores.insert(app.snapshot.store(&name), name);
    }
    for folder in folders(&manifest.app_states)? {
        of_state(&folder, &mut needs)?;
    }
    for (folder, name) in stores {
        of_snapshots(&Store::in_folder(folder), &name, &mut needs)?;
    }
    Ok(needs)
}

/// What the last good version of an app runs, and what the door has pinned for it or is asked for.
fn of_state(folder: &Path, needs: &mut Vec<Need>) -> anyhow::Result<()> {
    let name = name_of(folder);
    if let Some(rendered) = Files::in_folder(folder).last_good()? {
        needs.extend(of_stack(&rendered, &format!("the last good version of app {name}"))?);
    }
    let pins = Pins::in_folder(folder);
    for (pin, what) in [(pins.pinned()?, "deployed"), (pins.asked()?, "asked for")] {
        needs.extend(pin.map(|pin| need(&pin.reference(), format!("{what} through the door for app {name}"))));
    }
    Ok(())
}

/// What ran when the snapshots that are kept were taken: a person may go back to each of them.
fn of_snapshots(store: &Store, name: &str, needs: &mut Vec<Need>) -> anyhow::Result<()> {
    let listing = store.list()?;
    if let Some((id, reason)) = listing.unreadable.first() {
        anyhow::bail!("snapshot {id} of app {name} cannot be read: {reason}");
    }
    for snapshot in &listing.snapshots {
        let stack = store.stack(snapshot)?;
        needs.extend(of_stack(&stack, &format!("snapshot {} of app {name}", snapshot.id))?);
    }
    Ok(())
}

fn of_stack(text: &str, by: &str) -> anyhow::Result<Vec<Need>> {
    // Of an app that was never deployed.
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let stack = Stack::parse(text).with_context(|| format!("the compose file of {by}"))?;
    Ok(stack.images().iter().map(|image| need(image, by.to_owned())).collect())
}

fn need(image: &str, by: String) -> Need {
    Need { image: image.to_owned(), by }
}

/// The folders in a folder; none when it is not there.
fn folders(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| folder.display().to_string())?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| folder.display().to_string())?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
