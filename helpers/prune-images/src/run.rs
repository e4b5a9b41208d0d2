//! One run: look, plan, remove, and the receipt of it.

use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::json;
use state::{Lock, Outcome, Receipt};
use swarm::{Disposal, LocalImage};

use crate::manifest::Manifest;
use crate::needed::needed;
use crate::plan::{Found, Need, Plan, Policy, Room, Step, bytes, is_meant, plan};
use crate::record::Record;
use crate::taken::{Freed, Taken};

/// How much room there is.
pub trait Disk {
    /// On the disk that holds a folder.
    ///
    /// # Errors
    /// When the system does not say.
    fn room(&self, folder: &Path) -> anyhow::Result<Room>;
}

/// The host's own disks.
pub struct Disks;

impl Disk for Disks {
    fn room(&self, folder: &Path) -> anyhow::Result<Room> {
        let found = rustix::fs::statvfs(folder).with_context(|| {
            format!("asking how much is free on the disk of {}; nothing was removed", folder.display())
        })?;
        Ok(Room {
            size: found.f_blocks.saturating_mul(found.f_frsize),
            free: found.f_bavail.saturating_mul(found.f_frsize),
        })
    }
}

/// Prunes on the real host and writes the receipt.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub async fn prune(
    manifest: &Manifest,
    engine: &impl Disposal,
    dry_run: bool,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<Receipt> {
    prune_on(manifest, engine, &Disks, Timestamp::now(), dry_run, say).await
}

/// Prunes and writes the receipt.
///
/// # Errors
/// Only when the receipt cannot be written; everything else is in the receipt.
pub async fn prune_on(
    manifest: &Manifest,
    engine: &impl Disposal,
    disk: &impl Disk,
    now: Timestamp,
    dry_run: bool,
    say: &mut dyn FnMut(String),
) -> anyhow::Result<Receipt> {
    let mut receipt = Receipt::start("prune-images", "pruning");
    let lock = Lock::acquire(&manifest.state_folder.join("lock"));
    let ended = match &lock {
        Ok(_) => Pruning { manifest, engine, disk, dry_run, say, receipt: &mut receipt }.attempt(now).await,
        Err(error) => Err(anyhow::anyhow!("{error}; nothing was removed")),
    };
    receipt.end(ended);
    if !dry_run {
        receipt.write(&manifest.state_folder).context("writing the receipt")?;
    }
    drop(lock);
    Ok(receipt)
}

struct Pruning<'a, E, D> {
    manifest: &'a Manifest,
    engine: &'a E,
    disk: &'a D,
    dry_run: bool,
    say: &'a mut dyn FnMut(String),
    receipt: &'a mut Receipt,
}

