//! From a recipe to a stack that can be applied.

use anyhow::bail;
use recipe::permit::Owner;
use recipe::{Place, Reading, Refusal};
use serde_json::Value;

use crate::inputs::Inputs;
use crate::manifest::{Manifest, Update};
use crate::middlewares::attach;
use crate::rewrite::{Rewrite, Stack};
use crate::routes;
use crate::stack::Stacks;
use crate::strategy;

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
    let documents: Vec<String> = reading.documents.iter().map(|document| document.text(folder)).collect();
    let rendered = stacks.render(folder, &documents).await?;
    let mut value = recipe::compose::parse("the rendered compose file", &rendered)?;
    // Once more on the merged result: what two files ask for together is what will run.
    let place = Place { file: "the rendered compose file", app, folder };
    refuse(app, &recipe::check(&value, &place, &manifest.allow))?;
    refuse(app, &permitted(manifest, &reading, &value))?;
    let mut warnings = reading.warnings.clone();
    warnings.extend(recipe::permit::ignored(&value));
    routes::claim(&mut value, app);
    attach(&mut value, app, &manifest.middlewares)?;
    let rewrite = Rewrite { app, stack, digest: &inputs.digest, secrets: &inputs.secret_digests };
    let mut stack = rewrite.apply(value)?;
    strategy::order(manifest.update, &mut stack);
    stack.outlast(manifest.gate.converge())?;
    if manifest.update == Update::BlueGreen {
        strategy::refuse(app, &strategy::unfit(&stack))?;
    }
    Ok(Rendered { stack, warnings })
}

/// What of the rendered file is not on the list, each with the line that it comes from.
fn permitted(manifest: &Manifest, reading: &Reading, rendered: &Value) -> Vec<Refusal> {
    let owner = Owner {
        app: manifest.name.as_str(),
        stack: manifest.stack.as_str(),
        domain: Some(manifest.domain.as_str()).filter(|domain| !domain.is_empty()),
        networks: &manifest.shared_networks,
    };
    let mut refusals = recipe::lost_ports(&reading.documents, rendered);
    let strange = recipe::permit::check(rendered, &owner, &manifest.allow);
    refusals.extend(strange.into_iter().map(|refusal| reading.located(refusal)));
    refusals
}

fn refuse(app: &str, refusals: &[Refusal]) -> anyhow::Result<()> {
    if refusals.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    bail!(
        "the recipe of `{app}` asks for what its declaration does not allow; the engine was not touched\n  {}",
        reasons.join("\n  ")
    )
}
