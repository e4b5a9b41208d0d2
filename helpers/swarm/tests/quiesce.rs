//! An app is stopped, and started again as it was, also by the run after a killed one.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use swarm::fake::Fake;
use swarm::{Error, Quiesce, Result, Service, Services, Standby, Stop, Task, TaskState, Tasks};

/// An engine in memory with tasks; one named in `stuck` does not end.
#[derive(Default)]
struct Host {
    fake: Fake,
    stuck: RefCell<Option<String>>,
    /// What is seen of tasks, one look after the other; the last is the first of them.
    looks: RefCell<Vec<Vec<Task>>>,
    /// A task that goes when its service is changed.
    forgotten: RefCell<Option<Task>>,
    /// How often somebody else is quicker.
    quicker: Cell<u32>,
}

impl Host {
    fn with(services: impl IntoIterator<Item = Service>) -> Self {
        let host = Self::default();
        for mut service in services {
            service.labels.insert("app".to_owned(), "wiki".to_owned());
            host.fake.services.borrow_mut().push(service);
        }
        host
    }

    fn quiesce(&self) -> Quiesce<'_, Self> {
        Quiesce::new(self, "app=wiki".to_owned())
    }

    fn desired(&self) -> Vec<u64> {
        self.fake.services.borrow().iter().map(|one| one.desired).collect()
    }

    fn services(&self) -> Vec<Service> {
        self.fake.services.borrow().clone()
    }
}

impl Services for Host {
    async fn services(&self, label: &str) -> Result<Vec<Service>> {
        self.fake.services(label).await
    }
    async fn remove_service(&self, name: &str) -> Result<()> {
        self.fake.remove_service(name).await
    }
    async fn start_standby(&self, standby: Standby<'_>) -> Result<()> {
        self.fake.start_standby(standby).await
    }
    async fn resume(&self, service: &Service) -> Result<()> {
        self.fake.resume(service).await
    }
    async fn relabel(&self, service: &Service, labels: &BTreeMap<String, String>) -> Result<()> {
        assert_eq!(&service.labels, labels, "the swarm is told what it knows");
        self.forgotten.take();
        self.fake.relabel(service, labels).await
    }
}

impl Stop for Host {
    async fn stop(&self, service: &Service) -> Result<()> {
        if self.quicker.get() > 0 {
            self.quicker.set(self.quicker.get() - 1);
            let message = "rpc error: update out of sequence".to_owned();
            return Err(Error::Refused { doing: "stopping".to_owned(), message });
        }
        self.fake.stop(service).await
    }
    async fn start(&self, service: &Service) -> Result<()> {
        self.fake.start(service).await
    }
}

impl Tasks for Host {
    async fn tasks(&self, services: &[String]) -> Result<Vec<Task>> {
        if let Some(look) = self.looks.borrow_mut().pop() {
            return Ok(look);
        }
        if let Some(task) = &*self.forgotten.borrow() {
            return Ok(vec![task.clone()]);
        }
        let stuck = self.stuck.borrow().clone().filter(|name| services.contains(name));
        let task = |name: String| Task {
            service: format!("id-{name}"),
            state: TaskState::Running,
            container: Some("c".to_owned()),
            ..Task::default()
        };
        Ok(stuck.map(task).into_iter().collect())
    }
}

fn silent(_: String) {}

const SOON: Duration = Duration::from_millis(300);

#[tokio::test]
async fn each_service_is_started_as_what_it_was_also_one_on_every_node() {
    let all = [Service::replicated("app", 3), Service::global("agent"), Service::replicated("off", 0)];
    let host = Host::with(all);
    let before = host.services();
    host.quiesce().stop(SOON, &mut silent).await.unwrap();
    assert_eq!(host.desired(), [0, 0, 0]);
    assert!(host.quiesce().is_stopped().await.unwrap());
    host.quiesce().start(&mut silent).await.unwrap();
    assert_eq!(host.services(), before);
    assert!(!host.quiesce().is_stopped().await.unwrap());
}

