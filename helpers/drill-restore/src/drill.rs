//! One drill: unpack, start, hold the gate, ask.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use reconcile_app::converge::Failure;
use reconcile_app::gate::Watch;
use reconcile_app::images::Sources;
use reconcile_app::manifest::Manifest;
use reconcile_app::plan::APP_LABEL;
use reconcile_app::rewrite::Stack;
use reconcile_app::stack::Stacks;
use snapshot_volumes::hooks::{self, Moment};
use snapshot_volumes::{DrillProbe, Snapshot, Store, Volume};
use state::{Receipt, Step};
use swarm::{
    Configs, Containers, Disposable, Exec, Executed, Images, STACK_LABEL, Secrets, Services, TaskState, Tasks,
};

use crate::DRILL_LABEL;
use crate::isolate::{Isolated, isolate};

/// What is needed of the engine.
pub trait Engine: Services + Tasks + Containers + Images + Secrets + Configs + Disposable + Exec {}
impl<T: Services + Tasks + Containers + Images + Secrets + Configs + Disposable + Exec> Engine for T {}

/// One drill over one app.
pub struct Drill<'a, E, S> {
    /// The engine.
    pub engine: &'a E,
    /// The Docker client.
    pub stacks: &'a S,
    /// What is declared.
    pub manifest: &'a Manifest,
    /// The app's snapshots.
    pub store: &'a Store,
    /// What is written down.
    pub receipt: &'a mut Receipt,
    /// Where it is said how it goes on.
    pub say: &'a mut dyn FnMut(String),
}

impl<'a, E: Engine, S: Stacks> Drill<'a, E, S> {
    /// Restores a snapshot beside the app, and returns once what was started on it passed the gate and answered.
    ///
    /// # Errors
    /// Why the snapshot is not proved. What was made is still there: see [`clear`](crate::clear).
    pub async fn prove(&mut self, snapshot: &Snapshot) -> anyhow::Result<()> {
        let isolated = self.isolated(snapshot)?;
        self.ensure_nobodys(&isolated.name).await?;
        self.ensure_borrowed(&isolated.borrowed).await?;
        let stack = self.with_images(&isolated).await?;
        let volumes = self.make_volumes(&isolated, snapshot).await?;
        if !snapshot.manifest.is_dumps() {
            self.unpack(snapshot, &volumes)?;
        }
        self.start(&isolated.name, &stack).await?;
        if snapshot.manifest.is_dumps() {
            self.load(snapshot, &volumes).await?;
        }
        if let Some(probe) = self.manifest.snapshot.drill.probe.clone() {
            self.ask(&isolated.name, &probe).await?;
        }
        Ok(())
    }

    fn isolated(&self, snapshot: &Snapshot) -> anyhow::Result<Isolated> {
        let text = self.store.stack(snapshot)?;
        ensure!(
            !text.trim().is_empty(),
            "snapshot {} does not say what ran on it; take a new one, which does",
            snapshot.id
        );
        let what = || format!("the compose file in snapshot {}", snapshot.id);
        let value = serde_json::from_str(&text).with_context(what)?;
        isolate(value, self.manifest.name.as_str(), self.manifest.stack.as_str()).with_context(what)
    }

    /// Somebody else's stack of the same name would be changed by this one.
    async fn ensure_nobodys(&self, name: &str) -> anyhow::Result<()> {
        let there = self.engine.services(&format!("{STACK_LABEL}={name}")).await?;
        ensure!(
            there.is_empty(),
            "there is a stack {name} that no drill of {} made; nothing was started. Call one of them something else",
            self.manifest.name
        );
        Ok(())
    }

    async fn ensure_borrowed(&self, wanted: &[String]) -> anyhow::Result<()> {
        let label = format!("{APP_LABEL}={}", self.manifest.name);
        let secrets = self.engine.secrets(&label).await?;
        let configs = self.engine.configs(&label).await?;
        let there: Vec<String> = secrets.into_iter().chain(configs).map(|object| object.name).collect();
        if let Some(missing) = wanted.iter().find(|name| !there.contains(name)) {
            bail!(
                "{missing}, which the version in the snapshot uses, is not in the swarm any more; take a new snapshot"
            );
        }
        Ok(())
    }

    async fn with_images(&mut self, isolated: &Isolated) -> anyhow::Result<Stack> {
        let mut stack = Stack::parse(&isolated.value.to_string())?;
        let (from_store, config_folder) = (&self.manifest.images, &self.manifest.docker_config_folder);
        Sources { engine: self.engine, from_store, config_folder }.provide(&mut stack, self.say).await?;
        Ok(stack)
    }

