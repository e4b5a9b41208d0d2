//! `reconcile-app`: see `--help`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use reconcile_app::keep::{Back, Data};
use reconcile_app::run::{Job, Options};
use reconcile_app::{cli, undeclared};

/// Converge an app to its declared recipe, environment and secrets, behind health gates.
///
/// Ends with exit code 0 when nothing differed, 10 when it was changed, 20 when a person must decide first, 30 when the
/// change failed and the old version serves again, 1 when it failed.
///
/// Example: reconcile-app --dry-run /etc/hearth/apps/wiki.json
#[derive(Parser)]
#[command(version, max_term_width = 100)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Arguments {
    /// Look at all apps whose manifests lie in this folder, with one request to the engine
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["check", "dry_run", "retry", "back_to", "cleanup", "json", "manifest"])]
    all: Option<PathBuf>,
    /// Look at the apps that left the flake, which the manifest says; without more, stop them after a final snapshot
    #[arg(long, conflicts_with_all = ["all", "back_to", "cleanup"])]
    undeclared: bool,
    /// With --undeclared: remove what is left of this app; `hearth remove` shows it first, and asks
    #[arg(long, value_name = "APP", requires = "undeclared", conflicts_with_all = ["check", "dry_run", "retry"])]
    remove: Option<String>,
    /// With --remove: its volumes and snapshots, too
    #[arg(long, requires = "remove")]
    with_data: bool,
    /// With --all: start the unit of each app that differs
    #[arg(long, requires = "all")]
    start: bool,
    /// Only check the manifest, as the build of the system does
    #[arg(long)]
    check: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Try once more what failed before
    #[arg(long)]
    retry: bool,
    /// Go back to what ran when this snapshot was taken; what serves now is kept in another one
    #[arg(long, value_name = "SNAPSHOT", conflicts_with_all = ["check", "dry_run", "retry"])]
    back_to: Option<String>,
    /// With --back-to: what becomes of the data; without, it is kept where the trial of migrations saw that this works
    #[arg(long, requires = "back_to")]
    data: Option<Data>,
    /// Remove what is kept of a colour that failed
    #[arg(long, conflicts_with_all = ["check", "dry_run", "retry", "back_to"])]
    cleanup: bool,
    /// Print the receipt as JSON
    #[arg(long)]
    json: bool,
    /// The app's manifest, as the NixOS module writes it; with --undeclared that of all apps
    #[arg(required_unless_present = "all")]
    manifest: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let job = match &arguments.back_to {
        Some(snapshot) => Job::GoBack(Back { snapshot: snapshot.clone(), data: arguments.data }),
        None if arguments.cleanup => Job::CleanUp,
        None => Job::Reconcile(Options { dry_run: arguments.dry_run, retry: arguments.retry }),
    };
    let ended = match (&arguments.all, &arguments.manifest) {
        (None, Some(path)) if arguments.undeclared => of_undeclared(&arguments, path).await,
        (Some(folder), _) => cli::all(folder, arguments.start).await,
        (None, Some(path)) if arguments.check => cli::check(path),
        (None, Some(path)) => Box::pin(cli::one(path, &job, arguments.json)).await,
        (None, None) => Err(anyhow::anyhow!("nothing to do: name a manifest, or all with --all FOLDER")),
    };
    ended.unwrap_or_else(|error| {
        state::err!("error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn of_undeclared(arguments: &Arguments, path: &Path) -> anyhow::Result<ExitCode> {
    if arguments.check {
        return undeclared::cli::check(path);
    }
    if let Some(app) = &arguments.remove {
        return undeclared::cli::remove_app(path, app, arguments.with_data, arguments.json).await;
    }
    let options = undeclared::run::Options { dry_run: arguments.dry_run, retry: arguments.retry };
    Box::pin(undeclared::cli::look(path, options, arguments.json)).await
}