#[tokio::test]
async fn what_it_was_is_known_after_a_run_that_was_killed_in_the_middle() {
    let host = Host::with([Service::replicated("app", 3), Service::replicated("db", 1)]);
    let before = host.services();
    // Killed after the first of them, then stopped once more by the next run.
    host.fake.stop(&before[0]).await.unwrap();
    assert!(host.quiesce().is_stopped().await.unwrap());
    host.quiesce().stop(SOON, &mut silent).await.unwrap();
    host.quiesce().start(&mut silent).await.unwrap();
    assert_eq!(host.services(), before);
}

#[tokio::test]
async fn a_task_that_does_not_end_is_named_and_the_app_comes_back() {
    let host = Host::with([Service::replicated("app", 1), Service::replicated("db", 1)]);
    *host.stuck.borrow_mut() = Some("db".to_owned());
    let error = host.quiesce().stop(SOON, &mut silent).await.unwrap_err().to_string();
    assert!(error.contains("a task of db still runs"), "{error}");
    host.quiesce().start(&mut silent).await.unwrap();
    assert_eq!(host.desired(), [1, 1]);
}

/// The swarm hears later that nothing is to run: it makes a successor of a task that failed, which may write, too.
#[tokio::test]
async fn what_is_not_seen_to_have_ended_may_write_also_with_no_container_yet() {
    let host = Host::with([Service::replicated("app", 1)]);
    let task = |state, wanted| Task { service: "id-app".to_owned(), state, wanted, ..Task::default() };
    let failed = || task(TaskState::Failed, false);
    let looks = vec![
        vec![task(TaskState::Failed, true)],
        vec![failed(), task(TaskState::Preparing, true)],
        vec![failed(), task(TaskState::Starting, false)],
        vec![failed(), task(TaskState::Shutdown, false), task(TaskState::Pending, false)],
    ];
    host.looks.borrow_mut().extend(looks.into_iter().rev());
    host.quiesce().stop(Duration::from_secs(5), &mut silent).await.unwrap();
    assert!(host.looks.borrow().is_empty(), "it was called stopped {} looks too early", host.looks.borrow().len());
}

#[tokio::test(start_paused = true)]
async fn what_stays_in_doubt_does_not_keep_an_app_from_being_stopped() {
    let host = Host::with([Service::replicated("app", 1)]);
    let left = Task { service: "id-app".to_owned(), state: TaskState::Failed, wanted: true, ..Task::default() };
    host.looks.borrow_mut().extend((0..1000).map(|_| vec![left.clone()]));
    host.quiesce().stop(Duration::from_secs(60), &mut silent).await.unwrap();
    let looks = 1000 - host.looks.borrow().len();
    assert!(looks > 20, "it was called stopped after {looks} looks");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_the_swarm_has_forgotten_is_brought_to_its_mind() {
    let host = Host::with([Service::replicated("app", 1)]);
    let state = TaskState::Starting;
    let task = Task { service: "id-app".to_owned(), state, wanted: true, ..Task::default() };
    host.forgotten.replace(Some(task));
    host.quiesce().stop(Duration::from_secs(60), &mut silent).await.unwrap();
    assert!(host.quiesce().is_stopped().await.unwrap());
}

#[tokio::test]
async fn a_service_that_somebody_scaled_meanwhile_is_left_alone() {
    let host = Host::with([Service::replicated("app", 1)]);
    host.quiesce().stop(SOON, &mut silent).await.unwrap();
    host.fake.scale("app", 5);
    host.quiesce().start(&mut silent).await.unwrap();
    assert_eq!(host.desired(), [5]);
}

#[tokio::test]
async fn a_service_that_somebody_changes_at_the_same_moment_is_told_again_but_not_for_ever() {
    let host = Host::with([Service::replicated("app", 1)]);
    host.quicker.set(3);
    host.quiesce().stop(SOON, &mut silent).await.unwrap();
    assert_eq!(host.desired(), [0]);
    host.quiesce().start(&mut silent).await.unwrap();
    host.quicker.set(1000);
    host.quiesce().stop(SOON, &mut silent).await.unwrap_err();
}

#[tokio::test]
async fn what_carries_the_label_of_others_is_not_touched() {
    let mut standby = Service::replicated("standby", 1);
    standby.labels.insert("other".to_owned(), String::new());
    let host = Host::with([Service::replicated("app", 1), standby]);
    host.quiesce().without("other").stop(SOON, &mut silent).await.unwrap();
    assert_eq!(host.desired(), [0, 1]);
}
