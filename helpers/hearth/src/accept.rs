//! `hearth accept`: a person's word for one version.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::{bail, ensure};
use jiff::Timestamp;
use recipe::Version;
use updates::Holds;

use crate::host::Host;

/// Accepts the version that waits, after it was shown why.
///
/// # Errors
/// When another version waits or none, when the person says no, and when it cannot be remembered.
pub fn accept(host: &Host, app: &str, version: &str, yes: bool) -> anyhow::Result<ExitCode> {
    let subject = host.app(app)?;
    let folder = subject.state.clone().map_err(anyhow::Error::msg)?;
    let version: Version = version.parse()?;
    let holds = Holds::in_folder(&folder);
    if let Some(held) = holds.held()?.filter(|held| held.hold.to.version == version) {
        println!("{app}: {}", held.hold);
    }
    ensure!(yes || agreed(&format!("Let {app} be updated to {version}?"))?, "nothing was accepted");
    holds.accept(&version, Timestamp::now())?;
    println!("accepted: {app}: {version} is deployed at the next run; to run it now: systemctl start {}", subject.unit);
    Ok(ExitCode::SUCCESS)
}

/// Asks a person. Without a terminal nobody is asked, and nothing is done.
pub(crate) fn agreed(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("{question} Nobody can be asked without a terminal; say --yes");
    }
    print!("{question} [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
