//! A receipt is written under the drill's lock: of two drills, the one that ended last is the one that is read.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use drill_restore::run::run;
use reconcile_app::manifest::Manifest;
use reconcile_app::stack::DockerCommand;
use state::{Lock, LockError, Outcome};
use swarm::Engine;

fn manifest(folder: &Path) -> Manifest {
    let text = format!(
        r#"{{"schema":1,"stateFolder":"{0}/state","dockerSocket":"{0}/docker.sock","dockerConfigFolder":"{0}",
        "dockerCommand":"/docker","name":"wiki","stack":"wiki","domain":"","recipe":{{"folder":"{0}"}},"composeFiles":null,
        "environment":{{}},"secrets":{{}},"images":[],"update":"rolling","drainSeconds":1,"nftCommand":null,
        "systemctlCommand":null,
        "gate":{{"convergeSeconds":1,"healthySeconds":1,"restartLimit":1,"probe":null}},
        "allow":{{"hostPaths":[],"privileged":false,"hostNetwork":false,"capabilities":[],"devices":[]}}}}"#,
        folder.display()
    );
    state::manifest::parse(Path::new("wiki.json"), text.as_bytes()).unwrap()
}

/// A drill over an app whose engine hangs up on everybody: one that fails.
fn failing_drill(manifest: &Manifest) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = Engine::connect(&manifest.docker_socket).unwrap();
    let (command, socket) = (manifest.docker_command.clone(), manifest.docker_socket.clone());
    let stacks = DockerCommand { command, socket, config_folder: manifest.docker_config_folder.clone() };
    runtime.block_on(run(&engine, &stacks, manifest, None, &mut |_| {})).unwrap().outcome
}

#[test]
fn no_other_drill_begins_before_the_receipt_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, drills) = (manifest(folder.path()), folder.path().join("state/drill"));
    let listener = UnixListener::bind(&manifest.docker_socket).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    // What the drill before left is read before it is replaced: here it is a pipe, at which this drill waits.
    std::fs::create_dir_all(&drills).unwrap();
    assert!(Command::new("mkfifo").arg(drills.join("last.json")).status().unwrap().success());
    let running = std::thread::spawn(move || failing_drill(&manifest));
    let writer = std::fs::File::options().write(true).open(drills.join("last.json")).unwrap();
    assert!(
        matches!(Lock::try_acquire(&drills.join("lock")), Err(LockError::Held(_))),
        "another drill could begin now"
    );
    drop(writer);
    assert_eq!(running.join().unwrap(), Outcome::Failed);
    assert!(drills.join("last.json").is_file());
    Lock::try_acquire(&drills.join("lock")).unwrap();
}
