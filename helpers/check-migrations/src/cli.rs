//! What `main` dispatches to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use state::Lock;
use swarm::{Engine, Images as _};

use crate::{App, Declared, Release, Versions, check, release};

/// Of an app's manifest, what a trial by hand needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    state_folder: PathBuf,
    docker_socket: PathBuf,
    name: String,
    stack: String,
    domain: String,
    gate: Gate,
}

#[derive(Deserialize)]
struct Gate {
    migrations: Option<Declared>,
}

#[derive(Deserialize)]
struct Deployed {
    compose: PathBuf,
}

/// Tries images in place of those that serve, and prints what is known then.
///
/// # Errors
/// When nothing can be tried.
pub async fn run(manifest: &Path, images: &BTreeMap<String, String>, json: bool) -> anyhow::Result<ExitCode> {
    let manifest: Manifest = state::manifest::read(manifest)?;
    let Some(declared) = &manifest.gate.migrations else {
        bail!("{}: it declares no gate.migrations; nothing was tried", manifest.name);
    };
    declared.check()?;
    let engine = Engine::connect(&manifest.docker_socket)?;
    let _lock = Lock::acquire(&manifest.state_folder.join("lock"))?;
    let old = serving(&manifest.state_folder)?;
    let new = with_images(&engine, &old, images).await?;
    let app = App { name: &manifest.name, stack: &manifest.stack, domain: &manifest.domain };
    let mut say = |line: String| if json { state::err!("{line}") } else { state::out!("{line}") };
    let versions = Versions { new: &new, old: Some(&old) };
    match check(&engine, app, declared, versions, &mut say).await? {
        Ok(verdict) if json => state::out!("{}", serde_json::to_string_pretty(&verdict)?),
        Ok(verdict) => {
            verdict.warnings.iter().for_each(|warning| state::out!("warning: {warning}"));
            state::out!("good: the migrations may run; {}", verdict.old_version);
        }
        Err(finding) => {
            if json {
                state::out!("{}", serde_json::to_string_pretty(&finding)?);
            } else {
                finding.evidence.iter().for_each(|line| state::out!("  | {line}"));
                state::out!("refused: {finding}");
            }
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The version that serves, as it was deployed.
fn serving(folder: &Path) -> anyhow::Result<Release> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).with_context(|| {
            format!("{}: no version of the app was deployed, so there is none to try against", path.display())
        })
    };
    let deployed: Deployed = serde_json::from_str(&read(&folder.join("deployed.json"))?)?;
    Ok(release(&serde_json::from_str(&read(&folder.join(deployed.compose))?)?))
}

async fn with_images(engine: &Engine, old: &Release, images: &BTreeMap<String, String>) -> anyhow::Result<Release> {
    let mut new = old.clone();
    for (service, image) in images {
        let known: Vec<&str> = old.keys().map(String::as_str).collect();
        let part = new.get_mut(service);
        let part = part.with_context(|| format!("the app has no service `{service}`, it has {}", known.join(", ")))?;
        if engine.image_digests(image).await?.is_none() {
            bail!("image {image} is not here; nothing was tried. `docker pull {image}` first");
        }
        image.clone_into(&mut part.image);
    }
    Ok(new)
}
