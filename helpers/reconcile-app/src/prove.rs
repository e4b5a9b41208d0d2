//! What a new version must show beyond being well: answers, whole pages, and that it stays so for a while.
//!
//! All of it happens before the version is remembered as good, under the journal's intent to deploy. So a run that is
//! cut off in the middle, be it minutes into the watch, is taken up by the next one, which watches from the beginning;
//! and the snapshot is there to go back to until the watch is over.

use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use crate::answers::{Answers as _, Question};
use crate::apply::{Parts, Run};
use crate::converge::{Failure, FailureKind};
use crate::credentials;
use crate::gate::Watch;
use crate::inputs::Inputs;
use crate::manifest::{Gate, Watch as Declared};
use crate::middlewares::expected;
use crate::plan::STANDBY_LABEL;

impl<P: Parts> Run<'_, P> {
    /// Sees to it, before anything is touched, that a version which is new here can be asked at all: it is not the
    /// version's fault when a secret is missing that it would be asked with. What an earlier run has touched already is
    /// brought to an end all the same.
    ///
    /// # Errors
    /// The secret, and what became of it.
    pub fn can_prove(&self, inputs: &Inputs) -> anyhow::Result<()> {
        if self.unfinished.is_some() || self.is_proved(inputs)? {
            return Ok(());
        }
        let gate = &self.manifest.gate;
        let smoke = gate.smoke.iter().map(|smoke| &smoke.credentials);
        for credentials in smoke.chain(gate.audit.iter().map(|audit| &audit.credentials)) {
            credentials::headers(credentials).context("nothing was deployed: a new version could not be proved")?;
        }
        Ok(())
    }

    fn is_proved(&self, inputs: &Inputs) -> std::io::Result<bool> {
        Ok(self.files.deployed()?.is_some_and(|deployed| deployed.digest == inputs.digest))
    }

    /// Proves a version that is deployed, healthy and answers, unless it is the one that was proved before and is only
    /// healed.
    ///
    /// # Errors
    /// When the engine or the disk fails; the journal then says what the next run has to finish.
    pub async fn prove(&mut self, inputs: &Inputs) -> anyhow::Result<Result<(), Failure>> {
        if self.is_proved(inputs)? {
            return Ok(Ok(()));
        }
        let gate = &self.manifest.gate;
        for question in gate.proofs() {
            if let Err(failure) = self.ask(question) {
                return Ok(Err(failure));
            }
        }
        state::fault::point(|| "after smoke and page audit".to_owned());
        match &gate.watch {
            Some(declared) => self.stays_well(declared).await,
            None => Ok(Ok(())),
        }
    }

    fn ask(&mut self, question: Question<'_>) -> Result<(), Failure> {
        let begun = Timestamp::now();
        let answered = self.host.answers.ask(question, self.say).map_err(|detail| failure_of(question, detail));
        self.note(&question.step(), begun, answered.as_ref().err());
        answered.map(|remarks| remarks.into_iter().for_each(|remark| self.warn(remark)))
    }

    /// The time after success: restarts, and answers that are not right any more, are failures of the deploy still.
    async fn stays_well(&mut self, declared: &Declared) -> anyhow::Result<Result<(), Failure>> {
        (self.say)(format!("watching it for {} s more", declared.seconds));
        let (begun, since) = (Timestamp::now(), Instant::now());
        let held = self.watched(declared, since).await?;
        let held = held.map_err(|failure| Failure {
            detail: format!("{}: {}", failure.kind, failure.detail),
            kind: FailureKind::FellIll(since.elapsed().as_secs()),
            ..failure
        });
        state::fault::point(|| "after the watch".to_owned());
        self.note("watch", begun, held.as_ref().err());
        Ok(held)
    }

    async fn watched(&mut self, declared: &Declared, since: Instant) -> anyhow::Result<Result<(), Failure>> {
        let watch = Watch::begin(self.host.engine, self.scope(), Some(STANDBY_LABEL)).await?;
        let watch = watch.of(self.told.keys().cloned().collect());
        let gate = Gate { restart_limit: declared.restart_limit, healthy_seconds: 0, ..self.manifest.gate.clone() };
        let total = Duration::from_secs(declared.seconds);
        let mut restarts = 0;
        loop {
            let left = total.saturating_sub(since.elapsed());
            sleep(left.min(Duration::from_secs(declared.every_seconds))).await;
            state::fault::point(|| "in the watch".to_owned());
            if let Err(failure) = watch.hold(&gate, self.say).await? {
                return Ok(Err(failure));
            }
            let (last, ended) = (since.elapsed() >= total, watch.failures().await?);
            // Pages change with a version or a start of it, not from one look to the next.
            if let Err(failure) = self.look(last || ended > restarts) {
                return Ok(Err(failure));
            }
            if last {
                return Ok(Ok(()));
            }
            restarts = ended;
        }
    }

    fn look(&mut self, with_pages: bool) -> Result<(), Failure> {
        let gate = &self.manifest.gate;
        let asks_password = self.manifest.middlewares.iter().any(|middleware| middleware.asks_password);
        let probe = gate.probe.as_ref().map(|probe| expected(probe, asks_password));
        let questions = probe.iter().map(Question::Probe).chain(gate.proofs());
        for question in questions.filter(|question| with_pages || !matches!(question, Question::Audit(_))) {
            // What is right again and again is said once.
            let mut lines = Vec::new();
            let answered = self.host.answers.ask(question, &mut |line| lines.push(line));
            if let Err(detail) = answered {
                for line in lines {
                    (self.say)(line);
                }
                return Err(failure_of(question, detail));
            }
        }
        Ok(())
    }
}

/// What it means for the app that a question was not answered right.
pub fn failure_of(question: Question<'_>, detail: String) -> Failure {
    Failure { service: "app".to_owned(), kind: question.failure(), detail, container: None }
}
