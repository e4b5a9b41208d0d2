//! A host in memory with two apps, of which one left the flake.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use state::Receipt;
use swarm::fake::Fake;
use swarm::{Object, STACK_LABEL, Service};

use crate::data::NotTaken;
use crate::plan::APP_LABEL;
use crate::undeclared::kept::Kept;
use crate::undeclared::manifest::Manifest;
use crate::undeclared::record::Record;
use crate::undeclared::remove::remove;
use crate::undeclared::retire::Copies;
use crate::undeclared::run::{Options, run};

/// How the store behaves.
#[derive(Clone, Copy, Default)]
pub enum Store {
    #[default]
    Good,
    Full,
    Broken,
}

#[derive(Default)]
pub struct Shelf {
    pub store: Cell<Store>,
    pub taken: RefCell<Vec<(String, bool)>>,
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

pub struct World {
    pub folder: tempfile::TempDir,
    pub engine: Fake,
    pub shelf: Shelf,
    pub policy: &'static str,
    /// Name, stack and whether it is enabled.
    pub declared: Vec<(&'static str, &'static str, bool)>,
}

impl World {
    /// The apps `wiki` and `blog` run; only `blog` is declared.
    pub fn new() -> Self {
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

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn state(&self, app: &str) -> PathBuf {
        self.path("apps").join(app)
    }

    pub fn keep(&self, app: &str) {
        let kept = json!({ "schema": 1, "stateFolder": self.state(app), "dockerSocket": "/d", "name": app,
            "stack": format!("{app}_example_org"), "gate": { "convergeSeconds": 1 },
            "snapshot": { "folder": self.path("snapshots").join(app), "stopSeconds": 1 } });
        std::fs::write(self.state(app).join("declared.json"), kept.to_string()).unwrap();
    }

    pub fn start(&self, app: &str, label: &str, stack: &str) {
        let mut service = Service::replicated(&format!("{stack}_app"), 1);
        service.labels.insert(label.to_owned(), app.to_owned());
        service.labels.insert(STACK_LABEL.to_owned(), stack.to_owned());
        self.engine.services.borrow_mut().push(service);
    }

    pub fn manifest(&self) -> Manifest {
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

    pub async fn look(&self) -> Receipt {
        self.look_with(Options::default()).await
    }

    pub async fn look_with(&self, options: Options) -> Receipt {
        run(&self.engine, &self.shelf, &self.manifest(), options, &mut |_| ()).await.unwrap()
    }

    pub fn runs(&self, service: &str) -> bool {
        self.engine.services.borrow().iter().any(|own| own.name == service && own.is_told_to_run())
    }

    pub fn record(&self) -> Record {
        Record::read(&self.state("wiki")).unwrap().unwrap()
    }

    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.engine.calls.borrow_mut())
    }
}

pub const WIKI: &str = "wiki_example_org_app";
pub const BLOG: &str = "blog_example_org_app";

impl World {
    /// Things of both apps that a removal may find.
    pub fn furnish(&self) {
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

    pub async fn remove(&self, app: &str, with_data: bool) -> Receipt {
        remove(&self.manifest(), &self.engine, app, with_data, &mut |_| ()).await.unwrap()
    }

    pub fn left(&self) -> Vec<String> {
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
