use std::cell::RefCell;
use std::path::Path;

use image_signature::{Document, Unanswered};

use super::*;

/// A bundle that cosign 3 made, the key that it was made with, and the image.
const BUNDLE: &str = include_str!("../../image-signature/vectors/cosign-3.json");
const SIGNER: &str = include_str!("../../image-signature/vectors/cosign-3.pub");
const SIGNED: &str = "sha256:5099b89d7666cc2186cad769ddc262ddc7c335b33f5fe79f9ffe50a01282b23e";
/// A key that did not make it.
const STRANGER: &str = include_str!("../../image-signature/vectors/cosign-2.pub");

/// A registry in memory, by the paths of its documents; one that does not answer where there are none.
#[derive(Clone)]
struct Shelf(BTreeMap<String, Vec<u8>>);

impl Registry for Shelf {
    fn get(&self, document: &Document) -> Result<Option<Vec<u8>>, Unanswered> {
        if self.0.is_empty() {
            return Err(Unanswered("nobody listens".to_owned()));
        }
        Ok(self.0.get(&document.path()).cloned())
    }
}

impl Shelf {
    /// One with a bundle for the image that it is a signature of, and for another one.
    fn with_bundle() -> Self {
        let kind = "application/vnd.dev.sigstore.bundle.v0.3+json";
        let descriptor = |bytes: &str| {
            let digest = Digest::of(bytes.as_bytes());
            format!(r#"{{"mediaType":"{kind}","artifactType":"{kind}","digest":"{digest}"}}"#)
        };
        let manifest = format!(r#"{{"schemaVersion":2,"layers":[{}]}}"#, descriptor(BUNDLE));
        let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, descriptor(&manifest));
        let entries = [
            (format!("blobs/{}", Digest::of(BUNDLE.as_bytes())), BUNDLE.to_owned()),
            (format!("manifests/{}", Digest::of(manifest.as_bytes())), manifest),
            (format!("referrers/{SIGNED}"), index.clone()),
            (format!("referrers/{}", digest()), index),
        ];
        Self(entries.map(|(path, text)| (path, text.into_bytes())).into())
    }
}

/// A host in memory. Each start of the unit answers as the next of `answers` says.
struct Fake {
    free: u64,
    pulled: Result<Pulled, String>,
    answers: RefCell<Vec<Option<Outcome>>>,
    calls: RefCell<Vec<String>>,
    pins: Pins,
    shelf: Shelf,
}

impl Host for Fake {
    fn free(&self) -> anyhow::Result<(u64, PathBuf)> {
        Ok((self.free, "/var/lib/docker".into()))
    }

    fn pull(&self, image: &str, login: Option<Credentials>) -> anyhow::Result<Pulled> {
        let login = login.map_or("the host's own login".to_owned(), |login| login.username);
        self.calls.borrow_mut().push(format!("pull {image} with {login}"));
        self.pulled.clone().map_err(anyhow::Error::msg)
    }

    fn registry(&self, image: &str, login: Option<Credentials>) -> anyhow::Result<Box<dyn Registry>> {
        self.calls.borrow_mut().push(format!("ask {image} with {}", login.unwrap().username));
        Ok(Box::new(self.shelf.clone()))
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
        "labels":{{"stage":"runtime"}},"cosignKeys":[],"keys":[],"users":[]}}"#,
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
    deploy_with(pulled, answers, None, &[], Shelf::with_bundle())
}

#[test]
fn without_room_nothing_is_pulled_and_it_is_told_what_is_needed_and_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let environment = environment(folder.path());
    let tag = crate::words::Target::parse(b"shop prod 1.4.0").unwrap().tag;
    let job = Job { environment: &environment, tag, digest: None, by: "key ci".to_owned() };
    let full = Fake {
        free: ROOM - 1,
        pulled: Ok(pulled()),
        answers: RefCell::default(),
        calls: RefCell::default(),
        pins: Pins::in_folder(folder.path()),
        shelf: Shelf::with_bundle(),
    };
    let error = job.carry_out(&full, None, Timestamp::UNIX_EPOCH, &mut |_| ()).unwrap_err();
    assert_eq!(*full.calls.borrow(), [] as [&str; 0]);
    let told = format!("{error:#}");
    assert!(told.contains("1023 MiB are free on the disk of /var/lib/docker, and 1024 MiB must be"), "{told}");
}

