//! `hearth`: see `--help`.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use hearth::arguments::{Arguments, Command, OfHost};
use hearth::host::Host;
use hearth::page::{completions, manual};
use hearth::{
    accept, deploy, drill, helper, history, logs, metrics, plan, recipe_check, remove, restore, rollback, snapshots,
    status,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match arguments.command {
        // These need no host.
        Command::Secrets { command } => hearth_secrets::run(command),
        Command::Recipe { command } => recipe_check::run(command).await,
        Command::Completions { shell } => completions(Arguments::command(), shell),
        Command::Manual => manual(Arguments::command()),
        Command::OfHost(command) => match Host::read(&arguments.manifests) {
            Ok(host) => run(&host, command).await,
            Err(error) => Err(error),
        },
    };
    ended.unwrap_or_else(|error| {
        state::err!("error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run(host: &Host, command: OfHost) -> anyhow::Result<ExitCode> {
    match command {
        OfHost::Status { json } => status::show(host, json),
        OfHost::Plan { app, json } => plan::show(host, app.as_deref(), json).await,
        OfHost::History { name, id, json } => history::show(host, &name, id.as_deref(), json),
        OfHost::Logs { name, follow, lines } => logs::show(host, &name, follow, lines).await,
        OfHost::Accept { app, version, yes } => accept::accept(host, &app, &version, yes),
        OfHost::Deploy { app, tag, token_stdin } => deploy::deploy(host, &app, &tag, token_stdin),
        OfHost::Promote { app, from, to } => deploy::promote(host, &app, &from, &to),
        OfHost::Snapshots { app, json } => snapshots::show(host, app.as_deref(), json),
        OfHost::Restore { app, snapshot, yes } => restore::restore(host, &app, &snapshot, yes),
        OfHost::Rollback { app, snapshot, data, yes } => rollback::rollback(host, &app, snapshot.as_deref(), data, yes),
        OfHost::Cleanup { app } => helper::run("reconcile-app", &["--cleanup"], &host.app(&app)?.manifest, &[]),
        OfHost::Remove { app, with_data, yes } => remove::remove(host, &app, with_data, yes).await,
        OfHost::Drill { app, snapshot } => drill::drill(host, &app, snapshot.as_deref()),
        OfHost::Metrics { output } => metrics::show(host, output.as_deref()),
    }
}
