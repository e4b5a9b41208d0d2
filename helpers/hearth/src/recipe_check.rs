//! `hearth recipe check`: whether a recipe may be deployed, on any machine and without an engine.

mod declaration;
mod report;
mod settings;
mod source;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use recipe::Recipe;
use reconcile_app::judge::{Verdict, judge};
use reconcile_app::stack::DockerCommand;

use self::declaration::Declaration;
use self::report::Report;
use self::source::Fetched;

/// What can be typed after `hearth recipe`.
#[derive(Subcommand)]
pub enum Command {
    /// Tell what of a recipe passes the policy, what is refused and where, and which options it would need
    ///
    /// The same code decides as before a deploy. It works on any machine: no engine is asked and nothing is started, but
    /// `docker`, the command-line client, must be there to merge the compose files; and `git` for a repository.
    ///
    /// Without --declaration the app is called after the recipe, has the domain NAME.example.org and the recipe's own
    /// defaults, and is allowed nothing.
    ///
    /// Ends with exit code 0 when the recipe passes, 1 when it is refused, 2 when it cannot be read.
    ///
    /// Example: hearth recipe check ./recipes/wiki
    Check {
        /// A folder with compose files, or the address of a git repository
        #[arg(value_name = "FOLDER|URL")]
        recipe: String,
        /// A version of the repository; the newest that is released when none is named
        #[arg(long)]
        version: Option<String>,
        /// What is declared of the app: a manifest of a host (/etc/hearth/apps/NAME.json), or JSON with some of its keys
        /// name, stack, domain, composeFiles, environment, allow, sharedNetworks, secrets
        #[arg(long, value_name = "FILE")]
        declaration: Option<PathBuf>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
///
/// # Errors
/// When the report cannot be printed.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command::Check { recipe, version, declaration, json } = command;
    match report(&recipe, version.as_deref(), declaration.as_deref()).await {
        Ok(report) => {
            report.print(json)?;
            Ok(ExitCode::from(u8::from(!report.passes())))
        }
        Err(error) => {
            state::err!("error: {error:#}");
            Ok(ExitCode::from(2))
        }
    }
}

async fn report(asked: &str, version: Option<&str>, declaration: Option<&Path>) -> anyhow::Result<Report> {
    let stacks = client()?;
    let fetched = Fetched::get(asked, version)?;
    let declared = Declaration::read(declaration, asked)?;
    let recipe = Recipe::open(&fetched.folder)?;
    let environment = recipe.environment(&declared.environment, &declared.stack, &declared.domain)?;
    let files = recipe.compose_files(declared.compose_files.as_deref(), &environment)?;
    let verdict = judge(&stacks, &declared.subject(), &recipe, &files, &environment).await?;
    let mut report = Report::new(asked, &declared, &fetched);
    match verdict {
        Verdict::Passes { rendered, warnings } => report.passing(&rendered, &warnings),
        Verdict::Refused(refusals) => report.refused(refusals),
    }
    Ok(report)
}

/// The client from the search path. It gets no engine to talk to.
fn client() -> anyhow::Result<DockerCommand> {
    let command = program("docker").context(
        "there is no `docker` in the search path, so that compose files cannot be merged as a host does it. Install Docker's command-line client; no engine is needed",
    )?;
    Ok(DockerCommand { command, socket: "/nonexistent".into(), config_folder: "/nonexistent".into() })
}

fn program(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|file| file.is_file())
}
