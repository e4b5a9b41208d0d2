//! What to change: a pure function of what is declared, what passwords are, and what the server says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use check_migrations::postgres::name;

use crate::manifest::{Database, Part};
use crate::observed::{Grant, Inside, Observed, Relation, SeenDatabase};
use crate::password::Password;
use crate::scram::verifies;

/// The database in which a server is asked about all others.
pub const MAINTENANCE: &str = "postgres";
/// The databases that every server has and into which it lets every role: whoever may make something there leaves it for
/// others, and what lies in `template1` would be in each new database.
pub const COMMON: [&str; 2] = [MAINTENANCE, "template1"];
/// Rights that reach beyond a database, in the order of `CREATE ROLE`. No role here has one.
const NO_POWERS: &str = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS";
/// The body of the pooler's function. Who is a superuser is not known to the pooler, and so cannot come in through it.
pub const LOOKUP: &str = " SELECT rolname::text, rolpassword FROM pg_catalog.pg_authid WHERE rolname = who AND rolcanlogin AND NOT rolsuper AND NOT rolreplication AND (rolvaliduntil IS NULL OR rolvaliduntil > now()) ";
/// What the app's role may do with sequences.
const OF_SEQUENCES: [&str; 2] = ["SELECT", "USAGE"];
/// How many objects a step names before it counts the rest.
const NAMED: usize = 5;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The database in which it is taken.
    pub database: String,
    /// What it does, for a person.
    pub what: String,
    /// How.
    pub how: How,
}

/// How a step is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// By statements.
    Sql(String),
    /// By setting what is kept of the declared password of a role.
    Password(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.database == MAINTENANCE {
            f.write_str(&self.what)
        } else {
            write!(f, "{}: {}", self.database, self.what)
        }
    }
}

/// The steps for a part, in order.
pub fn plan(part: Part<'_>, passwords: &BTreeMap<String, Password>, observed: &Observed) -> Vec<Step> {
    let mut plan = Plan { steps: Vec::new(), database: MAINTENANCE.to_owned() };
    for (role, _) in part.roles() {
        plan.role(role, passwords.get(role), observed);
    }
    match part {
        Part::Pooler(pooler) => {
            plan.memberships(&pooler.role, "the pooler", observed);
            plan.lookup(&pooler.role, observed);
            plan.common(&pooler.role, observed);
        }
        Part::Database(name, database) => {
            plan.memberships(&database.app.name, "the app", observed);
            plan.database(name, database, observed);
            name.clone_into(&mut plan.database);
            let fresh = Inside::fresh();
            plan.inside(database, observed.inside.get(name).unwrap_or(&fresh));
        }
    }
    plan.steps
}

struct Plan {
    steps: Vec<Step>,
    database: String,
}

impl Plan {
    fn sql(&mut self, what: impl Into<String>, sql: impl Into<String>) {
        let step = Step { database: self.database.clone(), what: what.into(), how: How::Sql(sql.into()) };
        self.steps.push(step);
    }

    fn role(&mut self, role: &str, password: Option<&Password>, observed: &Observed) {
        let found = observed.server.roles.iter().find(|found| found.name == role);
        match found {
            None => self.sql(format!("create role {role}"), format!("CREATE ROLE {} LOGIN {NO_POWERS};", name(role))),
            Some(found) if !found.login || !found.powers.is_empty() => {
                let powers: Vec<&str> = found.powers.iter().map(String::as_str).collect();
                let why = if powers.is_empty() {
                    "it cannot log in".to_owned()
                } else {
                    format!("it has {}", powers.join(" and "))
                };
                self.sql(
                    format!("put role {role} right: {why}"),
                    format!("ALTER ROLE {} LOGIN {NO_POWERS};", name(role)),
                );
            }
            Some(_) => {}
        }
        let kept = found.map_or("", |found| found.verifier.as_str());
        if password.is_some_and(|password| !verifies(kept, password)) {
            let what = format!("set the password of role {role}");
            self.steps.push(Step { database: self.database.clone(), what, how: How::Password(role.to_owned()) });
        }
    }

    /// A role that must have no rights but its own loses those of others.
    fn memberships(&mut self, role: &str, why: &str, observed: &Observed) {
        let found = observed.server.roles.iter().find(|found| found.name == role);
        for group in found.into_iter().flat_map(|found| &found.member_of) {
            self.sql(
                format!("take the rights of role {group} from role {role}, which is {why}'s"),
                format!("REVOKE {} FROM {};", name(group), name(role)),
            );
        }
    }

