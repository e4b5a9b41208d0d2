//! Why something failed, for a person: the cause in place of the symptom, and what the container wrote at its end.

use std::time::Duration;

use state::Step;
use tokio::time::timeout;

use crate::apply::{Parts, Run};
use crate::converge::{Failure, FailureKind};
use crate::gate::Watch;
use crate::plan::STANDBY_LABEL;
use crate::rewrite::Stack;

/// How long an engine may take to tell what only a person reads. A rollback waits for it: the swarm removes the containers
/// of what it is told to stop, and their logs with them. It is longer than the patience with a log that does not go on, so
/// that what came of one is told.
const TELL_WITHIN: Duration = Duration::from_secs(10);

impl<P: Parts> Run<'_, P> {
    /// Brings back images that somebody removed since they were deployed: the swarm itself has no login to pull them
    /// with. Where that does not work the gate says what came of it.
    pub(crate) async fn with_images(&mut self, mut stack: Stack) -> Stack {
        self.missing = self.host.images(self.manifest).provide_what_can_be(&mut stack, self.say).await;
        for missing in self.missing.clone() {
            self.warn(format!("{missing}; it is tried without"));
        }
        stack
    }

    /// The same failure with its cause, where that is an image that could not be had: the swarm, without a login, finds only
    /// that it may not pull it.
    pub(crate) fn caused(&self, failure: Failure) -> Failure {
        use FailureKind::{ImageNotPulled, Rejected, TooSlow};
        if self.missing.is_empty() || !matches!(failure.kind, ImageNotPulled | Rejected | TooSlow) {
            return failure;
        }
        let detail = format!("{} (the swarm says: {})", self.missing.join("; "), failure.detail);
        Failure { kind: ImageNotPulled, detail, ..failure }
    }

    /// Says and writes down what is known of the container that failed. Nothing waits longer for it than it is worth.
    pub(crate) async fn show_log(&mut self, failure: &Failure) {
        let scope = self.scope();
        let Ok(Ok(watch)) = timeout(TELL_WITHIN, Watch::begin(self.host.engine, scope, Some(STANDBY_LABEL))).await
        else {
            return;
        };
        if let Ok(Ok(Some(known))) = timeout(TELL_WITHIN, watch.inspection_of(failure)).await {
            self.receipt.containers.insert(failure.service.clone(), known);
        }
        let lines = timeout(TELL_WITHIN, watch.log_of(failure)).await;
        let lines = lines.map_or_else(
            |_| vec![format!("(the engine did not tell its log within {} s)", TELL_WITHIN.as_secs())],
            Result::unwrap_or_default,
        );
        if lines.is_empty() {
            return;
        }
        (self.say)(format!("the last lines of {}:", failure.service));
        for line in &lines {
            (self.say)(format!("  | {line}"));
        }
        self.receipt.steps.push(Step {
            name: format!("log of {}", failure.service),
            milliseconds: 0,
            result: lines.join("\n"),
        });
        self.logs.extend(lines);
    }
}

/// What a person wants to know first when a deploy was given up before it began.
pub(crate) fn still_serving<P: Parts>(run: &Run<'_, P>) -> String {
    match run.files.deployed() {
        Ok(Some(deployed)) => {
            let version = deployed.named().unwrap_or_else(|| "the last good version".to_owned());
            format!("nothing was deployed, {version} still serves")
        }
        _ => "nothing was deployed".to_owned(),
    }
}
