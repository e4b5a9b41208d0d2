//! The scratch server of one trial, and what is run beside it.

use std::time::Duration;

use anyhow::{Context as _, bail};
use swarm::NewScratch;
use tokio::time::{Instant, sleep};

use crate::declared::{Declared, Role};
use crate::live::Live;
use crate::log::{self, Entry};
use crate::placeholders::{Passwords, Values};
use crate::postgres::{Server, UNLOGGED, name, quoted};
use crate::release::Part;
use crate::{App, Engine, Versions};

/// How long the scratch server may take to be made.
const START: Duration = Duration::from_secs(120);

/// How long the engine may take to hand over what the server wrote.
const LOG: Duration = Duration::from_secs(5);

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Where the scratch server keeps its data: in memory.
const MEMORY: &str = "/hearth-scratch";

/// The file with the password of its superuser.
const PASSWORD: &str = "/hearth-password";

/// More lines than a log has.
const ALL_LINES: usize = 10_000_000;

/// How many lines of what a container wrote are told.
const TOLD_LINES: usize = 15;

/// One trial.
pub struct Trial<'a, E> {
    /// The engine.
    pub engine: &'a E,
    /// The app.
    pub app: &'a App<'a>,
    /// What is declared.
    pub declared: &'a Declared,
    /// The versions.
    pub versions: Versions<'a>,
    /// The scratch server.
    pub server: Server<'a, E>,
    /// The passwords of its roles.
    pub passwords: Passwords,
    /// Where it says how it goes on.
    pub say: &'a mut dyn FnMut(String),
    network: String,
    lines_read: usize,
    marks: usize,
}

