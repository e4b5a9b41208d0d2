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
    /// Copy a snapshot, or last-good, off this host
    Send {
        /// Its name, as `list` shows it
        id: Option<Id>,
    },
    /// Bring a copy back from off this host, the newest when none is named; `restore` it then
    Fetch {
        /// The snapshot's name
        id: Option<Id>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let job = match arguments.command {
        Command::List => None,
        Command::Take => Some(Job::Take),
        Command::Verify { id } => Some(Job::Verify(id)),
        Command::Restore { id } => Some(Job::Restore(id)),
        Command::Prune => Some(Job::Prune),
        Command::Send { id } => Some(Job::Send(id)),
        Command::Fetch { id } => Some(Job::Fetch(id)),
    };
    let ended = match job {
        Some(job) => cli::job(&arguments.manifest, &job, arguments.json).await,
        None => cli::list(&arguments.manifest, arguments.json),
    };
    ended.unwrap_or_else(|error| {
        state::err!("error: {error:#}");
        ExitCode::FAILURE
    })
}
