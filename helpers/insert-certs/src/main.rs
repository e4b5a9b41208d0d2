//! `insert-certs`: see `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use insert_certs::cli;

/// Validate a certificate and its key, and hand them to the proxy without a dropped request.
///
/// A certificate that has expired, does not cover its domains or does not match its key is refused, and the one in use
/// stays served. Ends with exit code 0 when nothing differed, 10 when the certificate was inserted, 1 when it was
/// refused or could not be inserted.
///
/// Example: insert-certs --dry-run /etc/hearth/certificates/example.json
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    /// Only check the manifest, and the certificate where it can be read, as the build of the system does
    #[arg(long, conflicts_with_all = ["dry_run", "json"])]
    check: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the receipt as JSON
    #[arg(long)]
    json: bool,
    /// The certificate's manifest, as the NixOS module writes it
    manifest: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = if arguments.check {
        cli::check(&arguments.manifest)
    } else {
        cli::insert(&arguments.manifest, arguments.dry_run, arguments.json).await
    };
    ended.unwrap_or_else(|error| {
        state::err!("error: {error:#}");
        ExitCode::FAILURE
    })
}
