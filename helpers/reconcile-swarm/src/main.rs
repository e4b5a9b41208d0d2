//! `reconcile-swarm`: see `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use reconcile_swarm::{manifest::Manifest, run};

/// Initialise or adopt the swarm, its overlay networks, node labels and registry logins.
///
/// Ends with exit code 0 when nothing differed, 10 when something was changed, 20 when a person must decide first, 1
/// when it failed.
///
/// Example: reconcile-swarm --dry-run /etc/hearth/swarm.json
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
    let mut say = |line: String| if arguments.json { state::err!("{line}") } else { state::out!("{line}") };
    let receipt = run::reconcile(&manifest, arguments.dry_run, &mut say).await?;
    Ok(receipt.print(arguments.json)?)
}
