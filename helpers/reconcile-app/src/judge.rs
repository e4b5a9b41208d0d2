//! Whether a recipe may be deployed as it is declared: what passes the policy, and what does not and why.

use recipe::permit::Owner;
use recipe::{Allow, ComposeFile, Environment, Place, Reading, Recipe, Refusal};
use serde_json::Value;

use crate::manifest::Manifest;
use crate::stack::Stacks;

/// Who a recipe is deployed for, and what it may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The app's name.
    pub app: &'a str,
    /// Its stack.
    pub stack: &'a str,
    /// The domain under which it is served; empty for none.
    pub domain: &'a str,
    /// Networks that it shares with others by its declaration.
    pub networks: &'a [String],
    /// What its declaration allows.
    pub allow: &'a Allow,
}

impl<'a> Subject<'a> {
    /// The app of a manifest.
    pub fn of(manifest: &'a Manifest) -> Self {
        Self {
            app: manifest.name.as_str(),
            stack: manifest.stack.as_str(),
            domain: &manifest.domain,
            networks: &manifest.shared_networks,
            allow: &manifest.allow,
        }
    }
}

/// What the policy says of a recipe.
#[derive(Debug)]
pub enum Verdict {
    /// It may be deployed.
    Passes {
        /// What Docker's client made of its compose files.
        rendered: Value,
        /// Optional variables that were left unset, keys that mean nothing here, and the like.
        warnings: Vec<String>,
    },
    /// It may not, for these reasons; never empty.
    Refused(Vec<Refusal>),
}

/// Judges a recipe: first its own files, for Docker's client reads on the recipe's word what these name, then what the
/// client makes of them. Touches nothing, and needs no engine.
///
/// # Errors
/// When the recipe cannot be read, or the client cannot render it.
pub async fn judge(
    stacks: &impl Stacks,
    subject: &Subject<'_>,
    recipe: &Recipe,
    files: &[ComposeFile],
    environment: &Environment,
) -> anyhow::Result<Verdict> {
    let reading = recipe.read(files, environment)?;
    let refusals = reading.check(subject.app, subject.allow);
    if !refusals.is_empty() {
        return Ok(Verdict::Refused(refusals));
    }
    let folder = recipe.folder();
    let documents: Vec<String> = reading.documents.iter().map(|document| document.text(folder)).collect();
    let rendered = stacks.render(folder, &documents).await?;
    let rendered = recipe::compose::parse("the rendered compose file", &rendered)?;
    // Once more on the merged result: what two files ask for together is what will run.
    let place = Place { file: "the rendered compose file", app: subject.app, folder };
    let mut refusals = recipe::check(&rendered, &place, subject.allow);
    if refusals.is_empty() {
        refusals = permitted(subject, &reading, &rendered);
    }
    if !refusals.is_empty() {
        return Ok(Verdict::Refused(refusals));
    }
    let warnings = reading.warnings.iter().cloned().chain(recipe::permit::ignored(&rendered)).collect();
    Ok(Verdict::Passes { rendered, warnings })
}

/// What of the rendered file is not on the list, each with the line that it comes from.
fn permitted(subject: &Subject<'_>, reading: &Reading, rendered: &Value) -> Vec<Refusal> {
    let owner = Owner {
        app: subject.app,
        stack: subject.stack,
        domain: Some(subject.domain).filter(|domain| !domain.is_empty()),
        networks: subject.networks,
    };
    let mut refusals = recipe::lost_ports(&reading.documents, rendered);
    let strange = recipe::permit::check(rendered, &owner, subject.allow);
    refusals.extend(strange.into_iter().map(|refusal| reading.located(refusal)));
    refusals
}
