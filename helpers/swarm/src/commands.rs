//! Commands in running containers that are told something and answer at length.

use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt as _;

use crate::exec::kill;
use crate::{Engine, Error, Result};

/// The end of what a command complains about is kept, in bytes.
const COMPLAINTS_KEPT: usize = 16 << 10;

/// A command for a container that runs.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// Variables on top of the container's own.
    pub environment: Vec<(String, String)>,
    /// What it reads from its standard input.
    pub input: Vec<u8>,
    /// After which time it is killed.
    pub limit: Duration,
    /// How many bytes it may print. One that prints more is killed.
    pub most: usize,
}

/// What a command printed, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// Its exit code; `None` when it was killed because it took or printed too much.
    pub exit_code: Option<i64>,
    /// All that it printed.
    pub output: Vec<u8>,
    /// The end of what it complained about.
    pub complaints: String,
}

impl Printed {
    /// The output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }
}

/// Running commands in containers, with their whole output.
pub trait Commands {
    /// Runs a command in a container of this node to its end.
    async fn command(&self, container: &str, command: &Command) -> Result<Printed>;
}

impl Commands for Engine {
    async fn command(&self, container: &str, command: &Command) -> Result<Printed> {
        let doing = || format!("running {} in container {container}", command.arguments.first().map_or("", |it| it));
        let config = ExecConfig {
            cmd: Some(command.arguments.clone()),
            env: Some(command.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            attach_stdin: Some(!command.input.is_empty()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..Default::default()
        };
        let id = self.docker.create_exec(container, config).await.map_err(self.error(doing()))?.id;
        let started = self.docker.start_exec(&id, None::<StartExecOptions>).await.map_err(self.error(doing()))?;
        let StartExecResults::Attached { mut output, mut input } = started else {
            return Err(Error::Refused { doing: doing(), message: "it was started out of sight".to_owned() });
        };
        let write = async {
            // One that ends early, because it does not like what it reads, closes its end.
            let _ = input.write_all(&command.input).await;
            let _ = input.shutdown().await;
        };
        let read = async {
            let mut printed = Printed::default();
            while let Some(chunk) = output.next().await {
                take(&mut printed, chunk.map_err(self.error(doing()))?);
                if printed.output.len() > command.most {
                    return Ok((printed, false));
                }
            }
            Ok((printed, true))
        };
        let both = async { tokio::join!(write, read).1 };
        let ended = tokio::time::timeout(command.limit, both).await;
        let inspected = self.docker.inspect_exec(&id).await.map_err(self.error(doing()))?;
        let (printed, whole) = match ended {
            Ok(read) => read?,
            Err(_) => (Printed::default(), false),
        };
        if !whole {
            kill(inspected.pid);
        }
        Ok(Printed { exit_code: inspected.exit_code.filter(|_| whole), ..printed })
    }
}

fn take(printed: &mut Printed, chunk: LogOutput) {
    match chunk {
        LogOutput::StdErr { message } => {
            printed.complaints.push_str(&String::from_utf8_lossy(&message));
            let over = printed.complaints.len().saturating_sub(COMPLAINTS_KEPT);
            let cut = (over..=printed.complaints.len()).find(|at| printed.complaints.is_char_boundary(*at));
            printed.complaints.drain(..cut.unwrap_or_default());
        }
        other => printed.output.extend_from_slice(&other.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_complaints_the_end_is_kept_and_of_output_everything() {
        let mut printed = Printed::default();
        for _ in 0..3 {
            take(&mut printed, LogOutput::StdErr { message: "ä".repeat(5000).into() });
            take(&mut printed, LogOutput::StdOut { message: vec![b'x'; 20_000].into() });
        }
        assert_eq!(printed.output.len(), 60_000);
        assert!(printed.complaints.len() <= COMPLAINTS_KEPT && printed.complaints.len() > COMPLAINTS_KEPT - 4);
    }
}