impl<E: Disposal, D: Disk> Pruning<'_, E, D> {
    async fn attempt(&mut self, now: Timestamp) -> anyhow::Result<(Outcome, String)> {
        self.manifest.check()?;
        let before = Record::read(&self.manifest.state_folder)?;
        // Images first: one that is pulled afterwards is in no plan, and what began to use one meanwhile is seen.
        let images = self.engine.local_images().await?;
        let cache = self.engine.build_cache().await?;
        let needs = self.needs().await?;
        let found = Found { images, cache, room: self.room()? };
        let policy = Policy { free: self.manifest.free, unused_hours: self.manifest.unused_hours };
        let mut plan = plan(&policy, &found, &needs, &before.images, now);
        self.receipt.plan = plan.steps.iter().map(ToString::to_string).collect();
        if self.dry_run {
            return Ok((Outcome::Unchanged, self.tell(&plan, found.room)));
        }
        let freed = self.apply(&mut plan).await?;
        let room = self.room()?;
        let removed = self.receipt.steps.iter().filter(|step| step.result.starts_with("done")).count();
        let freed_bytes = before.freed_bytes.saturating_add(freed.bytes);
        let record = Record { schema: 1, images: plan.unused, freed_bytes };
        record.write(&self.manifest.state_folder, &before).context("remembering what is unused")?;
        self.receipt.found = json!({
            "freeBytes": room.free, "sizeBytes": room.size, "wantedBytes": plan.wanted, "images": found.images.len(),
            "freedBytes": freed.all(), "freedBytesTotal": freed_bytes,
        });
        Ok(self.summary(removed, &freed, room, plan.wanted))
    }

    /// Everything that stays: by the word of the engine, and of what is on disk.
    async fn needs(&self) -> anyhow::Result<Vec<Need>> {
        let used = self.engine.images_in_use().await?;
        let mut needs: Vec<Need> =
            used.into_iter().map(|image| Need { image, by: "a container or a service".to_owned() }).collect();
        needs.extend(needed(self.manifest)?);
        Ok(needs)
    }

    fn room(&self) -> anyhow::Result<Room> {
        self.disk.room(&self.manifest.data_folder)
    }

    fn tell(&mut self, plan: &Plan, room: Room) -> String {
        for (image, by) in &plan.kept {
            (self.say)(format!("keeps image {}: {by}", image.name()));
        }
        for step in &plan.steps {
            (self.say)(format!("would {step}"));
        }
        let (free, wanted) = (bytes(room.free), bytes(plan.wanted));
        if plan.steps.is_empty() {
            return format!("would remove nothing: {free} are free, {wanted} are wanted");
        }
        format!("would take up to {} steps: {free} are free, {wanted} are wanted", plan.steps.len())
    }

    /// Takes steps until enough is free; returns how many bytes went, by the engine's count: others write on the same
    /// disk. A step that fails keeps no other from being taken.
    async fn apply(&mut self, plan: &mut Plan) -> anyhow::Result<Freed> {
        let mut freed = Freed::default();
        for step in &plan.steps {
            if self.room()?.free >= plan.wanted {
                break;
            }
            (self.say)(step.to_string());
            let begun = Timestamp::now();
            let result = match self.take(step).await {
                Ok(taken) => {
                    freed.add(&taken);
                    if let (Taken::NeededBy(_), Step::Image { image, .. }) = (&taken, step) {
                        // It was unused until now; should it be so again, its time begins anew.
                        plan.unused.remove(&image.id);
                    }
                    taken.to_string()
                }
                Err(error) => self.failed(step, &error),
            };
            self.receipt.step(step.to_string(), begun, result);
        }
        Ok(freed)
    }

    fn failed(&mut self, step: &Step, error: &anyhow::Error) -> String {
        (self.say)(format!("failed to {step}: {error:#}"));
        self.receipt.error.get_or_insert_with(|| format!("failed to {step}: {error:#}"));
        format!("failed: {error:#}")
    }

    fn warn(&mut self, warning: String) {
        (self.say)(format!("warning: {warning}"));
        self.receipt.warnings.push(warning);
    }

    async fn take(&mut self, step: &Step) -> anyhow::Result<Taken> {
        match step {
            Step::Cache { unused_hours, .. } => Ok(match self.engine.prune_build_cache(*unused_hours).await? {
                0 => Taken::Stays,
                went => Taken::Gone(Some(went)),
            }),
            Step::Image { image, .. } => self.remove(image).await,
        }
    }

    async fn remove(&mut self, image: &LocalImage) -> anyhow::Result<Taken> {
        // Each image takes its time: somebody may have asked for this one since the plan was made, and a deploy that has
        // not started a container yet is none that the engine knows of.
        if let Some(need) = self.needs().await?.into_iter().find(|need| is_meant(image, &need.image)) {
            return Ok(Taken::NeededBy(need.by));
        }
        // An image may share layers, so that less goes than it takes.
        let before = self.layer_bytes().await;
        if !self.engine.remove_image(image).await? {
            return Ok(Taken::Stays);
        }
        let after = self.layer_bytes().await;
        Ok(Taken::Gone(before.zip(after).map(|(before, after)| before.saturating_sub(after))))
    }

    /// How much all layers take, where the engine says so. That it does not is no reason to keep an image.
    async fn layer_bytes(&mut self) -> Option<u64> {
        self.engine.layer_bytes().await.unwrap_or_else(|error| {
            self.warn(format!("{error}; how much one image freed is not known, and not counted"));
            None
        })
    }

    fn summary(&mut self, removed: usize, freed: &Freed, room: Room, wanted: u64) -> (Outcome, String) {
        let (free, much) = (bytes(room.free), bytes(wanted));
        if room.free < wanted {
            let warning = format!(
                "{free} are free and {much} are wanted, and all images that are left are needed or were until a short while ago; see `prune-images --dry-run`"
            );
            self.warn(warning);
        }
        match removed {
            _ if self.receipt.error.is_some() => (Outcome::Failed, self.receipt.error.clone().unwrap_or_default()),
            0 => (Outcome::Unchanged, format!("nothing was removed; {free} are free, {much} are wanted")),
            _ => (Outcome::Changed, format!("freed {freed} in {removed} steps; {free} are free")),
        }
    }
}
