//! Apps that leave the flake, on an engine in memory and a state folder on disk.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use state::{Journal, Outcome, Receipt};
use swarm::fake::Fake;
use swarm::{Object, STACK_LABEL, Service};

use super::kept::Kept;
use super::manifest::Manifest;
use super::record::{Record, Standing};
use super::remove::{remains, remove};
use super::retire::Copies;
use super::run::{Options, run};
use crate::colour::FAILED_LABEL;
use crate::data::NotTaken;
use crate::plan::APP_LABEL;
use crate::record::Intent;

/// How the store behaves.
#[derive(Clone, Copy, Default)]
enum Store {
    #[default]
    Good,
    Full,
    Broken,
}

#[derive(Default)]
struct Shelf {
    store: Cell<Store>,
    taken: RefCell<Vec<(String, bool)>>,
}

impl Copies for Shelf {
    async fn needed(&self, _: &Kept, _: &[Service]) -> Result<bool, NotTaken> {
        match self.store.get() {
            Store::Full => Err(NotTaken::NoRoom("9 bytes are needed, 1 is free".to_owned())),
            _ => Ok(true),
        }
    }

    async fn take(
        &self,
        kept: &Kept,
        _: &[Service],
        healthy: bool,
        _: &mut dyn FnMut(String),
    ) -> anyhow::Result<String> {
        if let Store::Broken = self.store.get() {
            anyhow::bail!("the disk is broken");
        }
        self.taken.borrow_mut().push((kept.name.clone(), healthy));
        Ok(format!("00000{}", self.taken.borrow().len()))
    }
}

struct World {
    folder: tempfile::TempDir,
    engine: Fake,
    shelf: Shelf,
    policy: &'static str,
    /// Name, stack and whether it is enabled.
    declared: Vec<(&'static str, &'static str, bool)>,
}

impl World {
    /// The apps `wiki` and `blog` run; only `blog` is declared.
    fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            engine: Fake::default(),
            shelf: Shelf::default(),
            policy: "stop",
            declared: vec![("blog", "blog_example_org", true)],
        };
        std::fs::create_dir_all(world.path("etc")).unwrap();
        std::fs::write(world.path("etc/blog.json"), "{}").unwrap();
        for app in ["wiki", "blog"] {
            std::fs::create_dir_all(world.state(app)).unwrap();
            std::fs::write(world.state(app).join("deployed.json"), "{}").unwrap();
            world.keep(app);
            world.start(app, APP_LABEL, &format!("{app}_example_org"));
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn state(&self, app: &str) -> PathBuf {
        self.path("apps").join(app)
    }

    fn keep(&self, app: &str) {
        let kept = json!({ "schema": 1, "stateFolder": self.state(app), "dockerSocket": "/d", "name": app,
            "stack": format!("{app}_example_org"), "gate": { "convergeSeconds": 1 },
            "snapshot": { "folder": self.path("snapshots").join(app), "stopSeconds": 1 } });
        std::fs::write(self.state(app).join("declared.json"), kept.to_string()).unwrap();
    }

    fn start(&self, app: &str, label: &str, stack: &str) {
        let mut service = Service::replicated(&format!("{stack}_app"), 1);
        service.labels.insert(label.to_owned(), app.to_owned());
        service.labels.insert(STACK_LABEL.to_owned(), stack.to_owned());
        self.engine.services.borrow_mut().push(service);
    }

    fn manifest(&self) -> Manifest {
        let apps: serde_json::Map<String, Value> = self
            .declared
            .iter()
            .map(|(name, stack, enabled)| ((*name).to_owned(), json!({ "stack": stack, "enabled": enabled })))
            .collect();
        let text = json!({ "schema": 1, "stateFolder": self.path("undeclared"), "appsFolder": self.path("apps"),
            "manifests": self.path("etc"), "recipes": self.path("recipes"), "dockerSocket": "/d", "policy": self.policy,
            "apps": apps });
        state::manifest::parse(Path::new("undeclared.json"), text.to_string().as_bytes()).unwrap()
    }

    async fn look(&self) -> Receipt {
        self.look_with(Options::default()).await
    }

    async fn look_with(&self, options: Options) -> Receipt {
        run(&self.engine, &self.shelf, &self.manifest(), options, &mut |_| ()).await.unwrap()
    }

    fn runs(&self, service: &str) -> bool {
        self.engine.services.borrow().iter().any(|own| own.name == service && own.is_told_to_run())
    }

    fn record(&self) -> Record {
        Record::read(&self.state("wiki")).unwrap().unwrap()
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.engine.calls.borrow_mut())
    }
}

const WIKI: &str = "wiki_example_org_app";
const BLOG: &str = "blog_example_org_app";

