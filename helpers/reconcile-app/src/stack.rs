//! The Docker command-line client, for the two things that it does better than anybody: read a compose file, apply it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Rendering and applying compose files.
pub trait Stacks {
    /// Merges compose files, in which no variables are left, as `docker stack config` does.
    async fn render(&self, folder: &Path, documents: &[String]) -> anyhow::Result<String>;
    /// Applies a rendered compose file as `docker stack deploy` does. Its success says only that the swarm took it.
    async fn deploy(&self, stack: &str, rendered: &str) -> anyhow::Result<()>;
}

/// The client ran, and said no: of what it was given, or of what became of it in the engine.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// The real client.
#[derive(Clone, Debug)]
pub struct DockerCommand {
    /// Where it is.
    pub command: PathBuf,
    /// The engine's socket.
    pub socket: PathBuf,
    /// The folder with the registry logins.
    pub config_folder: PathBuf,
}

impl Stacks for DockerCommand {
    async fn render(&self, folder: &Path, documents: &[String]) -> anyhow::Result<String> {
        // The client reads several files only by their names.
        let scratch = tempfile::tempdir().context("making a folder for the compose files")?;
        let mut command = self.command();
        command.args(["stack", "config"]).current_dir(folder);
        for (number, document) in documents.iter().enumerate() {
            let file = scratch.path().join(format!("{number}.yml"));
            tokio::fs::write(&file, document).await.context("writing a compose file for the Docker client")?;
            command.arg("--compose-file").arg(file);
        }
        self.run(command, None).await.context("rendering the compose files with `docker stack config`")
    }

    async fn deploy(&self, stack: &str, rendered: &str) -> anyhow::Result<()> {
        let mut command = self.command();
        // Not `--with-registry-auth`: the engine writes the login it is given to /var/lib/docker/swarm/worker/tasks.db,
        // in clear. Every image is here, pinned to its digest, and then the engine pulls nothing.
        command.args(["stack", "deploy", "--detach=true", "--prune", "--resolve-image=never"]);
        command.args(["--compose-file", "-", stack]);
        self.run(command, Some(rendered)).await.context("applying with `docker stack deploy`")?;
        Ok(())
    }
}

impl DockerCommand {
    /// With nothing of this process's environment: what a recipe can read is what its declaration says.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.command);
        command
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("DOCKER_HOST", format!("unix://{}", self.socket.display()))
            .env("DOCKER_CONFIG", &self.config_folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, mut command: Command, input: Option<&str>) -> anyhow::Result<String> {
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn().with_context(|| format!("starting {}", self.command.display()))?;
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            stdin.write_all(input.as_bytes()).await.context("handing over the compose file")?;
        }
        let output = child.wait_with_output().await.context("waiting for the Docker client")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            // One that was killed has said nothing of what it was given.
            ensure!(output.status.code().is_some(), "the Docker client was killed ({}): {said}", output.status);
            return Err(Refused(said).into());
        }
        String::from_utf8(output.stdout).context("the Docker client printed something that is not UTF-8")
    }
}
