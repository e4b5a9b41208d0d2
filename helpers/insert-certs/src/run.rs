//! One run over one certificate: read, judge, observe, plan, apply, and the receipt of it.

use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use state::{Digest, Lock, Outcome, Receipt};
use swarm::Secrets;

use crate::LABEL;
use crate::apply::Apply;
use crate::certificate::{Good, Pair, Refusal, expiry_warning, judge};
use crate::folder::Folder;
use crate::manifest::Manifest;
use crate::plan::{Desired, Observed, plan};

/// Inserts a certificate and writes the receipt. `connect` is called only for a certificate that was found good.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub async fn run<E: Secrets>(
    manifest: &Manifest,
    connect: impl FnOnce() -> swarm::Result<E>,
    dry_run: bool,
    now: Timestamp,
) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("insert-certs", manifest.name.as_str());
    // Until the receipt is written: of two runs, the one that ended last is the one that is read.
    let lock = if dry_run { Ok(None) } else { Lock::acquire(&manifest.state_folder.join("lock")).map(Some) };
    let ended = match &lock {
        Ok(_) => insert(manifest, connect, dry_run, now, &mut receipt).await,
        Err(error) => Err(anyhow::anyhow!("{error}")),
    };
    match ended {
        Ok((outcome, summary)) => receipt.finish(outcome, summary),
        Err(error) => {
            let consequence = consequence(manifest);
            receipt.error = Some(format!("{error:#}; {consequence}"));
            receipt.finish(Outcome::Failed, consequence);
        }
    }
    if !dry_run {
        receipt.write(&manifest.state_folder).context("writing the receipt")?;
    }
    drop(lock);
    Ok(receipt)
}

async fn insert<E: Secrets>(
    manifest: &Manifest,
    connect: impl FnOnce() -> swarm::Result<E>,
    dry_run: bool,
    now: Timestamp,
    receipt: &mut Receipt,
) -> anyhow::Result<(Outcome, String)> {
    let (pair, good) = read(manifest, now)?;
    receipt.warnings.extend(good.warnings.iter().cloned());
    receipt.warnings.extend(expiry_warning(&good, manifest.expiry_warning_days, now));
    // Alerts and metrics read when it ends from here.
    receipt.found = serde_json::json!({ "expires": good.expires, "domains": manifest.domains });

    let engine = connect()?;
    let label = format!("{LABEL}={}", manifest.name.as_str());
    let secrets = engine.secrets(&label).await?.into_iter().map(|secret| secret.name).collect();
    let folder = folder(manifest);
    let observed = Observed { configuration: folder.configuration()?, files: folder.files()?, secrets };
    let desired = Desired {
        name: manifest.name.as_str(),
        digest: pair.digest(),
        contents: [Digest::of(&pair.certificate), Digest::of(&pair.key)],
        mounted_at: &manifest.mounted_at,
        secret_prefix: manifest.swarm_secret_prefix.as_str(),
    };
    let steps = plan(&desired, &observed);
    receipt.plan = steps.iter().map(ToString::to_string).collect();
    let until = format!("certificate {}, valid until {}", desired.digest, good.expires);
    if dry_run {
        let would = if steps.is_empty() { "nothing differs" } else { "would be inserted" };
        return Ok((Outcome::Unchanged, format!("{until}: {would}")));
    }
    let changed = Apply { engine: &engine, folder, desired: &desired, pair: &pair }.all(&steps, receipt).await?;
    let outcome = if changed == 0 { Outcome::Unchanged } else { Outcome::Changed };
    Ok((outcome, format!("{until}, is served")))
}

fn folder(manifest: &Manifest) -> Folder<'_> {
    Folder { path: &manifest.folder, name: manifest.name.as_str() }
}

/// What it means that a certificate was not inserted.
fn consequence(manifest: &Manifest) -> &'static str {
    match folder(manifest).configuration() {
        Ok(Some(_)) => "the certificate in use stays served",
        _ => "no certificate of this name is served",
    }
}

fn read(manifest: &Manifest, now: Timestamp) -> anyhow::Result<(Pair, Good)> {
    let read = |path: &Path| std::fs::read(path).with_context(|| path.display().to_string());
    let pair = Pair { certificate: read(&manifest.certificate_file)?, key: read(&manifest.key_file)?.into() };
    let good = judge(&pair, &manifest.domains, now).map_err(|refusal| {
        let (certificate, key) = (manifest.certificate_file.display(), manifest.key_file.display());
        let files = match &refusal {
            Refusal::Mismatch => format!("{key} and {certificate}"),
            Refusal::NoKey(_) => key.to_string(),
            _ => certificate.to_string(),
        };
        anyhow::Error::new(refusal).context(files)
    })?;
    Ok((pair, good))
}
