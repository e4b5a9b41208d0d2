//! Try an app's migrations, and its old version after them, in a scratch database, before anything that serves is touched.
//!
//! [`check`] starts a server of the same image as the live one, in memory, in a network from which nothing can be reached,
//! with the roles of production: one owns the schema, the app's own does not. There the app's own migration command runs
//! from nothing, from a copy of the live schema, and once more ([`passes`]); then the new version and the old one are
//! started on the result as the app's role ([`versions`]). Of the live database only its schema is read, and the rows in
//! which the migration tool remembers where it stands ([`live`]).
//!
//! What is wrong is a [`Finding`]; what is known otherwise is a [`Verdict`], which says whether a rollback may keep the
//! data. What is judged is pure: file names ([`slots`]), errors ([`explain`]), the server's log ([`log`]), statements
//! ([`session`]), locks ([`locks`]), dumps ([`dump`]).

pub mod cli;
pub mod declared;
pub mod dump;
pub mod explain;
pub mod finding;
pub mod live;
pub mod locks;
pub mod log;
pub mod passes;
pub mod placeholders;
pub mod postgres;
pub mod release;
pub mod session;
pub mod slots;
pub mod sql;
pub mod stop;
pub mod trial;
pub mod verdict;
pub mod versions;

use swarm::{Commands, Containers, Scratch, Services, Tasks};

pub use declared::Declared;
pub use finding::{Finding, Kind};
pub use release::{Part, Release, release};
pub use verdict::{OldVersion, Verdict};

use crate::declared::Who;
use crate::log::Entry;
use crate::stop::Stop;
use crate::trial::Trial;

/// Everything of the engine that a trial needs.
pub trait Engine: Services + Tasks + Containers + Scratch + Commands {}
impl<T: Services + Tasks + Containers + Scratch + Commands> Engine for T {}

/// Whose migrations are tried.
#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its stack in the swarm.
    pub stack: &'a str,
    /// Its domain, for requests; may be empty.
    pub domain: &'a str,
}

/// What is tried. The images are here.
#[derive(Clone, Copy, Debug)]
pub struct Versions<'a> {
    /// The version that is to be deployed.
    pub new: &'a Release,
    /// The version that serves.
    pub old: Option<&'a Release>,
}

/// Tries the migrations of the new version. Leaves nothing behind, and sweeps up what an earlier trial of the app left that
/// was killed. Two trials of one app must not run at once.
///
/// # Errors
/// When the engine fails, or the live database cannot be read: then nothing is known of the version. What is wrong with
/// the version is the inner error.
pub async fn check<E: Engine>(
    engine: &E,
    app: App<'_>,
    declared: &Declared,
    versions: Versions<'_>,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<Result<Verdict, Finding>> {
    let left = engine.sweep(app.name).await?;
    if left > 0 {
        say(format!("removed {left} things that an earlier trial left"));
    }
    let ended = attempt(engine, &app, declared, versions, say).await;
    if let Err(error) = engine.sweep(app.name).await {
        say(format!("warning: {error}; the next trial removes what is left"));
    }
    match ended {
        Ok(verdict) => Ok(Ok(verdict)),
        Err(Stop::Finding(finding)) => Ok(Err(*finding)),
        Err(Stop::Error(error)) => Err(error),
    }
}

async fn attempt<E: Engine>(
    engine: &E,
    app: &App<'_>,
    declared: &Declared,
    versions: Versions<'_>,
    say: &mut dyn FnMut(String),
) -> Result<Verdict, Stop> {
    numbers(engine, app, declared, versions).await?;
    let live = live::read(engine, app, declared).await?;
    if live.is_none() {
        say("there is no live database yet: the migrations are tried from an empty one alone".to_owned());
    }
    let mut warnings = live.as_ref().map(|live| live.warnings.clone()).unwrap_or_default();
    let mut trial = Trial::start(engine, app, declared, versions, live.as_ref(), say).await?;
    let passed = trial.passes(live.as_ref()).await?;
    carried(Who::Migrations, declared, &passed.asked)?;
    warnings.extend(passed.warnings);
    let mut old_version = OldVersion::NotAsked("no gate.migrations.probe is declared".to_owned());
    if let Some(probe) = &declared.probe {
        let asked = trial.try_new(probe, &mut warnings).await?;
        carried(Who::App, declared, &asked)?;
        old_version = match versions.old {
            None => OldVersion::NotAsked("there is none".to_owned()),
            Some(_) if live.is_none() => OldVersion::NotAsked("there is no live database".to_owned()),
            Some(old) => trial.try_old(probe, old).await?,
        };
    }
    if live.is_some() && !passed.changes {
        // It runs on this very schema now.
        old_version = OldVersion::Works;
    }
    Ok(Verdict { old_version, changes: passed.changes, attempts: passed.attempts, warnings })
}

/// The numbers of the migrations, before anything is started.
async fn numbers<E: Engine>(
    engine: &E,
    app: &App<'_>,
    declared: &Declared,
    versions: Versions<'_>,
) -> Result<(), Stop> {
    let Some(folder) = &declared.folder else { return Ok(()) };
    let service = &declared.migrate.service;
    let part = trial::part(versions.new, service, "migrate.service")?;
    let Some(new) = engine.image_files(app.name, &part.image, folder).await? else {
        return Err(Stop::Error(anyhow::anyhow!(
            "gate.migrations.folder: {} has no folder {folder}; the migrations were not tried. Name the folder that holds them, or none",
            part.shown()
        )));
    };
    let old = match versions.old.and_then(|old| old.get(service)) {
        // An image that somebody removed: what it had cannot be told any more.
        Some(part) => engine.image_files(app.name, &part.image, folder).await.unwrap_or_default(),
        None => None,
    };
    match slots::check(part.shown(), folder, &new, old.as_deref(), declared.out_of_order).into_iter().next() {
        Some(finding) => Err(finding.into()),
        None => Ok(()),
    }
}

/// Whether a pooler in front would carry all that was asked.
fn carried(who: Who, declared: &Declared, asked: &[Entry]) -> Result<(), Stop> {
    if !declared.pooled.contains(&who) {
        return Ok(());
    }
    let (role, what, key) = match who {
        Who::Migrations => (declared.role(declared.migrate.role), "the migration command", "migrations"),
        Who::App => (declared.role(declared::Role::App), "the new version", "app"),
    };
    let mut theirs = asked.iter().filter(|entry| entry.user == role).filter_map(Entry::statement);
    let Some((feature, statement)) = theirs.find_map(|text| Some((session::feature(text)?, text))) else {
        return Ok(());
    };
    Err(Finding {
        kind: Kind::SessionFeature,
        object: format!("`{}`, which {what} runs", log::one_line(statement)),
        cause: format!("{feature} belongs to a connection, and a pooler in transaction mode gives each transaction another"),
        consequence: "it works now and then, and harms whoever gets that connection next".to_owned(),
        remedy: format!("Use what ends with the transaction, or connect past the pooler and take \"{key}\" out of gate.migrations.pooled"),
        evidence: Vec::new(),
    }
    .into())
}