#[tokio::test]
async fn an_app_that_left_the_flake_is_stopped_after_a_final_snapshot_and_no_other_is() {
    let world = World::new();
    let receipt = world.look().await;
    assert_eq!(receipt.outcome, Outcome::Changed, "{}", receipt.summary);
    assert!(!world.runs(WIKI) && world.runs(BLOG));
    assert_eq!(*world.shelf.taken.borrow(), [("wiki".to_owned(), true)]);
    let record = world.record();
    assert_eq!((record.standing, record.snapshot.as_deref()), (Standing::Stopped, Some("000001")));
    let told = &receipt.found["undeclared"][0];
    assert_eq!(
        (&told["app"], &told["standing"], &told["snapshot"]),
        (&json!("wiki"), &json!("stopped"), &json!("000001"))
    );
}

#[tokio::test]
async fn the_next_look_holds_and_touches_nothing() {
    let world = World::new();
    world.look().await;
    let since = world.record().since;
    world.calls();
    let receipt = world.look().await;
    assert_eq!((receipt.outcome, world.record().since), (Outcome::Held, since));
    assert!(
        receipt.summary.contains("wiki (stopped)") && receipt.summary.contains("hearth remove"),
        "{}",
        receipt.summary
    );
    assert!(world.calls().iter().all(|call| call.starts_with("list services")));
    assert_eq!(world.shelf.taken.borrow().len(), 1);
}

#[tokio::test]
async fn where_every_app_is_declared_a_look_is_one_request() {
    let mut world = World::new();
    world.declared.push(("wiki", "wiki_example_org", false));
    let receipt = world.look().await;
    assert_eq!((receipt.outcome, receipt.summary.as_str()), (Outcome::Unchanged, "every app of this host is declared"));
    assert_eq!(world.calls(), ["list services hearth.app"]);
    assert!(world.runs(WIKI), "it is declared, and turned off");
}

#[tokio::test]
async fn with_the_policy_keep_it_runs_on_and_is_told() {
    let world = World { policy: "keep", ..World::new() };
    let receipt = world.look().await;
    assert_eq!(receipt.outcome, Outcome::Held);
    assert!(world.runs(WIKI) && world.shelf.taken.borrow().is_empty());
    assert_eq!(receipt.found["undeclared"][0]["standing"], json!("running"));
}

#[tokio::test]
async fn an_app_that_was_renamed_keeps_its_services_because_its_stack_is_declared() {
    let mut world = World::new();
    world.declared.push(("wikki", "wiki_example_org", false));
    let receipt = world.look().await;
    assert!(world.runs(WIKI) && world.shelf.taken.borrow().is_empty());
    let record = world.record();
    assert_eq!(record.standing, Standing::TakenOver);
    assert_eq!(record.reason.as_deref(), Some("its stack is that of `wikki` now"));
    assert_eq!(receipt.outcome, Outcome::Held);
}

#[tokio::test]
async fn where_it_is_not_certain_what_is_declared_nothing_is_done() {
    let world = World::new();
    std::fs::remove_file(world.path("etc/blog.json")).unwrap();
    let receipt = world.look().await;
    assert_eq!(receipt.outcome, Outcome::Failed);
    assert!(receipt.summary.contains("blog is declared and"), "{}", receipt.summary);
    std::fs::remove_dir_all(world.path("etc")).unwrap();
    assert!(world.look().await.summary.contains("which apps are declared is not certain; nothing was done"));
    assert!(world.runs(WIKI));
}

#[tokio::test]
async fn what_cannot_be_stopped_safely_runs_on_and_says_why() {
    let world = World::new();
    std::fs::write(world.path("etc/wiki.json"), "{}").unwrap();
    let why = async || {
        let receipt = world.look().await;
        assert_eq!((receipt.outcome, world.runs(WIKI)), (Outcome::Held, true), "{}", receipt.summary);
        world.record().reason.unwrap()
    };
    assert!(why().await.contains("the list of apps does not"));
    std::fs::remove_file(world.path("etc/wiki.json")).unwrap();

    let restore = Intent::Restore {
        digest: "d".to_owned(),
        reason: "r".to_owned(),
        snapshot: "s".to_owned(),
        tag: None,
        failed: true,
    };
    let journal = Journal::in_folder(&world.state("wiki"));
    journal.record(&restore).unwrap();
    assert!(why().await.contains("cut off while restoring the data"));
    journal.clear().unwrap();

    std::fs::remove_file(world.state("wiki").join("declared.json")).unwrap();
    assert!(why().await.contains("an older Hearth deployed it"));
    std::fs::write(world.state("wiki").join("declared.json"), "{").unwrap();
    assert!(why().await.contains("cannot be read"));
    std::fs::copy(world.state("blog").join("declared.json"), world.state("wiki").join("declared.json")).unwrap();
    assert!(why().await.contains("is the manifest of `blog` and not of `wiki`"));
}

