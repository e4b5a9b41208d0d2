//! A host in memory on which whole runs are made: an engine, a Docker client, and a proxy that reads labels as Traefik
//! does. It can be cut off before each thing that a run does, and is asked each time who serves the visitors.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::path::Path;
use std::rc::Rc;

use serde_json::Value;
use state::{Outcome, Receipt};
use swarm::fake::{Fake, Watcher};
use swarm::{STACK_LABEL, Service, Task, TaskState};

use crate::answers::{Answers, Question};
use crate::apply::{Host, Parts};
use crate::connections::Connections;
use crate::data::{About, NotTaken, Snapshots};
use crate::divert::Divert;
use crate::manifest::{Manifest, Smoke};
use crate::routes::{self, HEADER};
use crate::run::{Options, on};
use crate::stack::{Refused, Stacks};

mod files;

/// The run was killed.
struct Cut;

/// A host, and the folder with its recipe and its state.
pub struct World {
    pub folder: tempfile::TempDir,
    pub engine: Fake,
    pub manifest: Manifest,
    shared: Rc<Shared>,
    /// What the newest run said.
    said: RefCell<Vec<String>>,
}

/// At a step of which name, and what.
type Meanwhile = (&'static str, fn(&Fake));

/// What the engine's watcher has to know.
#[derive(Default)]
struct Shared {
    /// How many things were done in this run.
    done: Cell<u32>,
    /// Before which of them it is killed.
    cut_before: Cell<Option<u32>>,
    /// Whether somebody must serve from now on.
    must_serve: Cell<bool>,
    /// Where nobody served although somebody must.
    gaps: RefCell<Vec<String>>,
    /// The warnings of the last run.
    warnings: RefCell<Vec<String>>,
    /// What was seen to serve, without repetitions.
    served: RefCell<Vec<String>>,
    /// What somebody does once, right after the thing of this name was done.
    meanwhile: RefCell<Option<Meanwhile>>,
    /// Words in the image's name of versions that pages are wrong of.
    bad_pages: &'static str,
}

impl Shared {
    fn step(&self, engine: &Fake, what: &str) {
        if self.cut_before.get() == Some(self.done.get()) {
            panic_any(Cut);
        }
        self.done.set(self.done.get() + 1);
        if self.meanwhile.borrow().as_ref().is_some_and(|(when, _)| *when == what)
            && let Some((_, does)) = self.meanwhile.take()
        {
            does(engine);
        }
        let now = described(engine);
        if now.is_none() && self.must_serve.get() {
            self.gaps.borrow_mut().push(what.to_owned());
        }
        let mut all = self.served.borrow_mut();
        if now.is_some() && all.last() != now.as_ref() {
            all.extend(now);
        }
    }
}

/// What serves the visitors.
fn described(engine: &Fake) -> Option<String> {
    route(&engine.services.borrow(), None).map(|service| format!("{} of {}", service.image, service.name))
}

/// Whom Traefik sends a request to, of those that run: the router with the highest priority whose rule is met.
pub fn route(services: &[Service], token: Option<&str>) -> Option<Service> {
    let mut best: Option<(u64, &Service)> = None;
    for service in services.iter().filter(|service| routes::is_enabled(&service.labels)) {
        for router in routes::routers(&service.labels) {
            let label = |what: &str| service.labels.get(&format!("traefik.http.routers.{router}.{what}"));
            let rule = label("rule").cloned().unwrap_or_default();
            let wanted = rule.split_once(HEADER).map(|(_, rest)| rest);
            let met = wanted.is_none_or(|rest| token.is_some_and(|token| rest.contains(token)));
            let priority = label("priority").and_then(|text| text.parse().ok()).unwrap_or(rule.len() as u64);
            if met && best.is_none_or(|(other, _)| priority > other) {
                best = Some((priority, service));
            }
        }
    }
    best.map(|(_, service)| service.clone()).filter(|service| service.running > 0)
}

pub const COMPOSE: &str = r#"
services:
  app:
    image: x:${VERSION}
    deploy:
      labels:
        traefik.enable: "true"
        traefik.http.routers.x.rule: Host(`${DOMAIN}`)
        traefik.http.services.x.loadbalancer.server.port: "80"
  worker:
    image: x:${VERSION}
    command: [work]
"#;

impl World {
    /// A host on which nothing runs, with an app of this update.
    pub fn new(update: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recipe = folder.path().join("recipe");
        std::fs::create_dir(&recipe).unwrap();
        std::fs::write(recipe.join("compose.yml"), COMPOSE).unwrap();
        std::fs::write(recipe.join(".env.sample"), "VERSION=1\n").unwrap();
        let shared = Rc::new(Shared { bad_pages: "bad-page", ..Shared::default() });
        let told = Rc::clone(&shared);
        let watcher = Watcher(Some(Rc::new(move |engine: &Fake| {
            let what = engine.calls.borrow().last().cloned().unwrap_or_default();
            told.step(engine, &what);
        })));
        let manifest = manifest(folder.path(), update);
        Self { folder, engine: Fake { watcher, ..Fake::default() }, manifest, shared, said: RefCell::default() }
    }

    /// Declares a version. What its name says is what it is: `unhealthy`, `bad-page`, `refused` when half of it is told.
    pub fn declare(&mut self, version: &str) {
        self.manifest.environment.insert("VERSION".to_owned(), version.to_owned());
    }

    /// Has somebody do something in the middle of the next run, at a step of this name.
    pub fn meanwhile(&self, when: &'static str, does: fn(&Fake)) {
        self.shared.meanwhile.replace(Some((when, does)));
    }

    /// A run to its end.
    pub fn run(&self) -> (Outcome, String) {
        self.run_cut_before(None).unwrap()
    }

    /// A run that is killed before it does its so-manieth thing; `None` where it was killed.
    pub fn run_cut_before(&self, cut: Option<u32>) -> Option<(Outcome, String)> {
        self.shared.done.set(0);
        self.shared.cut_before.set(cut);
        let ended = catch_unwind(AssertUnwindSafe(|| self.once()));
        self.shared.cut_before.set(None);
        match ended {
            Ok(ended) => Some(ended),
            Err(panic) if panic.is::<Cut>() => None,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    fn once(&self) -> (Outcome, String) {
        let host: Host<'_, FakeParts<'_>> = Host {
            engine: &self.engine,
            stacks: &Client { world: self },
            divert: &Nobody,
            connections: &Nobody,
            answers: &Proxy { world: self },
            snapshots: &Nobody,
        };
        let mut receipt = Receipt::start("reconcile-app", "x");
        let mut said = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let ended =
            runtime.block_on(on(host, &self.manifest, Options::default(), &mut receipt, &mut |line| said.push(line)));
        self.said.replace(said);
        self.shared.warnings.replace(receipt.warnings);
        ended.unwrap_or_else(|error| (Outcome::Failed, format!("{error:#}")))
    }

    /// What the newest run said.
    pub fn said(&self) -> Vec<String> {
        self.said.borrow().clone()
    }

    /// From now on somebody must serve at every moment.
    pub fn must_serve(&self) {
        self.shared.must_serve.set(true);
    }

    /// Where nobody served.
    pub fn gaps(&self) -> Vec<String> {
        self.shared.gaps.borrow().clone()
    }

    /// What the last run warned of.
    pub fn warnings(&self) -> Vec<String> {
        self.shared.warnings.borrow().clone()
    }

    /// All that served, one after the other.
    pub fn served(&self) -> Vec<String> {
        self.shared.served.borrow().clone()
    }

    /// What serves the visitors now.
    pub fn serves(&self) -> Option<String> {
        described(&self.engine)
    }

    /// The names of all services.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.engine.services.borrow().iter().map(|service| service.name.clone()).collect();
        names.sort();
        names
    }

    /// Whether a run was cut off, as the next one sees it.
    pub fn is_unfinished(&self) -> bool {
        self.folder.path().join("state/journal.json").exists()
    }
}

fn manifest(folder: &Path, update: &str) -> Manifest {
    let folder = folder.display();
    let text = format!(
        r#"{{"schema":1,"stateFolder":"{folder}/state","dockerSocket":"/d","dockerConfigFolder":"/c",
        "dockerCommand":"/docker","name":"x","stack":"x","domain":"x.example.org","recipe":{{"folder":"{folder}/recipe"}},
        "composeFiles":null,"environment":{{}},"secrets":{{}},"images":[],
        "gate":{{"convergeSeconds":0,"healthySeconds":0,"restartLimit":1,
        "probe":{{"url":"https://x.example.org/","status":200,"contains":null,"caFile":null,"connectTo":null,"budgetSeconds":1}},
        "smoke":[{{"name":"page","url":"https://x.example.org/","caFile":null,"connectTo":null,"method":"GET","headers":{{}},
        "credentials":{{"basicAuth":null,"bearerFile":null,"headerFiles":{{}}}},"body":"","followRedirects":false,
        "budgetSeconds":1,"expect":{{"status":200,"contains":null,"lacks":null,"headers":{{}},"json":{{}}}}}}]}},
        "allow":{{}},"sharedNetworks":["proxy"],
        "update":"{update}","drainSeconds":0,"keepFailedHours":24,"nftCommand":null,"systemctlCommand":null}}"#
    );
    state::manifest::parse(Path::new("x.json"), text.as_bytes()).unwrap()
}

