//! Certificates inserted on an engine in memory and in a folder of their own.

use std::path::Path;

use insert_certs::{manifest::Manifest, run};
use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair};
use state::{Outcome, Receipt};
use swarm::fake::Fake;
use swarm::{NewSecret, Object, Result, Secrets, Service};

/// A host with a folder for everything, and an engine.
struct Host {
    folder: tempfile::TempDir,
    engine: Fake,
}

/// The engine by reference, as a run takes it.
struct Shared<'a>(&'a Fake);

impl Secrets for Shared<'_> {
    async fn secrets(&self, label: &str) -> Result<Vec<Object>> {
        self.0.secrets(label).await
    }
    async fn create_secret(&self, secret: NewSecret<'_>) -> Result<()> {
        self.0.create_secret(secret).await
    }
    async fn remove_secret(&self, name: &str) -> Result<bool> {
        self.0.remove_secret(name).await
    }
}

impl Host {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), engine: Fake::default() }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a new certificate for `*.example.org`, valid in the given years.
    fn renew(&self, years: std::ops::Range<i32>) {
        let mut params = CertificateParams::new(vec!["*.example.org".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
        let key = KeyPair::generate().unwrap();
        std::fs::write(self.path("tls.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(self.path("tls.key"), key.serialize_pem()).unwrap();
    }

    fn manifest(&self) -> Manifest {
        serde_json::from_value(serde_json::json!({
            "stateFolder": self.path("state"), "dockerSocket": "/nowhere", "name": "example",
            "certificateFile": self.path("tls.crt"), "keyFile": self.path("tls.key"), "domains": ["*.example.org"],
            "folder": self.path("served"), "swarmSecretPrefix": "hearth_cert_example", "expiryWarningDays": 14
        }))
        .unwrap()
    }

    fn insert(&self, dry_run: bool) -> Receipt {
        self.engine.calls.borrow_mut().clear();
        let now: Timestamp = "2026-01-15T00:00:00Z".parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let manifest = self.manifest();
        runtime.block_on(run(&manifest, || Ok(Shared(&self.engine)), dry_run, now)).unwrap()
    }

    fn served(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path("served")) else { return Vec::new() };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn told(&self) -> String {
        std::fs::read_to_string(self.path("served/example.yml")).unwrap()
    }

    fn secrets(&self) -> Vec<String> {
        self.engine.secrets.borrow().keys().cloned().collect()
    }
}

#[test]
fn a_certificate_is_served_and_a_second_run_does_nothing_with_one_request() {
    use std::os::unix::fs::PermissionsExt as _;
    let host = Host::new();
    host.renew(2020..2200);
    let receipt = host.insert(false);
    assert_eq!(receipt.outcome, Outcome::Changed, "{receipt:?}");
    assert_eq!(host.served().len(), 3);
    assert_eq!(host.secrets().len(), 2);
    for name in host.served() {
        let mode = std::fs::metadata(host.path("served").join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let key =
        host.served().into_iter().find(|name| Path::new(name).extension().is_some_and(|kind| kind == "key")).unwrap();
    assert!(host.told().contains(&format!("keyFile: \"/certificates/{key}\"")), "{}", host.told());
    assert_eq!(std::fs::read(host.path("served").join(key)).unwrap(), std::fs::read(host.path("tls.key")).unwrap());

    let receipt = host.insert(false);
    assert_eq!((receipt.outcome, receipt.plan.len()), (Outcome::Unchanged, 0));
    assert_eq!(*host.engine.calls.borrow(), ["list secrets hearth.certificate=example"]);
}

#[test]
fn a_renewed_certificate_takes_over_and_the_old_secrets_go_unless_a_service_uses_one() {
    let host = Host::new();
    host.renew(2020..2200);
    host.insert(false);
    let old = host.secrets();
    let user = Service { name: "p".to_owned(), secrets: vec![old[1].clone()], ..Service::default() };
    host.engine.services.borrow_mut().push(user);

    host.renew(2021..2200);
    assert_eq!(host.insert(false).outcome, Outcome::Changed);
    let secrets = host.secrets();
    assert!(!secrets.contains(&old[0]) && secrets.contains(&old[1]) && secrets.len() == 3, "{secrets:?}");
    assert_eq!(host.served().len(), 5, "the files of the one before stay: {:?}", host.served());

    let receipt = host.insert(false);
    assert_eq!(receipt.outcome, Outcome::Unchanged, "what cannot be removed yet is no change");
    assert_eq!(receipt.steps[0].result, "a service uses it still");

    host.renew(2022..2200);
    host.insert(false);
    assert_eq!(host.served().len(), 5, "those of the one before that are gone: {:?}", host.served());
}

#[test]
fn a_refused_certificate_leaves_the_one_in_use_and_asks_the_engine_nothing() {
    let host = Host::new();
    host.renew(2000..2001);
    let receipt = host.insert(false);
    let error = receipt.error.unwrap();
    assert!(
        error.ends_with(
            "/tls.crt: the certificate expired on 2001-01-01T00:00:00Z; no certificate of this name is served"
        )
    );

    host.renew(2020..2200);
    host.insert(false);
    let (served, told) = (host.served(), host.told());
    host.renew(2000..2001);
    let receipt = host.insert(false);
    assert_eq!(receipt.outcome, Outcome::Failed);
    assert!(receipt.error.unwrap().ends_with("; the certificate in use stays served"));
    assert_eq!((host.served(), host.told()), (served, told));
    assert!(host.engine.calls.borrow().is_empty());
}

#[test]
fn a_key_that_is_not_there_leaves_the_certificate_in_use() {
    let host = Host::new();
    host.renew(2020..2200);
    host.insert(false);
    std::fs::remove_file(host.path("tls.key")).unwrap();
    let error = host.insert(false).error.unwrap();
    assert!(error.contains("/tls.key: No such file") && error.ends_with("stays served"), "{error}");
}

#[test]
fn a_dry_run_tells_the_plan_and_touches_nothing() {
    let host = Host::new();
    host.renew(2020..2200);
    let receipt = host.insert(true);
    assert_eq!(receipt.outcome, Outcome::Unchanged);
    assert_eq!(receipt.plan[0], "write the certificate into the proxy's folder");
    assert!(host.served().is_empty() && host.secrets().is_empty() && !host.path("state").exists());
}

#[test]
fn an_end_that_is_near_is_told_by_every_run() {
    let host = Host::new();
    host.renew(2020..2200);
    let soon = "2199-12-24T00:00:00Z".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..2 {
        let manifest = host.manifest();
        let receipt = runtime.block_on(run(&manifest, || Ok(Shared(&host.engine)), false, soon)).unwrap();
        assert_eq!(receipt.warnings, ["the certificate expires in 8 days, on 2200-01-01T00:00:00Z; renew it"]);
        assert_eq!(receipt.found["expires"], "2200-01-01T00:00:00Z");
    }
}

#[test]
fn the_files_of_another_certificate_are_left_alone() {
    let host = Host::new();
    std::fs::create_dir(host.path("served")).unwrap();
    let others =
        ["example-two-0123456789ab.crt", "example-two.yml", "example-0123456789ab.txt", "exam-0123456789ab.key"];
    for other in others {
        std::fs::write(host.path("served").join(other), "x").unwrap();
    }
    host.renew(2020..2200);
    host.insert(false);
    host.renew(2021..2200);
    host.insert(false);
    let served = host.served();
    assert!(others.iter().all(|other| served.contains(&(*other).to_owned())), "{served:?}");
}

#[test]
fn no_receipt_and_no_message_holds_the_key() {
    let host = Host::new();
    host.renew(2020..2200);
    let receipt = host.insert(false);
    let key = std::fs::read_to_string(host.path("tls.key")).unwrap();
    let secret = key.lines().nth(1).unwrap();
    assert!(!serde_json::to_string(&receipt).unwrap().contains(secret));
    let kept = std::fs::read_to_string(host.path("state/last.json")).unwrap();
    assert!(!kept.contains(secret));
}
