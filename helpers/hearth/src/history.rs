//! `hearth history`: what happened.

use std::process::ExitCode;

use anyhow::bail;
use comfy_table::Cell;
use state::Receipt;

use crate::host::Host;
use crate::story::{Run, Story, tone};
use crate::table::Rows;
use crate::when::took;

/// Prints all runs that are kept, or all of one.
///
/// # Errors
/// When there is no such subject or run, or it cannot be read.
pub fn show(host: &Host, name: &str, id: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let story = Story::read(host.subject(name)?);
    if let Some(reason) = story.damaged.first() {
        bail!("history of {name}: {reason}");
    }
    let Some(id) = id else {
        list(&story, json)?;
        return Ok(ExitCode::SUCCESS);
    };
    let receipt = find(&story, name, id)?;
    if json {
        state::out!("{}", serde_json::to_string_pretty(receipt)?);
    } else {
        state::part(std::io::stdout().lock(), format_args!("{}", told(receipt)));
    }
    Ok(ExitCode::SUCCESS)
}

fn find<'a>(story: &'a Story, name: &str, id: &str) -> anyhow::Result<&'a Receipt> {
    if id == "last" {
        return match &story.last {
            Some(receipt) => Ok(receipt),
            None => bail!("{name} has never run"),
        };
    }
    let found: Vec<&Run> = story.runs.iter().filter(|run| run.is_called(id)).collect();
    match found[..] {
        [run] => Ok(&run.receipt),
        [] => bail!("no run of {name} has an ID that begins with `{id}`; `hearth history {name}` lists them"),
        _ => bail!("{} runs of {name} have an ID that begins with `{id}`; write more of it", found.len()),
    }
}

fn list(story: &Story, json: bool) -> anyhow::Result<()> {
    if json {
        let receipts: Vec<&Receipt> = story.runs.iter().map(|run| &run.receipt).collect();
        state::out!("{}", serde_json::to_string_pretty(&receipts)?);
        return Ok(());
    }
    let mut rows = Rows::new(&["ID", "OUTCOME", "TOOK", "SUMMARY"]).whole(&[0, 1, 2]);
    for Run { id, receipt } in &story.runs {
        rows.row(vec![
            Cell::new(id),
            rows.toned(receipt.outcome.word(), tone(receipt.outcome)),
            Cell::new(took(receipt.milliseconds)),
            Cell::new(receipt.summary.lines().next().unwrap_or_default()),
        ]);
    }
    if story.runs.is_empty() {
        state::out!("nothing was changed yet");
        return Ok(());
    }
    rows.print()?;
    Ok(())
}

/// A receipt for a person.
fn told(receipt: &Receipt) -> String {
    let mut lines = vec![
        format!("{}: {}", receipt.outcome, receipt.summary),
        String::new(),
        format!("started  {:.0}, took {}", receipt.started, took(receipt.milliseconds)),
        format!("helper   {} for {}", receipt.helper, receipt.subject),
    ];
    if let Some(error) = receipt.error.as_ref().filter(|error| **error != receipt.summary) {
        lines.push(format!("error    {error}"));
    }
    section(&mut lines, "plan", receipt.plan.iter().map(String::as_str));
    section(&mut lines, "warnings", receipt.warnings.iter().map(String::as_str));
    if !receipt.steps.is_empty() {
        lines.extend([String::new(), "steps".to_owned()]);
    }
    for step in &receipt.steps {
        let mut results = step.result.lines();
        // The end of a log has no duration of its own.
        let time = if step.milliseconds > 0 { format!(" ({})", took(step.milliseconds)) } else { String::new() };
        if step.result.contains('\n') {
            lines.push(format!("  {}{time}:", step.name));
            lines.extend(results.map(|line| format!("    | {line}")));
        } else {
            lines.push(format!("  {}{time}: {}", step.name, results.next().unwrap_or_default()));
        }
    }
    lines.join("\n") + "\n"
}

fn section<'a>(lines: &mut Vec<String>, heading: &str, below: impl Iterator<Item = &'a str>) {
    let mut below = below.peekable();
    if below.peek().is_some() {
        lines.extend([String::new(), heading.to_owned()]);
        lines.extend(below.map(|line| format!("  {line}")));
    }
}
