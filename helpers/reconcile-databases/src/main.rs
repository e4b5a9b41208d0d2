//! `reconcile-databases`: see `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use reconcile_databases::{manifest::Manifest, run};
use swarm::Engine;

/// Keep databases, their two roles and what these may do as declared.
///
/// Each database has a role that owns its schema, and one for the app, which may read and write rows and nothing else.
/// What differs is put right; a database that is not declared, and any row, is never touched.
///
/// Ends with exit code 0 when nothing differed, 10 when something was changed, 1 when it failed.
///
/// Example: reconcile-databases --dry-run /etc/hearth/databases.json
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    /// Only check the manifest, as the build of the system does
    #[arg(long)]
    check: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the receipt as JSON
    #[arg(long)]
    json: bool,
    /// The manifest, as the NixOS module writes it
    manifest: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(&Arguments::parse()).await.unwrap_or_else(|error| {
        state::err!("error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let manifest: Manifest = state::manifest::read(&arguments.manifest)?;
    if arguments.check {
        manifest.check()?;
        return Ok(ExitCode::SUCCESS);
    }
    let engine = Engine::connect(&manifest.docker_socket)?;
    let mut say = |line: String| if arguments.json { state::err!("{line}") } else { state::out!("{line}") };
    let receipt = run::reconcile(&manifest, &engine, arguments.dry_run, &mut say).await?;
    Ok(receipt.print(arguments.json)?)
}
