//! What was declared of an app, kept beside its record: `declared.json`, a copy of its manifest. It names files with
//! secrets, and holds none.
//!
//! It is written at the start of each run over the app. So a final snapshot can be taken when the flake says nothing of
//! the app any more: of the right volumes, into the folder where its snapshots are.

use std::io;
use std::path::Path;

use state::write_atomic;

const FILE: &str = "declared.json";

/// The part of it that a final snapshot needs. Other keys may be those of another Hearth.
pub type Kept = snapshot_volumes::manifest::Manifest;

/// Keeps a manifest's text in the app's state folder; writes nothing where it is there already.
///
/// # Errors
/// When it cannot be written.
pub fn keep(state_folder: &Path, text: &[u8]) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let path = state_folder.join(FILE);
    if std::fs::read(&path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    write_atomic(&path, text, 0o640)
}

/// Whether there is a copy.
pub fn is_there(state_folder: &Path) -> bool {
    state_folder.join(FILE).exists()
}

/// Reads the copy of an app's manifest; `None` where no run of this Hearth has written one.
///
/// # Errors
/// When it cannot be read, or is that of another app.
pub fn read(state_folder: &Path, app: &str) -> Result<Option<Kept>, String> {
    if !is_there(state_folder) {
        return Ok(None);
    }
    let path = state_folder.join(FILE);
    let kept = Kept::read(&path).map_err(|error| format!("{error:#}"))?;
    if kept.name != app || kept.state_folder != state_folder {
        return Err(format!("{} is the manifest of `{}` and not of `{app}`", path.display(), kept.name));
    }
    Ok(Some(kept))
}
