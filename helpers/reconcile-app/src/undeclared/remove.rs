//! Removing what is left of an app that left the flake, because a person asked for it.
//!
//! What is removed is found first, so that it can be shown ([`remains`]). Cut off at any point, the app is still listed as
//! undeclared, and the same command goes on: its records go last.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use snapshot_volumes::Store;
use state::{Lock, Outcome, Receipt};
use swarm::{Configs, Disposable, Object, STACK_LABEL, Secrets, Service, Services};
use tokio::time::{Instant, sleep};

use super::manifest::Manifest;
use super::observe::{Found, observe};
use super::run::told;
use crate::plan::APP_LABEL;

/// How often it is tried to remove what is still used.
const TRY_EVERY: Duration = Duration::from_millis(300);
/// How long containers may take to let go of networks and volumes, beyond the time that their services give them.
const PATIENCE: Duration = Duration::from_secs(90);
/// The label of what restore drills make.
const DRILL_LABEL: &str = "hearth.drill";

const UNKNOWN_SNAPSHOTS: &str = "no copy of its declaration was kept, so where they are is not known";

/// What is needed of the engine.
pub trait Engine: Services + Secrets + Configs + Disposable {}
impl<T: Services + Secrets + Configs + Disposable> Engine for T {}

/// What is left of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remains {
    /// The app.
    pub app: String,
    /// Its services, by name; true for those that are told to run.
    pub services: Vec<(String, bool)>,
    /// Its swarm secrets.
    pub secrets: Vec<String>,
    /// Its swarm configs.
    pub configs: Vec<String>,
    /// Its networks.
    pub networks: Vec<String>,
    /// Its volumes, with its data.
    pub volumes: Vec<String>,
    /// Volumes that it mounts and that are not of its stack, and those of its stack that another app mounts. They are never
    /// removed.
    pub others: Vec<String>,
    /// The folder with its snapshots, and how many there are; none where a removal was cut off that had removed them.
    pub snapshots: Option<(PathBuf, usize)>,
    /// Whether nothing says where its snapshots are.
    pub snapshots_unknown: bool,
    /// Copies off this host, which are never removed.
    pub offsite: Option<String>,
    /// Its records.
    pub records: Vec<PathBuf>,
    /// The time that its services give their tasks to end.
    grace: Duration,
}

impl Remains {
    /// Whether it is certain that this host has no data of it.
    fn has_no_data(&self) -> bool {
        let snapshots = self.snapshots.as_ref().map_or(0, |(_, count)| *count);
        self.volumes.is_empty() && snapshots == 0 && !self.snapshots_unknown
    }

    /// What is removed, and what is not, a line each.
    pub fn lines(&self, with_data: bool) -> Vec<String> {
        let running = self.services.iter().filter(|(_, runs)| *runs).count();
        let services: Vec<String> = self.services.iter().map(|(name, _)| name.clone()).collect();
        let runs = if running == 0 { String::new() } else { format!(" ({running} of them run)") };
        let records: Vec<String> = self.records.iter().map(|path| path.display().to_string()).collect();
        let mut lines = Vec::new();
        let mut add = |verb: &str, what: &str, names: &[String]| {
            if !names.is_empty() {
                lines.push(format!("{verb} {what}: {}", names.join(", ")));
            }
        };
        add("remove", &format!("services{runs}"), &services);
        add("remove", "secrets", &self.secrets);
        add("remove", "configs", &self.configs);
        add("remove", "networks", &self.networks);
        let data = if with_data { "remove" } else { "keep" };
        add(data, "volumes, with all data in them", &self.volumes);
        let some = self.snapshots.iter().filter(|(_, count)| *count > 0);
        let snapshots = some.map(|(path, count)| format!("{count} in {}", path.display()));
        add(data, "snapshots", &snapshots.collect::<Vec<_>>());
        let unknown = self.snapshots_unknown.then_some(UNKNOWN_SNAPSHOTS.to_owned());
        add("keep", "snapshots", &unknown.into_iter().collect::<Vec<_>>());
        add("keep", "volumes that are not of its stack, or that another app mounts", &self.others);
        add("keep", "copies off this host", &self.offsite.iter().cloned().collect::<Vec<_>>());
        add("remove", "records", &records);
        lines
    }
}

