//! `hearth logs`: what an app's unit and its containers said.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::Context as _;
use reconcile_app::manifest::Manifest;
use reconcile_app::plan::APP_LABEL;
use swarm::{Engine, Services as _};

use crate::host::{Host, Kind, Subject};

/// Something that has a log, and the command that shows it.
struct Source {
    name: String,
    command: Command,
}

/// Prints the logs, one after the other; with `follow`, all at the same time until it is interrupted.
///
/// # Errors
/// When there is no such subject, or a log cannot be shown.
pub async fn show(host: &Host, name: &str, follow: bool, lines: u32) -> anyhow::Result<ExitCode> {
    let subject = host.subject(name)?;
    let mut sources = vec![unit(subject, follow, lines)];
    if subject.kind == Kind::App {
        match containers(subject, follow, lines).await {
            Ok(found) => sources.extend(found),
            // What the unit said is what is needed most when the engine is gone.
            Err(error) => state::err!("warning: the logs of the containers of {name} cannot be had: {error:#}"),
        }
    }
    let width = sources.iter().map(|source| source.name.len()).max().unwrap_or_default();
    let mut running = Vec::new();
    for source in sources {
        let child = start(source, width)?;
        if follow {
            running.push(child);
        } else {
            child.end();
        }
    }
    running.into_iter().for_each(Shown::end);
    Ok(ExitCode::SUCCESS)
}

fn unit(subject: &Subject, follow: bool, lines: u32) -> Source {
    let mut command = Command::new("journalctl");
    command.args(["--no-pager", "--output=short-iso", "--no-hostname", "--unit", &subject.unit]);
    command.arg(format!("--lines={lines}"));
    if follow {
        command.arg("--follow");
    }
    Source { name: subject.unit.trim_end_matches(".service").to_owned(), command }
}

async fn containers(subject: &Subject, follow: bool, lines: u32) -> anyhow::Result<Vec<Source>> {
    let manifest: Manifest = state::manifest::read(&subject.manifest)?;
    let engine = Engine::connect(&manifest.docker_socket)?;
    let services = engine.services(&format!("{APP_LABEL}={}", manifest.name)).await?;
    let source = |service: swarm::Service| {
        let mut command = Command::new(&manifest.docker_command);
        command.env("DOCKER_HOST", format!("unix://{}", manifest.docker_socket.display()));
        command.args(["service", "logs", "--raw", "--timestamps", "--tail", &lines.to_string()]);
        if follow {
            command.arg("--follow");
        }
        command.arg(&service.name);
        Source { name: service.name, command }
    };
    Ok(services.into_iter().map(source).collect())
}

/// A log that is being shown.
struct Shown {
    child: Child,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Shown {
    fn end(mut self) {
        // What it had to say was shown as it came; how it ended says no more.
        let _ = self.child.wait();
        self.readers.into_iter().for_each(|reader| drop(reader.join()));
    }
}

fn start(mut source: Source, width: usize) -> anyhow::Result<Shown> {
    let command = source.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("showing the log of {}", source.name))?;
    let prefix = format!("{:width$} | ", source.name);
    let out = child.stdout.take().map(|pipe| copy(pipe, prefix.clone()));
    let complaints = child.stderr.take().map(|pipe| copy(pipe, prefix));
    Ok(Shown { child, readers: out.into_iter().chain(complaints).collect() })
}

/// Copies lines, each with a prefix and as a whole, until there are no more or nobody reads them.
fn copy(pipe: impl Read + Send + 'static, prefix: String) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            // Whatever a container prints, the terminal of who reads it obeys none of it.
            if writeln!(std::io::stdout().lock(), "{prefix}{}", state::plain(&line)).is_err() {
                return;
            }
        }
    })
}
