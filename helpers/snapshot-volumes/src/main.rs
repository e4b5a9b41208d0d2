//! `snapshot-volumes`: see `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use snapshot_volumes::{Id, cli, run::Job};

/// Take, list, verify, restore and prune snapshots of an app's volumes.
///
/// Ends with exit code 0 when nothing was changed, 10 when something was, 20 when a person must decide first (there is
/// not enough room), 1 when it failed.
///
/// Example: snapshot-volumes /etc/hearth/apps/wiki.json take
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    /// Print the receipt, or the list, as JSON
    #[arg(long)]
    json: bool,
    /// The app's manifest, as the NixOS module writes it
    manifest: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Stop the app, take a snapshot, start it again; then remove what retention does not keep
    Take,
    /// Show the snapshots; `*` marks last-good
    List,
    /// Read a snapshot back and compare it with its digests; all of them when none is named
    Verify {
        /// Its name, as `list` shows it
        id: Option<Id>,
    },
    /// Stop the app, put its volumes back to exactly what they were, start it again
    Restore {
        /// The snapshot's name, as `list` shows it
        id: Id,
    },
    /// Remove the snapshots that retention does not keep
    Prune,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match arguments.command {
        Command::List => cli::list(&arguments.manifest, arguments.json),
        Command::Take => cli::job(&arguments.manifest, &Job::Take, arguments.json).await,
        Command::Verify { id } => cli::job(&arguments.manifest, &Job::Verify(id), arguments.json).await,
        Command::Restore { id } => cli::job(&arguments.manifest, &Job::Restore(id), arguments.json).await,
        Command::Prune => cli::job(&arguments.manifest, &Job::Prune, arguments.json).await,
    };
    ended.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
