//! Telling the engine what to run, and whose fault it is when it does not take it.

use swarm::Services as _;

use crate::apply::{Parts, Run};
use crate::converge::{Failure, FailureKind};
use crate::rewrite::Stack;
use crate::stack::{Refused, Stacks as _};

impl<P: Parts> Run<'_, P> {
    /// Applies a stack under a name. The inner error is that of a version which the engine does not take: it names a
    /// network that is not there, or publishes a port that another stack holds. Half of it may run then.
    ///
    /// # Errors
    /// When the engine is gone or the client cannot be run, which is not the version's fault: the next run goes on.
    pub(crate) async fn apply(&self, place: &str, stack: &Stack) -> anyhow::Result<Result<(), Failure>> {
        if self.refusal(place, stack).await?.is_none() {
            return Ok(Ok(()));
        }
        // It may have been the engine's restart, or somebody who changed a service at the same moment.
        let refused = self.refusal(place, stack).await?;
        let failure =
            |detail| Failure { service: "app".to_owned(), kind: FailureKind::Refused, detail, container: None };
        Ok(refused.map_or(Ok(()), |detail| Err(failure(detail))))
    }

    /// What the client says where it refuses and the engine is there.
    async fn refusal(&self, place: &str, stack: &Stack) -> anyhow::Result<Option<String>> {
        let Err(error) = self.host.stacks.deploy(place, &stack.to_deploy()).await else { return Ok(None) };
        if !error.is::<Refused>() {
            return Err(error);
        }
        self.host.engine.services(&self.label()).await?;
        Ok(Some(format!("{error:#}")))
    }
}
