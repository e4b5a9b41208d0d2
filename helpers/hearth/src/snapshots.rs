//! `hearth snapshots`: the copies of an app's data.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use comfy_table::Cell;
use drill_restore::proof::Proof;
use jiff::Timestamp;
use reconcile_app::manifest::Manifest;
use serde_json::json;
use snapshot_volumes::{Id, Snapshot, Store};

use crate::host::{Host, Subject};
use crate::story::Tone;
use crate::table::Rows;
use crate::when::{ago, size};

/// The snapshots of one app.
pub struct Kept {
    /// Newest first.
    pub snapshots: Vec<Snapshot>,
    /// Those that cannot be read, and why.
    pub unreadable: Vec<(Id, String)>,
    /// The newest verified one of a healthy app.
    pub last_good: Option<Id>,
    /// The last restore that was proved.
    pub proof: Option<Proof>,
}

impl Kept {
    /// The snapshot that a person names: by the beginning of its ID, or `last-good`.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find(&self, app: &str, name: &str) -> anyhow::Result<&Snapshot> {
        let is_it = |snapshot: &&Snapshot| match name {
            "last-good" => self.last_good.as_ref() == Some(&snapshot.id),
            start => snapshot.id.as_str().starts_with(start),
        };
        let found: Vec<&Snapshot> = self.snapshots.iter().filter(is_it).collect();
        match found[..] {
            [snapshot] => Ok(snapshot),
            [] => bail!("no snapshot of {app} is called `{name}`; `hearth snapshots {app}` lists them"),
            _ => bail!("{} snapshots of {app} have an ID that begins with `{name}`; write more of it", found.len()),
        }
    }

    /// When this very snapshot was proved.
    fn proved(&self, id: &Id) -> Option<Timestamp> {
        self.proof.as_ref().filter(|proof| proof.snapshot == *id).map(|proof| proof.at)
    }
}

/// Reads the snapshots of an app; `None` where it keeps none.
///
/// # Errors
/// When its manifest or store cannot be read.
pub fn of(app: &Subject) -> anyhow::Result<Option<Kept>> {
    let manifest: Manifest = state::manifest::read(&app.manifest)?;
    let Some(folder): Option<PathBuf> = manifest.snapshot.folder else { return Ok(None) };
    let store = Store::in_folder(folder);
    let listing = store.list()?;
    let mut snapshots = listing.snapshots;
    snapshots.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.manifest.number));
    let last_good = store.last_good()?.map(|snapshot| snapshot.id);
    let proof = Proof::read(&manifest.state_folder)?;
    Ok(Some(Kept { snapshots, unreadable: listing.unreadable, last_good, proof }))
}

/// Prints them.
///
/// # Errors
/// When there is no such app, or a store cannot be read.
pub fn show(host: &Host, app: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let mut all = Vec::new();
    for subject in host.apps_named(app)? {
        if let Some(kept) = of(subject)? {
            all.push((subject.name.as_str(), kept));
        }
    }
    if json {
        let values: Vec<_> = all.iter().flat_map(|(app, kept)| as_json(app, kept)).collect();
        state::out!("{}", serde_json::to_string_pretty(&values)?);
    } else {
        print(&all)?;
    }
    let whole = all.iter().all(|(_, kept)| kept.unreadable.is_empty());
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_json(app: &str, kept: &Kept) -> Vec<serde_json::Value> {
    let good = kept.snapshots.iter().map(|snapshot| {
        let mut value = json!(snapshot);
        value["proved"] = json!(kept.proved(&snapshot.id));
        value["lastGood"] = json!(kept.last_good.as_ref() == Some(&snapshot.id));
        value
    });
    let bad = kept.unreadable.iter().map(|(id, error)| json!({ "app": app, "id": id, "error": error }));
    good.chain(bad).collect()
}

fn print(all: &[(&str, Kept)]) -> anyhow::Result<()> {
    if all.iter().all(|(_, kept)| kept.snapshots.is_empty() && kept.unreadable.is_empty()) {
        state::out!("no snapshot was taken yet");
        return Ok(());
    }
    let now = Timestamp::now();
    let mut rows = Rows::new(&["APP", "ID", "TAKEN", "VERSION", "VOLUMES", "SIZE", ""]).whole(&[0, 1, 2, 3, 4, 5]);
    for (app, kept) in all {
        for snapshot in &kept.snapshots {
            let manifest = &snapshot.manifest;
            let proved = kept.proved(&snapshot.id).map(|at| format!("its restore was proved {}", ago(at, now)));
            let note = match (kept.last_good.as_ref() == Some(&snapshot.id), manifest.healthy) {
                (true, _) => {
                    let words: Vec<String> = ["last-good".to_owned()].into_iter().chain(proved).collect();
                    rows.toned(&words.join("; "), Tone::Well)
                }
                (false, _) if proved.is_some() => Cell::new(proved.unwrap_or_default()),
                (false, true) => Cell::new(""),
                (false, false) => rows.toned("the app was not healthy", Tone::Waits),
            };
            rows.row(vec![
                Cell::new(app),
                Cell::new(&snapshot.id),
                Cell::new(ago(manifest.at, now)),
                Cell::new(manifest.named().as_deref().unwrap_or("-")),
                Cell::new(manifest.volumes.len()),
                Cell::new(size(manifest.bytes())),
                note,
            ]);
        }
        for (id, error) in &kept.unreadable {
            let dash = || Cell::new("-");
            rows.row(vec![Cell::new(app), Cell::new(id), dash(), dash(), dash(), dash(), rows.toned(error, Tone::Bad)]);
        }
    }
    rows.print()?;
    Ok(())
}