    /// The function by which the pooler learns what is kept of the password of somebody who comes.
    fn lookup(&mut self, pooler: &str, observed: &Observed) {
        let callers = |grants: &[Grant]| grants.iter().map(|grant| grant.to.clone()).collect::<BTreeSet<_>>();
        let is_right = observed.server.lookup.as_ref().is_some_and(|found| {
            let callers = callers(&found.grants);
            found.source == LOOKUP && found.trusted && callers.contains(pooler) && !callers.contains("PUBLIC")
        });
        if is_right {
            return;
        }
        let verb = if observed.server.lookup.is_some() { "put" } else { "make" };
        let right = if verb == "put" { " right" } else { "" };
        self.sql(
            format!("{verb} the function by which the pooler looks up who comes{right}"),
            format!(
                "CREATE SCHEMA IF NOT EXISTS hearth; DROP FUNCTION IF EXISTS hearth.user_lookup; CREATE FUNCTION hearth.user_lookup(who text, OUT name text, OUT verifier text) RETURNS record LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $lookup${LOOKUP}$lookup$; REVOKE ALL ON FUNCTION hearth.user_lookup FROM PUBLIC; GRANT EXECUTE ON FUNCTION hearth.user_lookup TO {0}; GRANT USAGE ON SCHEMA hearth TO {0};",
                name(pooler)
            ),
        );
    }

    /// The databases that are nobody's: the pooler alone gets in, and looks up there who comes.
    fn common(&mut self, pooler: &str, observed: &Observed) {
        let open =
            |found: &&SeenDatabase| found.grants.iter().any(|grant| grant.to == "PUBLIC" && grant.what == "CONNECT");
        for found in observed.server.databases.iter().filter(|found| COMMON.contains(&found.name.as_str())).filter(open)
        {
            let grant = format!("GRANT CONNECT ON DATABASE {} TO {}; ", name(MAINTENANCE), name(pooler));
            let first = if found.name == MAINTENANCE { grant } else { String::new() };
            self.sql(
                format!("let no app into database {}", found.name),
                format!("{first}REVOKE CONNECT ON DATABASE {} FROM PUBLIC;", name(&found.name)),
            );
        }
    }

    fn database(&mut self, database: &str, declared: &Database, observed: &Observed) {
        let (owner, app) = (&declared.owner.name, &declared.app.name);
        let found = observed.server.databases.iter().find(|found| found.name == database);
        match found {
            None => self.sql(
                format!("create database {database}, owned by {owner}"),
                format!("CREATE DATABASE {} OWNER {} TEMPLATE template0;", name(database), name(owner)),
            ),
            Some(found) if found.owner != *owner => self.sql(
                format!("make {owner} the owner of database {database}, which is {}'s", found.owner),
                format!("ALTER DATABASE {} OWNER TO {};", name(database), name(owner)),
            ),
            Some(_) => {}
        }
        let has = |to: &str, what: &str| {
            found.is_some_and(|found| found.grants.iter().any(|grant| grant.to == to && grant.what == what))
        };
        // Before anything was granted, everybody may connect.
        if found.is_none() || has("PUBLIC", "CONNECT") {
            self.sql(
                format!("let nobody else into database {database}"),
                format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC;", name(database)),
            );
        }
        if !has(app, "CONNECT") {
            self.sql(
                format!("let {app} into database {database}"),
                format!("GRANT CONNECT ON DATABASE {} TO {};", name(database), name(app)),
            );
        }
        if has(app, "CREATE") {
            self.sql(
                format!("take from {app} that it may make schemas in database {database}"),
                format!("REVOKE CREATE ON DATABASE {} FROM {};", name(database), name(app)),
            );
        }
    }

    fn inside(&mut self, declared: &Database, found: &Inside) {
        for extension in declared.extensions.difference(&found.extensions) {
            self.sql(format!("make extension {extension}"), format!("CREATE EXTENSION {};", name(extension)));
        }
        self.schemas(declared, found);
        self.owners(declared, found);
        self.privileges(declared, found);
        self.defaults(declared, found);
    }

    fn schemas(&mut self, declared: &Database, found: &Inside) {
        let (owner, app) = (&declared.owner.name, &declared.app.name);
        for schema in &found.schemas {
            // In a database of theirs, this is the owner by another name.
            if schema.owner != *owner && schema.owner != "pg_database_owner" {
                self.sql(
                    format!("make {owner} the owner of schema {}, which is {}'s", schema.name, schema.owner),
                    format!("ALTER SCHEMA {} OWNER TO {};", name(&schema.name), name(owner)),
                );
            }
            let has = |to: &str, what: &str| schema.grants.iter().any(|grant| grant.to == to && grant.what == what);
            for to in ["PUBLIC", app].into_iter().filter(|to| has(to, "CREATE")) {
                let whom = if to == "PUBLIC" { to.to_owned() } else { name(to) };
                self.sql(
                    format!(
                        "take from {} that it may make objects in schema {}",
                        if to == app { to } else { "everybody" },
                        schema.name
                    ),
                    format!("REVOKE CREATE ON SCHEMA {} FROM {whom};", name(&schema.name)),
                );
            }
            if !has(app, "USAGE") {
                self.sql(
                    format!("let {app} use schema {}", schema.name),
                    format!("GRANT USAGE ON SCHEMA {} TO {};", name(&schema.name), name(app)),
                );
            }
        }
    }

