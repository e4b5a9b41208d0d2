//! What a PostgreSQL server says of the statements that it is given.

/// Begins each entry of the scratch server's log: marker, session, user, database, SQLSTATE.
pub const PREFIX: &str = "hearth|%c|%u|%d|%e|";

/// One entry of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The connection.
    pub session: String,
    /// The role that it is of.
    pub user: String,
    /// The SQLSTATE; `00000` where nothing is wrong.
    pub state: String,
    /// `LOG`, `ERROR`, `STATEMENT` …
    pub level: String,
    /// The text.
    pub text: String,
}

impl Entry {
    /// The statement that this entry tells of, if it is of that kind.
    pub fn statement(&self) -> Option<&str> {
        if self.level != "LOG" {
            return None;
        }
        if let Some(statement) = self.text.strip_prefix("statement: ") {
            return Some(statement);
        }
        // Of the extended protocol: `execute NAME: …`.
        self.text.strip_prefix("execute ")?.split_once(": ").map(|(_, statement)| statement)
    }

    /// Whether a statement failed.
    pub fn is_error(&self) -> bool {
        matches!(self.level.as_str(), "ERROR" | "FATAL" | "PANIC")
    }
}

/// The entries of a log. A line without the prefix goes on with the entry before it.
pub fn entries(lines: &[String]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in lines {
        if let Some(entry) = begin(line) {
            entries.push(entry);
        } else if let Some(last) = entries.last_mut() {
            last.text = format!("{}\n{}", last.text, line.trim_start());
        }
    }
    entries
}

fn begin(line: &str) -> Option<Entry> {
    let mut parts = line.splitn(6, '|');
    if parts.next()? != "hearth" {
        return None;
    }
    let (session, user, _, state) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (level, text) = parts.next()?.split_once(':')?;
    let own = |text: &str| text.trim().to_owned();
    Some(Entry { session: own(session), user: own(user), state: own(state), level: own(level), text: own(text) })
}

/// An error, and the statement that it came of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The SQLSTATE.
    pub state: String,
    /// The server's words.
    pub message: String,
    /// The statement, on one line.
    pub statement: String,
}

/// That a transaction failed before: a consequence, and never the cause.
const ABORTED: &str = "25P02";

/// The errors of these roles, in order.
pub fn problems(entries: &[Entry], users: &[&str]) -> Vec<Problem> {
    let is_theirs = |entry: &Entry| users.contains(&entry.user.as_str()) && entry.is_error() && entry.state != ABORTED;
    let theirs = entries.iter().enumerate().filter(|(_, entry)| is_theirs(entry));
    theirs
        .map(|(at, entry)| {
            let same = |other: &&Entry| other.session == entry.session && other.level == "STATEMENT";
            let statement = entries[at..].iter().take(8).find(same).map(|entry| one_line(without_comment(&entry.text)));
            Problem {
                state: entry.state.clone(),
                message: one_line(&entry.text),
                statement: statement.unwrap_or_default(),
            }
        })
        .collect()
}

/// A statement without the comment that it begins with.
fn without_comment(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some((_, after)) = rest.strip_prefix("--").and_then(|comment| comment.split_once('\n')) {
        rest = after.trim_start();
    }
    rest
}

/// A statement as a sentence can hold it.
pub fn one_line(text: &str) -> String {
    const MOST: usize = 200;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(text: &str) -> Vec<Entry> {
        entries(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    const LOG: &str = "\
PostgreSQL init process complete; ready for start up.
hearth|68a.1|shop_owner|shop|00000|LOG:  statement: ALTER TABLE reviews
 ADD COLUMN stars int
hearth|68a.1|shop_owner|shop|42501|ERROR:  must be owner of table reviews
hearth|68a.2|postgres|shop|00000|LOG:  statement: SELECT 1
hearth|68a.1|shop_owner|shop|42501|STATEMENT:  ALTER TABLE reviews
 ADD COLUMN stars int
hearth|68a.3|shop_app|shop|00000|LOG:  execute <unnamed>: SELECT pg_advisory_lock($1)
hearth|68a.3|shop_app|shop|00000|DETAIL:  Parameters: $1 = '1'";

    #[test]
    fn an_error_is_told_with_its_state_and_its_statement_on_one_line() {
        let problem = Problem {
            state: "42501".into(),
            message: "must be owner of table reviews".into(),
            statement: "ALTER TABLE reviews ADD COLUMN stars int".into(),
        };
        assert_eq!(problems(&log(LOG), &["shop_owner"]), [problem]);
        assert_eq!(problems(&log(LOG), &["shop_app"]), []);
    }

    #[test]
    fn that_a_transaction_had_failed_is_not_told_for_the_reason() {
        let log = log(
            "hearth|1|o|d|57014|ERROR:  canceling statement\nhearth|1|o|d|25P02|ERROR:  current transaction is aborted",
        );
        let states: Vec<String> = problems(&log, &["o"]).into_iter().map(|problem| problem.state).collect();
        assert_eq!(states, ["57014"]);
    }

    #[test]
    fn statements_of_both_protocols_are_found() {
        let entries = log(LOG);
        let found: Vec<&str> = entries.iter().filter_map(Entry::statement).collect();
        assert_eq!(found, ["ALTER TABLE reviews\nADD COLUMN stars int", "SELECT 1", "SELECT pg_advisory_lock($1)"]);
        let error = &self::log("hearth|1|o|d|42601|ERROR:  statement: LISTEN x")[0];
        assert_eq!(error.statement(), None);
    }

    #[test]
    fn a_statement_cannot_pretend_to_be_an_entry() {
        // The server puts a tab before every line but the first, which the engine's reader makes a space.
        let entries = log("hearth|1|app|d|00000|LOG:  statement: SELECT '\n hearth|2|root|d|42501|ERROR:  x");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].user, "app");
    }

    #[test]
    fn a_statement_is_told_without_the_comment_before_it() {
        assert_eq!(without_comment("-- why\n -- and how\nCREATE INDEX a"), "CREATE INDEX a");
        assert_eq!(without_comment("-- nothing else"), "-- nothing else");
    }

    #[test]
    fn a_long_statement_is_cut_where_a_character_ends() {
        assert_eq!(one_line(&"ä".repeat(300)).chars().count(), 201);
    }
}
