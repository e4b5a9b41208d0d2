//! `hearth remove`: what is left of an app that is not in the flake any more goes.

use std::process::ExitCode;

use anyhow::ensure;
use reconcile_app::undeclared::manifest::Manifest;
use reconcile_app::undeclared::remove::remains;
use swarm::Engine;

use crate::accept::agreed;
use crate::helper;
use crate::host::Host;

/// Removes it with the helper that owns it, after it was shown what that is.
///
/// # Errors
/// When the app is declared or unknown, when the person says no, when the engine does not answer, and when the helper
/// cannot be started.
pub async fn remove(host: &Host, app: &str, with_data: bool, yes: bool) -> anyhow::Result<ExitCode> {
    let subject = host.undeclared(app)?;
    let manifest: Manifest = state::manifest::read(&subject.manifest)?;
    let engine = Engine::connect(&manifest.docker_socket)?;
    let left = remains(&manifest, &engine, app).await?;
    state::out!("{app} is not in the flake:");
    for line in left.lines(with_data) {
        state::out!("  {line}");
    }
    let question = if with_data {
        format!("Remove {app} and all its data, for good?")
    } else {
        format!("Remove {app}, and keep its data?")
    };
    ensure!(yes || agreed(&question)?, "nothing was removed");
    let mut arguments = vec!["--undeclared", "--remove", app];
    arguments.extend(with_data.then_some("--with-data"));
    helper::run("reconcile-app", &arguments, &subject.manifest, &[])
}
