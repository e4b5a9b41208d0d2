//! What becomes of an app that left the flake: a pure function of what is declared and what was found.

use super::manifest::{Manifest, Policy};
use super::observe::Found;
use super::record::Standing;
use crate::manifest::Name;
use crate::record::Intent;

/// What to do about an app that left the flake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its stack is that of a declared app: nothing of it is touched.
    TakenOver {
        /// That app.
        by: String,
    },
    /// Nothing of it runs, and nothing is left to do.
    Rest,
    /// It runs on, as `hearth.undeclared = "keep"` says.
    Keep,
    /// It runs on, because it cannot be stopped safely.
    Hold(String),
    /// It is stopped after a final snapshot.
    Stop,
}

impl Decision {
    /// The plan for a person.
    pub fn line(&self, app: &str) -> String {
        match self {
            Self::TakenOver { by } => format!("{app}: leave alone: its stack is that of `{by}`"),
            Self::Rest => format!("{app}: nothing of it runs"),
            Self::Keep => format!("{app}: keep running: hearth.undeclared = \"keep\""),
            Self::Hold(reason) => format!("{app}: keep running: {reason}"),
            Self::Stop => format!("{app}: stop after a final snapshot: it is not in the flake"),
        }
    }
}

/// Decides about one app. `retry` says whether an attempt that failed is made again.
pub fn decide(manifest: &Manifest, found: &Found, retry: bool) -> Decision {
    if let Some(by) = taken_over(manifest, found) {
        return Decision::TakenOver { by: by.to_string() };
    }
    let cut_off = found.record.as_ref().is_some_and(|record| record.standing == Standing::Stopping);
    let was_stopped = found.record.as_ref().is_some_and(|record| record.standing == Standing::Stopped);
    if !found.runs() && !cut_off && (was_stopped || found.services.is_empty()) {
        return Decision::Rest;
    }
    if manifest.policy == Policy::Keep && !cut_off {
        return if found.runs() { Decision::Keep } else { Decision::Rest };
    }
    match unsafe_to_stop(found, retry) {
        Some(reason) => Decision::Hold(reason),
        None => Decision::Stop,
    }
}

/// The declared app whose stack it is. A renamed app has the same stack, and so has one whose name was mistyped.
fn taken_over<'a>(manifest: &'a Manifest, found: &Found) -> Option<&'a Name> {
    found.stacks().iter().find_map(|stack| manifest.owner_of(stack))
}

fn unsafe_to_stop(found: &Found, retry: bool) -> Option<String> {
    if let Some(path) = &found.manifest {
        return Some(format!(
            "{} declares it, and the list of apps does not; activate the system again",
            path.display()
        ));
    }
    match &found.unfinished {
        Err(reason) => return Some(format!("its journal cannot be read: {reason}")),
        Ok(Some(intent)) if !leaves_data_whole(intent) => {
            return Some(format!(
                "a run over it was cut off while {}, and no snapshot can be taken of data that may be half of two states; declare it again, and its unit ends that",
                intent.doing()
            ));
        }
        Ok(_) => {}
    }
    match &found.kept {
        Err(reason) => return Some(format!("what was declared of it cannot be read: {reason}")),
        Ok(None) => {
            return Some(
                "an older Hearth deployed it and kept no copy of its declaration, so where its final snapshot goes is not known".to_owned(),
            );
        }
        Ok(Some(_)) => {}
    }
    let failed = found.record.as_ref().filter(|record| record.failed && !retry);
    failed.map(|record| record.reason.clone().unwrap_or_default())
}

/// Whether the volumes hold one state of the app, though a run over it was cut off.
fn leaves_data_whole(intent: &Intent) -> bool {
    match intent {
        Intent::Snapshot { .. } | Intent::Deploy { .. } => true,
        Intent::Back { .. } | Intent::Restore { .. } | Intent::Rollback { .. } => false,
    }
}
