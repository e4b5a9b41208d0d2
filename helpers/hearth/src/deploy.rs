//! `hearth deploy` and `hearth promote`: an image through the door, by hand.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use deploy_app::manifest::{Environment, Manifest};
use reconcile_app::pin::Pins;

use crate::host::Host;

/// Deploys a tag of an app's image.
///
/// # Errors
/// When no pipeline may deploy that app either, or the door's helper cannot be started.
pub fn deploy(host: &Host, app: &str, tag: &str, token: bool) -> anyhow::Result<ExitCode> {
    let door = Door::of(host)?;
    let to = door.environment(|one| one.name.as_str() == app, app)?;
    let mut command = door.command()?;
    if token {
        command.arg("--token-stdin");
    }
    ask(command, to, tag)
}

/// Deploys to one environment exactly the image that was proved in another, by its digest.
///
/// # Errors
/// When there are no such environments, or nothing was deployed to the one that it comes from.
pub fn promote(host: &Host, app: &str, from: &str, to: &str) -> anyhow::Result<ExitCode> {
    let door = Door::of(host)?;
    let find = |environment: &str| {
        let is_it = |one: &Environment| one.app.as_str() == app && one.environment.as_str() == environment;
        door.environment(is_it, &format!("{app} {environment}"))
    };
    let (source, target) = (find(from)?, find(to)?);
    let Some(pin) = Pins::in_folder(&source.state_folder).pinned()? else {
        bail!("nothing was deployed to {app} {from} through the door yet, so there is nothing to promote");
    };
    println!("{app} {from} has {} at {}, deployed by {}", pin.tag, pin.digest, pin.by);
    let mut command = door.command()?;
    command.args(["--digest", &pin.digest]);
    ask(command, target, &pin.tag)
}

/// What the flake says about the door.
struct Door {
    path: PathBuf,
    manifest: Manifest,
}

impl Door {
    fn of(host: &Host) -> anyhow::Result<Self> {
        let path = host.manifests.join("deploy.json");
        let about = || "no app of this host is declared with `deploy`";
        let manifest = state::manifest::read(&path).with_context(about)?;
        Ok(Self { path, manifest })
    }

    fn environment(&self, is_it: impl Fn(&Environment) -> bool, asked: &str) -> anyhow::Result<&Environment> {
        let Some(found) = self.manifest.environments.iter().find(|one| is_it(one)) else {
            let name = |one: &Environment| {
                format!("{} ({} {})", one.name.as_str(), one.app.as_str(), one.environment.as_str())
            };
            let all: Vec<String> = self.manifest.environments.iter().map(name).collect();
            bail!("`{asked}` is not declared with `deploy` on this host; there is: {}", all.join(", "));
        };
        Ok(found)
    }

    /// The helper that asks the door, as everybody else does.
    fn command(&self) -> anyhow::Result<Command> {
        let helper = std::env::current_exe().context("finding the helper")?.with_file_name("deploy-app");
        let mut command = Command::new(helper);
        command.arg("--manifest").arg(Path::new(&self.path));
        Ok(command)
    }
}

fn ask(mut command: Command, to: &Environment, tag: &str) -> anyhow::Result<ExitCode> {
    command.args(["--", to.app.as_str(), to.environment.as_str(), tag]);
    let status = command.status().context("starting deploy-app; nothing was deployed")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
