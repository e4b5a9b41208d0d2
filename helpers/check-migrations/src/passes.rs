//! The attempts: from nothing, from a copy of the live schema, and once more.

use swarm::NewScratch;

use crate::Engine;
use crate::declared::Copy;
use crate::dump::{differences, digest, preamble};
use crate::explain::{Failed, Pass, explain, owned_object};
use crate::finding::{Finding, Kind};
use crate::live::Live;
use crate::locks;
use crate::log::{Entry, problems};
use crate::postgres::{SCHEMA_MOST, name, quoted};
use crate::stop::Stop;
use crate::trial::{Trial, part};

/// How many lines of a difference are told.
const TOLD: usize = 5;

/// What all attempts together showed.
pub struct Passed {
    /// Whether the migrations changed anything in the copy.
    pub changes: bool,
    /// What the migration command asked of the database that it found, or of an empty one where there was none.
    pub asked: Vec<Entry>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// What was done, a line an attempt.
    pub attempts: Vec<String>,
}

impl<E: Engine> Trial<'_, E> {
    /// All attempts, in order.
    pub async fn passes(&mut self, live: Option<&Live>) -> Result<Passed, Stop> {
        self.make_empty(live).await?;
        let mut passed = Passed { changes: true, asked: Vec::new(), warnings: Vec::new(), attempts: Vec::new() };
        passed.asked = self.attempt(Pass::Empty, &mut passed.attempts).await?;
        if let Some(live) = live {
            let from_empty = self.schema().await?;
            self.make_copy(live).await?;
            let before = self.content().await?;
            passed.asked = self.attempt_within_budget(&mut passed.attempts).await?;
            passed.changes = !self.content().await?.is(&before);
            passed.warnings.extend(drift(&from_empty, &self.schema().await?));
        }
        self.attempt_again(&mut passed.attempts).await?;
        Ok(passed)
    }

    async fn make_empty(&mut self, live: Option<&Live>) -> anyhow::Result<()> {
        let database = &self.declared.database;
        if let Some(live) = live {
            self.server.sql("postgres", &preamble(&live.schema)).await?;
        } else {
            let (db, owner, app) = (name(&database.name), name(&database.owner), name(&database.app));
            self.server.sql("postgres", &format!("CREATE DATABASE {db} OWNER {owner};")).await?;
            let rights = format!(
                "GRANT USAGE ON SCHEMA public TO {app};
                 ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
                 ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE, SELECT ON SEQUENCES TO {app};"
            );
            self.server.sql(&database.name, &rights).await?;
        }
        for extension in &database.extensions {
            let sql = format!("CREATE EXTENSION IF NOT EXISTS {} CASCADE;", name(extension));
            self.server.sql(&database.name, &sql).await?;
        }
        Ok(())
    }

    async fn make_copy(&mut self, live: &Live) -> anyhow::Result<()> {
        let database = &self.declared.database;
        // The connections of the first attempt may not all have ended.
        let drop = format!("DROP DATABASE {} WITH (FORCE);", name(&database.name));
        self.server.sql("postgres", &drop).await?;
        self.server.sql("postgres", &live.schema).await?;
        if !live.rows.is_empty() {
            self.server.sql(&database.name, &live.rows).await?;
        }
        let role = name(self.declared.role(self.declared.migrate.role));
        let budget = &self.declared.budget;
        for (setting, limit) in
            [("statement_timeout", budget.statement_milliseconds), ("lock_timeout", budget.lock_milliseconds)]
        {
            if let Some(limit) = limit {
                let sql = format!("ALTER ROLE {role} IN DATABASE {} SET {setting} = {limit};", name(&database.name));
                self.server.sql("postgres", &sql).await?;
            }
        }
        Ok(())
    }

    async fn attempt(&mut self, pass: Pass, attempts: &mut Vec<String>) -> Result<Vec<Entry>, Stop> {
        (self.say)(format!("migrations {}", pass.name()));
        let migrate = &self.declared.migrate;
        let part = part(self.versions.new, &migrate.service, "migrate.service")?;
        let container = self.migration(pass);
        let id = self.engine.start_scratch(&container).await?;
        let exit_code = self.engine.wait_scratch(&id, migrate.limit()).await?;
        let lines = self.last_lines(&id).await?;
        self.engine.remove_scratch(&id).await?;
        let asked = self.log().await?;
        let role = self.declared.role(migrate.role);
        if exit_code != Some(0) {
            let problem = problems(&asked, &[role]).pop();
            let owner = match problem.as_ref().and_then(|problem| owned_object(&problem.message)) {
                Some((_, object)) => self.owner_of(object).await?,
                None => None,
            };
            let image = part.shown();
            let failed = Failed { image, pass, role, exit_code, seconds: migrate.seconds, problem, owner, lines };
            return Err(explain(&failed).into());
        }
        attempts.push(format!("{}: good", pass.name()));
        Ok(asked)
    }

    fn migration(&self, pass: Pass) -> NewScratch {
        let migrate = &self.declared.migrate;
        let values = self.values(migrate.role);
        let part = self.versions.new.get(&migrate.service).cloned().unwrap_or_default();
        let mut words = migrate.command.iter().map(|word| values.fill(word));
        let suffix = match pass {
            Pass::Empty => "migrate-empty",
            Pass::Copy => "migrate-copy",
            Pass::Again => "migrate-again",
        };
        let mut container = self.beside(suffix, &part);
        container.entrypoint = words.next().map(|program| vec![program]);
        container.command = Some(words.collect());
        container.environment.extend(values.fill_all(&migrate.environment));
        container.files = values.fill_all(&migrate.files);
        container
    }

    /// Who owns a table or the like of this name in the scratch database.
    async fn owner_of(&self, object: &str) -> anyhow::Result<Option<String>> {
        let query =
            format!("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = {} LIMIT 1", quoted(object));
        let owner = self.server.sql(&self.declared.database.name, &query).await?;
        Ok(Some(owner).filter(|owner| !owner.is_empty()))
    }

    /// The attempt on the copy, with an eye on how long it locks the tables that are there.
    async fn attempt_within_budget(&mut self, attempts: &mut Vec<String>) -> Result<Vec<Entry>, Stop> {
        let Some(budget) = self.declared.budget.lock_milliseconds else {
            return self.attempt(Pass::Copy, attempts).await;
        };
        let database = &self.declared.database.name;
        let limit = self.declared.migrate.limit() + std::time::Duration::from_secs(30);
        let watcher = crate::postgres::Server {
            engine: self.engine,
            container: self.server.container.clone(),
            user: self.server.user.clone(),
            options: self.server.options,
        };
        let watch = watcher.watch(database, locks::SAMPLER, locks::SAMPLE, locks::EVERY, limit);
        let attempt = async {
            let asked = self.attempt(Pass::Copy, attempts).await;
            let end = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = {}",
                quoted(locks::SAMPLER)
            );
            (asked, self.server.sql("postgres", &end).await)
        };
        let (samples, (asked, ended)) = tokio::join!(watch, attempt);
        let asked = asked?;
        ended?;
        let image = part(self.versions.new, &self.declared.migrate.service, "migrate.service")?.shown();
        match locks::judge(image, &locks::longest(&samples?), budget) {
            Some(finding) => Err(finding.into()),
            None => Ok(asked),
        }
    }

    async fn attempt_again(&mut self, attempts: &mut Vec<String>) -> Result<(), Stop> {
        let before = self.content().await?;
        self.attempt(Pass::Again, attempts).await?;
        let after = self.content().await?;
        if after.is(&before) {
            return Ok(());
        }
        let (gone, new) = differences(&before.text, &after.text);
        let image = part(self.versions.new, &self.declared.migrate.service, "migrate.service")?.shown();
        let told = |sign: &str, lines: &[String]| -> Vec<String> {
            lines.iter().take(TOLD).map(|line| format!("{sign} {}", crate::log::one_line(line))).collect()
        };
        let mut evidence = [told("-", &gone), told("+", &new)].concat();
        if evidence.is_empty() {
            evidence.push("rows of its tables".to_owned());
        }
        Err(Finding {
            kind: Kind::NotRepeatable,
            object: format!("the migrations of {image}, {}", Pass::Again.name()),
            cause: format!("the database was up to date, and they changed it again: {}", evidence.join(" ; ")),
            consequence: "an app that migrates when it starts changes its data at each restart".to_owned(),
            remedy: "Let each step ask whether it is done (IF NOT EXISTS, ON CONFLICT DO NOTHING), or let the tool remember it".to_owned(),
            evidence,
        }
        .into())
    }

    async fn schema(&self) -> anyhow::Result<String> {
        self.server.dump(&self.declared.database.name, &["--schema-only"], SCHEMA_MOST).await
    }

    /// The schema and the rows. Those of a full copy are many: of them a digest is enough.
    async fn content(&self) -> anyhow::Result<Content> {
        let database = &self.declared.database.name;
        if self.declared.copy == Copy::Schema {
            return Ok(Content { text: self.server.dump(database, &[], SCHEMA_MOST).await?, rows: 0 });
        }
        let most = usize::try_from(self.declared.memory_bytes).unwrap_or(usize::MAX);
        let rows = digest(&self.server.dump(database, &["--data-only"], most).await?);
        Ok(Content { text: self.schema().await?, rows })
    }
}

/// What a database holds, to compare it with what it held before.
struct Content {
    text: String,
    rows: u128,
}

impl Content {
    fn is(&self, other: &Self) -> bool {
        self.rows == other.rows && differences(&other.text, &self.text) == (Vec::new(), Vec::new())
    }
}

/// What the live database has beside what migrations made, or lacks: somebody changed it by hand.
fn drift(from_empty: &str, from_copy: &str) -> Option<String> {
    let (lacks, has) = differences(from_empty, from_copy);
    let one = |lines: &[String]| lines.first().map(|line| format!(", such as `{}`", crate::log::one_line(line)));
    (!lacks.is_empty() || !has.is_empty()).then(|| {
        format!(
            "the live schema is not what the migrations make of an empty database: it lacks {} lines{} and has {} others{}",
            lacks.len(),
            one(&lacks).unwrap_or_default(),
            has.len(),
            one(&has).unwrap_or_default()
        )
    })
}
