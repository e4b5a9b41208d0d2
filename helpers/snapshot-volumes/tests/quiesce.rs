//! An app is stopped, and started again as it was, also by the run after a killed one.

use std::cell::RefCell;
use std::time::Duration;

use snapshot_volumes::quiesce::Quiesce;
use swarm::fake::Fake;
use swarm::{Result, STACK_LABEL, Scale, Service, Services, Standby, Task, TaskState, Tasks};

/// An engine in memory with tasks; one named in `stuck` does not end.
#[derive(Default)]
struct Host {
    fake: Fake,
    stuck: RefCell<Option<String>>,
}

impl Host {
    fn with(services: &[(&str, u64)]) -> Self {
        let host = Self::default();
        for (name, replicas) in services {
            let mut service = Service::replicated(name, *replicas);
            service.labels.insert(STACK_LABEL.to_owned(), "wiki".to_owned());
            host.fake.services.borrow_mut().push(service);
        }
        host
    }

    fn replicas(&self) -> Vec<(String, u64)> {
        self.fake.services.borrow().iter().map(|one| (one.name.clone(), one.replicas().unwrap())).collect()
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
    async fn stop(&self, service: &Service) -> Result<()> {
        self.fake.stop(service).await
    }
}

impl Scale for Host {
    async fn scale(&self, service: &Service, replicas: u64) -> Result<()> {
        self.fake.scale(service, replicas).await
    }
}

impl Tasks for Host {
    async fn tasks(&self, services: &[String]) -> Result<Vec<Task>> {
        let stuck = self.stuck.borrow().clone().filter(|name| services.contains(name));
        Ok(stuck
            .map(|name| Task { service: format!("id-{name}"), state: TaskState::Running, ..Task::default() })
            .into_iter()
            .collect())
    }
}

fn silent(_: String) {}

const SOON: Duration = Duration::from_millis(300);

#[tokio::test]
async fn each_service_is_scaled_back_to_what_it_was() {
    let (host, folder) = (Host::with(&[("app", 3), ("db", 1), ("off", 0)]), tempfile::tempdir().unwrap());
    let before = host.replicas();
    let quiesce = Quiesce::new(&host, "wiki", folder.path());
    quiesce.stop(SOON, &mut silent).await.unwrap();
    assert!(host.replicas().iter().all(|(_, count)| *count == 0));
    assert!(quiesce.is_stopped().unwrap());
    quiesce.start(&mut silent).await.unwrap();
    assert_eq!(host.replicas(), before);
    assert!(!quiesce.is_stopped().unwrap());
}

#[tokio::test]
async fn what_it_was_is_known_after_a_run_that_was_killed_in_the_middle() {
    let (host, folder) = (Host::with(&[("app", 3), ("db", 1)]), tempfile::tempdir().unwrap());
    let before = host.replicas();
    // Killed, then stopped once more by the next run, which finds everything at nothing.
    Quiesce::new(&host, "wiki", folder.path()).stop(SOON, &mut silent).await.unwrap();
    let next = Quiesce::new(&host, "wiki", folder.path());
    next.stop(SOON, &mut silent).await.unwrap();
    next.start(&mut silent).await.unwrap();
    assert_eq!(host.replicas(), before);
}

#[tokio::test]
async fn it_is_on_disk_before_the_first_service_is_touched() {
    let host = Host::with(&[("app", 1)]);
    let error = Quiesce::new(&host, "wiki", "/proc/no/such/folder".as_ref()).stop(SOON, &mut silent).await;
    error.unwrap_err();
    assert_eq!(host.replicas(), [("app".to_owned(), 1)]);
}

#[tokio::test]
async fn a_task_that_does_not_end_is_named_and_the_app_comes_back() {
    let (host, folder) = (Host::with(&[("app", 1), ("db", 1)]), tempfile::tempdir().unwrap());
    *host.stuck.borrow_mut() = Some("db".to_owned());
    let quiesce = Quiesce::new(&host, "wiki", folder.path());
    let error = quiesce.stop(SOON, &mut silent).await.unwrap_err().to_string();
    assert!(error.contains("a task of db still runs"), "{error}");
    quiesce.start(&mut silent).await.unwrap();
    assert_eq!(host.replicas(), [("app".to_owned(), 1), ("db".to_owned(), 1)]);
}

#[tokio::test]
async fn a_service_that_somebody_scaled_meanwhile_is_left_alone() {
    let (host, folder) = (Host::with(&[("app", 1)]), tempfile::tempdir().unwrap());
    let quiesce = Quiesce::new(&host, "wiki", folder.path());
    quiesce.stop(SOON, &mut silent).await.unwrap();
    let app = host.fake.services.borrow()[0].clone();
    host.scale(&app, 5).await.unwrap();
    quiesce.start(&mut silent).await.unwrap();
    assert_eq!(host.replicas(), [("app".to_owned(), 5)]);
}

#[tokio::test]
async fn a_service_on_every_node_is_refused_before_anything_is_stopped() {
    let (host, folder) = (Host::with(&[("app", 1)]), tempfile::tempdir().unwrap());
    let mut everywhere = Service { name: "agent".to_owned(), ..Service::default() };
    everywhere.labels.insert(STACK_LABEL.to_owned(), "wiki".to_owned());
    host.fake.services.borrow_mut().push(everywhere);
    let quiesce = Quiesce::new(&host, "wiki", folder.path());
    let error = quiesce.stop(SOON, &mut silent).await.unwrap_err().to_string();
    assert!(error.contains("agent has a task on every node") && error.contains("nothing was stopped"), "{error}");
    assert_eq!(host.fake.services.borrow()[0].replicas(), Some(1));
}
