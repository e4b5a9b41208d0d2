//! From a recipe to a stack that can be applied.

use anyhow::anyhow;
use recipe::Refusal;

use crate::confine::machine_memory;
use crate::inputs::Inputs;
use crate::judge::{Subject, Verdict, judge};
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
    let subject = Subject::of(manifest);
    let (mut value, warnings) =
        match judge(stacks, &subject, &inputs.recipe, &inputs.files, &inputs.environment).await? {
            Verdict::Passes { rendered, warnings } => (rendered, warnings),
            Verdict::Refused(refusals) => return Err(refused(app, &refusals)),
        };
    routes::claim(&mut value, app);
    attach(&mut value, app, &manifest.middlewares)?;
    let confinement = manifest.confinement(machine_memory());
    let rewrite = Rewrite { app, stack, digest: &inputs.digest, secrets: &inputs.secret_digests, confinement };
    let mut stack = rewrite.apply(value)?;
    strategy::order(manifest.update, &mut stack);
    stack.outlast(manifest.gate.converge())?;
    if manifest.update == Update::BlueGreen {
        strategy::refuse(app, &strategy::unfit(&stack))?;
    }
    Ok(Rendered { stack, warnings })
}

fn refused(app: &str, refusals: &[Refusal]) -> anyhow::Error {
    let reasons: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    anyhow!(
        "the recipe of `{app}` asks for what its declaration does not allow; the engine was not touched\n  {}",
        reasons.join("\n  ")
    )
}
