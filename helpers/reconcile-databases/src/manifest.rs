//! What the Nix module says about databases: `/etc/hearth/databases.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use anyhow::ensure;
use serde::Deserialize;

/// The databases of a host.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Where the lock and the receipts are kept.
    pub state_folder: PathBuf,
    /// The engine's socket.
    pub docker_socket: PathBuf,
    /// The stack that the server is in.
    pub stack: String,
    /// The server's service in it.
    pub service: String,
    /// The role that sets everything up, from inside the server's own container.
    pub superuser: String,
    /// The pooler.
    pub pooler: Pooler,
    /// The databases, by name.
    pub databases: BTreeMap<String, Database>,
    /// How long the server may take to answer, in seconds.
    pub ready_seconds: u64,
}

/// The pooler in front of the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pooler {
    /// Its service in the same stack.
    pub service: String,
    /// The port that it listens on.
    pub port: u16,
    /// The role as which it looks up what the server keeps of others' passwords.
    pub role: String,
    /// The file with the password of that role.
    pub password_file: PathBuf,
}

/// A database and its two roles.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Database {
    /// The role that owns the schema, for migrations.
    pub owner: Role,
    /// The role of the app.
    pub app: Role,
    /// What the app may do with the rows of every table.
    pub app_may: BTreeSet<Privilege>,
    /// Tables, as `schema.table`, whose privileges are the migrations' own business.
    pub leave: BTreeSet<String>,
    /// Extensions to make, which only a superuser may.
    pub extensions: BTreeSet<String>,
}

/// A role that logs in with a password.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// The file with its password.
    pub password_file: PathBuf,
}

/// What may be done with the rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Privilege {
    /// Reading them.
    Select,
    /// Adding some.
    Insert,
    /// Changing them.
    Update,
    /// Removing them.
    Delete,
}

impl Privilege {
    /// The word of SQL.
    pub fn word(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// A part of what is declared. What fails in one keeps no other waiting.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// The pooler's role, and the function by which it looks up who comes.
    Pooler(&'a Pooler),
    /// A database with its roles, by its name.
    Database(&'a str, &'a Database),
}

impl<'a> Part<'a> {
    /// Its roles, each with the file that holds its password.
    pub fn roles(self) -> Vec<(&'a str, &'a PathBuf)> {
        match self {
            Self::Pooler(pooler) => vec![(pooler.role.as_str(), &pooler.password_file)],
            Self::Database(_, database) => {
                [&database.owner, &database.app].map(|role| (role.name.as_str(), &role.password_file)).into()
            }
        }
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pooler(_) => f.write_str("the pooler"),
            Self::Database(name, _) => write!(f, "database {name}"),
        }
    }
}

impl Manifest {
    /// Its parts, the pooler first: without it nobody gets in.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let databases = self.databases.iter().map(|(name, database)| Part::Database(name, database));
        std::iter::once(Part::Pooler(&self.pooler)).chain(databases)
    }

    /// The roles, each with the file that holds its password.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &PathBuf)> {
        self.parts().flat_map(Part::roles)
    }

    /// Checks what can be known before the host is looked at; what a Nix build runs.
    ///
    /// # Errors
    /// The first thing that is wrong, with the option that mends it.
    pub fn check(&self) -> anyhow::Result<()> {
        let mut seen = BTreeSet::from([self.superuser.as_str()]);
        for name in self.databases.keys() {
            ensure!(is_name(name), "hearth.postgres.databases.{name}: {NAMES}");
            ensure!(
                !["postgres", "template0", "template1"].contains(&name.as_str()),
                "hearth.postgres.databases.{name}: this database is the server's own; choose another name"
            );
        }
        for (role, _) in self.roles() {
            ensure!(is_name(role) && !role.starts_with("pg_"), "hearth.postgres: role `{role}`: {NAMES}");
            ensure!(
                seen.insert(role),
                "hearth.postgres: role `{role}` is given twice; the owner of a schema, the app and every other role are apart"
            );
        }
        for table in self.databases.values().flat_map(|database| &database.leave) {
            ensure!(
                table.split('.').count() == 2,
                "hearth.postgres: `{table}` is no table; write its schema too, such as public.{table}"
            );
        }
        Ok(())
    }
}

const NAMES: &str =
    "a name is made of 1 to 63 of a-z 0-9 _, the first a letter, and does not begin with pg_; rename it";

fn is_name(text: &str) -> bool {
    text.len() <= 63
        && text.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
