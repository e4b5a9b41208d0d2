//! What `pg_dump` writes: the part that a database has before its first migration, and what two dumps differ in.

use std::collections::BTreeMap;

use state::Digest;

/// What a live database has that no migration made: how it was created, its settings, and the rights that its tables
/// will have. For `pg_dump --schema-only --create`.
pub fn preamble(dump: &str) -> String {
    let mut kept = String::new();
    let mut connected = false;
    for line in dump.lines().filter(|line| !is_guard(line)) {
        if line.starts_with("\\connect ") {
            connected = true;
            kept.push_str(line);
            kept.push('\n');
        } else if !connected || is_of_no_table(line) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Statements on one line that are about no object which a migration makes.
fn is_of_no_table(line: &str) -> bool {
    if line.starts_with("ALTER DEFAULT PRIVILEGES ") {
        // Of another schema than public they would name what is not there yet.
        return !line.contains(" IN SCHEMA ") || line.contains(" IN SCHEMA public ");
    }
    let rights = line.starts_with("GRANT ") || line.starts_with("REVOKE ");
    rights && (line.contains(" ON SCHEMA public ") || line.contains(" ON DATABASE "))
        || line.starts_with("ALTER SCHEMA public ")
        || line.starts_with("ALTER DATABASE ")
        || line.starts_with("ALTER ROLE ")
}

/// A line that newer versions put around a dump, different each time.
fn is_guard(line: &str) -> bool {
    line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ")
}

/// What two dumps differ in, in any order: lines that only the first has, and lines that only the second has.
pub fn differences(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    let lines = |text| str::lines(text).map(|line| line.trim_end_matches(',')).filter(|line| says_something(line));
    lines(before).for_each(|line| *counts.entry(line).or_default() -= 1);
    lines(after).for_each(|line| *counts.entry(line).or_default() += 1);
    let of = |sign: i64| {
        counts.iter().filter(|(_, count)| count.signum() == sign).map(|(line, _)| line.trim().to_owned()).collect()
    };
    (of(-1), of(1))
}

/// A digest of a dump's lines, in whatever order: the sum of their digests.
pub fn digest(dump: &str) -> u128 {
    let lines = dump.lines().filter(|line| says_something(line));
    lines.fold(0, |sum: u128, line| {
        let hex = Digest::of(line.as_bytes()).hex();
        sum.wrapping_add(u128::from_str_radix(hex.get(..32).unwrap_or_default(), 16).unwrap_or_default())
    })
}

fn says_something(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with("--") && !is_guard(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "\
\\restrict abc
SET client_encoding = 'UTF8';
CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C.UTF-8';
ALTER DATABASE shop OWNER TO shop_owner;
\\unrestrict abc
\\connect shop
\\restrict abc
SET row_security = off;
CREATE TABLE public.products (
    id integer NOT NULL,
    GRANT text
);
ALTER TABLE public.products OWNER TO shop_owner;
GRANT SELECT ON TABLE public.products TO shop_app;
GRANT USAGE ON SCHEMA public TO shop_app;
GRANT USAGE ON SCHEMA reports TO shop_app;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA public GRANT SELECT ON TABLES TO shop_app;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA reports GRANT SELECT ON TABLES TO shop_app;
\\unrestrict abc
";

    #[test]
    fn the_preamble_is_the_database_and_its_rights_without_any_table() {
        let lines: Vec<String> = preamble(DUMP).lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "SET client_encoding = 'UTF8';",
                "CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C.UTF-8';",
                "ALTER DATABASE shop OWNER TO shop_owner;",
                "\\connect shop",
                "GRANT USAGE ON SCHEMA public TO shop_app;",
                "ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA public GRANT SELECT ON TABLES TO shop_app;",
            ]
        );
    }

    #[test]
    fn dumps_that_differ_in_order_and_guards_alone_are_the_same() {
        let other = DUMP.replace("abc", "xyz").replace("-- x", "-- y");
        let turned = other.lines().rev().collect::<Vec<_>>().join("\n");
        assert_eq!(differences(DUMP, &turned), (vec![], vec![]));
    }

    #[test]
    fn the_digest_of_a_dump_is_that_of_its_rows_in_any_order() {
        let rows = "\\restrict abc\n1\tlamp\n2\trug\n";
        assert_eq!(digest(rows), digest("2\trug\n\n-- a comment\n1\tlamp\n"));
        assert_ne!(digest(rows), digest("1\tlamp\n2\trug\n2\trug\n"));
        assert_ne!(digest(rows), digest("1\tlamp\n"));
    }

    #[test]
    fn what_was_added_and_what_was_taken_away_is_named() {
        let other = DUMP.replace("    id integer NOT NULL,", "    id bigint NOT NULL,");
        assert_eq!(
            differences(DUMP, &other),
            (vec!["id integer NOT NULL".to_owned()], vec!["id bigint NOT NULL".to_owned()])
        );
    }
}