impl<'a, E: Engine> Trial<'a, E> {
    /// Starts a server like the live one, with its roles.
    pub async fn start(
        engine: &'a E,
        app: &'a App<'a>,
        declared: &'a Declared,
        versions: Versions<'a>,
        live: Option<&Live>,
        say: &'a mut dyn FnMut(String),
    ) -> anyhow::Result<Self> {
        let passwords = Passwords::random()?;
        let network = format!("hearth-scratch-{}", app.name);
        engine.create_scratch_network(app.name, &network).await?;
        let service = &declared.database.service;
        let image = match live {
            Some(live) => live.image.clone(),
            None => part(versions.new, service, "database.service")?.image.clone(),
        };
        let user = live.map_or(&declared.database.superuser, |live| &live.superuser).clone();
        say(format!("starting a scratch database of {}", image.split('@').next().unwrap_or(&image)));
        let container = NewScratch {
            owner: app.name.to_owned(),
            name: format!("{network}-db"),
            image,
            command: Some(arguments(live.map_or("", |live| &live.libraries))),
            environment: [
                ("POSTGRES_USER", user.as_str()),
                ("POSTGRES_DB", "postgres"),
                ("POSTGRES_PASSWORD_FILE", PASSWORD),
                ("PGDATA", &format!("{MEMORY}/data")),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
            files: [(PASSWORD.to_owned(), passwords.superuser.clone())].into(),
            memory: Some((MEMORY.to_owned(), declared.memory_bytes)),
            network: network.clone(),
            aliases: aliases(app, declared),
            ..NewScratch::default()
        };
        let container = engine.start_scratch(&container).await?;
        let server = Server { engine, container, user, options: UNLOGGED };
        let mut trial =
            Self { engine, app, declared, versions, server, passwords, say, network, lines_read: 0, marks: 0 };
        trial.wait_until_ready().await?;
        trial.make_roles(live).await?;
        Ok(trial)
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !self.server.is_ready().await.unwrap_or(false) {
            let container = self.engine.container(&self.server.container).await?;
            let ended = container.is_none_or(|container| !container.running);
            if ended || begun.elapsed() > START {
                let lines = self.engine.log_tail(&self.server.container, TOLD_LINES).await?;
                bail!("the scratch database did not start, so the migrations were not tried: {}", lines.join(" / "));
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// The roles of the live server; without one, the two that are declared.
    async fn make_roles(&mut self, live: Option<&Live>) -> anyhow::Result<()> {
        let (owner, app) = (&self.declared.database.owner, &self.declared.database.app);
        if let Some(live) = live {
            self.server.sql_as_far_as_it_goes("postgres", &live.roles).await?;
        } else {
            let both = if owner == app { vec![owner] } else { vec![owner, app] };
            let made: Vec<String> = both.into_iter().map(|role| format!("CREATE ROLE {};", name(role))).collect();
            self.server.sql("postgres", &made.join("\n")).await?;
        }
        let password =
            |role: &str, password: &str| format!("ALTER ROLE {} LOGIN PASSWORD {};", name(role), quoted(password));
        let app = password(app, &self.passwords.app);
        // Where both are one role, it has the owner's password in every address: the last one counts.
        let sql = format!("{app}\n{}", password(owner, &self.passwords.owner));
        self.server.sql("postgres", &sql).await?;
        if self.declared.database.owner == self.declared.database.app {
            self.passwords.app.clone_from(&self.passwords.owner);
        }
        Ok(())
    }

    /// What placeholders stand for, for one who uses the database as `role`.
    pub fn values(&self, role: Role) -> Values {
        Values::new(self.declared, &self.declared.database.service, &self.passwords, role)
    }

    /// A container beside the server that runs what a service runs.
    pub fn beside(&self, suffix: &str, part: &Part) -> NewScratch {
        NewScratch {
            owner: self.app.name.to_owned(),
            name: format!("{}-{suffix}", self.network),
            image: part.image.clone(),
            entrypoint: part.entrypoint.clone(),
            command: part.command.clone(),
            user: part.user.clone(),
            environment: part.environment.clone(),
            network: self.network.clone(),
            ..NewScratch::default()
        }
    }

    /// The last lines that a container wrote, without the passwords of this trial.
    pub async fn last_lines(&self, container: &str) -> anyhow::Result<Vec<String>> {
        let lines = self.engine.log_tail(container, TOLD_LINES).await?;
        Ok(lines.iter().map(|line| self.passwords.hide(line)).collect())
    }

    /// What the server was asked since the last time this was called.
    pub async fn log(&mut self) -> anyhow::Result<Vec<Entry>> {
        self.marks += 1;
        let mark = format!("hearth-mark-{}-", self.marks);
        self.server.sql("postgres", &format!("DO $$ BEGIN RAISE LOG '{mark}'; END $$")).await?;
        let begun = Instant::now();
        loop {
            let lines = self.engine.log_tail(&self.server.container, ALL_LINES).await?;
            let place = lines.iter().rposition(|line| line.contains(&mark));
            if place.is_some() || begun.elapsed() > LOG {
                let place = place.with_context(|| "the log of the scratch database stopped coming")?;
                let entries = log::entries(lines.get(self.lines_read..place).unwrap_or_default());
                self.lines_read = place + 1;
                return Ok(entries);
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

/// A service of a version.
pub fn part<'r>(release: &'r crate::Release, service: &str, key: &str) -> anyhow::Result<&'r Part> {
    release.get(service).with_context(|| {
        format!("gate.migrations.{key}: the recipe has no service `{service}`; the migrations were not tried")
    })
}

/// The names under which the app's own settings look for the database.
fn aliases(app: &App<'_>, declared: &Declared) -> Vec<String> {
    let service = &declared.database.service;
    let stack = declared.database.stack.as_deref().unwrap_or(app.stack);
    vec![service.clone(), format!("{stack}_{service}"), format!("tasks.{service}"), format!("tasks.{stack}_{service}")]
}

/// What the scratch server is told: nothing of it need outlive a crash, and everything that it is asked is logged.
fn arguments(libraries: &str) -> Vec<String> {
    let settings = [
        "listen_addresses=*".to_owned(),
        "fsync=off".to_owned(),
        "synchronous_commit=off".to_owned(),
        "full_page_writes=off".to_owned(),
        "autovacuum=off".to_owned(),
        "logging_collector=off".to_owned(),
        "log_destination=stderr".to_owned(),
        "log_statement=all".to_owned(),
        "lc_messages=C".to_owned(),
        format!("log_line_prefix={}", log::PREFIX),
        format!("shared_preload_libraries={libraries}"),
    ];
    let settings = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]);
    std::iter::once("postgres".to_owned()).chain(settings).collect()
}
