//! Whether a version that is about to be deployed asks for more than what serves, which only its rendering shows.

use recipe::asks;
use serde_json::Value;
use updates::{At, ChooseError, Growth, Growths};

use crate::apply::{Parts, Run};
use crate::inputs;
use crate::record::{Deployed, FailedDeploy};
use crate::render::render;
use crate::source::{self, Chosen};

/// How many times a choice is made: each time but the last some version turned out to ask for more.
const TRIES: usize = 4;

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
        for _ in 1..TRIES {
            let serves = deployed.and_then(|deployed| deployed.recipe.as_ref());
            if !self.is_news(serves, &chosen).await? {
                break;
            }
            chosen = source::choose(self.manifest, deployed, failed)?;
        }
        Ok(chosen)
    }

    /// Compares what serves with what is chosen, and writes down what is new; true when that was not known yet.
    async fn is_news(&self, serves: Option<&At>, chosen: &Chosen) -> Result<bool, inputs::Error> {
        let (Some(from), Some(to)) = (serves, &chosen.at) else { return Ok(false) };
        if from.commit == to.commit {
            return Ok(false);
        }
        let Some(kept) = self.files.last_good().map_err(ChooseError::from)? else { return Ok(false) };
        // What cannot be rendered is not deployed either, and the deploy says why.
        let Ok(rendered) = render(self.host.stacks, self.manifest, &chosen.inputs).await else { return Ok(false) };
        let kept: Value =
            serde_json::from_str(&kept).map_err(|error| ChooseError::from(std::io::Error::from(error)))?;
        let asks = asks(rendered.stack.value()).difference(&asks(&kept)).cloned().collect();
        let growth = Growth { from: from.commit.clone(), to: to.commit.clone(), asks };
        let known = Growths::in_folder(&self.manifest.state_folder);
        Ok(known.and_then(|mut known| known.remember(growth)).map_err(ChooseError::from)?)
    }
}
