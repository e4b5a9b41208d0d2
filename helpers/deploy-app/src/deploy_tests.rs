use std::cell::RefCell;
use std::path::Path;

use super::*;

/// A host in memory. Each start of the unit answers as the next of `answers` says.
struct Fake {
    pulled: Result<Pulled, String>,
    answers: RefCell<Vec<Option<Outcome>>>,
    calls: RefCell<Vec<String>>,
    pins: Pins,
}

impl Host for Fake {
    fn pull(&self, image: &str, login: Option<Credentials>) -> anyhow::Result<Pulled> {
        let login = login.map_or("the host's own login".to_owned(), |login| login.username);
        self.calls.borrow_mut().push(format!("pull {image} with {login}"));
        self.pulled.clone().map_err(anyhow::Error::msg)
    }

    fn run(&self, unit: &str, say: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        self.calls.borrow_mut().push(format!("start {unit}"));
        say("deploying");
        if let Some(Some(outcome)) = self.answers.borrow_mut().pop() {
            let to = self.pins.asked()?.context("nothing is asked for")?;
            self.pins
                .settle(&Answer { to, outcome, summary: "so it ended".to_owned() }, outcome == Outcome::Changed)?;
        }
        Ok(())
    }
}

fn digest() -> String {
    format!("sha256:{}", "a".repeat(64))
}

fn pulled() -> Pulled {
    Pulled { digests: vec![format!("registry.example.org/shop@{}", digest())], ..Pulled::default() }
}

fn environment(folder: &Path) -> Environment {
    let text = format!(
        r#"{{"app":"shop","environment":"prod","name":"shop-prod","stateFolder":"{}","image":"registry.example.org/shop",
        "labels":{{"stage":"runtime"}},"keys":[],"users":[]}}"#,
        folder.display()
    );
    serde_json::from_str(&text).unwrap()
}

struct Ran {
    ended: anyhow::Result<(Outcome, String)>,
    calls: Vec<String>,
    said: Vec<String>,
    pins: Pins,
    _folder: tempfile::TempDir,
}

fn deploy(pulled: Result<Pulled, String>, answers: &[Option<Outcome>]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let mut environment = environment(folder.path());
    if pulled.as_ref().is_ok_and(|pulled| pulled.labels.is_empty()) {
        environment.labels.clear();
    }
    let pins = Pins::in_folder(folder.path());
    let answers = RefCell::new(answers.iter().rev().copied().collect());
    let host = Fake { pulled, answers, calls: RefCell::default(), pins: pins.clone() };
    let tag = crate::words::Target::parse(b"shop prod 1.4.0").unwrap().tag;
    let job = Job { environment: &environment, tag, digest: None, by: "key ci".to_owned() };
    let login = Some(Credentials { username: "ci".to_owned(), password: "canary".to_owned() });
    let mut said = Vec::new();
    let ended = job.carry_out(&host, login, Timestamp::UNIX_EPOCH, &mut |line| said.push(line.to_owned()));
    Ran { ended, calls: host.calls.into_inner(), said, pins, _folder: folder }
}

#[test]
fn a_tag_is_pulled_with_the_pipelines_login_and_its_digest_is_asked_for() {
    let ran = deploy(Ok(pulled()), &[Some(Outcome::Changed)]);
    assert_eq!(ran.ended.unwrap(), (Outcome::Changed, "so it ended".to_owned()));
    assert_eq!(ran.calls, ["pull registry.example.org/shop:1.4.0 with ci", "start hearth-app-shop-prod.service"]);
    let pin = ran.pins.pinned().unwrap().unwrap();
    assert_eq!((pin.tag.as_str(), pin.digest, pin.by.as_str()), ("1.4.0", digest(), "key ci"));
    assert!(ran.said.contains(&"deploying".to_owned()), "{:?}", ran.said);
}

#[test]
fn a_tag_that_cannot_be_pulled_touches_nothing() {
    let ran = deploy(Err("manifest unknown".to_owned()), &[]);
    let error = format!("{:#}", ran.ended.unwrap_err());
    assert!(error.contains("nothing was deployed") && error.ends_with("manifest unknown"), "{error}");
    assert_eq!(ran.calls.len(), 1);
    assert_eq!(ran.pins.asked().unwrap(), None);
}

#[test]
fn an_image_without_the_declared_label_is_refused() {
    let labels = BTreeMap::from([("stage".to_owned(), "build".to_owned())]);
    let ran = deploy(Ok(Pulled { labels, ..pulled() }), &[]);
    let error = format!("{:#}", ran.ended.unwrap_err());
    assert!(error.contains("its label stage is `build`, and `runtime` is declared"), "{error}");
    assert_eq!(ran.calls.len(), 1);
    let labels = BTreeMap::from([("stage".to_owned(), "runtime".to_owned())]);
    deploy(Ok(Pulled { labels, ..pulled() }), &[Some(Outcome::Changed)]).ended.unwrap();
}

#[test]
fn an_image_that_was_loaded_under_another_name_has_no_digest() {
    let digests = vec![format!("registry.example.org/other@{}", digest())];
    let error = format!("{:#}", deploy(Ok(Pulled { digests, ..Pulled::default() }), &[]).ended.unwrap_err());
    assert!(error.contains("knows no digest of registry.example.org/shop:1.4.0"), "{error}");
}

#[test]
fn the_digest_that_the_engine_told_of_this_pull_counts_before_older_ones() {
    let newest = format!("sha256:{}", "b".repeat(64));
    let ran = deploy(Ok(Pulled { digest: Some(newest.clone()), ..pulled() }), &[Some(Outcome::Changed)]);
    assert_eq!(ran.pins.pinned().unwrap().unwrap().digest, newest);
}

#[test]
fn a_failed_one_leaves_the_earlier_pin() {
    let ran = deploy(Ok(pulled()), &[Some(Outcome::RolledBack)]);
    assert_eq!(ran.ended.unwrap().0, Outcome::RolledBack);
    assert_eq!((ran.pins.pinned().unwrap(), ran.pins.asked().unwrap()), (None, None));
}

#[test]
fn a_run_that_was_killed_or_did_not_know_of_it_is_followed_by_another() {
    let ran = deploy(Ok(pulled()), &[None, Some(Outcome::Changed)]);
    assert_eq!(ran.ended.unwrap().0, Outcome::Changed);
    assert_eq!(ran.calls.len(), 3);
}

#[test]
fn nobody_is_asked_for_ever() {
    let ran = deploy(Ok(pulled()), &[None, None, None, None]);
    let error = format!("{:#}", ran.ended.unwrap_err());
    assert!(error.contains("its next run goes on with it"), "{error}");
    assert_eq!(ran.calls.len(), 1 + STARTS);
    assert!(ran.pins.asked().unwrap().is_some());
}
