//! `send-alert`: see `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use alert::{Asked, cli};
use clap::Parser;

/// Tell a person what they must see, once: rolled back, held, failed, could not run, running out.
///
/// Looks at the receipts of the units that the manifest names, at what systemd says of them, and at disks. Ends with exit
/// code 0 when there was nothing to tell, 10 when it was told, 20 when a channel did not take it; that one gets it at a
/// later run, and the exit code is 1 once it has not taken it for an hour.
///
/// Example, to see whether alerts arrive: send-alert --test /etc/hearth/alerts.json
#[derive(Parser)]
#[command(version, max_term_width = 100)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Arguments {
    /// Only check the manifest, as the build of the system does
    #[arg(long, conflicts_with_all = ["test", "dry_run", "json"])]
    check: bool,
    /// Send a test to every channel
    #[arg(long)]
    test: bool,
    /// Say what would be told, and tell nobody
    #[arg(long)]
    dry_run: bool,
    /// Print the receipt as JSON
    #[arg(long)]
    json: bool,
    /// The manifest, as the NixOS module writes it
    manifest: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let asked = if arguments.test { Asked::Test } else { Asked::Look };
    let ended = if arguments.check {
        cli::check(&arguments.manifest)
    } else {
        cli::tell(&arguments.manifest, &asked, arguments.dry_run, arguments.json)
    };
    ended.unwrap_or_else(|error| {
        state::err!("error: {error:#}");
        ExitCode::FAILURE
    })
}
