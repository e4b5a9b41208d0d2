//! What may go, in which order: a pure function of what is here, what is needed, what is remembered, and the time.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use swarm::{BuildCache, LocalImage};

use crate::manifest::Free;

/// What is declared of pruning.
#[derive(Clone, Debug)]
pub struct Policy {
    /// How much of the disk is to be free.
    pub free: Free,
    /// For how many hours nothing has needed an image before it may go.
    pub unused_hours: u64,
}

/// The room on a disk, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// How large it is.
    pub size: u64,
    /// How much of it can be written.
    pub free: u64,
}

/// What is here.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The images.
    pub images: Vec<LocalImage>,
    /// What builds left.
    pub cache: BuildCache,
    /// The room on the disk.
    pub room: Room,
}

/// An image that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The image, as whoever needs it calls it: a name with tag, digest or both, a name alone, or an identifier.
    pub image: String,
    /// Who needs it, for a person.
    pub by: String,
}

/// Since when nobody has needed an image, by its identifier.
pub type Unused = BTreeMap<String, Timestamp>;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Remove what builds left and have not used since.
    Cache {
        /// For how many hours.
        unused_hours: u64,
        /// What there is of it, younger entries among it.
        cache: BuildCache,
    },
    /// Remove an image.
    Image {
        /// It.
        image: LocalImage,
        /// Since when nobody has needed it.
        since: Timestamp,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cache { unused_hours, cache } => write!(
                f,
                "remove what builds left and have not used for {unused_hours} h, of {} in {} entries",
                bytes(cache.bytes),
                cache.entries
            ),
            Self::Image { image, since } => {
                write!(f, "remove image {}, {}, needed by nobody since {since:.0}", image.name(), bytes(image.bytes))
            }
        }
    }
}

/// What is to be done, and why what stays does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// How many bytes are to be free.
    pub wanted: u64,
    /// The steps, in order. They are taken until so much is free.
    pub steps: Vec<Step>,
    /// Each image that stays, with who needs it.
    pub kept: Vec<(LocalImage, String)>,
    /// What is to be remembered.
    pub unused: Unused,
}

/// Plans what to remove: nothing while enough is free; then what builds left, which nobody needs; then images, those that
/// were unused longest first. Of those unused as long as each other the largest goes first.
pub fn plan(policy: &Policy, found: &Found, needs: &[Need], before: &Unused, now: Timestamp) -> Plan {
    let mut plan = Plan { wanted: policy.free.of(found.room.size), ..Plan::default() };
    let mut old = Vec::new();
    for image in &found.images {
        if let Some(need) = needs.iter().find(|need| is_meant(image, &need.image)) {
            plan.kept.push((image.clone(), need.by.clone()));
            continue;
        }
        // A clock that was set back makes nothing old.
        let since = before.get(&image.id).copied().map_or(now, |since| since.min(now));
        plan.unused.insert(image.id.clone(), since);
        if is_old(since, now, policy.unused_hours) {
            old.push((since, image));
        } else {
            plan.kept.push((image.clone(), format!("needed by nobody, but only since {since:.0}")));
        }
    }
    if found.room.free >= plan.wanted {
        return plan;
    }
    if found.cache.entries > 0 {
        plan.steps.push(Step::Cache { unused_hours: policy.unused_hours, cache: found.cache });
    }
    old.sort_by_key(|(since, image)| (*since, u64::MAX - image.bytes, image.id.clone()));
    plan.steps.extend(old.into_iter().map(|(since, image)| Step::Image { image: image.clone(), since }));
    plan
}

fn is_old(since: Timestamp, now: Timestamp, hours: u64) -> bool {
    let hours = i64::try_from(hours).unwrap_or(i64::MAX);
    now.duration_since(since) >= SignedDuration::from_secs(hours.saturating_mul(3600))
}

/// Whether a name stands for an image. In doubt it does: a name with a tag and a digest stands for what has either.
pub fn is_meant(image: &LocalImage, name: &str) -> bool {
    if image.id == name {
        return true;
    }
    let (tagged, digest) = name.split_once('@').map_or((name, None), |(tagged, digest)| (tagged, Some(digest)));
    if let Some(digest) = digest {
        let has = image.digests.iter().any(|own| own.split_once('@').is_some_and(|(_, own)| own == digest));
        if has || image.id == digest {
            return true;
        }
    }
    let tagged = familiar(tagged);
    // Without a tag, a name beside a digest says nothing more.
    let whole = digest.is_none() && !has_tag(tagged);
    image.tags.iter().any(|own| {
        let own = familiar(own);
        own == tagged || (whole && own.rsplit_once(':').is_some_and(|(name, _)| name == tagged))
    })
}

/// `localhost:5000/app` has none; a colon before the last slash belongs to a port.
fn has_tag(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|last| last.contains(':'))
}

/// A name as the engine lists it: without Docker Hub's own name (github.com/distribution/reference, `FamiliarName`).
fn familiar(name: &str) -> &str {
    let short = name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/"));
    short.map_or(name, |short| short.strip_prefix("library/").unwrap_or(short))
}

/// A number of bytes for a person.
pub fn bytes(number: u64) -> String {
    match number {
        0..1024 => format!("{number} B"),
        1024..1_048_576 => format!("{} KiB", number >> 10),
        1_048_576..10_737_418_240 => format!("{} MiB", number >> 20),
        _ => format!("{} GiB", number >> 30),
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
