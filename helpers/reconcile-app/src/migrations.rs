//! The gate of migrations: tried in a scratch database after the images are here and before anything is touched.

use check_migrations::{App, OldVersion, Verdict, Versions, check, release};
use jiff::Timestamp;
use state::Outcome;

use crate::apply::{Parts, Run};
use crate::inputs::Inputs;
use crate::manifest::Update;
use crate::plan;
use crate::record::{Intent, TriedMigrations};
use crate::rewrite::Stack;
use crate::story::still_serving;

impl<P: Parts> Run<'_, P> {
    /// Tries the migrations of a stack whose images are here. `Some` is how the run ends when they must not run.
    ///
    /// # Errors
    /// When they cannot be tried: then nothing is known of them, and nothing was touched.
    pub async fn try_migrations(
        &mut self,
        stack: &Stack,
        inputs: &Inputs,
    ) -> anyhow::Result<Option<(Outcome, String)>> {
        let Some(declared) = &self.manifest.gate.migrations else { return Ok(None) };
        let deployed = self.files.deployed()?;
        let same = deployed.as_ref().is_some_and(|deployed| deployed.digest == inputs.digest);
        // What is only put right again runs no migration that did not run. What is under way was tried when it began,
        // and its database may be stopped.
        if same || self.is_under_way(&inputs.digest) {
            return Ok(None);
        }
        if let Some(ended) = self.bring_back_what_was_cut_off().await? {
            return Ok(Some(ended));
        }
        let old = self.files.last_good()?.map(|text| Stack::parse(&text)).transpose()?.map(|old| release(old.value()));
        let new = release(stack.value());
        let manifest = self.manifest;
        let app = App { name: manifest.name.as_str(), stack: manifest.stack.as_str(), domain: &manifest.domain };
        let versions = Versions { new: &new, old: old.as_ref() };
        let begun = Timestamp::now();
        let tried = check(self.host.engine, app, declared, versions, self.say).await?;
        match tried {
            Ok(Verdict { changes: true, old_version: OldVersion::Breaks(why), .. })
                if self.manifest.update == Update::BlueGreen && deployed.is_some() =>
            {
                let reason = format!(
                    "blue-green: the old version would serve on the migrated database, and does not work on it ({why}). Deploy this one with `hearth.apps.{}.update = \"stop-first\"`, or in two steps",
                    manifest.name
                );
                self.receipt.step("migrations", begun, reason.clone());
                self.remember_failure(&inputs.digest, &reason, self.tag())?;
                Ok(Some((Outcome::Failed, format!("{reason}; {}", still_serving(self)))))
            }
            Ok(verdict) => {
                let over = deployed.map(|deployed| deployed.digest);
                self.accept(&TriedMigrations { digest: inputs.digest.clone(), over, verdict }, begun)?;
                Ok(None)
            }
            Err(finding) => {
                for line in &finding.evidence {
                    (self.say)(format!("  | {line}"));
                }
                let said = [&[finding.to_string()], finding.evidence.as_slice()].concat().join("\n");
                self.receipt.step("migrations", begun, said);
                let reason = finding.to_string();
                if deployed.is_some() {
                    // The same version on the same schema ends the same.
                    self.remember_failure(&inputs.digest, &reason, self.tag())?;
                }
                Ok(Some((Outcome::Failed, format!("{reason}; {}", still_serving(self)))))
            }
        }
    }

    fn is_under_way(&self, digest: &str) -> bool {
        match &self.unfinished {
            Some(Intent::Deploy { digest: of, .. } | Intent::Snapshot { digest: of }) => of == digest,
            _ => false,
        }
    }

    /// A deploy of something else was cut off, and may have left the app stopped: without its database nothing can be
    /// tried, and a refusal would leave it so. `Some` is how the run ends when it does not come back.
    async fn bring_back_what_was_cut_off(&mut self) -> anyhow::Result<Option<(Outcome, String)>> {
        let Some(back) = self.unfinished.as_ref().map(plan::undo) else { return Ok(None) };
        let Some(last_good) = self.files.last_good()? else { return Ok(None) };
        let ended = self.rollback(&last_good, back).await?;
        self.unfinished = None;
        Ok((ended.0 != Outcome::RolledBack).then_some(ended))
    }

    fn accept(&mut self, tried: &TriedMigrations, begun: Timestamp) -> std::io::Result<()> {
        let Verdict { old_version, warnings, .. } = &tried.verdict;
        let said = match (tried.over.is_some(), old_version) {
            (false, _) => "the migrations may run".to_owned(),
            (true, OldVersion::Works) if !tried.verdict.changes => "the migrations change nothing".to_owned(),
            (true, old_version) => format!("the migrations may run; {old_version}"),
        };
        for warning in warnings {
            self.warn(warning.clone());
        }
        (self.say)(said.clone());
        self.receipt.step("migrations", begun, said);
        self.files.remember_migrations(tried)
    }
}
