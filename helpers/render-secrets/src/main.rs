//! `render-secrets`: see `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use render_secrets::cli;

/// Secrets go through many hands before they are in a file: whatever is given back is zeroed, whoever had it.
#[global_allocator]
static MEMORY: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// Decrypt sops files and render their values, and templates around them, into files that never reach a disk.
///
/// Every secret fails alone: what can be rendered is rendered, and what cannot keeps its last content. Ends with exit
/// code 0 when nothing differed, 10 when files changed, 40 when some secrets could not be rendered and others could, 1
/// when none could or nothing could be done at all.
///
/// Example: render-secrets --dry-run /etc/hearth/secrets.json
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    /// Only check the manifest and the sops files that it names, without a key, as the build of the system does
    #[arg(long)]
    check: bool,
    /// Say what would be done, and do nothing
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
    /// Print the receipt as JSON
    #[arg(long, conflicts_with = "check")]
    json: bool,
    /// Only say whether the last run could render this secret; with exit code 1 when it could not
    #[arg(long, value_name = "NAME", conflicts_with_all = ["check", "dry_run", "json"])]
    status: Option<String>,
    /// The manifest, as the NixOS module writes it
    manifest: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = if let Some(name) = &arguments.status {
        cli::status(&arguments.manifest, name)
    } else if arguments.check {
        cli::check(&arguments.manifest)
    } else {
        cli::render(&arguments.manifest, arguments.dry_run, arguments.json)
    };
    ended.unwrap_or_else(|error| {
        state::err!("error: {error:#}");
        ExitCode::FAILURE
    })
}
