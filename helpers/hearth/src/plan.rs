//! `hearth plan`: what the next run would do.

use std::process::ExitCode;

use comfy_table::Cell;
use reconcile_app::host::{Finding, look};
use serde_json::json;
use swarm::Engine;

use crate::host::Host;
use crate::story::Tone;
use crate::table::Rows;

/// Prints what would be done about the app that is named, or about all; asks the engine once.
///
/// # Errors
/// When there is no such app, or the engine does not answer.
pub async fn show(host: &Host, app: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let paths: Vec<_> = host.apps_named(app)?.into_iter().map(|subject| subject.manifest.clone()).collect();
    let findings = look(&paths, Engine::connect).await?;
    if json {
        let all: Vec<_> = findings.iter().map(as_json).collect();
        state::out!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        print(&findings)?;
    }
    Ok(if findings.iter().any(|finding| finding.plan.is_err()) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn as_json(finding: &Finding) -> serde_json::Value {
    match &finding.plan {
        Ok(plan) => json!({ "app": finding.app, "would": plan.verb(), "because": finding.because() }),
        Err(reason) => json!({ "app": finding.app, "error": reason }),
    }
}

fn print(findings: &[Finding]) -> anyhow::Result<()> {
    let mut rows = Rows::new(&["APP", "WOULD", "BECAUSE"]).whole(&[0, 1]);
    for finding in findings {
        let (would, because) = match &finding.plan {
            Ok(plan) => {
                let verb = plan.verb();
                let tone = if plan.lines().is_empty() { Tone::Well } else { Tone::Waits };
                // The verb stands in a column of its own.
                let reasons = finding.because().into_iter().map(|line| line.replacen(&format!("{verb}: "), "", 1));
                (rows.toned(verb, tone), reasons.collect::<Vec<_>>().join("; "))
            }
            Err(reason) => (rows.toned("cannot be said", Tone::Bad), reason.clone()),
        };
        rows.row(vec![Cell::new(&finding.app), would, Cell::new(because)]);
    }
    rows.print()?;
    Ok(())
}
