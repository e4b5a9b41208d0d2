//! The server in the swarm: finding its container, asking it, changing it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use check_migrations::postgres::{Server, name, quoted};
use swarm::{Command, Commands, STACK_LABEL, Services, TaskState, Tasks};
use tokio::time::{Instant, sleep};

use crate::manifest::{Database, Manifest, Part};
use crate::observed::{Inside, Server as Seen, inside_query, parse, server_query};
use crate::password::Password;
use crate::plan::{COMMON, How, MAINTENANCE, Step};
use crate::scram::verifier;

/// What the connections of a run are told: that no statement is written into the server's log, since one holds what is kept
/// of a password; and that the app is never kept waiting behind one that waits for a lock itself.
const OPTIONS: &str =
    "-c log_statement=none -c log_min_error_statement=panic -c log_min_duration_statement=-1 -c lock_timeout=5s";
/// How often it is asked whether a server is there by now.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How long the tries of the apps' roles may take, all together: where the pooler is away, it is away for all.
pub const TRIES: Duration = Duration::from_secs(30);
/// How many bytes of random salt `PostgreSQL` itself takes.
const SALT: usize = 16;

/// Everything of the engine that a run needs.
pub trait Engine: Services + Tasks + Commands {}
impl<T: Services + Tasks + Commands> Engine for T {}

/// Finds the server and waits until it answers.
///
/// # Errors
/// When no task of it runs here, or it does not answer in time.
pub async fn find<'a, E: Engine>(engine: &'a E, declared: &Manifest) -> anyhow::Result<Server<'a, E>> {
    let until = Instant::now() + Duration::from_secs(declared.ready_seconds);
    loop {
        let tried = once(engine, declared).await;
        match tried {
            Ok(Some(server)) => return Ok(server),
            Ok(None) if Instant::now() < until => sleep(ASK_EVERY).await,
            Ok(None) => bail!(
                "{}_{} does not answer after {} s; nothing was changed. See to the app first, `docker service ps {0}_{1}`",
                declared.stack,
                declared.service,
                declared.ready_seconds
            ),
            Err(error) => return Err(error),
        }
    }
}

async fn once<'a, E: Engine>(engine: &'a E, declared: &Manifest) -> anyhow::Result<Option<Server<'a, E>>> {
    let service = format!("{}_{}", declared.stack, declared.service);
    let services = engine.services(&format!("{STACK_LABEL}={}", declared.stack)).await?;
    if !services.iter().any(|found| found.name == service) {
        return Ok(None);
    }
    let tasks = engine.tasks(std::slice::from_ref(&service)).await?;
    let running = tasks.into_iter().find(|task| task.wanted && task.state == TaskState::Running);
    let Some(container) = running.and_then(|task| task.container) else { return Ok(None) };
    let server = Server { engine, container, user: declared.superuser.clone(), options: OPTIONS };
    Ok(server.is_ready().await?.then_some(server))
}

/// Asks about roles and databases.
///
/// # Errors
/// The server's words.
pub async fn observe<E: Commands>(server: &Server<'_, E>, declared: &Manifest) -> anyhow::Result<Seen> {
    let roles = declared.roles().map(|(role, _)| role);
    let databases = declared.databases.keys().map(String::as_str).chain(COMMON);
    let query = server_query(roles, databases);
    let answer = server.sql(MAINTENANCE, &query).await.context("looking at roles and databases")?;
    parse(&answer, "roles and databases")
}

/// Asks what is in a database, if it is there.
///
/// # Errors
/// The server's words.
pub async fn observe_inside<E: Commands>(
    server: &Server<'_, E>,
    seen: &Seen,
    part: Part<'_>,
) -> anyhow::Result<BTreeMap<String, Inside>> {
    let Part::Database(name, database) = part else { return Ok(BTreeMap::new()) };
    if !seen.databases.iter().any(|found| found.name == *name) {
        return Ok(BTreeMap::new());
    }
    let answer = server.sql(name, &inside_query(database)).await;
    let answer = answer.with_context(|| format!("looking into database {name}"))?;
    Ok([(name.to_owned(), parse(&answer, &format!("database {name}"))?)].into())
}

/// Takes a step.
///
/// # Errors
/// The server's words; of a statement only what it complains about.
pub async fn take<E: Commands>(
    server: &Server<'_, E>,
    step: &Step,
    passwords: &BTreeMap<String, Password>,
) -> anyhow::Result<()> {
    let sql = match &step.how {
        How::Sql(sql) => sql.clone(),
        How::Password(role) => {
            let password = passwords.get(role).with_context(|| format!("role {role} has no password"))?;
            let mut salt = [0_u8; SALT];
            getrandom::fill(&mut salt).map_err(|error| anyhow::anyhow!("getting random bytes: {error}"))?;
            format!("ALTER ROLE {} PASSWORD {};", name(role), quoted(&verifier(password, &salt)))
        }
    };
    server.sql(&step.database, &sql).await.map(drop)
}

/// Tries what an app does, until a moment and at least once: logs in with its password, through the pooler, and asks
/// something.
///
/// # Errors
/// The words of whoever refused, once the time for it is over.
pub async fn try_app<E: Commands>(
    server: &Server<'_, E>,
    declared: &Manifest,
    database: (&str, &Database),
    password: &Password,
    until: Instant,
) -> anyhow::Result<()> {
    let (name, role) = (database.0, database.1.app.name.as_str());
    let host = format!("{}_{}", declared.stack, declared.pooler.service);
    let target = format!("host={host} port={} dbname={name} user={role} connect_timeout=5", declared.pooler.port);
    // It asks for the password on its standard input, where it has no terminal.
    let words =
        ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--command=SELECT current_user", &target];
    let command = Command {
        arguments: words.map(str::to_owned).to_vec(),
        environment: vec![("PGAPPNAME".to_owned(), "hearth".to_owned()), ("LC_ALL".to_owned(), "C".to_owned())],
        input: [password.bytes(), b"\n"].concat(),
        limit: Duration::from_secs(10),
        most: 4096,
    };
    loop {
        let printed = server.engine.command(&server.container, &command).await?;
        if printed.exit_code == Some(0) && printed.text().trim() == role {
            return Ok(());
        }
        if Instant::now() >= until {
            let words = printed.complaints.trim().lines().next_back().unwrap_or("it gave no reason").to_owned();
            bail!("database {name}: {role} does not get in through the pooler {host}: {words}");
        }
        sleep(ASK_EVERY).await;
    }
}
