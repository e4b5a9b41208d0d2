//! Runs over a host in memory, with the records of its apps on a disk of this machine.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use jiff::Timestamp;
use prune_images::manifest::{Free, Manifest};
use prune_images::plan::Room;
use prune_images::record::Record;
use prune_images::run::{Disk, prune_on};
use snapshot_volumes::{About, Store};
use state::{Outcome, Receipt};
use swarm::fake::{Fake, Watcher};
use swarm::{BuildCache, Disposal, LocalImage, Service};

/// A disk of 1000 bytes, filled by the images and the cache of a fake.
struct Full<'a>(&'a Fake);

impl Disk for Full<'_> {
    fn room(&self, _: &Path) -> anyhow::Result<Room> {
        let images: u64 = self.0.images.borrow().iter().map(|image| image.bytes).sum();
        Ok(Room { size: 1000, free: 1000 - images - self.0.cache.borrow().bytes })
    }
}

struct Host {
    fake: Fake,
    folder: tempfile::TempDir,
    manifest: Manifest,
}

impl Host {
    fn new(images: &[(&str, u64)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let within = |name: &str| folder.path().join(name);
        let manifest = Manifest {
            state_folder: within("pruning"),
            docker_socket: within("none.sock"),
            data_folder: within(""),
            app_manifests: within("manifests"),
            app_states: within("apps"),
            snapshots: within("snapshots"),
            free: Free { percent: Some(50), bytes: None },
            unused_hours: 0,
            keep: Vec::new(),
        };
        let fake = Fake::default();
        *fake.images.borrow_mut() = images
            .iter()
            .map(|(name, bytes)| LocalImage {
                id: format!("sha256:{name}"),
                tags: vec![(*name).to_owned()],
                digests: Vec::new(),
                bytes: *bytes,
            })
            .collect();
        Self { fake, folder, manifest }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn snapshot(&self, app: &str, stack: &str) {
        let about = About { app: app.to_owned(), stack: stack.to_owned(), ..About::default() };
        Store::in_folder(self.folder.path().join("snapshots").join(app)).take(&[], &about, &mut |_| {}).unwrap();
    }

    async fn prune(&self, dry_run: bool) -> (Receipt, String) {
        self.prune_on(&self.fake, dry_run).await
    }

    async fn prune_on(&self, engine: &impl Disposal, dry_run: bool) -> (Receipt, String) {
        let mut said = String::new();
        let mut say = |line: String| said.extend([line.as_str(), "\n"]);
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let ended = prune_on(&self.manifest, engine, &Full(&self.fake), now, dry_run, &mut say).await;
        (ended.unwrap(), said)
    }

    fn left(&self) -> Vec<String> {
        self.fake.images.borrow().iter().map(|image| image.name().to_owned()).collect()
    }
}

fn stack(image: &str) -> String {
    format!(r#"{{"services":{{"app":{{"image":"{image}"}}}}}}"#)
}

fn deployed(compose: &str) -> String {
    format!(
        r#"{{"schema":1,"digest":"d","version":null,"at":"2026-01-01T00:00:00Z","compose":"{compose}","services":{{}}}}"#
    )
}

fn pin(image: &str, digest: &str) -> String {
    format!(r#"{{"schema":1,"image":"{image}","tag":"1","digest":"{digest}","by":"root","at":"2026-01-01T00:00:00Z"}}"#)
}

/// Everything that keeps an image, each on another one, and one that nothing keeps.
fn crowded() -> Host {
    let names = ["unused:1", "runs:1", "good:1", "gone:1", "snap:1", "pinned:1", "asked:1", "named:1"];
    let mut host = Host::new(&names.map(|name| (name, 100)));
    host.fake.services.borrow_mut().push(Service { image: "runs:1".to_owned(), ..Service::replicated("a_app", 1) });
    host.write("apps/wiki/deployed.json", &deployed("compose-1.json"));
    host.write("apps/wiki/compose-1.json", &stack("good:1"));
    // Of an app that is not declared any more.
    host.write("apps/old/deployed.json", &deployed("compose-2.json"));
    host.write("apps/old/compose-2.json", &stack("gone:1"));
    host.snapshot("wiki", &stack("snap:1"));
    host.snapshot("never-deployed", "");
    host.write("apps/shop/pinned.json", &pin("pinned", "sha256:pinned:1"));
    host.write("apps/shop/asked.json", &pin("asked", "sha256:asked:1"));
    host.manifest.keep = vec!["named:1".to_owned()];
    host
}

#[tokio::test]
async fn only_what_nothing_needs_goes_however_full_the_disk_is() {
    let host = crowded();
    let (receipt, said) = host.prune(false).await;
    assert_eq!(receipt.outcome, Outcome::Changed, "{said}");
    assert_eq!(host.left(), ["runs:1", "good:1", "gone:1", "snap:1", "pinned:1", "asked:1", "named:1"]);
    assert_eq!(receipt.found["freedBytes"], 100);
    assert!(receipt.warnings[0].contains("300 B are free and 500 B are wanted"), "{:?}", receipt.warnings);
    let (receipt, said) = host.prune(false).await;
    assert_eq!(receipt.outcome, Outcome::Unchanged, "{said}");
}

/// The test before this one would pass if nothing ever went. Each reason to keep, taken away, makes its image go.
#[tokio::test]
async fn without_its_reason_each_of_them_goes() {
    type Undo = fn(&mut Host);
    let undo: [(&str, Undo); 7] = [
        ("runs:1", |host| host.fake.services.borrow_mut().clear()),
        ("good:1", |host| host.write("apps/wiki/compose-1.json", &stack("other:1"))),
        ("gone:1", |host| std::fs::remove_dir_all(host.folder.path().join("apps/old")).unwrap()),
        ("snap:1", |host| std::fs::remove_dir_all(host.folder.path().join("snapshots")).unwrap()),
        ("pinned:1", |host| host.write("apps/shop/pinned.json", &pin("pinned", "sha256:other"))),
        ("asked:1", |host| std::fs::remove_file(host.folder.path().join("apps/shop/asked.json")).unwrap()),
        ("named:1", |host| host.manifest.keep.clear()),
    ];
    for (name, undo) in undo {
        let mut host = crowded();
        undo(&mut host);
        host.prune(false).await;
        assert!(!host.left().contains(&name.to_owned()), "{name} stays without a reason");
    }
}

#[tokio::test]
async fn what_cannot_be_read_keeps_everything() {
    type Break = fn(&Host);
    let broken: [(&str, Break); 4] = [
        ("compose-1.json", |host| {
            std::fs::remove_file(host.folder.path().join("apps/wiki/compose-1.json")).unwrap();
        }),
        ("pinned.json", |host| host.write("apps/shop/pinned.json", "{")),
        ("cannot be read", |host| {
            let store = host.folder.path().join("snapshots/wiki");
            let id = Store::in_folder(&store).list().unwrap().snapshots[0].id.to_string();
            std::fs::write(store.join(id).join("snapshot.json"), "{}").unwrap();
        }),
        ("manifests/wiki.json", |host| host.write("manifests/wiki.json", "{}")),
    ];
    for (said, break_it) in broken {
        let host = crowded();
        break_it(&host);
        let (receipt, _) = host.prune(false).await;
        assert_eq!(receipt.outcome, Outcome::Failed, "{said}");
        assert!(
            receipt.summary.contains(said) && receipt.summary.contains("nothing was removed"),
            "{}",
            receipt.summary
        );
        assert_eq!(host.left().len(), 8, "{said}");
    }
}

#[tokio::test]
async fn no_more_is_removed_than_makes_the_room_that_is_wanted() {
    let host = Host::new(&[("a:1", 200), ("b:1", 150), ("c:1", 150), ("d:1", 100)]);
    let (receipt, said) = host.prune(false).await;
    assert_eq!(receipt.outcome, Outcome::Changed, "{said}");
    assert_eq!(host.left(), ["b:1", "c:1", "d:1"]);
    let (receipt, said) = host.prune(false).await;
    assert_eq!(receipt.outcome, Outcome::Unchanged, "{said}");
    assert_eq!(Record::read(&host.manifest.state_folder).unwrap().freed_bytes, 200);
}

#[tokio::test]
async fn what_builds_left_goes_before_an_image_does() {
    let host = Host::new(&[("a:1", 400)]);
    *host.fake.cache.borrow_mut() = BuildCache { entries: 2, bytes: 300 };
    let (receipt, said) = host.prune(false).await;
    assert_eq!((receipt.outcome, host.left()), (Outcome::Changed, vec!["a:1".to_owned()]), "{said}");
    assert_eq!(receipt.found["freedBytes"], 300);
}

#[tokio::test]
async fn a_dry_run_says_what_would_go_and_why_the_rest_stays_and_leaves_no_trace() {
    let host = crowded();
    let (_, said) = host.prune(true).await;
    assert!(said.contains("would remove image unused:1, 100 B, needed by nobody since"), "{said}");
    assert!(said.contains("keeps image good:1: the last good version of app wiki"), "{said}");
    assert!(said.contains("keeps image pinned:1: deployed through the door for app shop"), "{said}");
    assert!(said.contains("keeps image snap:1: snapshot "), "{said}");
    assert_eq!(host.left().len(), 8);
    assert!(!host.manifest.state_folder.join("unused.json").exists());
    assert!(!host.manifest.state_folder.join("last.json").exists());
}

#[tokio::test]
async fn what_somebody_asked_for_during_the_run_stays_and_is_no_longer_unused() {
    let mut host = Host::new(&[("first:1", 500), ("second:1", 400)]);
    host.manifest.free.percent = Some(90);
    let shop = host.folder.path().join("apps/shop");
    host.fake.watcher = Watcher(Some(Rc::new(move |fake: &Fake| {
        if fake.calls.borrow().last().is_some_and(|call| call == "remove image first:1") {
            std::fs::create_dir_all(&shop).unwrap();
            std::fs::write(shop.join("asked.json"), pin("second", "sha256:second:1")).unwrap();
        }
    })));
    let (receipt, said) = host.prune(false).await;
    assert_eq!(host.left(), ["second:1"], "{said}");
    assert_eq!(receipt.outcome, Outcome::Changed, "{said}");
    assert!(receipt.steps[1].result.starts_with("stays: it is needed by now: "), "{:?}", receipt.steps);
    let unused = Record::read(&host.manifest.state_folder).unwrap().images;
    assert!(!unused.contains_key("sha256:second:1"), "{unused:?}");
}

#[tokio::test]
async fn when_it_cannot_be_told_any_more_what_is_needed_no_further_image_goes() {
    let mut host = Host::new(&[("first:1", 500), ("second:1", 400)]);
    host.manifest.free.percent = Some(90);
    let shop = host.folder.path().join("apps/shop");
    host.fake.watcher = Watcher(Some(Rc::new(move |_: &Fake| {
        std::fs::create_dir_all(&shop).unwrap();
        std::fs::write(shop.join("asked.json"), "{").unwrap();
    })));
    let (receipt, said) = host.prune(false).await;
    assert_eq!((receipt.outcome, host.left()), (Outcome::Failed, vec!["second:1".to_owned()]), "{said}");
    assert!(receipt.steps[1].result.contains("it is not known which images are needed"), "{:?}", receipt.steps);
    assert_eq!(Record::read(&host.manifest.state_folder).unwrap().freed_bytes, 500);
}

/// An engine that says how much layers take only the first few times that it is asked, and then this.
struct Uncounted<'a> {
    fake: &'a Fake,
    answers: Cell<usize>,
    then: fn() -> swarm::Result<Option<u64>>,
}

impl Disposal for Uncounted<'_> {
    async fn local_images(&self) -> swarm::Result<Vec<LocalImage>> {
        self.fake.local_images().await
    }

    async fn images_in_use(&self) -> swarm::Result<Vec<String>> {
        self.fake.images_in_use().await
    }

    async fn build_cache(&self) -> swarm::Result<BuildCache> {
        self.fake.build_cache().await
    }

    async fn layer_bytes(&self) -> swarm::Result<Option<u64>> {
        match self.answers.get().checked_sub(1) {
            Some(left) => {
                self.answers.set(left);
                self.fake.layer_bytes().await
            }
            None => (self.then)(),
        }
    }

    async fn remove_image(&self, image: &LocalImage) -> swarm::Result<bool> {
        self.fake.remove_image(image).await
    }

    async fn prune_build_cache(&self, unused_hours: u64) -> swarm::Result<u64> {
        self.fake.prune_build_cache(unused_hours).await
    }
}

fn does_not_answer() -> swarm::Result<Option<u64>> {
    let doing = "asking how much images take".to_owned();
    Err(swarm::Error::Refused { doing, message: "it took too long".to_owned() })
}

#[tokio::test]
async fn what_a_removal_freed_may_stay_unknown_and_the_removal_is_no_failure() {
    // Asked before and after each of two removals.
    for (answers, in_all, known) in
        [(0, "an unknown number of bytes", 0), (1, "an unknown number of bytes", 0), (2, "at least 500 B", 500)]
    {
        let mut host = Host::new(&[("first:1", 500), ("second:1", 400)]);
        host.manifest.free.percent = Some(90);
        let engine = Uncounted { fake: &host.fake, answers: Cell::new(answers), then: does_not_answer };
        let (receipt, said) = host.prune_on(&engine, false).await;
        assert_eq!((receipt.outcome, host.left().len()), (Outcome::Changed, 0), "{said}");
        assert_eq!(receipt.steps[1].result, "done; how much that freed is not known");
        assert!(receipt.summary.starts_with(&format!("freed {in_all} in 2 steps")), "{}", receipt.summary);
        assert!(receipt.warnings[0].contains("it took too long; how much"), "{:?}", receipt.warnings);
        assert_eq!(
            (&receipt.found["freedBytes"], &receipt.found["freedBytesTotal"]),
            (&serde_json::Value::Null, &known.into())
        );
    }
}

#[tokio::test]
async fn an_engine_that_does_not_say_how_much_layers_take_freed_no_number_of_bytes() {
    let host = Host::new(&[("first:1", 900)]);
    let engine = Uncounted { fake: &host.fake, answers: Cell::new(0), then: || Ok(None) };
    let (receipt, said) = host.prune_on(&engine, false).await;
    assert_eq!(receipt.outcome, Outcome::Changed, "{said}");
    assert!(
        receipt.summary.starts_with("freed an unknown number of bytes in 1 steps") && !said.contains("0 B freed"),
        "{}",
        receipt.summary
    );
}
