//! PostgreSQL's own programs, run in the container of a server.

use std::time::Duration;

use anyhow::bail;
use swarm::{Command, Commands};

/// How long one of these programs may take.
const LIMIT: Duration = Duration::from_secs(600);

/// How many bytes of a schema are taken.
pub const SCHEMA_MOST: usize = 64 << 20;

/// How long a dump waits for a lock on a live table, in milliseconds, before it is given up.
const LOCK_WAIT: &str = "--lock-wait-timeout=10000";

/// A server, and as whom it is asked.
pub struct Server<'a, E> {
    /// The engine.
    pub engine: &'a E,
    /// Its container.
    pub container: String,
    /// A superuser, who needs no password inside the container.
    pub user: String,
    /// What connections of these programs are told, for `PGOPTIONS`.
    pub options: &'static str,
}

/// On the live server nothing is written, whatever is asked, and nothing is called that somebody put into the database: a
/// function or an operator of theirs that fits better than the system's own would run as the superuser.
pub const READ_ONLY: &str = "-c default_transaction_read_only=on -c search_path=pg_catalog";

/// On the scratch server the log is for what is tried.
pub const UNLOGGED: &str = "-c log_statement=none";

impl<E: Commands> Server<'_, E> {
    /// Runs statements, and returns the rows: columns with `|` between them.
    ///
    /// # Errors
    /// The server's words.
    pub async fn sql(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        self.psql(database, &["--set=ON_ERROR_STOP=1"], sql).await
    }

    /// Runs statements of which some may fail, because what they make is there.
    ///
    /// # Errors
    /// When `psql` itself fails.
    pub async fn sql_as_far_as_it_goes(&self, database: &str, sql: &str) -> anyhow::Result<()> {
        self.psql(database, &[], sql).await.map(drop)
    }

    async fn psql(&self, database: &str, more: &[&str], sql: &str) -> anyhow::Result<String> {
        let (user, database) = (format!("--username={}", self.user), format!("--dbname={database}"));
        let fixed = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--file=-", &user, &database];
        let printed = self.run(&[&fixed, more].concat(), sql, SCHEMA_MOST, LIMIT).await?;
        Ok(printed.trim_end().to_owned())
    }

    /// Runs one query again and again until its connection is ended, and returns all it printed.
    ///
    /// # Errors
    /// When the engine fails. That the connection was ended is none.
    pub async fn watch(
        &self,
        database: &str,
        name: &str,
        query: &str,
        every: f64,
        limit: Duration,
    ) -> anyhow::Result<String> {
        let arguments = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--file=-"];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        arguments.extend([format!("--username={}", self.user), format!("--dbname={database}")]);
        let mut command = self.command(arguments, &format!("{query} \\watch {every}\n"), SCHEMA_MOST, limit);
        command.environment.push(("PGAPPNAME".to_owned(), name.to_owned()));
        Ok(self.engine.command(&self.container, &command).await?.text())
    }

    /// What `pg_dump` writes of a database.
    ///
    /// # Errors
    /// Its complaint, or that it wrote more than `most` bytes.
    pub async fn dump(&self, database: &str, options: &[&str], most: usize) -> anyhow::Result<String> {
        let user = format!("--username={}", self.user);
        let fixed = ["pg_dump", "--no-tablespaces", "--no-subscriptions", LOCK_WAIT, &user];
        self.run(&[&fixed, options, &[database]].concat(), "", most, LIMIT).await
    }

    /// The roles of a server, without their passwords.
    ///
    /// # Errors
    /// The complaint of `pg_dumpall`.
    pub async fn roles(&self, database: &str) -> anyhow::Result<String> {
        let (user, database) = (format!("--username={}", self.user), format!("--database={database}"));
        let arguments = ["pg_dumpall", "--roles-only", "--no-role-passwords", &user, &database];
        self.run(&arguments, "", SCHEMA_MOST, LIMIT).await
    }

    /// Whether it takes connections over the network. A server that is still being made does not.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn is_ready(&self) -> anyhow::Result<bool> {
        let arguments = ["pg_isready", "--quiet", "--host=127.0.0.1", "--port=5432"].map(str::to_owned).to_vec();
        let command = self.command(arguments, "", SCHEMA_MOST, Duration::from_secs(10));
        Ok(self.engine.command(&self.container, &command).await?.exit_code == Some(0))
    }

    async fn run(&self, arguments: &[&str], input: &str, most: usize, limit: Duration) -> anyhow::Result<String> {
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        let program = arguments[0].clone();
        let printed = self.engine.command(&self.container, &self.command(arguments, input, most, limit)).await?;
        let complaint = printed.complaints.trim().lines().next_back().unwrap_or("it gave no reason");
        match printed.exit_code {
            Some(0) => Ok(printed.text()),
            Some(code) => bail!("{program} in container {} ended with exit code {code}: {complaint}", self.container),
            None => bail!("{program} in container {} took or wrote too much: {complaint}", self.container),
        }
    }

    fn command(&self, arguments: Vec<String>, input: &str, most: usize, limit: Duration) -> Command {
        let environment = [("PGOPTIONS", self.options), ("PGAPPNAME", "hearth"), ("LC_ALL", "C")];
        Command {
            arguments,
            environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            input: input.as_bytes().to_vec(),
            limit,
            most,
        }
    }
}

/// A text as a literal of SQL.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as SQL takes it, whatever its characters.
pub fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
