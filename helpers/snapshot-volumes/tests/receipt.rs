//! A receipt is written under the run's lock: of two runs, the one that ended last is the one that is read.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;

use snapshot_volumes::manifest::Manifest;
use snapshot_volumes::run::{Job, run};
use state::{Lock, LockError, Outcome, Receipt};
use swarm::Engine;

fn manifest(folder: &std::path::Path) -> Manifest {
    let text = format!(
        r#"{{"schema":1,"stateFolder":"{0}/state","dockerSocket":"{0}/docker.sock","name":"wiki","stack":"wiki",
        "gate":{{"convergeSeconds":1}},"snapshot":{{"folder":"{0}/snapshots"}}}}"#,
        folder.display()
    );
    serde_json::from_str(&text).unwrap()
}

/// Takes a snapshot of an app whose engine hangs up on everybody: a run that fails.
fn failing_run(manifest: &Manifest) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = Engine::connect(&manifest.docker_socket).unwrap();
    runtime.block_on(run(&engine, manifest, &Job::Take, &mut |_| {})).unwrap().outcome
}

#[test]
fn nobody_else_runs_before_the_receipt_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, last) = (manifest(folder.path()), folder.path().join("state/snapshots/last.json"));
    let listener = UnixListener::bind(&manifest.docker_socket).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let lock: PathBuf = manifest.state_folder.join("lock");
    // What the run before left is read before it is replaced: here it is a pipe, at which this run waits.
    std::fs::create_dir_all(last.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(&last).status().unwrap().success());
    let running = std::thread::spawn(move || failing_run(&manifest));
    let writer = std::fs::File::options().write(true).open(&last).unwrap();
    assert!(matches!(Lock::try_acquire(&lock), Err(LockError::Held(_))), "another run could begin now");
    drop(writer);
    assert_eq!(running.join().unwrap(), Outcome::Failed);
    assert!(last.is_file());
    Lock::try_acquire(&lock).unwrap();
}

/// Removes what retention does not keep, for which no engine is asked.
fn prune(manifest: &Manifest) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = Engine::connect(&manifest.docker_socket).unwrap();
    runtime.block_on(run(&engine, manifest, &Job::Prune, &mut |_| {})).unwrap().outcome
}

#[test]
fn that_no_snapshot_could_be_taken_is_not_hidden_by_what_goes_well_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = manifest(folder.path());
    let _listener = UnixListener::bind(&manifest.docker_socket).unwrap();
    let receipts = manifest.state_folder.join("snapshots");
    let mut held = Receipt::start("snapshot-volumes", "wiki");
    held.finish(Outcome::Held, "no room");
    held.write(&receipts).unwrap();
    assert_eq!(prune(&manifest), Outcome::Unchanged);
    let last = |folder: &std::path::Path| {
        serde_json::from_slice::<Receipt>(&std::fs::read(folder.join("last.json")).unwrap()).unwrap().outcome
    };
    assert_eq!((last(&receipts), last(&receipts.join("beside"))), (Outcome::Held, Outcome::Unchanged));
}
