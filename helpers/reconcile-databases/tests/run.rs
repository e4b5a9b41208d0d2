//! Whole runs against a server in memory, which answers what it is told to.

use std::path::Path;

use reconcile_databases::manifest::Manifest;
use reconcile_databases::run::reconcile;
use state::{Outcome, Receipt};
use swarm::fake::{Answer, Fake};
use swarm::{Printed, Service, Task, TaskState};

const CANARY: &str = "canary-2b7e151628aed2a6";

fn manifest(folder: &Path) -> Manifest {
    for (name, text) in [("owner", "of-the-owner"), ("app", CANARY), ("pooler", "of-the-pooler")] {
        std::fs::write(folder.join(name), format!("{text}\n")).unwrap();
    }
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    serde_json::from_value(serde_json::json!({
        "stateFolder": path("state"), "dockerSocket": "/d", "stack": "databases", "service": "db", "superuser": "postgres",
        "readySeconds": 0,
        "pooler": {"service": "pooler", "port": 6432, "role": "hearth_pooler", "passwordFile": path("pooler")},
        "databases": {"shop": {
            "owner": {"name": "shop_owner", "passwordFile": path("owner")},
            "app": {"name": "shop_app", "passwordFile": path("app")},
            "appMay": ["SELECT"], "leave": [], "extensions": [],
        }},
    }))
    .unwrap()
}

/// A server that runs, and answers these.
fn server(answers: Vec<Answer>) -> Fake {
    let fake = Fake::default();
    let mut service = Service::replicated("databases_db", 1);
    service.labels.insert(swarm::STACK_LABEL.to_owned(), "databases".to_owned());
    fake.services.borrow_mut().push(service);
    fake.trial.borrow_mut().tasks.push(Task {
        service: "databases_db".to_owned(),
        state: TaskState::Running,
        wanted: true,
        container: Some("db-1".to_owned()),
        ..Task::default()
    });
    fake.trial.borrow_mut().answers = answers;
    fake
}

const EMPTY: &str = r#"{"roles":[],"databases":[],"lookup":null}"#;

/// What a server says that is as declared, with what it keeps of the passwords that it was told.
fn settled(fake: &Fake) -> Vec<Answer> {
    let kept = |role: &str| {
        let commands = &fake.trial.borrow().commands;
        let set = commands.iter().rev().map(|(_, command)| String::from_utf8_lossy(&command.input).into_owned());
        let statement = set.into_iter().find(|sql| sql.contains(&format!("ALTER ROLE \"{role}\" PASSWORD"))).unwrap();
        statement.split('\'').nth(1).unwrap().to_owned()
    };
    let role = |name: &str| serde_json::json!({"name": name, "login": true, "powers": [], "verifier": kept(name), "memberOf": []});
    let server = serde_json::json!({
        "roles": [role("shop_owner"), role("shop_app"), role("hearth_pooler")],
        "databases": [{"name": "shop", "owner": "shop_owner", "grants": [{"to": "shop_app", "what": "CONNECT"}]}],
        "lookup": {"source": reconcile_databases::plan::LOOKUP, "trusted": true,
            "grants": [{"to": "hearth_pooler", "what": "EXECUTE"}]},
    });
    let inside = serde_json::json!({
        "extensions": [], "relations": [], "strange": [],
        "schemas": [{"name": "public", "owner": "pg_database_owner", "grants": [{"to": "shop_app", "what": "USAGE"}]}],
        "defaults": {"r": ["SELECT"], "S": ["SELECT", "USAGE"]},
    });
    vec![
        Answer::new("db-1", "'roles'", &server.to_string()),
        Answer::new("db-1", "'relations'", &inside.to_string()),
        Answer::new("db-1", "SELECT current_user", "shop_app\n"),
    ]
}

async fn run(manifest: &Manifest, fake: &Fake) -> (Receipt, String) {
    let mut said = String::new();
    let mut say = |line: String| said.extend([line.as_str(), "\n"]);
    let receipt = reconcile(manifest, fake, false, &mut say).await.unwrap();
    (receipt, said)
}

/// The first look finds nothing; the ones after it what `settled` says, made from what was set in between.
async fn first_run(manifest: &Manifest) -> Fake {
    let fake = server(vec![Answer::new("db-1", "'roles'", EMPTY)]);
    let (receipt, _) = run(manifest, &fake).await;
    // It is not what a server would say after that.
    assert_eq!(receipt.outcome, Outcome::Failed);
    assert!(receipt.summary.contains("it still differs after 3 rounds"), "{}", receipt.summary);
    let answers = settled(&fake);
    fake.trial.borrow_mut().answers = answers;
    fake
}

#[tokio::test(start_paused = true)]
async fn what_is_as_declared_is_unchanged_and_the_app_was_tried_through_the_pooler() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = manifest(folder.path());
    let fake = first_run(&manifest).await;
    fake.trial.borrow_mut().commands.clear();
    let (receipt, said) = run(&manifest, &fake).await;
    assert_eq!(receipt.outcome, Outcome::Unchanged, "{}\n{said}", receipt.summary);
    let trial = fake.trial.borrow();
    let (_, last) = trial.commands.last().unwrap();
    assert!(
        last.arguments.iter().any(|word| word.contains("host=databases_pooler port=6432 dbname=shop user=shop_app"))
    );
    assert_eq!(last.input, format!("{CANARY}\n").as_bytes());
}