struct FakeParts<'a>(PhantomData<&'a ()>);

impl<'a> Parts for FakeParts<'a> {
    type Engine = Fake;
    type Stacks = Client<'a>;
    type Divert = Nobody;
    type Connections = Nobody;
    type Answers = Proxy<'a>;
    type Snapshots = Nobody;
}

/// The Docker client.
struct Client<'a> {
    world: &'a World,
}

impl Stacks for Client<'_> {
    async fn render(&self, folder: &Path, documents: &[String]) -> anyhow::Result<String> {
        let here = format!("{}/", folder.display());
        Ok(documents[0].replace("${HEARTH_EMPTY:-}", "").replace("$$", "$").replace("./", &here))
    }

    async fn deploy(&self, stack: &str, rendered: &str) -> anyhow::Result<()> {
        let engine = &self.world.engine;
        self.world.shared.step(engine, &format!("deploy {stack}"));
        let compose: Value = serde_json::from_str(&rendered.replace("$$", "$"))?;
        files::take(engine, stack, &compose)?;
        let declared = compose["services"].as_object().unwrap();
        let mut services = engine.services.borrow_mut();
        let pruned = |service: &Service| {
            let short = service.name.strip_prefix(&format!("{stack}_"));
            service.labels[STACK_LABEL] == stack && !short.is_some_and(|short| declared.contains_key(short))
        };
        services.retain(|service| !pruned(service));
        let mut trial = engine.trial.borrow_mut();
        for (short, told) in declared {
            let name = format!("{stack}_{short}");
            if short == "worker" && told["image"].as_str().is_some_and(|image| image.contains("refused")) {
                return Err(Refused(format!("failed to create service {name}: port 25 is in use")).into());
            }
            let version = services.iter().find(|service| service.name == name).map_or(1, |service| service.version + 1);
            services.retain(|service| service.name != name);
            let service = started(&name, told, stack, version);
            trial.tasks.retain(|task| task.service != name);
            trial.tasks.push(task_of(&service));
            services.push(service);
        }
        Ok(())
    }
}

