//! Commands in running containers.

use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt;

use crate::{Engine, Error, Result};

/// How much of what a command prints is kept, from its end, in bytes.
const KEPT: usize = 16 << 10;

/// How a command in a container ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Its exit code; `None` when it had not ended in time and was killed.
    pub exit_code: Option<i64>,
    /// The end of what it printed, standard output and error together.
    pub output: String,
}

/// Running commands in containers.
pub trait Exec {
    /// Runs a command in a container of this node, and kills it when it has not ended within `limit`.
    async fn exec(&self, container: &str, command: &[String], limit: Duration) -> Result<Executed>;
}

impl Exec for Engine {
    async fn exec(&self, container: &str, command: &[String], limit: Duration) -> Result<Executed> {
        let doing = || format!("running a command in container {container}");
        let config = ExecConfig {
            cmd: Some(command.to_vec()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..Default::default()
        };
        let id = self.docker.create_exec(container, config).await.map_err(self.error(doing()))?.id;
        let started = self.docker.start_exec(&id, None::<StartExecOptions>).await.map_err(self.error(doing()))?;
        let StartExecResults::Attached { mut output, input: _ } = started else {
            return Err(Error::Refused { doing: doing(), message: "it was started out of sight".to_owned() });
        };
        let mut printed = Vec::new();
        let read = async {
            while let Some(chunk) = output.next().await {
                keep(&mut printed, chunk.map_err(self.error(doing()))?);
            }
            Ok(())
        };
        let ended = tokio::time::timeout(limit, read).await;
        let inspected = self.docker.inspect_exec(&id).await.map_err(self.error(doing()))?;
        let exit_code = if let Ok(read) = ended {
            read?;
            inspected.exit_code
        } else {
            kill(inspected.pid);
            None
        };
        Ok(Executed { exit_code, output: String::from_utf8_lossy(&printed).trim().to_owned() })
    }
}

/// The engine has no call that ends a command in a container; its process is one of this node.
pub(crate) fn kill(pid: Option<i64>) {
    let pid = pid.and_then(|pid| i32::try_from(pid).ok()).filter(|pid| *pid > 1);
    if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
        // It may have ended by itself at this moment.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

fn keep(printed: &mut Vec<u8>, chunk: LogOutput) {
    printed.extend_from_slice(&chunk.into_bytes());
    if printed.len() > KEPT {
        printed.drain(..printed.len() - KEPT);
    }
}