#[tokio::test(start_paused = true)]
async fn a_password_is_in_no_argument_no_variable_no_statement_and_no_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = manifest(folder.path());
    let fake = first_run(&manifest).await;
    let (receipt, said) = run(&manifest, &fake).await;
    for (_, command) in &fake.trial.borrow().commands {
        let open = format!("{:?} {:?}", command.arguments, command.environment);
        assert!(!open.contains(CANARY), "{open}");
        let input = String::from_utf8_lossy(&command.input).into_owned();
        assert!(!input.contains(CANARY) || input == format!("{CANARY}\n"), "{input}");
    }
    let kept = std::fs::read_to_string(manifest.state_folder.join("last.json")).unwrap();
    for text in [kept, said, serde_json::to_string(&receipt).unwrap()] {
        assert!(!text.contains(CANARY) && !text.contains("SCRAM"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_that_does_not_get_in_fails_the_run_with_the_words_of_who_refused() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = manifest(folder.path());
    let fake = first_run(&manifest).await;
    let refused = Printed {
        exit_code: Some(2),
        output: Vec::new(),
        complaints: "Password for user shop_app: \npsql: error: FATAL:  password authentication failed".to_owned(),
    };
    let answer = Answer { printed: refused, ..Answer::new("db-1", "SELECT current_user", "") };
    fake.trial.borrow_mut().answers.insert(0, answer);
    let (receipt, _) = run(&manifest, &fake).await;
    assert_eq!(receipt.outcome, Outcome::Failed);
    assert!(
        receipt.summary.contains("database shop: shop_app does not get in through the pooler databases_pooler")
            && receipt.summary.contains("password authentication failed"),
        "{}",
        receipt.summary
    );
}

#[tokio::test(start_paused = true)]
async fn a_step_that_the_server_refuses_is_told_with_its_words_and_the_rest_waits() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = manifest(folder.path());
    let refused = Printed {
        exit_code: Some(3),
        output: Vec::new(),
        complaints: "ERROR:  canceling statement due to lock timeout".to_owned(),
    };
    let fake = server(vec![
        Answer { printed: refused, ..Answer::new("db-1", "CREATE DATABASE", "") },
        Answer::new("db-1", "'roles'", EMPTY),
    ]);
    let (receipt, _) = run(&manifest, &fake).await;
    assert_eq!(receipt.outcome, Outcome::Failed);
    assert!(
        receipt.summary.contains("create database shop, owned by shop_owner; the next run goes on from there")
            && receipt.summary.contains("lock timeout"),
        "{}",
        receipt.summary
    );
    assert!(receipt.steps.last().unwrap().result.starts_with("failed: "), "{:?}", receipt.steps);
}

#[tokio::test(start_paused = true)]
async fn without_a_server_or_a_password_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = manifest(folder.path());
    let fake = Fake::default();
    let (receipt, _) = run(&manifest, &fake).await;
    assert!(
        receipt.summary.contains("databases_db does not answer after 0 s; nothing was changed"),
        "{}",
        receipt.summary
    );
    std::fs::write(folder.path().join("app"), "\n").unwrap();
    let (receipt, _) = run(&manifest, &fake).await;
    assert!(receipt.summary.contains("password of role shop_app"), "{}", receipt.summary);
    std::fs::write(folder.path().join("pooler"), "\n").unwrap();
    let (receipt, _) = run(&manifest, &fake).await;
    assert!(
        receipt.summary.starts_with("the pooler; nothing was changed: password of role hearth_pooler"),
        "{}",
        receipt.summary
    );
    assert!(fake.trial.borrow().commands.is_empty());
}

/// Declares another database, whose app's password is in a file of this name.
fn declare_wiki(manifest: &mut Manifest, password: &str) {
    let mut wiki = manifest.databases["shop"].clone();
    "wiki_owner".clone_into(&mut wiki.owner.name);
    "wiki_app".clone_into(&mut wiki.app.name);
    wiki.app.password_file.set_file_name(password);
    manifest.databases.insert("wiki".to_owned(), wiki);
}

fn statements(fake: &Fake) -> String {
    fake.trial
        .borrow()
        .commands
        .iter()
        .map(|(_, command)| String::from_utf8_lossy(&command.input).into_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_database_whose_password_is_missing_keeps_no_other_from_being_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = manifest(folder.path());
    declare_wiki(&mut manifest, "app");
    manifest.databases.get_mut("shop").unwrap().app.password_file.set_file_name("absent");
    let fake = server(vec![Answer::new("db-1", "'roles'", EMPTY)]);
    let (receipt, _) = run(&manifest, &fake).await;
    assert_eq!(receipt.outcome, Outcome::Failed);
    let said = &receipt.summary;
    assert!(said.contains("database shop was left as it is") && said.contains("password of role shop_app"), "{said}");
    let asked = statements(&fake);
    assert!(
        asked.contains("CREATE DATABASE \"wiki\"") && asked.contains("ALTER ROLE \"wiki_app\" PASSWORD"),
        "{asked}"
    );
    assert!(!asked.contains("CREATE ROLE \"shop_") && !asked.contains("CREATE DATABASE \"shop\""), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_fails_keeps_no_other_from_being_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = manifest(folder.path());
    declare_wiki(&mut manifest, "app");
    let refused = Printed { exit_code: Some(3), output: Vec::new(), complaints: "ERROR:  no room".to_owned() };
    let fake = server(vec![
        Answer { printed: refused, ..Answer::new("db-1", "CREATE DATABASE \"shop\"", "") },
        Answer::new("db-1", "'roles'", EMPTY),
    ]);
    let (receipt, _) = run(&manifest, &fake).await;
    assert_eq!(receipt.outcome, Outcome::Failed);
    assert!(
        receipt.summary.contains("create database shop, owned by shop_owner") && receipt.summary.contains("no room")
    );
    let asked = statements(&fake);
    assert!(asked.contains("CREATE DATABASE \"wiki\""), "{asked}");
}
