use super::*;

fn failed(state: &str, message: &str, statement: &str) -> Failed<'static> {
    Failed {
        image: "shop:2",
        pass: Pass::Copy,
        role: "shop_owner",
        exit_code: Some(1),
        seconds: 60,
        problem: Some(Problem { state: state.into(), message: message.into(), statement: statement.into() }),
        owner: None,
        lines: vec!["error: migration failed".into()],
    }
}

#[test]
fn a_missing_ownership_names_the_table_its_owner_the_role_and_the_statement() {
    let mut failed = failed("42501", "must be owner of table reviews", "ALTER TABLE reviews ADD stars int");
    failed.owner = Some("postgres".into());
    let finding = explain(&failed);
    assert_eq!(finding.kind, Kind::NotOwner);
    let said = finding.to_string();
    for word in [
        "from a copy of the live schema",
        "must be owner of table reviews (42501)",
        "belongs to postgres while the migrations run as shop_owner",
        "ALTER TABLE reviews ADD stars int",
        "OWNER TO shop_owner",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn each_error_of_the_database_has_its_kind() {
    for (state, kind) in [
        ("42501", Kind::NotAllowed),
        ("42703", Kind::Missing),
        ("42P01", Kind::Missing),
        ("42P07", Kind::Exists),
        ("57014", Kind::TooLong),
        ("55P03", Kind::LockTooLong),
        ("23505", Kind::Data),
        ("22P02", Kind::Data),
        ("53100", Kind::NoRoom),
        ("XX000", Kind::Failed),
    ] {
        assert_eq!(explain(&failed(state, "it failed", "")).kind, kind, "{state}");
    }
}

#[test]
fn a_tool_that_refuses_by_itself_is_told_in_its_own_words() {
    let words = "error: duplicate migration file: 0037_b.up.sql";
    let failed =
        Failed { problem: None, lines: vec!["looking".into(), words.into(), String::new()], ..failed("", "", "") };
    let finding = explain(&failed);
    assert_eq!(finding.kind, Kind::DuplicateSlot);
    assert!(finding.cause.contains("exit code 1") && finding.cause.contains(words), "{finding}");
}

#[test]
fn a_command_that_does_not_end_is_no_error_of_the_database() {
    let finding = explain(&Failed { exit_code: None, ..failed("57P01", "terminating connection", "") });
    assert_eq!(finding.kind, Kind::DidNotEnd);
    assert!(finding.cause.contains("60 s"), "{finding}");
}

#[test]
fn whatever_fails_the_second_time_is_not_repeatable() {
    let finding = explain(&Failed { pass: Pass::Again, ..failed("42P07", "relation \"t\" already exists", "") });
    assert_eq!(finding.kind, Kind::NotRepeatable);
}

#[test]
fn the_object_of_a_missing_ownership_is_taken_from_the_message() {
    assert_eq!(owned_object("must be owner of table reviews"), Some(("table", "reviews")));
    assert_eq!(owned_object("permission denied for table reviews"), None);
}