#[tokio::test]
async fn without_room_for_the_final_snapshot_it_is_not_stopped_and_tried_again() {
    let world = World::new();
    world.shelf.store.set(Store::Full);
    let receipt = world.look().await;
    assert_eq!((receipt.outcome, world.runs(WIKI)), (Outcome::Held, true));
    assert!(!world.calls().iter().any(|call| call.starts_with("stop")));
    assert_eq!(world.record().reason.as_deref(), Some("no final snapshot: 9 bytes are needed, 1 is free"));
    world.shelf.store.set(Store::Good);
    assert_eq!((world.look().await.outcome, world.runs(WIKI)), (Outcome::Changed, false));
}

#[tokio::test]
async fn where_the_final_snapshot_fails_it_is_started_again_and_not_interrupted_once_more() {
    let world = World::new();
    world.shelf.store.set(Store::Broken);
    assert_eq!((world.look().await.outcome, world.runs(WIKI)), (Outcome::Held, true));
    assert!(world.calls().contains(&format!("stop {WIKI}")));
    world.shelf.store.set(Store::Good);
    assert_eq!((world.look().await.outcome, world.runs(WIKI)), (Outcome::Held, true));
    assert!(!world.calls().iter().any(|call| call.starts_with("stop")));
    assert_eq!(world.record().reason.as_deref(), Some("no final snapshot: the disk is broken"));
    let retried = world.look_with(Options { retry: true, ..Options::default() }).await;
    assert_eq!((retried.outcome, world.runs(WIKI)), (Outcome::Changed, false));
}

#[tokio::test]
async fn a_look_that_was_cut_off_in_the_middle_is_finished_and_the_app_counts_as_it_was_before() {
    let world = World::new();
    let begun = Record { standing: Standing::Stopping, healthy: true, ..Record::found(jiff::Timestamp::now()) };
    begun.write(&world.state("wiki")).unwrap();
    world.engine.scale(WIKI, 0);
    assert_eq!(world.look().await.outcome, Outcome::Changed);
    assert_eq!(*world.shelf.taken.borrow(), [("wiki".to_owned(), true)]);
    assert_eq!(world.record().standing, Standing::Stopped);
}

#[tokio::test]
async fn a_deploy_that_was_cut_off_makes_no_last_good_snapshot() {
    let world = World::new();
    let deploy = Intent::Deploy { digest: "d".to_owned(), snapshot: None };
    Journal::in_folder(&world.state("wiki")).record(&deploy).unwrap();
    assert_eq!(world.look().await.outcome, Outcome::Changed);
    assert_eq!(*world.shelf.taken.borrow(), [("wiki".to_owned(), false)]);
}

#[tokio::test]
async fn an_app_of_which_only_services_are_left_runs_on_until_somebody_decides() {
    let world = World::new();
    world.start("lost", APP_LABEL, "lost");
    let receipt = world.look().await;
    assert!(world.runs("lost_app") && !world.runs(WIKI));
    assert!(receipt.summary.contains("lost (running), wiki (stopped)"), "{}", receipt.summary);
}

#[tokio::test]
async fn services_without_hearths_label_are_nobodys_business() {
    let world = World::new();
    world.start("other", "com.example.owner", "other");
    world.look().await;
    assert!(world.runs("other_app"));
}

#[tokio::test]
async fn what_is_kept_of_a_colour_that_failed_is_stopped_too() {
    let world = World::new();
    world.start("wiki", FAILED_LABEL, "wiki_example_org-green");
    world.look().await;
    assert!(!world.runs("wiki_example_org-green_app") && !world.runs(WIKI));
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let world = World::new();
    let receipt = world.look_with(Options { dry_run: true, ..Options::default() }).await;
    assert_eq!(receipt.plan, ["wiki: stop after a final snapshot: it is not in the flake"]);
    assert!(world.runs(WIKI) && Record::read(&world.state("wiki")).unwrap().is_none());
    assert!(!world.path("undeclared/last.json").exists());
}

impl World {
    /// Things of both apps that a removal may find.
    fn furnish(&self) {
        for app in ["wiki", "blog"] {
            let stack = (STACK_LABEL.to_owned(), format!("{app}_example_org"));
            let labels = [(APP_LABEL.to_owned(), app.to_owned()), stack.clone()];
            let object = Object { name: format!("{app}_secret"), labels: labels.into() };
            self.engine.secrets.borrow_mut().insert(object.name.clone(), (object.clone(), Vec::new()));
            self.engine
                .configs
                .borrow_mut()
                .insert(format!("{app}_config"), Object { name: format!("{app}_config"), ..object });
            self.engine.networks.borrow_mut().insert(format!("{app}_network"), [stack.clone()].into());
            self.engine.volumes.borrow_mut().insert(format!("{app}_data"), [stack].into());
            std::fs::create_dir_all(self.path("recipes/r/used")).unwrap();
            std::fs::write(self.path("recipes/r/used").join(format!("{app}.json")), "{}").unwrap();
        }
    }

