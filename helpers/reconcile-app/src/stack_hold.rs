//! A stack that changed its name or its owner: a deploy into it would start an empty app beside the data of the old one,
//! or take the data of another app. It waits for a person.
//!
//! The name of a stack follows the app's domain. So a new domain, or a mistyped one, and an app that is called something
//! else in the flake, would do one of the two.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use state::{Outcome, remove_durably, write_atomic};
use swarm::{Quiesce, STACK_LABEL, Service, Services as _};

use crate::apply::{Parts, Run};
use crate::colour::{Colour, stack_of};
use crate::data::{NotTaken, Snapshots as _};
use crate::manifest::Manifest;
use crate::plan::APP_LABEL;
use crate::record::{Deployed, Intent};
use crate::undeclared::kept;

/// A stack that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StackHold {
    /// Version of this record's shape.
    pub schema: u32,
    /// The app.
    pub app: String,
    /// The stack that is declared.
    pub to: String,
    /// Why it waits.
    pub because: Because,
}

/// Why a stack waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// The app was deployed as another stack, which has its data.
    Moved(String),
    /// Services of another app are in it.
    Taken(String),
}

impl std::fmt::Display for StackHold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { app, to, because, .. } = self;
        match because {
            Because::Moved(from) => write!(
                f,
                "stack {to} would begin empty: set hearth.apps.{app}.stack = \"{from}\" to keep the data, or `hearth accept {app} {to}`. {app} was deployed as {from}, which is as it was; nothing was changed"
            ),
            Because::Taken(owner) => write!(
                f,
                "stack {to} has the services and data of `{owner}`: call the app `{owner}` again, or let it take them over with `hearth accept {app} {to}`; nothing was changed"
            ),
        }
    }
}

impl StackHold {
    /// What waits, judged by what is kept of the app and by the services of all apps. None where a person has accepted it.
    pub fn waiting(manifest: &Manifest, deployed: Option<&Deployed>, services: &[Service]) -> Option<Self> {
        let is_accepted =
            |hold: &Self| accepted(&manifest.state_folder).is_ok_and(|stack| stack.as_ref() == Some(&hold.to));
        let was = kept::read(&manifest.state_folder, manifest.name.as_str()).ok().flatten().map(|kept| kept.stack);
        judge(manifest, deployed, was.as_deref(), services).filter(|hold| !is_accepted(hold))
    }

    /// The hold that the last run found.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(state_folder: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(held(state_folder)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A person accepts it; the next run goes on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn accept(&self, state_folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec(&self.to)?;
        text.push(b'\n');
        write_atomic(&state_folder.join(ACCEPTED), &text, 0o640)
    }

    fn write(&self, state_folder: &Path) -> io::Result<()> {
        if Self::read(state_folder).is_ok_and(|there| there.as_ref() == Some(self)) {
            return Ok(());
        }
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        write_atomic(&held(state_folder), &text, 0o640)
    }
}

const ACCEPTED: &str = "accepted-stack.json";

fn held(state_folder: &Path) -> PathBuf {
    state_folder.join("stack-hold.json")
}

