//! What `main` dispatches to: printing and exit codes.

use std::path::Path;
use std::process::ExitCode;

use reconcile_app::host;
use reconcile_app::manifest::Manifest;
use reconcile_app::stack::DockerCommand;
use snapshot_volumes::Id;
use state::{Lock, LockError};
use swarm::Engine;

use crate::clear::clear;
use crate::{proof, run};

/// Holds a drill. With `json` the receipt goes to standard output and the progress to standard error.
///
/// # Errors
/// When the manifest cannot be read or the receipt cannot be written.
pub async fn drill(path: &Path, id: Option<&Id>, json: bool) -> anyhow::Result<ExitCode> {
    let manifest: Manifest = state::manifest::read(path)?;
    let engine = Engine::connect(&manifest.docker_socket)?;
    let stacks = DockerCommand {
        command: manifest.docker_command.clone(),
        socket: manifest.docker_socket.clone(),
        config_folder: manifest.docker_config_folder.clone(),
    };
    let mut say = |line: String| if json { state::err!("{line}") } else { state::out!("{line}") };
    let receipt = run::run(&engine, &stacks, &manifest, id, &mut say).await?;
    Ok(receipt.print(json)?)
}

/// Removes what drills that were cut off left: of the app whose manifest this is, or of all in a folder. Those of a
/// drill that is under way are left alone.
///
/// # Errors
/// When a manifest cannot be read, the engine does not answer, or something cannot be removed.
pub async fn clear_all(path: &Path) -> anyhow::Result<ExitCode> {
    let paths = if path.is_dir() { host::manifests(path)? } else { vec![path.to_owned()] };
    let mut ended = ExitCode::SUCCESS;
    for path in paths {
        if let Err(error) = clear_one(&path).await {
            state::err!("error: {error:#}");
            ended = ExitCode::FAILURE;
        }
    }
    Ok(ended)
}

async fn clear_one(path: &Path) -> anyhow::Result<()> {
    let manifest: Manifest = state::manifest::read(path)?;
    let folder = proof::folder(&manifest.state_folder);
    if !folder.exists() {
        // No drill was ever held.
        return Ok(());
    }
    let _lock = match Lock::try_acquire(&folder.join("lock")) {
        Err(LockError::Held(_)) => return Ok(()),
        lock => lock?,
    };
    let engine = Engine::connect(&manifest.docker_socket)?;
    let removed = clear(&engine, manifest.name.as_str()).await?;
    if removed > 0 {
        state::out!("{}: removed {removed} services, volumes and networks that a drill had left", manifest.name);
    }
    Ok(())
}
