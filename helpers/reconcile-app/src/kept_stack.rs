//! A stack that was deployed before, as it can be applied again.

use std::collections::BTreeSet;

use swarm::{Configs as _, STACK_LABEL, Secrets as _};

use crate::apply::{Parts, Run};
use crate::rewrite::Stack;

impl<P: Parts> Run<'_, P> {
    /// Reads a stack that was deployed before. What the swarm has of its secrets and configs is taken from there: their
    /// files are those of a recipe that nothing may hold any more.
    ///
    /// # Errors
    /// When it is no stack, or the engine does not answer.
    pub(crate) async fn kept_stack(&self, text: &str) -> anyhow::Result<Stack> {
        let mut stack = Stack::parse(text)?;
        // What is not there either is told by the client.
        drop(stack.take_from_swarm(&self.contents().await?));
        Ok(stack)
    }

    /// The names of the secrets and configs of all stacks. They say whose they are, and what is in them.
    pub(crate) async fn contents(&self) -> swarm::Result<BTreeSet<String>> {
        let secrets = self.host.engine.secrets(STACK_LABEL).await?;
        let configs = self.host.engine.configs(STACK_LABEL).await?;
        Ok(secrets.into_iter().chain(configs).map(|object| object.name).collect())
    }
}