fn started(name: &str, told: &Value, stack: &str, version: u64) -> Service {
    let mut labels: BTreeMap<String, String> = serde_json::from_value(told["deploy"]["labels"].clone()).unwrap();
    labels.insert(STACK_LABEL.to_owned(), stack.to_owned());
    let image = told["image"].as_str().unwrap().to_owned();
    let running = u64::from(!image.contains("unhealthy"));
    let like = Service::replicated(name, 1);
    Service { id: name.to_owned(), labels, version, image, running, ..like }
}

fn task_of(service: &Service) -> Task {
    Task {
        id: format!("task of {} {}", service.name, service.version),
        service: service.id.clone(),
        state: if service.running > 0 { TaskState::Running } else { TaskState::Starting },
        wanted: true,
        spec_digest: service.task_digest(),
        container: Some(format!("container of {}", service.name)),
        ..Task::default()
    }
}

/// The proxy, and what is behind it.
struct Proxy<'a> {
    world: &'a World,
}

impl Answers for Proxy<'_> {
    fn ask(&self, question: Question<'_>, _: &mut dyn FnMut(String)) -> Result<Vec<String>, String> {
        self.world.shared.step(&self.world.engine, &question.step());
        let services = self.world.engine.services.borrow();
        let (token, mark) = match question {
            Question::Smoke(Smoke { headers, expect, .. }) => (headers.get(HEADER), expect.headers.get(HEADER)),
            _ => (None, None),
        };
        let Some(service) = route(&services, token.map(String::as_str)) else { return Err("404".to_owned()) };
        let marked = token.and_then(|token| mark_of(&service, token));
        match mark {
            Some(expected) if *expected != marked => Err(format!("{marked:?} answers, and not {expected:?}")),
            None if service.image.contains(self.world.shared.bad_pages) => Err("the page is bad".to_owned()),
            _ => Ok(Vec::new()),
        }
    }
}

/// The mark of an answer that comes by the route of a token.
fn mark_of(service: &Service, token: &str) -> Option<String> {
    let routed = service.labels.iter().any(|(key, value)| key.contains(".routers.") && value.contains(token));
    let mut labels = service.labels.iter().filter(|(key, _)| key.ends_with(&format!("customresponseheaders.{HEADER}")));
    labels.next().filter(|_| routed).map(|(_, value)| value.clone())
}

/// Who has nothing to do here.
struct Nobody;

impl Divert for Nobody {
    async fn divert(&self, _: &str, _: &[(u16, u16)], _: IpAddr) -> anyhow::Result<()> {
        Ok(())
    }
    async fn restore(&self, _: &str) -> anyhow::Result<()> {
        Ok(())
    }
}

impl Connections for Nobody {
    fn established(&self, _: i32, _: &[u16]) -> anyhow::Result<usize> {
        Ok(0)
    }
}

impl Snapshots for Nobody {
    async fn needed(&self) -> Result<bool, NotTaken> {
        Ok(false)
    }
    async fn take(&self, _: &About, _: &mut dyn FnMut(String)) -> Result<String, NotTaken> {
        panic!("nothing here has data")
    }
    async fn restore(&self, _: &str, _: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        panic!("nothing here has data")
    }
    fn unfinished(&self) -> anyhow::Result<Option<String>> {
        Ok(None)
    }
    fn examine(&self, _: &str, _: &mut dyn FnMut(String)) -> anyhow::Result<About> {
        panic!("nothing here has data")
    }
    fn stacks(&self) -> anyhow::Result<Vec<String>> {
        Ok(Vec::new())
    }
    async fn prune(&self, _: &str, _: &mut dyn FnMut(String)) -> anyhow::Result<()> {
        Ok(())
    }
}
