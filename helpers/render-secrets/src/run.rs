//! One run, from manifest to receipt.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sops::Text;
use state::{Journal, Lock, Outcome, Receipt};

use crate::accounts::Accounts;
use crate::failures::{self, Failure, Reasons};
use crate::generation::{self, Generation};
use crate::links::{self, Links};
use crate::manifest::{Manifest, Mode};
use crate::message::{self, Consequence};
use crate::plan::{Permissions, Plan, Wanted};
use crate::source::{self, Keys, Sources};
use crate::units::Pending;
use crate::{apply, mount, template};

/// How a run ended.
#[derive(Debug)]
pub struct Report {
    /// Its record.
    pub receipt: Receipt,
    /// What failed, a message each.
    pub errors: Vec<String>,
    /// Whether it failed for some files and rendered others.
    pub partly: bool,
}

impl Report {
    fn new(receipt: Receipt, prepared: Prepared) -> Self {
        let partly = !prepared.failed.is_empty() && prepared.plan.rendered > 0;
        Self { receipt, errors: prepared.errors, partly }
    }
}

/// What a run has found out before it does anything.
struct Prepared {
    current: Option<Generation>,
    plan: Plan,
    links: Links,
    known_links: Links,
    pending: Pending,
    failed: Reasons,
    errors: Vec<String>,
    warnings: Vec<String>,
}

/// Renders what the manifest wants, or with `dry_run` says what would be done.
///
/// # Errors
/// When nothing could be done at all; what fails for single secrets is in the report.
pub fn run(manifest: &Manifest, dry_run: bool) -> anyhow::Result<Report> {
    let mut receipt = Receipt::start("render-secrets", "secrets");
    let _lock = if dry_run { None } else { Some(Lock::acquire(&manifest.state_folder.join("lock"))?) };
    if manifest.mount && !dry_run {
        mount::ensure(&manifest.generations)?;
    }
    let journal = Journal::in_folder(&manifest.state_folder);
    let mut prepared = prepare(manifest, &journal)?;
    let link_changes = links::changes(&prepared.links, &prepared.known_links);
    let changes = prepared.plan.changes.iter().cloned();
    receipt.plan = changes.chain(link_changes).chain(prepared.pending.lines()).collect();
    if let Some(generation) = &prepared.current {
        receipt.found = serde_json::json!({ "generation": generation.number, "files": generation.files.len() });
    }
    if dry_run {
        let summary = if receipt.plan.is_empty() { "nothing differs" } else { "nothing was done: a dry run" };
        receipt.finish(ending(&prepared.errors, false), summary);
        return Ok(Report::new(receipt, prepared));
    }
    let number = carry_out(manifest, &mut prepared, &journal)?;
    finish(&mut receipt, manifest, &prepared, number);
    receipt.write(&manifest.state_folder).context("the receipt")?;
    Ok(Report::new(receipt, prepared))
}

fn prepare(manifest: &Manifest, journal: &Journal) -> anyhow::Result<Prepared> {
    let current = generation::current(manifest)?;
    let keys = Keys::load(&manifest.identities);
    let sources = source::decrypt(&manifest.secrets, &keys.identities);
    let mut others = Vec::new();
    let plan = Plan::new(wanted(manifest, &sources, current.as_ref(), &mut others), current.as_ref());
    let mut all = secret_failures(manifest, &sources, &keys, &plan);
    all.append(&mut others);
    let failed = failures::by_name(&all);
    let errors = all.into_iter().map(|failure| failure.text).collect();
    let links = wanted_links(manifest, &plan)?;
    let known_links = links::known(&manifest.state_folder)?;
    let pending = pending(journal, &plan, current.is_some())?;
    Ok(Prepared { current, plan, links, known_links, pending, failed, errors, warnings: Vec::new() })
}

fn ending(errors: &[String], changed: bool) -> Outcome {
    match (errors.is_empty(), changed) {
        (false, _) => Outcome::Failed,
        (true, true) => Outcome::Changed,
        (true, false) => Outcome::Unchanged,
    }
}

fn finish(receipt: &mut Receipt, manifest: &Manifest, prepared: &Prepared, number: u64) {
    let Prepared { plan, errors, .. } = prepared;
    let changed = !receipt.plan.is_empty();
    let total = manifest.secrets.len() + manifest.templates.len();
    let summary = match (errors.is_empty(), plan.is_unchanged()) {
        (true, true) if !changed => format!("all {total} files are as they should be, generation {number}"),
        (true, true) => format!("links or units changed, generation {number} stays"),
        (true, false) => format!("{} changes, generation {number}", plan.changes.len()),
        (false, true) if number == 0 => format!("{} of {total} files could be rendered", plan.rendered),
        (false, true) => format!("{} of {total} files could be rendered, generation {number} stays", plan.rendered),
        (false, false) => format!("{} of {total} files were rendered, generation {number}", plan.rendered),
    };
    if !errors.is_empty() {
        receipt.error = Some(errors.join("\n"));
    }
    receipt.warnings.clone_from(&prepared.warnings);
    receipt.finish(ending(errors, changed), summary);
}

