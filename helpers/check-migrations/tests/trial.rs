//! A whole trial over an engine in memory: what it starts, what it asks of whom, what it leaves, and what it says.

use std::collections::{BTreeMap, VecDeque};

use check_migrations::{App, Declared, Finding, Kind, OldVersion, Part, Release, Verdict, Versions, check};
use swarm::fake::{Answer, End, Fake};
use swarm::{STACK_LABEL, Service, Task, TaskState};

const APP: App<'static> = App { name: "shop", stack: "shop_example_org", domain: "shop.example.org" };
const LIVE: &str = "live-db";
const SCRATCH: &str = "hearth-scratch-shop-db";

/// What the live database says of itself.
const FACTS: &str = "\
superuser|postgres
libraries|
bytes|8000000
role|shop_owner|false|12
role|shop_app|false|0";

fn declared() -> Declared {
    serde_json::from_str(include_str!("shop.json")).unwrap()
}

fn version(tag: &str) -> Release {
    let part = |image: &str| Part { image: image.to_owned(), ..Part::default() };
    BTreeMap::from([("app".into(), part(&format!("shop:{tag}"))), ("db".into(), part("postgres:17@sha256:aa"))])
}

/// A host on which shop 1 serves. The marks of the scratch server's log are those of a trial without anything wrong.
fn host() -> Fake {
    let fake = Fake::default();
    fake.services.borrow_mut().push(Service {
        name: "shop_example_org_db".into(),
        image: "postgres:17@sha256:aa".into(),
        labels: BTreeMap::from([(STACK_LABEL.to_owned(), APP.stack.to_owned())]),
        ..Service::default()
    });
    let mut trial = fake.trial.borrow_mut();
    trial.tasks.push(Task {
        service: "shop_example_org_db".into(),
        state: TaskState::Running,
        wanted: true,
        container: Some(LIVE.into()),
        ..Task::default()
    });
    trial.answers = vec![
        Answer::new(LIVE, "superuser|", FACTS),
        Answer::new(LIVE, "quote_ident", "public.schema_migrations"),
        Answer::new(LIVE, "pg_dumpall", "CREATE ROLE shop_owner;\nCREATE ROLE shop_app;"),
        Answer::new(LIVE, "--schema-only", "CREATE DATABASE shop;\n\\connect shop\nCREATE TABLE public.reviews ();"),
        Answer::new(LIVE, "--data-only", "COPY public.schema_migrations FROM stdin;\n36\n\\.\n"),
    ];
    for image in ["shop:1", "shop:2"] {
        trial.files.insert(image.into(), vec!["0036_a.up.sql".into()]);
    }
    trial.logs.insert(SCRATCH.into(), log(&[]));
    drop(trial);
    fake
}

/// A log whose phases end with their marks: empty, copy, again, new version, old version.
fn log(phases: &[&str]) -> Vec<String> {
    let mark = |number: usize| format!("hearth|9|postgres|postgres|00000|LOG:  hearth-mark-{number}-");
    (0..5).flat_map(|at| phases.get(at).map(|line| (*line).to_owned()).into_iter().chain([mark(at + 1)])).collect()
}

fn fails(fake: &Fake, attempt: &str, said: &str) {
    let end = End { exit_code: Some(1), log: vec![said.to_owned()] };
    fake.trial.borrow_mut().ends.insert(format!("hearth-scratch-shop-{attempt}"), VecDeque::from([end]));
}

/// Different dumps before and after the migrations ran on the copy: they change something.
fn with_changes(fake: &Fake) {
    let answers = &mut fake.trial.borrow_mut().answers;
    answers.push(
        Answer::new(
            SCRATCH,
            "pg_dump --no-tablespaces --no-subscriptions --lock-wait-timeout=10000 --username=postgres shop",
            "CREATE TABLE a ();",
        )
        .once(),
    );
    answers.push(Answer::new(SCRATCH, "pg_dump", "CREATE TABLE a (b int);"));
}

async fn tried(fake: &Fake, declared: &Declared) -> Result<Verdict, Finding> {
    let (old, new) = (version("1"), version("2"));
    let versions = Versions { new: &new, old: Some(&old) };
    let ended = check(fake, APP, declared, versions, &mut |_| {}).await.expect("the trial could be made");
    let trial = fake.trial.borrow();
    assert!(trial.containers.is_empty() && trial.networks.is_empty(), "something was left: {trial:?}");
    ended
}

