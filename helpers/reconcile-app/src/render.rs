//! From a recipe to a stack that can be applied.

use std::path::Path;

use anyhow::bail;
use recipe::Place;
use serde_json::Value;

use crate::inputs::Inputs;
use crate::manifest::Manifest;
use crate::rewrite::{Rewrite, Stack};
use crate::stack::Stacks;

/// A rendered stack, and what a person should know about how it came to be.
pub struct Rendered {
    /// The stack.
    pub stack: Stack,
    /// Optional variables that were left unset, and the like.
    pub warnings: Vec<String>,
}

/// Renders an app's compose files with its environment, refuses what its declaration does not allow, and puts
/// Hearth's names and labels in. Touches nothing.
///
/// # Errors
/// File, key and reason of the first thing, or of all the things, that are wrong with the recipe.
pub async fn render(stacks: &impl Stacks, manifest: &Manifest, inputs: &Inputs) -> anyhow::Result<Rendered> {
    let (app, stack) = (manifest.name.as_str(), manifest.stack.as_str());
    let reading = inputs.recipe.read(&inputs.files, &inputs.environment)?;
    refuse(app, &reading.check(app, &manifest.allow))?;
    let folder = inputs.recipe.folder();
    let documents: Vec<String> = reading.documents.iter().map(|document| absolute(folder, &document.value)).collect();
    let rendered = stacks.render(folder, &documents).await?;
    let value = recipe::compose::parse("the rendered compose file", &rendered)?;
    // Once more on the merged result: what two files ask for together is what will run.
    let place = Place { file: "the rendered compose file", app, folder };
    refuse(app, &recipe::check(&value, &place, &manifest.allow))?;
    let rewrite = Rewrite { app, stack, digest: &inputs.digest, secrets: &inputs.secret_digests };
    Ok(Rendered { stack: rewrite.apply(value)?, warnings: reading.warnings.clone() })
}

/// The text of a compose file whose files are named from the root: the Docker client would look for them beside the
/// text, which lies elsewhere. That they are in the recipe's folder was checked before.
fn absolute(folder: &Path, document: &Value) -> String {
    let mut document = document.clone();
    for kind in ["configs", "secrets"] {
        for object in document.get_mut(kind).and_then(Value::as_object_mut).into_iter().flat_map(|map| map.values_mut())
        {
            if let Some(file) = object.get_mut("file") {
                anchor(folder, file);
            }
        }
    }
    let services = document.get_mut("services").and_then(Value::as_object_mut);
    for service in services.into_iter().flat_map(|map| map.values_mut()) {
        match service.get_mut("env_file") {
            Some(Value::Array(files)) => files.iter_mut().for_each(|file| anchor(folder, file)),
            Some(file) => anchor(folder, file),
            None => {}
        }
    }
    recipe::compose::to_text(&document)
}

fn anchor(folder: &Path, file: &mut Value) {
    if let Some(name) = file.as_str() {
        *file = Value::String(folder.join(name).to_string_lossy().into_owned());
    }
}

fn refuse(app: &str, refusals: &[recipe::Refusal]) -> anyhow::Result<()> {
    if refusals.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    bail!(
        "the recipe of `{app}` asks for what its declaration does not allow; the engine was not touched\n  {}",
        reasons.join("\n  ")
    )
}