/// What is left of an app that is not declared.
///
/// # Errors
/// When it is declared, or nothing is known of it; and when the engine does not answer.
pub async fn remains(manifest: &Manifest, engine: &impl Engine, app: &str) -> anyhow::Result<Remains> {
    let found = find(manifest, engine, app).await?;
    let services = services(manifest, engine, &found).await?;
    let (networks, volumes) = networks_and_volumes(manifest, engine, &found).await?;
    let mounted = mounted_by_others(engine, app).await?;
    let (mut others, volumes): (Vec<_>, Vec<_>) = volumes.into_iter().partition(|volume| mounted.contains(volume));
    others.extend(mounted_beside(&services, &volumes));
    others.sort();
    others.dedup();
    let label = format!("{APP_LABEL}={app}");
    let names = |objects: Vec<Object>| -> Vec<String> {
        objects.into_iter().filter(|object| is_free(manifest, &object.labels)).map(|object| object.name).collect()
    };
    let kept = found.kept.as_ref().ok().and_then(Option::as_ref);
    Ok(Remains {
        app: app.to_owned(),
        grace: services.iter().map(|service| service.stop_grace).max().unwrap_or_default(),
        services: services.iter().map(|service| (service.name.clone(), service.is_told_to_run())).collect(),
        secrets: names(engine.secrets(&label).await?),
        configs: names(engine.configs(&label).await?),
        others,
        networks,
        volumes,
        snapshots_unknown: kept.is_none(),
        snapshots: kept.and_then(|kept| snapshots_in(kept.store().folder())),
        offsite: kept.and_then(|kept| kept.snapshot.offsite.as_ref()).map(|offsite| offsite.repository.clone()),
        records: records(manifest, &found),
    })
}

/// Whether something of a stack is of none that a declared app has.
fn is_free(manifest: &Manifest, labels: &BTreeMap<String, String>) -> bool {
    labels.get(STACK_LABEL).is_none_or(|stack| manifest.owner_of(stack).is_none())
}

/// Its services, what is kept of colours that failed, and what restore drills left.
async fn services(manifest: &Manifest, engine: &impl Services, found: &Found) -> swarm::Result<Vec<Service>> {
    let mut services = found.services.clone();
    services.extend(engine.services(&format!("{DRILL_LABEL}={}", found.app)).await?);
    services.retain(|service| is_free(manifest, &service.labels));
    Ok(services)
}

async fn networks_and_volumes(
    manifest: &Manifest,
    engine: &impl Disposable,
    found: &Found,
) -> swarm::Result<(Vec<String>, Vec<String>)> {
    let stacks = found.stacks().into_iter().filter(|stack| manifest.owner_of(stack).is_none());
    let labels = stacks.map(|stack| format!("{STACK_LABEL}={stack}"));
    let (mut networks, mut volumes) = (Vec::new(), Vec::new());
    for label in labels.chain([format!("{DRILL_LABEL}={}", found.app)]) {
        networks.extend(engine.labelled_networks(&label).await?);
        volumes.extend(engine.labelled_volumes(&label).await?);
    }
    Ok((networks, volumes))
}

/// The volumes that services of other apps mount, also those of which nothing runs: the engine would let them be removed.
async fn mounted_by_others(engine: &impl Services, app: &str) -> swarm::Result<BTreeSet<String>> {
    let services = engine.services(APP_LABEL).await?;
    let of_others = services.into_iter().filter(|service| service.labels.get(APP_LABEL).is_some_and(|of| of != app));
    Ok(of_others.flat_map(|service| service.volumes).collect())
}

/// The volumes that services mount and that are not to be removed with them.
fn mounted_beside(services: &[Service], volumes: &[String]) -> impl Iterator<Item = String> {
    let mounted = services.iter().flat_map(|service| service.volumes.iter());
    mounted.filter(|name| !volumes.contains(name)).cloned()
}

async fn find(manifest: &Manifest, engine: &impl Services, app: &str) -> anyhow::Result<Found> {
    if let Some((_, declared)) = manifest.apps.iter().find(|(name, _)| name.as_str() == app) {
        let how = if declared.enabled { "" } else { ", with enable = false" };
        bail!(
            "{app} is declared{how}; nothing was removed. Take hearth.apps.{app} out of the flake, activate it, and then remove the app"
        );
    }
    let all = observe(manifest, engine).await?;
    let names: Vec<String> = all.iter().map(|found| found.app.to_string()).collect();
    let Some(found) = all.into_iter().find(|found| found.app.as_str() == app) else {
        let there = if names.is_empty() {
            "every app of this host is declared".to_owned()
        } else {
            format!("there is: {}", names.join(", "))
        };
        bail!("no app that is called `{app}` has left the flake; {there}")
    };
    if let Some(path) = &found.manifest {
        bail!("{} declares {app}; nothing was removed", path.display());
    }
    Ok(found)
}

fn snapshots_in(folder: &Path) -> Option<(PathBuf, usize)> {
    let listing = Store::in_folder(folder).list().unwrap_or_default();
    let count = listing.snapshots.len() + listing.unreadable.len();
    folder.exists().then(|| (folder.to_owned(), count))
}

