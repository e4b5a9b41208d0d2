//! What is declared of an app's migrations: `gate.migrations` in its manifest.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::ensure;
use serde::Deserialize;

use crate::placeholders;

/// How an app's migrations are tried.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Declared {
    /// The database that they change.
    pub database: Database,
    /// The app's own command.
    pub migrate: Migrate,
    /// How a version that runs on the database is asked whether it works; without it no version is.
    pub probe: Option<Probe>,
    /// Tables in which migration tools keep where they stand, whatever their schema; those that are not there are no
    /// matter.
    pub bookkeeping: Vec<String>,
    /// The folder of the image with the numbered migrations, to look at their numbers.
    pub folder: Option<String>,
    /// Whether a new migration may have a lower number than one that ran: whether the tool runs it all the same.
    pub out_of_order: bool,
    /// What the second pass begins with.
    pub copy: Copy,
    /// What statements may cost.
    pub budget: Budget,
    /// Who reaches the database through a pooler that gives each transaction another connection.
    pub pooled: Vec<Who>,
    /// How many bytes of memory the scratch database may fill.
    pub memory_bytes: u64,
}

/// The live database.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Database {
    /// The stack that it is in, when it is not the app's own.
    pub stack: Option<String>,
    /// Its service.
    pub service: String,
    /// The database's name.
    pub name: String,
    /// The role that owns the schema.
    pub owner: String,
    /// The role that the app itself uses.
    pub app: String,
    /// The role that reads the live schema, from inside the database's own container.
    pub superuser: String,
    /// Extensions that were made by hand in the live database, and not by a migration.
    pub extensions: Vec<String>,
}

/// The app's own migration command.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Migrate {
    /// The service whose image has it.
    pub service: String,
    /// The role that runs it in production.
    pub role: Role,
    /// Program and arguments, with placeholders.
    pub command: Vec<String>,
    /// Variables on top of the service's own, with placeholders.
    pub environment: BTreeMap<String, String>,
    /// Files on top of the image's, with placeholders.
    pub files: BTreeMap<String, String>,
    /// How long one run may take.
    pub seconds: u64,
}

/// How a version is started on the scratch database and asked whether it works.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Probe {
    /// The service that is started.
    pub service: String,
    /// Variables on top of the service's own, with placeholders.
    pub environment: BTreeMap<String, String>,
    /// Files on top of the image's, with placeholders.
    pub files: BTreeMap<String, String>,
    /// Requests that must be answered.
    pub requests: Vec<Request>,
    /// The port on which it answers them.
    pub port: u16,
    /// A command that must succeed in its container, after the requests.
    pub command: Option<Vec<String>>,
    /// How long it may take until everything is as it should be.
    pub seconds: u64,
}

/// A request and its right answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// What is asked for.
    pub path: String,
    /// The status of the right answer.
    pub status: u16,
    /// Text that the right answer contains.
    pub contains: Option<String>,
}

/// Which of the two roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// The owner of the schema.
    Owner,
    /// The app's own.
    App,
}

/// What the second pass begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Copy {
    /// The live schema without its rows.
    Schema,
    /// The whole live database.
    Full,
}

/// What statements of the migration may cost.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Budget {
    /// For how long a table may be locked against everybody.
    pub lock_milliseconds: Option<u64>,
    /// How long one statement may take.
    pub statement_milliseconds: Option<u64>,
}

/// Who speaks to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Who {
    /// The migration command.
    Migrations,
    /// The app that runs.
    App,
}

impl Declared {
    /// Checks what can be known without the host; what a Nix build runs.
    ///
    /// # Errors
    /// The first thing that is wrong, with what to write instead.
    pub fn check(&self) -> anyhow::Result<()> {
        let database = &self.database;
        for role in [&database.owner, &database.app, &database.superuser] {
            // They stand in the lines of a log and in statements.
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
            ensure!(
                !role.is_empty() && role.len() <= 63 && role.bytes().all(plain),
                "gate.migrations: role `{role}` cannot be tried: 1 to 63 of a-z 0-9 _ -"
            );
        }
        ensure!(
            database.app != database.superuser,
            "gate.migrations: the app uses the superuser `{}`, for whom no right is ever missing; give it a role of its own in database.app",
            database.app
        );
        ensure!(
            !self.migrate.command.is_empty(),
            "gate.migrations: migrate.command is empty; it is the command that brings the schema up to date and then ends"
        );
        ensure!(
            self.probe.is_some() || !self.pooled.contains(&Who::App),
            "gate.migrations: `pooled` names the app, and what it asks of its database is seen only while it runs; declare a probe"
        );
        let probe = self.probe.iter();
        let values = probe.flat_map(|probe| probe.environment.values().chain(probe.files.values()));
        let values = values.chain(self.migrate.environment.values()).chain(self.migrate.files.values());
        for text in values.chain(&self.migrate.command) {
            placeholders::check(text)?;
        }
        for path in self.migrate.files.keys().chain(self.probe.iter().flat_map(|probe| probe.files.keys())) {
            ensure!(path.starts_with('/'), "gate.migrations: file `{path}` needs a whole path, from /");
        }
        Ok(())
    }

    /// The name of a role.
    pub fn role(&self, role: Role) -> &str {
        match role {
            Role::Owner => &self.database.owner,
            Role::App => &self.database.app,
        }
    }
}

impl Migrate {
    /// [`Migrate::seconds`] as a duration.
    pub fn limit(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

#[cfg(test)]
#[path = "declared_tests.rs"]
mod tests;
