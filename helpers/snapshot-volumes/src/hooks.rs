//! Dumps that an app's own commands make while it runs: Co-op Cloud's labels `backupbot.backup.pre-hook`, `.post-hook`,
//! `.path`, `backupbot.backup.volumes.VOLUME.path`, `backupbot.restore.pre-hook` and `.post-hook` on services.
//!
//! See the backup specification at docs.coopcloud.tech. The dump is what counts: a command that fails, does not end, or
//! leaves no dump, an old or too small one is an error, and nothing is kept.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use swarm::{Exec, Executed, Service, TaskState, Tasks};

use crate::entry::Raw;
use crate::{Part, Volume};

const BEFORE: &str = "backupbot.backup.pre-hook";
const AFTER: &str = "backupbot.backup.post-hook";
const PATH: &str = "backupbot.backup.path";
const BEFORE_RESTORE: &str = "backupbot.restore.pre-hook";
const AFTER_RESTORE: &str = "backupbot.restore.post-hook";

/// When a command is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before a snapshot: it makes the dump.
    Dump,
    /// After a snapshot: it clears up.
    Clear,
    /// Before a dump is put back.
    Prepare,
    /// After a dump was put back: it loads it.
    Load,
}

impl Moment {
    fn label(self) -> &'static str {
        match self {
            Self::Dump => BEFORE,
            Self::Clear => AFTER,
            Self::Prepare => BEFORE_RESTORE,
            Self::Load => AFTER_RESTORE,
        }
    }
}

/// Runs the commands of all services that have one for this moment.
///
/// # Errors
/// When a service with a command does not run here, or its command fails or does not end in time.
pub async fn run(
    engine: &(impl Tasks + Exec),
    services: &[Service],
    moment: Moment,
    limit: Duration,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<()> {
    for service in services {
        let Some(command) = service.labels.get(moment.label()) else { continue };
        let tasks = engine.tasks(std::slice::from_ref(&service.name)).await?;
        let running = tasks.into_iter().find(|task| task.wanted && task.state == TaskState::Running);
        let container = running
            .and_then(|task| task.container)
            .with_context(|| format!("{}: no task of it runs here, so its {} cannot", service.name, moment.label()))?;
        say(format!("running {} of {}", moment.label(), service.name));
        let shell = ["sh", "-c", command].map(str::to_owned);
        let Executed { exit_code, output } = engine.exec(&container, &shell, limit).await?;
        let last = output.lines().last().unwrap_or("it printed nothing");
        match exit_code {
            Some(0) => {}
            Some(code) => bail!("{} of {} failed with exit code {code}: {last}", moment.label(), service.name),
            None => bail!("{} of {} did not end within {} s", moment.label(), service.name, limit.as_secs()),
        }
    }
    Ok(())
}

/// Whether a dump that is put back is also loaded: by no command, it would change nothing.
///
/// # Errors
/// When no service has a command for that.
pub fn ensure_loadable(services: &[Service]) -> anyhow::Result<()> {
    ensure!(
        services.iter().any(|service| service.labels.contains_key(AFTER_RESTORE)),
        "the snapshot is a dump, and no service has a label {AFTER_RESTORE} that loads it; nothing was touched"
    );
    Ok(())
}

/// The paths that the services' labels name, by volume.
///
/// # Errors
/// When no service has a pre-hook, one has none that says where its dump is, or that lies in no volume.
pub fn parts(services: &[Service], volumes: &[Volume], stack: &str) -> anyhow::Result<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    let mut add = |volume: &Volume, path: Raw| match parts.iter_mut().find(|part| part.volume == *volume) {
        Some(part) => part.only.push(path),
        None => parts.push(Part { volume: volume.clone(), only: vec![path] }),
    };
    for service in services.iter().filter(|service| service.labels.contains_key(BEFORE)) {
        let before = named(service, volumes, stack)?;
        ensure!(
            !before.is_empty(),
            "{} has a {BEFORE} and no {PATH} that says where its dump is; nothing was done",
            service.name
        );
        for (volume, path) in before {
            add(volume, path);
        }
    }
    ensure!(
        !parts.is_empty(),
        "snapshot.mode is \"hooks\" and no service has a label {BEFORE}; nothing was done. Set it to \"stop\""
    );
    Ok(parts)
}

/// The paths that one service's labels name.
fn named<'v>(service: &Service, volumes: &'v [Volume], stack: &str) -> anyhow::Result<Vec<(&'v Volume, Raw)>> {
    let mut found = Vec::new();
    for path in service.labels.get(PATH).into_iter().flat_map(|paths| paths.split(',')).map(str::trim) {
        let mounts = service.mounts();
        let place = |mount: &swarm::Mount| {
            let rest = Path::new(path).strip_prefix(&mount.target).ok()?.to_str()?.as_bytes().to_vec();
            Some((volumes.iter().find(|volume| volume.name == mount.volume)?, Raw(rest)))
        };
        // The innermost mount is the one that holds it.
        let innermost = mounts.iter().filter_map(place).min_by_key(|(_, rest)| rest.0.len());
        let lies = || format!("{}: {PATH} {path} lies in none of its volumes; nothing was done", service.name);
        found.push(innermost.with_context(lies)?);
    }
    for volume in volumes {
        let short = volume.name.strip_prefix(stack).and_then(|rest| rest.strip_prefix('_')).unwrap_or(&volume.name);
        let label = format!("backupbot.backup.volumes.{short}.path");
        let paths = service.labels.get(&label).into_iter().flat_map(|paths| paths.split(','));
        found.extend(paths.map(|path| (volume, Raw(path.trim().trim_matches('/').as_bytes().to_vec()))));
    }
    for (volume, path) in &found {
        ensure!(path.is_inside(), "{}: `{path}` leaves volume {}; nothing was done", service.name, volume.name);
    }
    Ok(found)
}
