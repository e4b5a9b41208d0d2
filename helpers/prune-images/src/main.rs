//! `prune-images`: see `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use prune_images::manifest::Manifest;
use prune_images::run;
use swarm::Engine;

/// Remove images that nothing needs, and what builds left, when less of the disk is free than declared.
///
/// Never removed is what a container or a service has, what a snapshot or the last good version of an app needs, what was
/// deployed through the door, and what is declared to be kept.
///
/// Ends with exit code 0 when nothing was removed, 10 when something was, 1 when it failed.
///
/// Example: prune-images --dry-run /etc/hearth/pruning.json
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    /// Only check the manifest, as the build of the system does
    #[arg(long)]
    check: bool,
    /// Say what would be removed and what is kept, and why; remove nothing
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
    let receipt = run::prune(&manifest, &engine, arguments.dry_run, &mut say).await?;
    Ok(receipt.print(arguments.json)?)
}
