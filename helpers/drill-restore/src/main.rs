//! `drill-restore`: see `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use drill_restore::cli;
use snapshot_volumes::Id;

/// Prove that an app's last-good snapshot can be restored, beside the app and out of its reach.
///
/// The snapshot goes into volumes of its own, the version that ran on it is started there, cut off from every network,
/// held to the app's gate, and removed.
///
/// Ends with exit code 10 when the restore is proved, 20 when there is not enough room for it, 1 when it is not proved.
///
/// Example: drill-restore /etc/hearth/apps/wiki.json
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    /// Print the receipt as JSON
    #[arg(long)]
    json: bool,
    /// Only remove what drills that were cut off left; PATH may then be the folder with all manifests
    #[arg(long, conflicts_with_all = ["json", "snapshot"])]
    clear: bool,
    /// The app's manifest, as the NixOS module writes it
    path: PathBuf,
    /// A snapshot, as `snapshot-volumes … list` shows it; last-good when none is named
    snapshot: Option<Id>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = if arguments.clear {
        cli::clear_all(&arguments.path).await
    } else {
        cli::drill(&arguments.path, arguments.snapshot.as_ref(), arguments.json).await
    };
    ended.unwrap_or_else(|error| {
        state::err!("error: {error:#}");
        ExitCode::FAILURE
    })
}
