//! An app's secrets in the swarm: made before a deploy, retired after it.

use std::collections::{BTreeMap, BTreeSet};

use swarm::{Configs, NewSecret, STACK_LABEL, Secrets};

use crate::inputs::Inputs;
use crate::manifest::Manifest;
use crate::plan::APP_LABEL;
use crate::rewrite::{Stack, content_name};

/// The label that says which secret of the app it is.
const KEY_LABEL: &str = "hearth.secret";

/// Creates the secrets that are not in the swarm yet. Their content goes to the engine's socket and nowhere else.
///
/// # Errors
/// When the engine refuses one.
pub async fn create(engine: &impl Secrets, manifest: &Manifest, inputs: &Inputs) -> swarm::Result<usize> {
    let app = manifest.name.as_str();
    let there: BTreeSet<String> =
        engine.secrets(&format!("{APP_LABEL}={app}")).await?.into_iter().map(|secret| secret.name).collect();
    let mut created = 0;
    for (key, secret) in &inputs.secrets {
        let name = content_name(manifest.stack.as_str(), key, &inputs.secret_digests[key]);
        if there.contains(&name) {
            continue;
        }
        let labels = BTreeMap::from([
            (APP_LABEL.to_owned(), app.to_owned()),
            (KEY_LABEL.to_owned(), key.clone()),
            (STACK_LABEL.to_owned(), manifest.stack.to_string()),
        ]);
        engine.create_secret(NewSecret { name, labels, content: secret.content() }).await?;
        created += 1;
    }
    Ok(created)
}

/// Removes the app's secrets and configs that none of these stacks names: what runs, and what ran when the snapshots that
/// are kept were taken. One that something still uses stays until the next deploy.
///
/// # Errors
/// When the engine does not answer.
pub async fn retire(engine: &(impl Secrets + Configs), app: &str, stacks: &[Stack]) -> swarm::Result<usize> {
    let wanted: BTreeSet<String> = stacks.iter().flat_map(Stack::content_names).collect();
    let label = format!("{APP_LABEL}={app}");
    let mut retired = 0;
    for secret in engine.secrets(&label).await? {
        if !wanted.contains(&secret.name) && engine.remove_secret(&secret.name).await? {
            retired += 1;
        }
    }
    for config in engine.configs(&label).await? {
        if !wanted.contains(&config.name) && engine.remove_config(&config.name).await? {
            retired += 1;
        }
    }
    Ok(retired)
}
