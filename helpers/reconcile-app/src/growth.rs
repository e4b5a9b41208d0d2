//! Whether a version that is about to be deployed asks for more than what serves, which only its rendering shows.

use recipe::asks;
use updates::{At, Growth, Growths};

use crate::apply::{Parts, Run};
use crate::inputs;
use crate::record::{Deployed, FailedDeploy};
use crate::render::render;
use crate::rewrite::Stack;
use crate::source::{self, Chosen};

/// How many versions that ask for more a run passes by. Whoever pushes more of them at once keeps their app as it is.
const TRIES: usize = 20;

impl<P: Parts> Run<'_, P> {
    /// Chooses what is to be deployed. A version that turns out to ask for more than what serves is written down, and the
    /// choice is made again: it waits for a person then, and what serves is looked after meanwhile.
    ///
    /// # Errors
    /// When a secret is missing, there is no recipe, or what is known cannot be read or written.
    pub(crate) async fn choose(
        &self,
        deployed: Option<&Deployed>,
        failed: Option<&FailedDeploy>,
    ) -> Result<Chosen, inputs::Error> {
        let mut chosen = source::choose(self.manifest, deployed, failed)?;
        for _ in 0..TRIES {
            let serves = deployed.and_then(|deployed| deployed.recipe.as_ref());
            if serves.is_none() || serves.map(|at| &at.commit) == chosen.at.as_ref().map(|at| &at.commit) {
                return Ok(chosen);
            }
            // What cannot be rendered is not deployed either, and the deploy says why.
            let rendered = render(self.host.stacks, self.manifest, &chosen.inputs).await;
            if !rendered.is_ok_and(|rendered| self.is_news(serves, chosen.at.as_ref(), &rendered.stack).unwrap_or(true))
            {
                return Ok(chosen);
            }
            chosen = source::choose(self.manifest, deployed, failed)?;
        }
        let at = deployed.and_then(|deployed| deployed.recipe.clone());
        Ok(Chosen { inputs: source::serving(self.manifest, deployed)?, at, ..chosen })
    }

    /// The same of what is deployed next, should it be another thing than was looked at when it was chosen. The next run
    /// names what it asks for.
    ///
    /// # Errors
    /// When what is known cannot be read or written.
    pub(crate) fn is_news_at_last(&self, stack: &Stack) -> std::io::Result<bool> {
        let serves = self.files.deployed()?.and_then(|deployed| deployed.recipe);
        self.is_news(serves.as_ref(), self.at.as_ref(), stack)
    }

    /// Compares what serves with what is about to be deployed, and writes down what is new; true when that was not known yet,
    /// so that nobody can have agreed to it.
    ///
    /// # Errors
    /// When what is known cannot be read or written.
    pub(crate) fn is_news(&self, serves: Option<&At>, chosen: Option<&At>, stack: &Stack) -> std::io::Result<bool> {
        let (Some(from), Some(to)) = (serves, chosen) else { return Ok(false) };
        let Some(kept) = self.files.last_good()?.filter(|_| from.commit != to.commit) else { return Ok(false) };
        // The recipe's own files lie in a folder that is named by its commit.
        let own = self.manifest.recipe.kept_below().map(|folder| format!("path {}/", folder.display()));
        let is_own = |line: &String| own.as_ref().is_some_and(|own| line.starts_with(own));
        let (before, after) = (asks(Stack::parse(&kept)?.value()), asks(stack.value()));
        let asks = after.difference(&before).filter(|line| !is_own(line)).cloned().collect();
        let growth = Growth { from: from.commit.clone(), to: to.commit.clone(), asks };
        Growths::in_folder(&self.manifest.state_folder)?.remember(growth)
    }
}