    /// Whoever made it: what its schema's owner does not own, their migrations cannot change.
    fn owners(&mut self, declared: &Database, found: &Inside) {
        let owner = &declared.owner.name;
        for relation in found.relations.iter().filter(|relation| relation.owner != *owner && !relation.of_column) {
            self.sql(
                format!("make {owner} the owner of {}, which is {}'s", relation.plain(), relation.owner),
                format!("ALTER {} {} OWNER TO {};", relation.word(), relation.quoted(), name(owner)),
            );
        }
        for one in &found.strange {
            self.sql(
                format!("make {owner} the owner of {}, which is {}'s", one.name, one.owner),
                format!("ALTER {} {} OWNER TO {};", one.kind, one.name, name(owner)),
            );
        }
    }

    fn privileges(&mut self, declared: &Database, found: &Inside) {
        let app = &declared.app.name;
        let managed = || found.relations.iter().filter(|relation| !declared.leave.contains(&relation.plain()));
        for sequences in [false, true] {
            let wanted = if sequences { of_sequences() } else { of_tables(declared) };
            let kind = if sequences { "SEQUENCE " } else { "" };
            let of_kind: Vec<&Relation> = managed().filter(|relation| relation.is_sequence() == sequences).collect();
            self.revoke(app, &wanted, kind, &of_kind);
            let lack: Vec<&Relation> =
                of_kind.into_iter().filter(|relation| !wanted.is_subset(&relation.app)).collect();
            if !lack.is_empty() {
                let words = words(&wanted);
                self.sql(
                    format!("grant {app} {words} on {}", listed(&lack)),
                    lack.iter()
                        .map(|relation| format!("GRANT {words} ON {kind}{} TO {};", relation.quoted(), name(app)))
                        .collect::<Vec<_>>()
                        .join("\n"),
                );
            }
        }
    }

    /// What the app was granted and is not declared, or not any more.
    fn revoke(&mut self, app: &str, wanted: &BTreeSet<String>, kind: &str, relations: &[&Relation]) {
        let beyond: Vec<&Relation> =
            relations.iter().copied().filter(|relation| !relation.app.is_subset(wanted)).collect();
        if beyond.is_empty() {
            return;
        }
        let all: BTreeSet<String> = beyond.iter().flat_map(|relation| &relation.app - wanted).collect();
        let revoke = |relation: &&Relation| {
            let words = words(&(&relation.app - wanted));
            format!("REVOKE {words} ON {kind}{} FROM {};", relation.quoted(), name(app))
        };
        self.sql(
            format!("take {} on {} from {app}", words(&all), listed(&beyond)),
            beyond.iter().map(revoke).collect::<Vec<_>>().join("\n"),
        );
    }

    /// What the owner's next migration makes is the app's to use without another word, and no further than is declared.
    fn defaults(&mut self, declared: &Database, found: &Inside) {
        let (owner, app) = (&declared.owner.name, &declared.app.name);
        let nothing = BTreeSet::new();
        for (code, kind, wanted) in [("r", "TABLES", of_tables(declared)), ("S", "SEQUENCES", of_sequences())] {
            let has = found.defaults.get(code).unwrap_or(&nothing);
            let made = format!("{} that {owner} will make", kind.to_lowercase());
            let alter = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {}", name(owner));
            if !has.is_subset(&wanted) {
                let words = words(&(has - &wanted));
                self.sql(
                    format!("take {words} on {made} from {app}"),
                    format!("{alter} REVOKE {words} ON {kind} FROM {};", name(app)),
                );
            }
            if !wanted.is_subset(has) {
                let words = words(&wanted);
                self.sql(
                    format!("grant {app} {words} on {made}"),
                    format!("{alter} GRANT {words} ON {kind} TO {};", name(app)),
                );
            }
        }
    }
}

fn words(privileges: &BTreeSet<String>) -> String {
    privileges.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn of_sequences() -> BTreeSet<String> {
    OF_SEQUENCES.map(str::to_owned).into()
}

fn of_tables(declared: &Database) -> BTreeSet<String> {
    declared.app_may.iter().map(|privilege| privilege.word().to_owned()).collect()
}

fn listed(relations: &[&Relation]) -> String {
    let names: Vec<String> = relations.iter().take(NAMED).map(|relation| relation.plain()).collect();
    match relations.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

impl Relation {
    /// The name that a person types.
    fn plain(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    fn quoted(&self) -> String {
        format!("{}.{}", name(&self.schema), name(&self.name))
    }

    fn is_sequence(&self) -> bool {
        self.kind == "S"
    }

    /// What `ALTER … OWNER TO` calls it.
    fn word(&self) -> &'static str {
        match self.kind.as_str() {
            "v" => "VIEW",
            "m" => "MATERIALIZED VIEW",
            "S" => "SEQUENCE",
            "f" => "FOREIGN TABLE",
            _ => "TABLE",
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
