//! Apps that left the flake: which there are, and what a person reads of them.

use std::path::Path;

use reconcile_app::undeclared::manifest::Manifest;
use reconcile_app::undeclared::observe::state_folders;
use reconcile_app::undeclared::record::{Record, Standing};

use crate::host::{Kind, Subject};

/// The manifest that names every declared app.
pub const MANIFEST: &str = "undeclared.json";

/// The apps with records on this host that nobody declares. A manifest that is missing or cannot be read says nothing of
/// them: the unit that reads it too says so.
pub fn subjects(manifest: &Path) -> Vec<Subject> {
    let Ok(declared) = state::manifest::read::<Manifest>(manifest) else { return Vec::new() };
    let names = state_folders(&declared.apps_folder).unwrap_or_default();
    let left = names.into_iter().filter(|name| !declared.declares(name.as_str()));
    left.map(|name| Subject {
        kind: Kind::Undeclared,
        unit: "hearth-undeclared.service".to_owned(),
        manifest: manifest.to_owned(),
        state: Ok(declared.state_of(&name)),
        name: name.to_string(),
        rests: false,
    })
    .collect()
}

/// What a person should know of one.
pub fn note(app: &str, record: Option<&Record>) -> String {
    let Some(record) = record else {
        return "not in the flake; `systemctl start hearth-undeclared` looks at it".to_owned();
    };
    let mut note = "not in the flake".to_owned();
    let known = record.snapshot.as_ref().filter(|_| record.standing == Standing::Stopped);
    let reason = record.reason.as_ref().filter(|_| record.standing != Standing::Stopped);
    if let Some(id) = known {
        note = format!("{note}; its data is kept, and in snapshot {id}");
    }
    if let Some(reason) = reason {
        note = format!("{note}; {reason}");
    }
    format!("{note}; declare it again, or `hearth remove {app}`")
}