#[tokio::test(start_paused = true)]
async fn good_migrations_are_tried_from_nothing_from_the_live_schema_and_once_more_then_both_versions_run() {
    let fake = host();
    with_changes(&fake);
    let verdict = tried(&fake, &declared()).await.expect("nothing is wrong");
    assert_eq!((verdict.old_version, verdict.changes), (OldVersion::Works, true));
    let started: Vec<_> = fake.trial.borrow().started.iter().map(|one| format!("{} {}", one.name, one.image)).collect();
    assert_eq!(
        started,
        [
            "hearth-scratch-shop-db postgres:17@sha256:aa",
            "hearth-scratch-shop-migrate-empty shop:2",
            "hearth-scratch-shop-migrate-copy shop:2",
            "hearth-scratch-shop-migrate-again shop:2",
            "hearth-scratch-shop-new shop:2",
            "hearth-scratch-shop-old shop:1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn of_the_live_database_only_what_reads_is_asked() {
    let fake = host();
    with_changes(&fake);
    tried(&fake, &declared()).await.expect("nothing is wrong");
    let calls = fake.calls.borrow();
    let asked: Vec<&String> = calls.iter().filter(|call| call.starts_with(&format!("in {LIVE}: "))).collect();
    assert_eq!(asked.len(), 5, "{asked:?}");
    for call in asked {
        let words = &call[format!("in {LIVE}: ").len()..];
        let reads = words.starts_with("pg_dump ") || words.starts_with("pg_dumpall ") || words.contains("SELECT ");
        let rows = words.starts_with("pg_dump ") && !words.contains("--schema-only");
        assert!(
            !rows || words.contains("--table=public.schema_migrations"),
            "rows that are nobody's business: {words}"
        );
        assert!(reads && !["CREATE", "ALTER", "DROP", "INSERT"].iter().any(|word| words.contains(word)), "{words}");
    }
    let read_only =
        ("PGOPTIONS".to_owned(), "-c default_transaction_read_only=on -c search_path=pg_catalog".to_owned());
    let trial = fake.trial.borrow();
    let mut live = trial.commands.iter().filter(|(container, _)| container == LIVE);
    assert!(live.all(|(_, command)| command.environment.contains(&read_only)), "{:?}", trial.commands);
}

#[tokio::test(start_paused = true)]
async fn the_migrations_run_as_the_role_that_is_declared_and_the_app_as_its_own() {
    let fake = host();
    with_changes(&fake);
    tried(&fake, &declared()).await.expect("nothing is wrong");
    for container in &fake.trial.borrow().started[1..] {
        let role = if container.name.contains("migrate") { "shop_owner" } else { "shop_app" };
        let url = &container.environment["DATABASE_URL"];
        assert!(
            url.starts_with(&format!("postgres://{role}:")) && url.contains("@db:5432/shop"),
            "{}: {url}",
            container.name
        );
        assert_eq!(container.network, "hearth-scratch-shop");
        assert_eq!(container.owner, "shop");
    }
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_slot_is_found_before_anything_is_started() {
    let fake = host();
    let files = ["0037_a.up.sql", "0037_b.up.sql"].map(str::to_owned).to_vec();
    fake.trial.borrow_mut().files.insert("shop:2".into(), files);
    let finding = tried(&fake, &declared()).await.expect_err("it is wrong");
    assert_eq!(finding.kind, Kind::DuplicateSlot);
    assert!(fake.trial.borrow().started.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_only_the_live_schema_shows_is_found_in_the_second_attempt() {
    let fake = host();
    fails(&fake, "migrate-copy", "error: migration failed");
    fake.trial.borrow_mut().answers.push(Answer::new(SCRATCH, "pg_get_userbyid", "postgres"));
    let error = "\
hearth|1|shop_owner|shop|42501|ERROR:  must be owner of table reviews";
    fake.trial.borrow_mut().logs.insert(SCRATCH.into(), log(&["", error]));
    let finding = tried(&fake, &declared()).await.expect_err("it is wrong");
    assert_eq!(finding.kind, Kind::NotOwner);
    assert!(finding.to_string().contains("belongs to postgres while the migrations run as shop_owner"), "{finding}");
    assert!(finding.object.contains("from a copy of the live schema"), "{finding}");
}

#[tokio::test(start_paused = true)]
async fn what_changes_the_database_the_second_time_is_not_repeatable() {
    let fake = host();
    let answers = ["1 row", "2 rows", "2 rows", "2 rows", "3 rows"];
    for content in answers {
        fake.trial.borrow_mut().answers.push(Answer::new(SCRATCH, "pg_dump ", content).once());
    }
    let finding = tried(&fake, &declared()).await.expect_err("it is wrong");
    assert_eq!(finding.kind, Kind::NotRepeatable, "{finding}");
}

#[tokio::test(start_paused = true)]
async fn an_old_version_that_fails_makes_a_rollback_need_the_snapshot_and_stops_nothing() {
    let fake = host();
    with_changes(&fake);
    let mut refused = Answer::new("hearth-scratch-shop-old", "/shop health", "");
    refused.printed.exit_code = Some(1);
    refused.printed.complaints = "status 500".into();
    fake.trial.borrow_mut().answers.insert(0, refused);
    let verdict = tried(&fake, &declared()).await.expect("the new version is good");
    assert!(matches!(&verdict.old_version, OldVersion::Breaks(why) if why.contains("status 500")), "{verdict:?}");
}

#[tokio::test(start_paused = true)]
async fn an_old_version_that_answers_and_misses_a_column_does_not_work() {
    let fake = host();
    with_changes(&fake);
    let error = "hearth|5|shop_app|shop|42703|ERROR:  column \"price_cents\" does not exist";
    fake.trial.borrow_mut().logs.insert(SCRATCH.into(), log(&["", "", "", "", error]));
    let verdict = tried(&fake, &declared()).await.expect("the new version is good");
    assert!(matches!(&verdict.old_version, OldVersion::Breaks(why) if why.contains("price_cents")), "{verdict:?}");
}

#[tokio::test(start_paused = true)]
async fn a_new_version_that_ends_at_once_is_refused_with_what_the_database_told_it() {
    let fake = host();
    fails(&fake, "new", "cannot serve");
    let error = "hearth|4|shop_app|shop|42501|ERROR:  permission denied for table prices";
    fake.trial.borrow_mut().logs.insert(SCRATCH.into(), log(&["", "", "", error]));
    let finding = tried(&fake, &declared()).await.expect_err("it is wrong");
    assert_eq!(finding.kind, Kind::NewVersion);
    assert!(finding.cause.contains("permission denied for table prices (42501)"), "{finding}");
}

#[tokio::test(start_paused = true)]
async fn a_session_feature_is_refused_only_where_a_pooler_is_declared() {
    let listens = "hearth|4|shop_app|shop|00000|LOG:  statement: LISTEN orders";
    for (pooled, expected) in [(r#"["app"]"#, Some(Kind::SessionFeature)), (r#"["migrations"]"#, None), ("[]", None)] {
        let fake = host();
        fake.trial.borrow_mut().logs.insert(SCRATCH.into(), log(&["", "", "", listens]));
        let mut declared = declared();
        declared.pooled = serde_json::from_str(pooled).unwrap();
        assert_eq!(tried(&fake, &declared).await.err().map(|finding| finding.kind), expected, "{pooled}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_live_database_the_migrations_are_tried_from_nothing_and_once_more() {
    let fake = host();
    fake.services.borrow_mut().clear();
    let new = version("2");
    let versions = Versions { new: &new, old: None };
    let verdict = check(&fake, APP, &declared(), versions, &mut |_| {}).await.unwrap().expect("nothing is wrong");
    assert!(matches!(verdict.old_version, OldVersion::NotAsked(_)));
    let attempts: Vec<_> = fake.trial.borrow().started.iter().map(|one| one.name.clone()).collect();
    assert!(!attempts.iter().any(|name| name.contains("copy") || name.contains("old")), "{attempts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_live_database_that_does_not_run_is_an_error_and_no_verdict() {
    let fake = host();
    fake.trial.borrow_mut().tasks.clear();
    let (old, new) = (version("1"), version("2"));
    let versions = Versions { new: &new, old: Some(&old) };
    let error = check(&fake, APP, &declared(), versions, &mut |_| {}).await.expect_err("nothing can be said");
    assert!(error.to_string().contains("shop_example_org_db"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_trial_left_is_swept_up_first_and_what_is_another_app_s_is_not() {
    let fake = host();
    let left = swarm::NewScratch { owner: "shop".into(), name: "left".into(), ..Default::default() };
    let other = swarm::NewScratch { owner: "wiki".into(), name: "other".into(), ..Default::default() };
    fake.trial.borrow_mut().containers.extend([("left".into(), left), ("other".into(), other)]);
    let mut said = Vec::new();
    let (old, new) = (version("1"), version("2"));
    let versions = Versions { new: &new, old: Some(&old) };
    check(&fake, APP, &declared(), versions, &mut |line| said.push(line)).await.unwrap().expect("nothing is wrong");
    assert_eq!(fake.calls.borrow()[0], "sweep shop");
    assert!(said[0].contains("removed 1 things"), "{said:?}");
    assert_eq!(fake.trial.borrow().containers.keys().collect::<Vec<_>>(), ["other"]);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_the_live_server_does_not_have_is_refused() {
    let fake = host();
    let mut declared = declared();
    declared.database.app = "shop_web".into();
    let finding = tried(&fake, &declared).await.expect_err("it is wrong");
    assert_eq!(finding.kind, Kind::Declaration);
    assert!(finding.to_string().contains("role shop_web"), "{finding}");
}

#[tokio::test(start_paused = true)]
async fn a_full_copy_that_does_not_fit_is_refused_before_it_is_read() {
    let fake = host();
    let mut declared = declared();
    (declared.copy, declared.memory_bytes) = (check_migrations::declared::Copy::Full, 15_000_000);
    assert_eq!(tried(&fake, &declared).await.expect_err("it is wrong").kind, Kind::NoRoom);
    assert!(!fake.calls.borrow().iter().any(|call| call.contains("--data-only")));
}
