//! The recipe that an app is deployed from: its folder, or the version that is chosen from its repository.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use updates::{At, Decision, Mirror, Question, Tag};

use crate::inputs::{Error, Inputs};
use crate::manifest::{GitSource, Manifest, Source};
use crate::record::{Deployed, FailedDeploy};

/// A repository that was asked so recently is not asked again.
const FRESH: Duration = Duration::from_secs(60);

/// What is to be deployed.
#[derive(Debug)]
pub struct Chosen {
    /// Everything that decides how.
    pub inputs: Inputs,
    /// Where its recipe stands in its repository.
    pub at: Option<At>,
    /// What a person must decide, in a sentence.
    pub waits: Option<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Chooses what is to be deployed; asks the recipe's repository for newer versions.
///
/// # Errors
/// When a secret is missing, or there is no recipe.
pub fn choose(
    manifest: &Manifest,
    deployed: Option<&Deployed>,
    failed: Option<&FailedDeploy>,
) -> Result<Chosen, Error> {
    let git = match &manifest.recipe {
        Source::Folder(folder) => {
            let inputs = Inputs::read_from(manifest, folder)?;
            return Ok(Chosen { inputs, at: None, waits: None, warnings: Vec::new() });
        }
        Source::Git(git) => git,
    };
    let served_from_folder = deployed.is_some_and(|deployed| deployed.recipe.is_none());
    if served_from_folder && git.declared.is_none() {
        return Err(Error::NoStart { app: manifest.name.to_string() });
    }
    let mirror = mirror(manifest, git);
    let choice = updates::choose(&Question {
        mirror: &mirror,
        state_folder: &manifest.state_folder,
        declared: git.declared.as_ref(),
        policy: git.policy,
        signers: git.signers.as_ref(),
        current: deployed.and_then(|deployed| deployed.recipe.as_ref()),
        failed: failed.map_or(&[], |failed| &failed.versions),
        fetch: is_old(mirror.fetched_at()),
        now: Timestamp::now(),
    })?;
    let mut waits = choice
        .hold()
        .map(|hold| format!("{hold}. Accept it with `hearth accept {} {}`", manifest.name, hold.to.version));
    let mut warnings = choice.warnings;
    if let (Some(Decision::FailedBefore { version, .. }), Some(failed)) = (&choice.decision, failed) {
        if failed.by_hand {
            let aside = failed.waits(manifest.name.as_str());
            waits = Some(waits.map_or(aside.clone(), |waits| format!("{aside}; {waits}")));
        } else {
            warnings.push(format!("{version} is not tried again: {}", failed.reason));
        }
    }
    let inputs = Inputs::read_from(manifest, &choice.tree.folder)?;
    Ok(Chosen { inputs, at: Some(choice.at), waits, warnings })
}

/// What serves, without asking a repository: for a look at a whole host.
///
/// # Errors
/// When a secret is missing, or there is no recipe.
pub fn serving(manifest: &Manifest, deployed: Option<&Deployed>) -> Result<Inputs, Error> {
    match (&manifest.recipe, deployed.and_then(|deployed| deployed.recipe.as_ref())) {
        (Source::Folder(folder), _) => Inputs::read_from(manifest, folder),
        (Source::Git(git), Some(at)) => {
            let mirror = mirror(manifest, git);
            let folder = match mirror.exported(&at.commit) {
                Some(folder) => folder,
                None => mirror.tree(&at.commit).map_err(updates::ChooseError::from)?.folder,
            };
            Inputs::read_from(manifest, &folder)
        }
        (Source::Git(_), None) => Err(Error::NotChosen { app: manifest.name.to_string() }),
    }
}

/// What is to be done once a version serves and is good.
///
/// # Errors
/// When a record cannot be written; nothing but disk space is lost by that.
pub fn settled(manifest: &Manifest, at: &At) -> Result<(), updates::ChooseError> {
    match &manifest.recipe {
        Source::Folder(_) => Ok(()),
        Source::Git(git) => updates::settled(&mirror(manifest, git), &manifest.state_folder, at, &[]),
    }
}

/// The versions that failed, with one more: those that failed earlier are not tried in its place.
pub fn failed_with(failed: Option<FailedDeploy>, tag: Option<&Tag>) -> Vec<Tag> {
    let mut versions = failed.map(|failed| failed.versions).unwrap_or_default();
    versions.extend(tag.cloned());
    versions
}

fn mirror<'a>(manifest: &'a Manifest, git: &'a GitSource) -> Mirror<'a> {
    Mirror::of(&git.recipes, &git.access, &git.url, manifest.name.as_str())
}

fn is_old(fetched_at: Option<SystemTime>) -> bool {
    // A time in the future is that of a clock that was set back since: nothing is known then.
    fetched_at.and_then(|at| at.elapsed().ok()).is_none_or(|age| age > FRESH)
}