/// Makes the generation, the links and the calls to systemd; returns the number of the generation that is then current.
fn carry_out(manifest: &Manifest, prepared: &mut Prepared, journal: &Journal) -> anyhow::Result<u64> {
    let old = prepared.current.as_ref().map(|generation| generation.number);
    let number = match old {
        _ if !prepared.plan.is_unchanged() => replace(manifest, prepared, journal, old)?,
        old => old.unwrap_or(0),
    };
    let failed = links::apply(&prepared.links, &prepared.known_links, &manifest.state_folder);
    let mut told = prepared.pending.tell(systemctl(manifest));
    told.errors.extend(remember(&prepared.pending, journal).err());
    prepared.warnings.append(&mut told.warnings);
    let unseen = failures::tell(manifest, &prepared.failed, old.is_some(), systemctl(manifest));
    prepared.errors.extend(failed.iter().chain(&told.errors).chain(&unseen.err()).map(|error| format!("{error:#}")));
    if !prepared.plan.is_unchanged() {
        apply::prune(manifest, number)?;
    }
    Ok(number)
}

/// Writes the new generation and moves the link. Units that will have to be told are on disk before it moves, so that a
/// run that is killed in between does not leave them with old content.
fn replace(manifest: &Manifest, prepared: &Prepared, journal: &Journal, old: Option<u64>) -> anyhow::Result<u64> {
    let number = apply::write(manifest, &prepared.plan.files, old)?;
    if !prepared.pending.is_empty() {
        journal.record(&prepared.pending).context("the journal; the old generation stays")?;
    }
    apply::switch(manifest, number)?;
    Ok(number)
}

/// What this plan and a killed run before it owe to units. After a boot no unit has old content.
fn pending(journal: &Journal, plan: &Plan, had_generation: bool) -> anyhow::Result<Pending> {
    let earlier = journal.unfinished().context("the journal")?;
    Ok(Pending::of(plan, earlier.filter(|_| had_generation)))
}

/// Leaves on disk what is still owed to units.
fn remember(pending: &Pending, journal: &Journal) -> anyhow::Result<()> {
    if pending.is_empty() {
        journal.clear().context("the journal")
    } else {
        journal.record(pending).context("the journal")
    }
}

fn systemctl(manifest: &Manifest) -> &Path {
    manifest.systemctl_command.as_deref().unwrap_or(Path::new("systemctl"))
}

fn secret_failures(manifest: &Manifest, sources: &Sources, keys: &Keys, plan: &Plan) -> Vec<Failure> {
    let kept = |name: &str| plan.kept.contains(name);
    let total = manifest.secrets.len();
    let consequence = Consequence { total, rendered: sources.contents.len(), kept: &kept };
    message::failures(sources, keys, &consequence)
}

/// Every file of the next generation, as far as its content can be had.
fn wanted(
    manifest: &Manifest,
    sources: &Sources,
    current: Option<&Generation>,
    errors: &mut Vec<Failure>,
) -> Vec<Wanted> {
    let mut accounts = Accounts::default();
    let mut wanted = Vec::with_capacity(manifest.secrets.len() + manifest.templates.len());
    for secret in &manifest.secrets {
        let label = format!("secret `{}`", secret.name.as_str());
        let account = (secret.owner.as_str(), secret.group.as_str(), secret.mode);
        let permissions = permissions(&mut accounts, &label, secret.file_name(), account, errors);
        wanted.push(Wanted {
            name: secret.file_name(),
            label,
            content: sources.contents.get(secret.name.as_str()).cloned(),
            fresh: true,
            permissions,
            restart: secret.restart_units.clone(),
            reload: secret.reload_units.clone(),
        });
    }
    // A secret that has no new content stands in templates with its old one.
    let value = |name: &str| -> Option<&Text> {
        let old = || current.and_then(|generation| generation.files.get(name)).map(|file| &file.content);
        sources.contents.get(name).or_else(old)
    };
    for template in &manifest.templates {
        let label = format!("template `{}`", template.name.as_str());
        let account = (template.owner.as_str(), template.group.as_str(), template.mode);
        let permissions = permissions(&mut accounts, &label, template.file_name(), account, errors);
        let names = template::names(&template.content, &manifest.placeholders);
        let fresh = names.iter().all(|name| sources.contents.contains_key(*name));
        let content = template::render(&template.content, &manifest.placeholders, value)
            .inspect_err(|secret| {
                let text = format!("{label} needs secret `{secret}`, which has no content");
                errors.push(Failure { names: vec![template.file_name()], text });
            })
            .ok();
        wanted.push(Wanted {
            name: template.file_name(),
            label,
            content,
            fresh,
            permissions,
            restart: template.restart_units.clone(),
            reload: template.reload_units.clone(),
        });
    }
    wanted
}

fn permissions(
    accounts: &mut Accounts,
    label: &str,
    name: String,
    (owner, group, mode): (&str, &str, Mode),
    errors: &mut Vec<Failure>,
) -> Option<Permissions> {
    let found = accounts.user(owner).and_then(|uid| Ok((uid, accounts.group(group)?)));
    match found {
        Ok((uid, gid)) => Some(Permissions { uid, gid, mode: mode.0 }),
        Err(error) => {
            errors.push(Failure { names: vec![name], text: format!("{label}: {error:#}; it was not rendered") });
            None
        }
    }
}

/// Links for files whose `path` is not the one behind the link of all.
fn wanted_links(manifest: &Manifest, plan: &Plan) -> anyhow::Result<Links> {
    let secrets = manifest.secrets.iter().map(|secret| (secret.file_name(), &secret.path));
    let templates = manifest.templates.iter().map(|template| (template.file_name(), &template.path));
    let link = std::path::absolute(&manifest.link)?;
    let mut links = Links::new();
    for (name, path) in secrets.chain(templates) {
        let target: PathBuf = link.join(&name);
        let path = std::path::absolute(path)?;
        if path != target && plan.files.iter().any(|file| file.name == name) {
            links.insert(path, target);
        }
    }
    Ok(links)
}
