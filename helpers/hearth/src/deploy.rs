//! `hearth deploy` and `hearth promote`: an image through the door, by hand.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use deploy_app::manifest::{Environment, Manifest};
use deploy_app::outcome::End;
use deploy_app::words::Target;
use reconcile_app::pin::{Pin, Pins};
use state::Image;

use crate::host::Host;
use crate::pinned::Replaced;

/// Deploys a tag of an app's image, or says why that is no good request.
///
/// # Errors
/// When the door's helper cannot be started.
pub fn deploy(host: &Host, app: &str, tag: &str, token: bool) -> anyhow::Result<ExitCode> {
    let door = Door::of(host)?;
    let to = match door.environment(|one| one.name.as_str() == app, app) {
        Ok(to) => to,
        Err(refusal) => return Ok(refusal.told()),
    };
    let words = format!("{} {} {tag}", to.app.as_str(), to.environment.as_str());
    if let Err(refusal) = Target::parse(words.as_bytes()) {
        let form = "ask with an app and a tag, for example: hearth deploy shop-prod 1.4.0";
        return Ok(Refusal(format!("{}. Nothing was done", refusal.with_form(form))).told());
    }
    let mut command = door.command()?;
    if token {
        command.arg("--token-stdin");
    }
    ask(command, to, tag)
}

/// Deploys to one environment exactly the image that was proved in another and serves there, by its digest, or says why
/// that is no good request.
///
/// # Errors
/// When a record cannot be read, or the door's helper cannot be started.
pub fn promote(host: &Host, app: &str, from: &str, to: &str) -> anyhow::Result<ExitCode> {
    let door = Door::of(host)?;
    let find = |environment: &str| {
        let is_it = |one: &Environment| one.app.as_str() == app && one.environment.as_str() == environment;
        door.environment(is_it, &format!("{app} {environment}"))
    };
    let (source, target) = match (find(from), find(to)) {
        (Ok(source), Ok(target)) => (source, target),
        (Err(refusal), _) | (_, Err(refusal)) => return Ok(refusal.told()),
    };
    let pin = match to_promote(source, target)? {
        Ok(pin) => pin,
        Err(refusal) => return Ok(refusal.told()),
    };
    state::out!("{app} {from} has {} at {}, deployed by {}", pin.tag, pin.digest, pin.by);
    let mut command = door.command()?;
    command.args(["--digest", &pin.digest]);
    ask(command, target, &pin.tag)
}

/// What serves in an environment and came there through the door. What somebody went back from was proved to be wrong.
fn to_promote(from: &Environment, to: &Environment) -> anyhow::Result<Result<Pin, Refusal>> {
    let (source, target, name) = (from.name.as_str(), to.name.as_str(), from.environment.as_str());
    let environment = format!("{} {name}", from.app.as_str());
    let Some(pin) = Pins::in_folder(&from.state_folder).pinned()? else {
        return Ok(Err(Refusal(format!(
            "nothing was deployed to {environment} through the door yet. Nothing was done; deploy there first: `hearth deploy {source} TAG`"
        ))));
    };
    let Some(replaced) = Replaced::of(&pin, &from.state_folder)? else { return Ok(Ok(pin)) };
    let why = match replaced.went_back {
        Some(at) => format!("a person went back from it on {at:.0}"),
        None => format!("{} serves", replaced.by),
    };
    let image = Image::from(&pin);
    Ok(Err(Refusal(format!(
        "{environment} does not serve {image}, which was deployed there last: {why}. Nothing was done. Deploy to {name} what shall be promoted (`hearth deploy {source} TAG`), or deploy the tag itself (`hearth deploy {target} TAG`)"
    ))))
}

/// Why nothing was done, as a pipeline reads it.
struct Refusal(String);

impl Refusal {
    /// Says it, and returns the exit code that the door has for it.
    fn told(&self) -> ExitCode {
        state::out!("{}: {}", End::Refused.word(), self.0);
        ExitCode::from(End::Refused.exit_code())
    }
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

    fn environment(&self, is_it: impl Fn(&Environment) -> bool, asked: &str) -> Result<&Environment, Refusal> {
        let Some(found) = self.manifest.environments.iter().find(|one| is_it(one)) else {
            let name = |one: &Environment| {
                format!("{} ({} {})", one.name.as_str(), one.app.as_str(), one.environment.as_str())
            };
            let all: Vec<String> = self.manifest.environments.iter().map(name).collect();
            return Err(Refusal(format!(
                "`{asked}` is not declared with `deploy` on this host. Nothing was done; there is: {}",
                all.join(", ")
            )));
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
