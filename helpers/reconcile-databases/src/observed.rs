//! What a server says of roles, databases, owners and privileges: the questions, and the types of the answers.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use check_migrations::postgres::quoted;
use serde::Deserialize;

use crate::manifest::Database;

/// The whole of it.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Roles and databases.
    pub server: Server,
    /// What is in each declared database that is there.
    pub inside: BTreeMap<String, Inside>,
}

/// What is the same for all databases.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Server {
    /// The declared roles that are there.
    pub roles: Vec<Role>,
    /// The declared databases that are there.
    pub databases: Vec<SeenDatabase>,
    /// The function by which the pooler looks up what is kept of passwords, as it is written; none when it is not there.
    pub lookup: Option<Lookup>,
}

/// A role.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Whether it may log in.
    pub login: bool,
    /// Which of the rights it has that reach beyond a database.
    pub powers: BTreeSet<String>,
    /// What is kept of its password.
    pub verifier: String,
    /// The roles whose rights it has too.
    pub member_of: BTreeSet<String>,
}

/// A database, seen from outside.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeenDatabase {
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// What was granted on it.
    pub grants: Vec<Grant>,
}

/// The function of the pooler.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lookup {
    /// Its text.
    pub source: String,
    /// Whether it runs with the rights of its owner, who is the superuser.
    pub trusted: bool,
    /// Who may call it.
    pub grants: Vec<Grant>,
}

/// Something that was granted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// To whom; `PUBLIC` for everybody.
    pub to: String,
    /// What, as SQL calls it.
    pub what: String,
}

/// What is in a database.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Inside {
    /// The extensions.
    pub extensions: BTreeSet<String>,
    /// The schemas that are not the system's own or an extension's.
    pub schemas: Vec<Schema>,
    /// Tables, views and sequences in these.
    pub relations: Vec<Relation>,
    /// Functions, procedures and types in these that somebody else than the declared owner owns.
    pub strange: Vec<Strange>,
    /// What the app's role gets on what the owner will make: privileges by the kind of object, `r` or `S`.
    pub defaults: BTreeMap<String, BTreeSet<String>>,
}

/// A schema.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// What was granted on it.
    pub grants: Vec<Grant>,
}

/// A table, a view or a sequence.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Relation {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// What it is: `pg_class.relkind`.
    pub kind: String,
    /// Its owner.
    pub owner: String,
    /// Whether it is a sequence of a column, which always has the owner of the table.
    pub of_column: bool,
    /// What the app's role was granted.
    pub app: BTreeSet<String>,
}

/// A function, a procedure or a type of the wrong owner.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Strange {
    /// `ROUTINE` or `TYPE`.
    pub kind: String,
    /// Its name as SQL takes it, with its arguments.
    pub name: String,
    /// Its owner.
    pub owner: String,
}

impl Inside {
    /// A database that was made a moment ago, by the owner.
    pub fn fresh() -> Self {
        let public = Schema { name: "public".to_owned(), owner: "pg_database_owner".to_owned(), grants: Vec::new() };
        Self { schemas: vec![public], ..Self::default() }
    }
}

/// Grants as JSON; `acl` is the column, `default` what holds where nothing was ever granted.
fn grants(acl: &str, default: &str) -> String {
    format!(
        "(SELECT coalesce(json_agg(json_build_object('to', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END, 'what', a.privilege_type)), '[]') FROM aclexplode(coalesce({acl}, {default})) a)"
    )
}

fn all(of: &str) -> String {
    format!("(SELECT coalesce(json_agg({of}), '[]')")
}

fn names(of: impl Iterator<Item = impl AsRef<str>>) -> String {
    let quoted: Vec<String> = of.map(|name| quoted(name.as_ref())).collect();
    if quoted.is_empty() { "NULL".to_owned() } else { quoted.join(", ") }
}

/// What goes before every question. It is the superuser who asks, and in a database in which others make things: a function
/// or an operator of theirs that fits better than the system's own would run with all rights. Not an option of the
/// connection, since `CREATE EXTENSION` chooses its schema by it.
const OF_THE_SYSTEM_ONLY: &str = "SET search_path = pg_catalog;\n";

