//! `hearth`: see `--help`.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use hearth::arguments::{Arguments, Command};
use hearth::host::Host;
use hearth::page::{completions, manual};
use hearth::{accept, history, logs, metrics, plan, snapshots, status};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match arguments.command {
        Command::Completions { shell } => completions(Arguments::command(), shell),
        Command::Manual => manual(Arguments::command()),
        command => match Host::read(&arguments.manifests) {
            Ok(host) => run(&host, command).await,
            Err(error) => Err(error),
        },
    };
    ended.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run(host: &Host, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Status { json } => status::show(host, json),
        Command::Plan { app, json } => plan::show(host, app.as_deref(), json).await,
        Command::History { name, id, json } => history::show(host, &name, id.as_deref(), json),
        Command::Logs { name, follow, lines } => logs::show(host, &name, follow, lines).await,
        Command::Accept { app, version, yes } => accept::accept(host, &app, &version, yes),
        Command::Snapshots { app, json } => snapshots::show(host, app.as_deref(), json),
        Command::Metrics { output } => metrics::show(host, output.as_deref()),
        Command::Completions { shell } => completions(<Arguments as clap::CommandFactory>::command(), shell),
        Command::Manual => manual(<Arguments as clap::CommandFactory>::command()),
    }
}
