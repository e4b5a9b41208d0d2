//! Doing what was planned.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::Timestamp;
use state::Receipt;
use swarm::{NewSecret, Secrets};

use crate::LABEL;
use crate::certificate::Pair;
use crate::folder::Folder;
use crate::plan::{Desired, Step};

/// A run that does what was planned.
pub(crate) struct Apply<'a, E> {
    pub engine: &'a E,
    pub folder: Folder<'a>,
    pub desired: &'a Desired<'a>,
    pub pair: &'a Pair,
}

impl<E: Secrets> Apply<'_, E> {
    /// Takes all steps; tells how many changed something.
    pub async fn all(&self, steps: &[Step], receipt: &mut Receipt) -> anyhow::Result<usize> {
        let mut changed = 0;
        for step in steps {
            let begun = Timestamp::now();
            let done = self.step(step).await.with_context(|| step.to_string())?;
            changed += usize::from(done);
            receipt.step(step.to_string(), begun, if done { "done" } else { "a service uses it still" });
        }
        Ok(changed)
    }

    async fn step(&self, step: &Step) -> anyhow::Result<bool> {
        match step {
            Step::WriteFile(kind) => self.folder.write(&self.desired.file(kind), self.content(kind))?,
            Step::WriteConfiguration => self.folder.write_configuration(&self.desired.configuration())?,
            Step::CreateSecret(kind) => {
                let labels = BTreeMap::from([(LABEL.to_owned(), self.desired.name.to_owned())]);
                let secret = NewSecret { name: self.desired.secret(kind), labels, content: self.content(kind) };
                self.engine.create_secret(secret).await?;
            }
            Step::RetireSecret(name) => return Ok(self.engine.remove_secret(name).await?),
            Step::RemoveFile(name) => self.folder.remove(name)?,
        }
        Ok(true)
    }

    fn content(&self, kind: &str) -> &[u8] {
        if kind == "crt" { &self.pair.certificate } else { &self.pair.key }
    }
}