/// The question about roles and databases, one line of JSON.
pub fn server_query<'a>(roles: impl Iterator<Item = &'a str>, databases: impl Iterator<Item = &'a str>) -> String {
    let role = "json_build_object('name', rolname, 'login', rolcanlogin, 'powers', array_remove(ARRAY[CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END], NULL), 'verifier', coalesce(rolpassword, ''), 'memberOf', (SELECT coalesce(json_agg(DISTINCT g.rolname), '[]') FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid))";
    let database = format!(
        "json_build_object('name', datname, 'owner', pg_get_userbyid(datdba), 'grants', {})",
        grants("datacl", "acldefault('d', datdba)")
    );
    let lookup = format!(
        "json_build_object('source', p.prosrc, 'trusted', p.prosecdef AND p.proowner = 10, 'grants', {})",
        grants("p.proacl", "acldefault('f', p.proowner)")
    );
    format!(
        "{OF_THE_SYSTEM_ONLY}SELECT json_build_object('roles', {} FROM pg_authid r WHERE rolname IN ({})), 'databases', {} FROM pg_database WHERE datname IN ({})), 'lookup', (SELECT {lookup} FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'hearth' AND p.proname = 'user_lookup' LIMIT 1));",
        all(role),
        names(roles),
        all(&database),
        names(databases),
    )
}

/// The schemas that are somebody's, and what in them no extension brought.
const SCHEMAS: &str = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'hearth') AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = n.oid AND e.deptype = 'e')";

fn no_extension(class: &str, object: &str) -> String {
    format!(
        "NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{class}'::regclass AND e.objid = {object} AND e.deptype = 'e')"
    )
}

/// The question about what is in a database, one line of JSON.
pub fn inside_query(database: &Database) -> String {
    let (owner, app) = (quoted(&database.owner.name), quoted(&database.app.name));
    let schema = format!(
        "json_build_object('name', n.nspname, 'owner', pg_get_userbyid(n.nspowner), 'grants', {})",
        grants("n.nspacl", "acldefault('n', n.nspowner)")
    );
    let of_app = |acl: &str| {
        format!(
            "(SELECT coalesce(json_agg(DISTINCT a.privilege_type), '[]') FROM aclexplode({acl}) a JOIN pg_roles g ON g.oid = a.grantee WHERE g.rolname = {app})"
        )
    };
    let relation = format!(
        "json_build_object('schema', n.nspname, 'name', c.relname, 'kind', c.relkind, 'owner', pg_get_userbyid(c.relowner), 'ofColumn', EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass AND c.relkind = 'S'), 'app', {})",
        of_app("c.relacl")
    );
    let strange = format!(
        "SELECT 'ROUTINE' AS kind, quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name, pg_get_userbyid(p.proowner) AS owner FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {SCHEMAS} AND {} UNION ALL SELECT 'TYPE', quote_ident(n.nspname) || '.' || quote_ident(t.typname), pg_get_userbyid(t.typowner) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r') AND {SCHEMAS} AND {}",
        no_extension("pg_proc", "p.oid"),
        no_extension("pg_type", "t.oid"),
    );
    format!(
        "{OF_THE_SYSTEM_ONLY}SELECT json_build_object('extensions', {} FROM pg_extension), 'schemas', {} FROM pg_namespace n WHERE {SCHEMAS}), 'relations', {} FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {SCHEMAS} AND {}), 'strange', {} FROM ({strange}) s WHERE s.owner <> {owner}), 'defaults', (SELECT coalesce(json_object_agg(d.defaclobjtype, {}), '{{}}') FROM pg_default_acl d WHERE d.defaclnamespace = 0 AND pg_get_userbyid(d.defaclrole) = {owner} AND d.defaclobjtype IN ('r', 'S')));",
        all("extname"),
        all(&schema),
        all(&relation),
        no_extension("pg_class", "c.oid"),
        all("json_build_object('kind', s.kind, 'name', s.name, 'owner', s.owner)"),
        of_app("d.defaclacl"),
    )
}

/// Reads an answer. Its text is not part of an error: it may hold what is kept of passwords.
///
/// # Errors
/// When it is not the answer to the question.
pub fn parse<T: serde::de::DeserializeOwned>(text: &str, of: &str) -> anyhow::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| anyhow::anyhow!("column {}, {:?}", error.column(), error.classify()))
        .with_context(|| format!("the answer of the server about {of} cannot be read; nothing was changed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_finds_the_systems_own_functions_and_operators_only() {
        let role = |name: &str| crate::manifest::Role { name: name.to_owned(), password_file: "/p".into() };
        let shop = Database {
            owner: role("shop_owner"),
            app: role("shop_app"),
            app_may: BTreeSet::new(),
            leave: BTreeSet::new(),
            extensions: BTreeSet::new(),
        };
        let names = ["shop".to_owned()];
        for question in [inside_query(&shop), server_query(["shop_app"].into_iter(), names.iter().map(String::as_str))]
        {
            assert!(question.starts_with("SET search_path = pg_catalog;\nSELECT "), "{question}");
        }
    }
}
