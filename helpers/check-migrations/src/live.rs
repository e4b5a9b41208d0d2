//! What is read of the live database, and nothing is written to it.

use anyhow::Context as _;
use swarm::{Commands, STACK_LABEL, Services, TaskState, Tasks};

use crate::App;
use crate::declared::{Copy, Declared};
use crate::finding::{Finding, Kind};
use crate::postgres::{READ_ONLY, SCHEMA_MOST, Server, quoted};
use crate::stop::Stop;

/// What a trial begins with.
pub struct Live {
    /// The image of the server.
    pub image: String,
    /// The role that the server was made with.
    pub superuser: String,
    /// The libraries that the server loads when it starts.
    pub libraries: String,
    /// Its roles, as statements.
    pub roles: String,
    /// The schema of the database, and how the database is made, as statements.
    pub schema: String,
    /// The rows to begin with: the migration tool's own, or all.
    pub rows: String,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Reads it; `None` when the database's service is not there.
///
/// # Errors
/// A finding when it is not what is declared, an error when it cannot be read.
pub async fn read<E: Services + Tasks + Commands>(
    engine: &E,
    app: &App<'_>,
    declared: &Declared,
) -> Result<Option<Live>, Stop> {
    let database = &declared.database;
    let stack = database.stack.as_deref().unwrap_or(app.stack);
    let name = format!("{stack}_{}", database.service);
    let services = engine.services(&format!("{STACK_LABEL}={stack}")).await?;
    let Some(service) = services.into_iter().find(|service| service.name == name) else { return Ok(None) };
    let tasks = engine.tasks(std::slice::from_ref(&name)).await?;
    let running = tasks.into_iter().find(|task| task.wanted && task.state == TaskState::Running);
    let container = running.and_then(|task| task.container).with_context(|| {
        format!("{name}: no task of it runs here, so the live schema cannot be read; the migrations were not tried. See to the database first, `docker service ps {name}`")
    })?;
    let server = Server { engine, container, user: database.superuser.clone(), options: READ_ONLY };
    let facts = Facts::read(&server, declared).await?;
    Ok(Some(Live {
        image: service.image,
        warnings: facts.judge(&name, declared)?,
        superuser: facts.superuser,
        libraries: facts.libraries,
        roles: server.roles(&database.name).await?,
        schema: server.dump(&database.name, &["--schema-only", "--create"], SCHEMA_MOST).await?,
        rows: rows(&server, declared).await?,
    }))
}

/// The rows that the copy begins with.
async fn rows<E: Commands>(server: &Server<'_, E>, declared: &Declared) -> anyhow::Result<String> {
    let most = usize::try_from(declared.memory_bytes).unwrap_or(usize::MAX);
    if declared.copy == Copy::Full {
        return server.dump(&declared.database.name, &["--data-only", "--disable-triggers"], most).await;
    }
    let wanted: Vec<String> = declared.bookkeeping.iter().map(|table| quoted(table)).collect();
    if wanted.is_empty() {
        return Ok(String::new());
    }
    let query = format!(
        "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND c.relname IN ({})",
        wanted.join(", ")
    );
    let tables = server.sql(&declared.database.name, &query).await?;
    let options: Vec<String> = tables.lines().map(|table| format!("--table={table}")).collect();
    if options.is_empty() {
        return Ok(String::new());
    }
    let options: Vec<&str> = std::iter::once("--data-only").chain(options.iter().map(String::as_str)).collect();
    server.dump(&declared.database.name, &options, most).await
}

/// What is asked of the catalogue.
struct Facts {
    superuser: String,
    libraries: String,
    bytes: u64,
    /// Name, whether it is a superuser, how many tables it owns.
    roles: Vec<(String, bool, u64)>,
}

impl Facts {
    async fn read<E: Commands>(server: &Server<'_, E>, declared: &Declared) -> anyhow::Result<Self> {
        let database = &declared.database;
        let query = format!(
            "SELECT 'superuser|' || rolname FROM pg_roles WHERE oid = 10;
             SELECT 'libraries|' || current_setting('shared_preload_libraries');
             SELECT 'bytes|' || pg_database_size(current_database());
             SELECT 'role|' || rolname || '|' || rolsuper::text || '|' || (SELECT count(*) FROM pg_class WHERE relowner = r.oid AND relkind IN ('r', 'p') AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_%' OR nspname = 'information_schema')) FROM pg_roles r WHERE rolname IN ({}, {});",
            quoted(&database.owner),
            quoted(&database.app)
        );
        let answer = server.sql(&database.name, &query).await?;
        let mut facts =
            Self { superuser: database.superuser.clone(), libraries: String::new(), bytes: 0, roles: vec![] };
        for line in answer.lines() {
            let parts: Vec<&str> = line.split('|').collect();
            match parts[..] {
                ["superuser", name] => name.clone_into(&mut facts.superuser),
                ["libraries", names] => names.clone_into(&mut facts.libraries),
                ["bytes", bytes] => facts.bytes = bytes.parse().unwrap_or_default(),
                ["role", name, superuser, tables] => {
                    facts.roles.push((name.to_owned(), superuser == "true", tables.parse().unwrap_or_default()));
                }
                _ => {}
            }
        }
        Ok(facts)
    }

    fn judge(&self, server: &str, declared: &Declared) -> Result<Vec<String>, Stop> {
        let database = &declared.database;
        for (key, role) in [("owner", &database.owner), ("app", &database.app)] {
            if !self.roles.iter().any(|(name, ..)| name == role) {
                return Err(Finding {
                    kind: Kind::Declaration,
                    object: format!("role {role}, declared as gate.migrations.database.{key}"),
                    cause: format!("the live server {server} has no such role"),
                    consequence: "what it may do cannot be told".to_owned(),
                    remedy: "Declare the role that is used in production".to_owned(),
                    evidence: Vec::new(),
                }
                .into());
            }
        }
        if declared.copy == Copy::Full && self.bytes > declared.memory_bytes / 2 {
            return Err(Finding {
                kind: Kind::NoRoom,
                object: format!("database {} of {server}", database.name),
                cause: format!(
                    "it has {} MiB, and its copy may fill {} MiB",
                    self.bytes >> 20,
                    declared.memory_bytes >> 20
                ),
                consequence: "a full copy of it does not fit".to_owned(),
                remedy: "Raise gate.migrations.memoryMiB to twice its size, or set gate.migrations.copy to \"schema\""
                    .to_owned(),
                evidence: Vec::new(),
            }
            .into());
        }
        Ok(self.warnings(declared))
    }

    fn warnings(&self, declared: &Declared) -> Vec<String> {
        let database = &declared.database;
        let Some((app, superuser, tables)) = self.roles.iter().find(|(name, ..)| *name == database.app) else {
            return Vec::new();
        };
        if *superuser {
            return vec![format!(
                "role {app} is a superuser in the live database: no right that it lacks can be found"
            )];
        }
        if database.app != database.owner && *tables > 0 {
            return vec![format!(
                "role {app} owns {tables} tables in the live database, where {} should",
                database.owner
            )];
        }
        Vec::new()
    }
}