fn accepted(state_folder: &Path) -> io::Result<Option<String>> {
    match std::fs::read(state_folder.join(ACCEPTED)) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a stack waits: a pure function of what is declared, remembered and seen.
fn judge(
    manifest: &Manifest,
    deployed: Option<&Deployed>,
    was: Option<&str>,
    services: &[Service],
) -> Option<StackHold> {
    let (app, to) = (manifest.name.as_str(), manifest.stack.as_str());
    let hold = |because| Some(StackHold { schema: 1, app: app.to_owned(), to: to.to_owned(), because });
    let of = |service: &&Service, label: &str, value: &str| service.labels.get(label).is_some_and(|is| is == value);
    let stacks = [to.to_owned(), stack_of(to, Colour::Blue), stack_of(to, Colour::Green)];
    let is_inside = |service: &&Service| service.labels.get(STACK_LABEL).is_some_and(|stack| stacks.contains(stack));
    if deployed.is_some() {
        let own = || services.iter().filter(|service| of(service, APP_LABEL, app));
        let told = || own().find(|service| !is_inside(service)).filter(|_| !own().any(|service| is_inside(&service)));
        let elsewhere = || told().and_then(|service| service.labels.get(STACK_LABEL)).map(|stack| uncoloured(stack));
        let from = was.map_or_else(elsewhere, |was| Some(was.to_owned()));
        return from.filter(|from| from != to).and_then(|from| hold(Because::Moved(from)));
    }
    let other = services.iter().filter(is_inside).filter_map(|service| service.labels.get(APP_LABEL));
    other.into_iter().find(|owner| *owner != app).and_then(|owner| hold(Because::Taken(owner.clone())))
}

fn uncoloured(stack: &str) -> String {
    let bare = Colour::BOTH.iter().find_map(|colour| stack.strip_suffix(&format!("-{colour}")));
    bare.unwrap_or(stack).to_owned()
}

impl<P: Parts> Run<'_, P> {
    /// Ends a run whose stack waits for a person. Where one has accepted, the old stack is left first.
    pub(crate) async fn held_stack(&mut self, dry_run: bool) -> anyhow::Result<Option<(Outcome, String)>> {
        let folder = self.manifest.state_folder.clone();
        let deployed = self.files.deployed()?;
        let was = kept::read(&folder, self.manifest.name.as_str()).ok().flatten().map(|kept| kept.stack);
        // What is kept says it without a request.
        let is_known = deployed.is_some() && was.is_some();
        let services = if is_known { Vec::new() } else { self.host.engine.services(APP_LABEL).await? };
        let hold = judge(self.manifest, deployed.as_ref(), was.as_deref(), &services);
        let Some(hold) = hold else {
            if !dry_run {
                remove_durably(&held(&folder))?;
                if deployed.is_some() {
                    remove_durably(&folder.join(ACCEPTED))?;
                }
            }
            return Ok(None);
        };
        let is_accepted = accepted(&folder)?.as_ref() == Some(&hold.to);
        if !is_accepted {
            if !dry_run {
                hold.write(&folder)?;
                self.start_again().await?;
            }
            return Ok(Some((Outcome::Held, hold.to_string())));
        }
        if dry_run {
            return Ok(None);
        }
        if matches!(hold.because, Because::Moved(_))
            && let Some(held) = self.leave_stack().await?
        {
            return Ok(Some(held));
        }
        remove_durably(&held(&folder))?;
        Ok(None)
    }

    /// What an earlier run stopped for a snapshot, and was cut off, serves on while the stack waits.
    async fn start_again(&mut self) -> anyhow::Result<()> {
        if matches!(self.unfinished, Some(Intent::Snapshot { .. })) {
            Quiesce::new(self.host.engine, self.label()).start(self.say).await?;
        }
        Ok(())
    }

    /// Leaves the stack that the app had: stopped, copied, its services removed. Its volumes stay. Cut off, it is done once
    /// more.
    async fn leave_stack(&mut self) -> anyhow::Result<Option<(Outcome, String)>> {
        let needed = match self.host.snapshots.needed().await {
            Err(NotTaken::NoRoom(reason)) => return Ok(Some((Outcome::Held, reason))),
            needed => needed?,
        };
        let about = self.about().await?;
        let services = self.host.engine.services(&self.label()).await?;
        let quiesce = Quiesce::new(self.host.engine, self.label());
        if let Err(error) = quiesce.stop(self.manifest.snapshot.stop(), self.say).await {
            // What was stopped by then serves again, until the next run tries once more.
            quiesce.start(self.say).await?;
            return Err(error.into());
        }
        if let Some(about) = about.filter(|_| needed) {
            match self.host.snapshots.take(&about, self.say).await {
                Ok(id) => (self.say)(format!("the data of the old stack is in snapshot {id}")),
                Err(error) => {
                    quiesce.start(self.say).await?;
                    return Err(error.into());
                }
            }
        }
        for service in &services {
            (self.say)(format!("removing {}", service.name));
            self.host.engine.remove_service(&service.name).await?;
        }
        self.files.forget_deployed()?;
        self.journal.clear()?;
        self.unfinished = None;
        Ok(None)
    }
}

#[cfg(test)]
#[path = "stack_hold_tests.rs"]
mod tests;
