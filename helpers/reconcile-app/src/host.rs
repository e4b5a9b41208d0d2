//! All apps of a host at once: one request to the engine tells whether anything differs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use state::{Journal, Outcome};
use swarm::{Service, Services};
use tokio::process::Command;

use crate::colour::{self, FAILED_LABEL};
use crate::manifest::{DeclaredState, Manifest, Update};
use crate::plan::{APP_LABEL, Known, Plan, plan};
use crate::record::{Deployed, Files, Intent};
use crate::stack_hold::StackHold;
use crate::{rest, source, strategy};

/// What one look found about one app.
#[derive(Debug)]
pub struct Finding {
    /// The app, or the manifest's file name where it could not be read.
    pub app: String,
    /// What would be done about it, or why that cannot be said.
    pub plan: Result<Plan, String>,
    /// What a person should know of it before it is done.
    pub foretold: Option<String>,
    systemctl: Option<PathBuf>,
}

impl Finding {
    /// Whether the app's own unit has something to do or to report.
    pub fn differs(&self) -> bool {
        !matches!(self.plan, Ok(Plan::Nothing | Plan::Hold(_)))
    }

    /// Why, and what it means for visitors: a line each.
    pub fn because(&self) -> Vec<String> {
        let Ok(plan) = &self.plan else { return Vec::new() };
        let foretold = self.foretold.iter().filter(|_| plan.deploys()).map(|what| format!("{}: {what}", plan.verb()));
        plan.lines().into_iter().chain(foretold).collect()
    }

    /// The line for a person.
    pub fn line(&self) -> String {
        match &self.plan {
            Ok(Plan::Nothing) => format!("{}: unchanged", self.app),
            Ok(plan) => format!("{}: {}", self.app, plan.lines().first().map_or(plan.verb(), String::as_str)),
            Err(reason) => format!("{}: failed: {reason}", self.app),
        }
    }

    /// Starts the app's own unit, so that its outcome is that unit's and no other app waits for it.
    ///
    /// # Errors
    /// When systemd does not take the job.
    pub async fn start(&self) -> anyhow::Result<()> {
        let systemctl = self.systemctl.as_deref().unwrap_or_else(|| Path::new("systemctl"));
        let unit = format!("hearth-app-{}.service", self.app);
        let output = Command::new(systemctl)
            .args(["start", "--no-block", &unit])
            .stdin(Stdio::null())
            .output()
            .await
            .with_context(|| format!("starting {}", systemctl.display()))?;
        if !output.status.success() {
            bail!("{unit}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }
}

/// How a look at a host ends: it is changed when an app's unit was started, failed when an app could not be judged.
pub fn outcome(findings: &[Finding]) -> Outcome {
    if findings.iter().any(|finding| finding.plan.is_err()) {
        Outcome::Failed
    } else if findings.iter().any(Finding::differs) {
        Outcome::Changed
    } else {
        Outcome::Unchanged
    }
}

/// The manifests in a folder, in the order of their names.
///
/// # Errors
/// When the folder cannot be read.
pub fn manifests(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    Ok(paths)
}

/// Looks at all apps with one request, and a second one where an app has colours, of which a failed one may be kept. One
/// that cannot be judged does not stop the others.
///
/// # Errors
/// When the engine does not answer.
pub async fn look<E: Services>(
    paths: &[PathBuf],
    connect: impl FnOnce(&Path) -> swarm::Result<E>,
) -> swarm::Result<Vec<Finding>> {
    let manifests: Vec<_> = paths.iter().map(|path| (path, state::manifest::read::<Manifest>(path))).collect();
    let Some(socket) = manifests.iter().find_map(|(_, read)| read.as_ref().ok()).map(|any| any.docker_socket.clone())
    else {
        return Ok(manifests.into_iter().map(|(path, read)| unreadable(path, read.err().as_ref())).collect());
    };
    let engine = connect(&socket)?;
    let mut services = engine.services(APP_LABEL).await?;
    let has_colours =
        |(_, read): &(_, Result<Manifest, _>)| read.as_ref().is_ok_and(|manifest| manifest.update == Update::BlueGreen);
    if manifests.iter().any(has_colours) {
        services.extend(engine.services(FAILED_LABEL).await?);
    }
    let finding = |(path, read): (&PathBuf, Result<Manifest, state::manifest::Error>)| match read {
        Ok(manifest) => {
            let (plan, foretold) = match judge(&manifest, &services) {
                Ok((plan, foretold)) => (Ok(plan), foretold),
                Err(reason) => (Err(reason), None),
            };
            Finding { app: manifest.name.to_string(), plan, foretold, systemctl: manifest.systemctl_command }
        }
        Err(error) => unreadable(path, Some(&error)),
    };
    Ok(manifests.into_iter().map(finding).collect())
}

fn unreadable(path: &Path, error: Option<&state::manifest::Error>) -> Finding {
    let app = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let reason = error.map(ToString::to_string).unwrap_or_default();
    Finding { app, plan: Err(reason), foretold: None, systemctl: None }
}

/// What is to be done, and what a person should know of it before.
type Judged = (Plan, Option<String>);

/// Judges an app, and once more if it was updated meanwhile: the recipe that it no longer needs is removed then.
fn judge(manifest: &Manifest, services: &[Service]) -> Result<Judged, String> {
    let files = Files::in_folder(&manifest.state_folder);
    let deployed = || files.deployed().map_err(|error| error.to_string());
    let before = deployed()?;
    match judge_as(manifest, services, before.as_ref()) {
        Err(reason) => match deployed()? {
            now if now == before => Err(reason),
            now => judge_as(manifest, services, now.as_ref()),
        },
        judged => judged,
    }
}

fn judge_as(manifest: &Manifest, services: &[Service], deployed: Option<&Deployed>) -> Result<Judged, String> {
    let remembered = || -> std::io::Result<_> {
        let unfinished = Journal::in_folder(&manifest.state_folder).unfinished::<Intent>()?;
        let failed = Files::in_folder(&manifest.state_folder).failed()?;
        Ok((failed.filter(|failed| !failed.meets_another_gate(&manifest.gate.digest())), unfinished))
    };
    let (failed, unfinished) = remembered().map_err(|error| error.to_string())?;
    let name = manifest.name.as_str();
    let with = |label: &str| -> Vec<Service> {
        services.iter().filter(|service| service.labels.get(label).is_some_and(|app| app == name)).cloned().collect()
    };
    let (own, kept) = (with(APP_LABEL), with(FAILED_LABEL));
    if let Some(hold) = StackHold::waiting(manifest, deployed, services) {
        return Ok((Plan::Hold(hold.to_string()), None));
    }
    if manifest.state == DeclaredState::Stopped {
        return Ok((rest::plan(own.iter().chain(&kept)), None));
    }
    let inputs = source::serving(manifest, deployed).map_err(|error| error.to_string())?;
    let plan = plan(Known {
        desired: &inputs.digest,
        observed: &own,
        deployed,
        failed: failed.as_ref(),
        unfinished: unfinished.as_ref(),
    });
    let expired = colour::expired(&kept, manifest.keep_failed_hours, Timestamp::now());
    Ok((plan.with_expired(&expired), strategy::foretold(manifest, &own, deployed)))
}