    /// Makes the drill's volumes; returns those that the snapshot has content for, under the names that it knows.
    async fn make_volumes(&mut self, isolated: &Isolated, snapshot: &Snapshot) -> anyhow::Result<Vec<Volume>> {
        let mut volumes = Vec::new();
        for (live, own) in &isolated.volumes {
            let labels = [(DRILL_LABEL, self.manifest.name.as_str()), (STACK_LABEL, isolated.name.as_str())];
            let labels: BTreeMap<_, _> = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
            let path = self.engine.create_volume(own, labels).await?.into();
            state::fault::point(|| format!("after making {own}"));
            volumes.push(Volume { name: live.clone(), path });
        }
        let kept = |volume: &Volume| snapshot.manifest.volumes.iter().any(|kept| kept.name == volume.name);
        volumes.retain(kept);
        Ok(volumes)
    }

    fn unpack(&mut self, snapshot: &Snapshot, volumes: &[Volume]) -> anyhow::Result<()> {
        let begun = Timestamp::now();
        self.store.unpack(&snapshot.id, volumes, self.say)?;
        state::fault::point(|| "after unpacking".to_owned());
        self.note("unpack", begun);
        Ok(())
    }

    async fn start(&mut self, name: &str, stack: &Stack) -> anyhow::Result<()> {
        (self.say)(format!("starting {name}"));
        let begun = Timestamp::now();
        let watch = self.watch().await?;
        self.stacks.deploy(name, &stack.to_deploy()).await?;
        state::fault::point(|| "after telling the swarm what to run".to_owned());
        self.hold(&watch).await?;
        self.note("start and gate", begun);
        Ok(())
    }

    async fn watch(&self) -> anyhow::Result<Watch<'a, E>> {
        Ok(Watch::begin(self.engine, format!("{DRILL_LABEL}={}", self.manifest.name), None).await?)
    }

    async fn hold(&mut self, watch: &Watch<'_, E>) -> anyhow::Result<()> {
        let Err(failure) = watch.hold(&self.manifest.gate, self.say).await? else { return Ok(()) };
        self.show_log(watch, &failure).await;
        bail!("what was restored does not come up: {failure}")
    }

    /// A dump is put into the running app, which loads it.
    async fn load(&mut self, snapshot: &Snapshot, volumes: &[Volume]) -> anyhow::Result<()> {
        let services = self.engine.services(&format!("{DRILL_LABEL}={}", self.manifest.name)).await?;
        hooks::ensure_loadable(&services)?;
        let limit = self.manifest.snapshot.hook();
        hooks::run(self.engine, &services, Moment::Prepare, limit, self.say).await?;
        self.unpack(snapshot, volumes)?;
        let begun = Timestamp::now();
        hooks::run(self.engine, &services, Moment::Load, limit, self.say).await?;
        self.note("load the dump", begun);
        let watch = self.watch().await?;
        self.hold(&watch).await
    }

    /// Asks what was restored whether its data is what it should be.
    async fn ask(&mut self, stack: &str, probe: &DrillProbe) -> anyhow::Result<()> {
        let DrillProbe { service, command, seconds } = probe;
        let begun = Timestamp::now();
        let tasks = self.engine.tasks(&[format!("{stack}_{service}")]).await?;
        let running = tasks.into_iter().find(|task| task.wanted && task.state == TaskState::Running);
        let container = running.and_then(|task| task.container);
        let container = container.with_context(|| {
            format!(
                "no task of service {service} runs, which is to be asked; correct hearth.apps.{}.snapshot.drill.probe",
                self.manifest.name
            )
        })?;
        (self.say)(format!("asking {service}: {}", command.join(" ")));
        let Executed { exit_code, output } =
            self.engine.exec(&container, command, Duration::from_secs(*seconds)).await?;
        let last = output.lines().last().unwrap_or("it printed nothing");
        match exit_code {
            Some(0) => (self.say)(format!("it says: {last}")),
            Some(code) => bail!("what was restored is not what it should be: the probe ends with {code}: {last}"),
            None => bail!("the probe did not end within {seconds} s: {last}"),
        }
        self.note("probe", begun);
        Ok(())
    }

    async fn show_log(&mut self, watch: &Watch<'_, E>, failure: &Failure) {
        let lines = watch.log_of(failure).await.unwrap_or_default();
        if lines.is_empty() {
            return;
        }
        (self.say)(format!("the last lines of {}:", failure.service));
        for line in &lines {
            (self.say)(format!("  | {line}"));
        }
        let name = format!("log of {}", failure.service);
        self.receipt.steps.push(Step { name, milliseconds: 0, result: lines.join("\n") });
    }

    fn note(&mut self, name: &str, begun: Timestamp) {
        self.receipt.step(name, begun, "done");
    }
}