/// Its state folder, and what it needs of recipes.
fn records(manifest: &Manifest, found: &Found) -> Vec<PathBuf> {
    let recipes = std::fs::read_dir(&manifest.recipes).into_iter().flatten().filter_map(Result::ok);
    let used = recipes.map(|recipe| recipe.path().join("used").join(format!("{}.json", found.app)));
    used.chain([found.state_folder.clone()]).filter(|path| path.exists()).collect()
}

/// Removes them, and writes a receipt.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub async fn remove(
    manifest: &Manifest,
    engine: &impl Engine,
    app: &str,
    with_data: bool,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("reconcile-app", "undeclared");
    let begun = Timestamp::now();
    let ended = attempt(manifest, engine, app, with_data, &mut receipt, say).await;
    receipt.step(format!("remove {app}"), begun, if ended.is_ok() { "done" } else { "failed" });
    receipt.end(ended);
    if let Ok(all) = observe(manifest, engine).await {
        receipt.found = told(&all);
    }
    receipt.write(&manifest.state_folder)?;
    Ok(receipt)
}

async fn attempt(
    manifest: &Manifest,
    engine: &impl Engine,
    app: &str,
    with_data: bool,
    receipt: &mut Receipt,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<(Outcome, String)> {
    let _one_at_a_time = Lock::acquire(&manifest.state_folder.join("lock"))?;
    let found = find(manifest, engine, app).await?;
    let _own = Lock::acquire(&found.state_folder.join("lock"))?;
    let left = remains(manifest, engine, app).await?;
    receipt.plan = left.lines(with_data);
    from_engine(engine, &left, with_data, say).await?;
    if with_data && let Some((folder, _)) = &left.snapshots {
        Store::in_folder(folder).erase(say).context("the app's records are kept; remove it again")?;
    }
    remove_records(&left, &found.state_folder)?;
    let data = match (with_data, left.has_no_data()) {
        (_, true) => "it had no data here",
        (true, false) if left.snapshots_unknown => "with its volumes; where its snapshots are is not known",
        (true, false) => "with all its data",
        (false, false) => {
            "its volumes and snapshots are kept, and declared again under the same name and stack it has them"
        }
    };
    Ok((Outcome::Changed, format!("{app} is removed; {data}")))
}

async fn from_engine(
    engine: &impl Engine,
    left: &Remains,
    with_data: bool,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<()> {
    for (name, _) in &left.services {
        say(format!("removing service {name}"));
        engine.remove_service(name).await?;
        state::fault::point(|| format!("after removing service {name}"));
    }
    let patience = PATIENCE + left.grace;
    for name in &left.secrets {
        until_gone(name, patience, async || engine.remove_secret(name).await).await?;
    }
    for name in &left.configs {
        until_gone(name, patience, async || engine.remove_config(name).await).await?;
    }
    state::fault::point(|| "after removing secrets and configs".to_owned());
    for name in &left.networks {
        say(format!("removing network {name}"));
        until_gone(name, patience, async || engine.remove_network(name).await).await?;
    }
    state::fault::point(|| "after removing networks".to_owned());
    for name in left.volumes.iter().filter(|_| with_data) {
        say(format!("removing volume {name}"));
        until_gone(name, patience, async || engine.remove_volume(name).await).await?;
        state::fault::point(|| format!("after removing volume {name}"));
    }
    Ok(())
}

/// The records, that of its having left the flake last.
fn remove_records(left: &Remains, state_folder: &Path) -> anyhow::Result<()> {
    for path in left.records.iter().filter(|path| *path != state_folder) {
        state::remove_durably(path)?;
    }
    let last = ["declared.json", "undeclared.json", "lock"];
    let at = |error: std::io::Error| anyhow::anyhow!("{}: {error}", state_folder.display());
    for entry in std::fs::read_dir(state_folder).map_err(at)? {
        let entry = entry.map_err(at)?;
        if last.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let is_folder = entry.file_type().map_err(at)?.is_dir();
        let path = entry.path();
        if is_folder { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) }.map_err(at)?;
    }
    state::fault::point(|| "after removing records".to_owned());
    std::fs::remove_dir_all(state_folder).map_err(at)
}

async fn until_gone(
    what: &str,
    patience: Duration,
    remove: impl AsyncFn() -> swarm::Result<bool>,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !remove().await? {
        ensure!(
            begun.elapsed() <= patience,
            "{what} is still used after {} s by something that is not the app's; the app's records are kept. End that, and remove the app again",
            patience.as_secs()
        );
        sleep(TRY_EVERY).await;
    }
    Ok(())
}
