//! What a pooler that gives each transaction another connection does not carry.
//!
//! From the table "SQL feature map for pooling modes" of PgBouncer's documentation: SET and RESET, LISTEN, WITH HOLD
//! cursors, PREPARE, temporary tables that outlive their transaction, LOAD, session advisory locks.

use crate::sql::statements;

/// What PgBouncer itself keeps for each client, whatever connection it gets.
const TRACKED: [&str; 6] =
    ["client_encoding", "datestyle", "timezone", "time zone", "standard_conforming_strings", "application_name"];

/// What a text needs of a session, if it does.
pub fn feature(text: &str) -> Option<&'static str> {
    statements(text).iter().find_map(|statement| of_statement(statement))
}

fn of_statement(statement: &str) -> Option<&'static str> {
    let begins = |word: &str| statement.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    if begins("listen") || begins("unlisten") {
        return Some("LISTEN");
    }
    if begins("prepare") && !begins("prepare transaction") || begins("deallocate") {
        return Some("PREPARE");
    }
    if begins("load") {
        return Some("LOAD");
    }
    if begins("set") && sets_the_session(statement)
        || statement.contains("set_config(") && !statement.contains(", true)")
    {
        return Some("SET without LOCAL");
    }
    if begins("declare") && statement.contains("with hold") {
        return Some("a cursor WITH HOLD");
    }
    if makes_a_temporary_table(statement) && !statement.contains("on commit drop") {
        return Some("a temporary table");
    }
    takes_a_session_lock(statement).then_some("a session advisory lock")
}

fn sets_the_session(statement: &str) -> bool {
    let rest = statement.trim_start_matches("set ").trim_start_matches("session ");
    let harmless = ["local ", "transaction ", "constraints ", "characteristics "];
    !harmless.iter().chain(&TRACKED).any(|word| rest.starts_with(word))
}

fn makes_a_temporary_table(statement: &str) -> bool {
    let makes = ["create temp ", "create temporary ", "create local temp", "create global temp"];
    makes.iter().any(|words| statement.starts_with(words))
        || (statement.contains(" into temp ") || statement.contains(" into temporary "))
}

fn takes_a_session_lock(statement: &str) -> bool {
    let names = ["pg_advisory_lock", "pg_try_advisory_lock", "pg_advisory_unlock"];
    names.iter().any(|name| statement.contains(name))
}

#[cfg(test)]
mod tests {
    use super::feature;

    #[test]
    fn what_outlives_a_transaction_is_named() {
        for (statement, expected) in [
            ("LISTEN jobs", "LISTEN"),
            ("/* worker */ listen \"Jobs\"", "LISTEN"),
            ("SET search_path TO shop", "SET without LOCAL"),
            ("SET SESSION statement_timeout = 0", "SET without LOCAL"),
            ("BEGIN; SET lock_timeout = '1s'; COMMIT", "SET without LOCAL"),
            ("SELECT set_config('a.b', 'x', false)", "SET without LOCAL"),
            ("SELECT pg_advisory_lock($1)", "a session advisory lock"),
            ("SELECT pg_try_advisory_lock_shared(1)", "a session advisory lock"),
            ("PREPARE q AS SELECT 1", "PREPARE"),
            ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "a cursor WITH HOLD"),
            ("CREATE TEMP TABLE t (i int)", "a temporary table"),
            ("CREATE TEMPORARY TABLE t AS SELECT 1", "a temporary table"),
            ("SELECT 1 INTO TEMP t", "a temporary table"),
            ("LOAD 'auto_explain'", "LOAD"),
        ] {
            assert_eq!(feature(statement), Some(expected), "{statement}");
        }
    }

    #[test]
    fn what_ends_with_its_transaction_is_not() {
        for statement in [
            "SET LOCAL lock_timeout = '1s'",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SET CONSTRAINTS ALL DEFERRED",
            "SET client_encoding TO 'UTF8'",
            "SET TIME ZONE 'UTC'",
            "NOTIFY jobs",
            "SELECT pg_advisory_xact_lock(1)",
            "SELECT set_config('a.b', 'x', true)",
            "PREPARE TRANSACTION 'x'",
            "DECLARE c CURSOR FOR SELECT 1",
            "CREATE TEMP TABLE t (i int) ON COMMIT DROP",
            "SELECT 'LISTEN jobs'",
            "INSERT INTO settings VALUES ('SET x')",
            "UPDATE t SET a = 1",
            "CREATE FUNCTION f() RETURNS void AS $$ LISTEN x $$ LANGUAGE sql",
        ] {
            assert_eq!(feature(statement), None, "{statement}");
        }
    }
}
