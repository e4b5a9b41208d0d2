//! `hearth accept`: a person's word for one version.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{bail, ensure};
use jiff::Timestamp;
use recipe::Version;
use reconcile_app::record::Files;
use reconcile_app::stack_hold::StackHold;
use updates::{Held, Hold, Holds, Reason};

use crate::host::Host;

/// Accepts the version that waits, after it was shown why.
///
/// # Errors
/// When another version waits or none, when the person says no, and when it cannot be remembered.
pub fn accept(host: &Host, app: &str, version: &str, yes: bool) -> anyhow::Result<ExitCode> {
    let subject = host.app(app)?;
    let folder = subject.state.clone().map_err(anyhow::Error::msg)?;
    let (files, holds) = (Files::in_folder(&folder), Holds::in_folder(&folder));
    if let Some(aside) = files.failed()?.filter(|aside| aside.by_hand && aside.is_called(version)) {
        state::out!("{app}: {}", aside.waits(app));
        ensure!(yes || agreed(&format!("Let {app} be updated to {version} again?"))?, "nothing was accepted");
        if let Some(tag) = aside.versions.last() {
            // What else held it was accepted when it was deployed the first time.
            holds.accept_tag(tag, Timestamp::now())?;
        }
        files.forget_failure()?;
        return Ok(accepted(app, version, &subject.unit));
    }
    if let Some(hold) = StackHold::read(&folder)?.filter(|hold| hold.to == version) {
        state::out!("{hold}");
        ensure!(yes || agreed(&format!("Let {app} be deployed as stack {version}?"))?, "nothing was accepted");
        hold.accept(&folder)?;
        return Ok(accepted(app, &format!("stack {version}"), &subject.unit));
    }
    let held = holds.held()?;
    let Ok(version) = version.parse::<Version>() else { bail!(nothing_called(app, version, held.as_ref(), &folder)?) };
    let shown = held.filter(|held| held.hold.to.version == version).map(|held| held.hold);
    if let Some(what) = &shown {
        show(app, what);
    }
    ensure!(yes || agreed(&format!("Let {app} be updated to {version}?"))?, "nothing was accepted");
    match &shown {
        Some(what) => holds.accept_shown(what, Timestamp::now())?,
        // It says what waits instead.
        None => holds.accept(&version, Timestamp::now())?,
    };
    Ok(accepted(app, &version.to_string(), &subject.unit))
}

/// What waits and why; what it asks for a line each, as a person compares it.
fn show(app: &str, hold: &Hold) {
    state::out!("{app}: {hold}");
    for line in hold.reasons.iter().filter_map(Reason::more).flatten() {
        state::out!("  + {line}");
    }
}

/// That nothing of this name waits, and what does.
fn nothing_called(app: &str, asked: &str, held: Option<&Held>, folder: &Path) -> anyhow::Result<String> {
    let version = held.map(|held| format!("version {}", held.hold.to.version));
    let stack = StackHold::read(folder)?.map(|hold| format!("stack {}", hold.to));
    let waits: Vec<String> = version.into_iter().chain(stack).collect();
    let waits =
        if waits.is_empty() { "nothing waits for a person".to_owned() } else { format!("{} waits", waits.join(", ")) };
    Ok(format!("{app}: {asked} is neither a version nor a stack that waits; {waits}. Nothing was accepted"))
}

fn accepted(app: &str, version: &str, unit: &str) -> ExitCode {
    state::out!("accepted: {app}: {version} is deployed at the next run; to run it now: systemctl start {unit}");
    ExitCode::SUCCESS
}

/// Asks a person. Without a terminal nobody is asked, and nothing is done.
pub(crate) fn agreed(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("{question} Nobody can be asked without a terminal; say --yes");
    }
    state::part(std::io::stdout().lock(), format_args!("{question} [y/N] "));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