/// Deploys an image that must be signed by one of some keys; one that is named by its digest where that is given.
fn deploy_signed(image: &str, promoted: bool, keys: &[&str], shelf: Shelf) -> Ran {
    let digest = Digest::try_from(image.to_owned()).unwrap();
    let pulled = Pulled { digest: Some(image.to_owned()), ..Pulled::default() };
    deploy_with(Ok(pulled), &[Some(Outcome::Changed)], promoted.then_some(digest), keys, shelf)
}

fn deploy_with(
    pulled: Result<Pulled, String>,
    answers: &[Option<Outcome>],
    digest: Option<Digest>,
    keys: &[&str],
    shelf: Shelf,
) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let mut environment = environment(folder.path());
    environment.cosign_keys = keys.iter().map(|key| (*key).to_owned()).collect();
    if pulled.as_ref().is_ok_and(|pulled| pulled.labels.is_empty()) {
        environment.labels.clear();
    }
    let pins = Pins::in_folder(folder.path());
    let answers = RefCell::new(answers.iter().rev().copied().collect());
    let host = Fake { free: ROOM, pulled, answers, calls: RefCell::default(), pins: pins.clone(), shelf };
    let tag = crate::words::Target::parse(b"shop prod 1.4.0").unwrap().tag;
    let job = Job { environment: &environment, tag, digest, by: "key ci".to_owned() };
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

#[test]
fn an_image_that_a_declared_key_signed_is_deployed_and_the_pipeline_reads_which() {
    let ran = deploy_signed(SIGNED, false, &[STRANGER, SIGNER], Shelf::with_bundle());
    assert_eq!(ran.ended.unwrap().0, Outcome::Changed);
    assert_eq!(ran.calls[1], "ask registry.example.org/shop with ci");
    let line = "signed by key 2 of the 2 in hearth.apps.shop-prod.deploy.cosignKeys (blobs/sha256:";
    assert!(ran.said.iter().any(|said| said.starts_with(line)), "{:?}", ran.said);
    assert_eq!(ran.pins.pinned().unwrap().unwrap().digest, SIGNED);
}

#[test]
fn an_image_that_no_declared_key_signed_touches_nothing_by_its_digest_either() {
    let other = digest();
    for (image, keys, reason) in [
        (SIGNED, STRANGER, "was made by none of the declared keys"),
        (&other, SIGNER, "was made by key 1 for another image"),
        (&format!("sha256:{}", "b".repeat(64)), SIGNER, "no bundle refers to it"),
    ] {
        for promoted in [false, true] {
            let ran = deploy_signed(image, promoted, &[keys], Shelf::with_bundle());
            let error = format!("{:#}", ran.ended.unwrap_err());
            let sign = format!("sign it with `cosign sign --key cosign.key registry.example.org/shop@{image}`");
            assert!(error.starts_with("nothing was deployed, what serves goes on serving: registry"), "{error}");
            assert!(error.contains(reason) && error.contains(&sign), "{error}");
            assert_eq!(ran.calls.len(), 2, "{:?}", ran.calls);
            assert_eq!((ran.pins.asked().unwrap(), ran.pins.pinned().unwrap()), (None, None));
        }
    }
}

#[test]
fn a_registry_that_does_not_say_is_not_taken_for_a_yes() {
    let ran = deploy_signed(SIGNED, false, &[SIGNER], Shelf(BTreeMap::new()));
    let error = format!("{:#}", ran.ended.unwrap_err());
    assert!(error.contains("deploy again when registry.example.org/shop answers"), "{error}");
    assert!(error.contains("cannot be known: nobody listens"), "{error}");
    assert_eq!(ran.pins.asked().unwrap(), None);
}

#[test]
fn a_key_that_is_of_no_use_lets_nothing_pass() {
    let ran = deploy_signed(SIGNED, false, &[SIGNER, "no key"], Shelf::with_bundle());
    let error = format!("{:#}", ran.ended.unwrap_err());
    assert!(error.contains("hearth.apps.shop-prod.deploy.cosignKeys: key 2 is of no use"), "{error}");
}

#[test]
fn without_a_declared_key_no_registry_is_asked() {
    let ran = deploy(Ok(pulled()), &[Some(Outcome::Changed)]);
    assert!(ran.calls.iter().all(|call| !call.starts_with("ask")), "{:?}", ran.calls);
}