    async fn remove(&self, app: &str, with_data: bool) -> Receipt {
        remove(&self.manifest(), &self.engine, app, with_data, &mut |_| ()).await.unwrap()
    }

    fn left(&self) -> Vec<String> {
        let engine = &self.engine;
        let mut left: Vec<String> = engine.services.borrow().iter().map(|service| service.name.clone()).collect();
        left.extend(engine.secrets.borrow().keys().cloned());
        left.extend(engine.configs.borrow().keys().cloned());
        left.extend(engine.networks.borrow().keys().cloned());
        left.extend(engine.volumes.borrow().keys().cloned());
        left.retain(|name| name.starts_with("wiki"));
        left
    }
}

#[tokio::test]
async fn what_is_left_of_an_app_is_shown_before_it_is_removed() {
    let world = World::new();
    world.furnish();
    world.look().await;
    let left = remains(&world.manifest(), &world.engine, "wiki").await.unwrap();
    let records = format!("{}, {}", world.path("recipes/r/used/wiki.json").display(), world.state("wiki").display());
    let lines = |volumes: &str| {
        [
            "remove services: wiki_example_org_app".to_owned(),
            "remove secrets: wiki_secret".to_owned(),
            "remove configs: wiki_config".to_owned(),
            "remove networks: wiki_network".to_owned(),
            format!("{volumes} volumes, with all data in them: wiki_data"),
            format!("remove records: {records}"),
        ]
    };
    assert_eq!(left.lines(false), lines("keep"));
    assert_eq!(left.lines(true), lines("remove"));
}

#[tokio::test]
async fn an_app_is_removed_but_for_its_data_and_nothing_of_another_app_is() {
    let world = World::new();
    world.furnish();
    let receipt = world.remove("wiki", false).await;
    assert_eq!(receipt.outcome, Outcome::Changed, "{}", receipt.summary);
    assert_eq!(world.left(), ["wiki_data"]);
    assert!(!world.state("wiki").exists() && world.state("blog").exists());
    assert!(!world.path("recipes/r/used/wiki.json").exists() && world.path("recipes/r/used/blog.json").exists());
    assert!(world.runs(BLOG) && world.engine.secrets.borrow().contains_key("blog_secret"));
    assert_eq!(receipt.found, json!({ "undeclared": [] }));
    assert_eq!(world.look().await.outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn with_its_data_nothing_of_it_is_left() {
    let world = World::new();
    world.furnish();
    let receipt = world.remove("wiki", true).await;
    assert_eq!(receipt.outcome, Outcome::Changed, "{}", receipt.summary);
    assert!(world.left().is_empty() && world.engine.volumes.borrow().contains_key("blog_data"));
}

#[tokio::test]
async fn an_app_that_is_declared_is_not_removed() {
    let mut world = World::new();
    world.furnish();
    let receipt = world.remove("blog", true).await;
    assert_eq!(receipt.outcome, Outcome::Failed);
    assert!(
        receipt.summary.contains("blog is declared; nothing was removed. Take hearth.apps.blog out"),
        "{}",
        receipt.summary
    );
    let receipt = world.remove("wikki", true).await;
    assert!(
        receipt.summary.ends_with("no app that is called `wikki` has left the flake; there is: wiki"),
        "{}",
        receipt.summary
    );
    world.declared.push(("wikki", "wiki_example_org", false));
    let receipt = world.remove("wiki", true).await;
    assert_eq!(receipt.outcome, Outcome::Changed, "{}", receipt.summary);
    assert!(world.runs(WIKI), "its stack is that of another app now");
    assert_eq!(world.left().len(), 5, "{:?}", world.left());
    assert!(!world.state("wiki").exists());
}

#[tokio::test]
async fn a_removal_that_was_cut_off_is_still_listed_and_can_be_asked_for_again() {
    let world = World::new();
    world.furnish();
    world.look().await;
    for file in ["deployed.json", "lock"] {
        std::fs::remove_file(world.state("wiki").join(file)).unwrap();
    }
    world.engine.services.borrow_mut().retain(|service| service.name != WIKI);
    assert_eq!(world.look().await.outcome, Outcome::Held);
    assert_eq!(world.remove("wiki", true).await.outcome, Outcome::Changed);
    assert!(world.left().is_empty());
}
