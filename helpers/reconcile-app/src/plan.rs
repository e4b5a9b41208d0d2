//! What to do about an app: a pure function of what is declared, what runs and what is remembered.

use std::fmt;

use swarm::Service;
use updates::Tag;

use crate::colour::COLOUR_LABEL;
use crate::record::{Deployed, FailedDeploy, Intent, Seen};

/// The label that says which app a service belongs to.
pub const APP_LABEL: &str = "hearth.app";
/// The label that says from which inputs a service was deployed.
pub const DIGEST_LABEL: &str = "hearth.digest";
/// The label of a standby copy.
pub const STANDBY_LABEL: &str = "hearth.standby";

/// One way in which what runs is not what is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Nothing of the app runs, and nothing is remembered of it.
    NeverDeployed,
    /// A run was killed in the middle.
    Unfinished(Intent),
    /// The recipe, the environment, a secret or an image changed.
    Inputs,
    /// A service that was deployed is gone.
    Missing(String),
    /// Somebody changed a service by hand.
    ChangedByHand(String),
    /// A service that nobody deployed carries the app's label.
    Foreign(String),
    /// A standby copy of an interrupted handover is still there.
    Standby(String),
    /// A service of the colour that does not serve is still there.
    OtherColour(String),
    /// The time for which a colour that failed is kept is over for this service.
    Expired(String),
    /// A service is stopped, for a snapshot or because the app was declared so.
    Stopped(String),
    /// A service has fewer running tasks than it should.
    NotRunning {
        /// The service.
        service: String,
        /// Tasks that run.
        running: u64,
        /// Tasks that should.
        desired: u64,
    },
}

impl Difference {
    /// Whether only a deploy mends it. What merely does not run yet is the swarm's own work: it is watched.
    fn needs_deploy(&self) -> bool {
        !matches!(self, Self::NotRunning { .. }) && !self.is_left_over()
    }

    /// Whether it is something that serves nobody, and is only to be removed.
    fn is_left_over(&self) -> bool {
        matches!(self, Self::OtherColour(_) | Self::Expired(_))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverDeployed => f.write_str("not deployed yet"),
            Self::Unfinished(intent) => write!(f, "an earlier run was cut off while {}", intent.doing()),
            Self::Inputs => f.write_str("the recipe, the environment, a secret or an image changed"),
            Self::Missing(service) => write!(f, "service {service} is gone"),
            Self::ChangedByHand(service) => write!(f, "service {service} was changed by hand"),
            Self::Foreign(service) => write!(f, "service {service} is not part of the recipe any more"),
            Self::Standby(service) => write!(f, "standby {service} of an interrupted handover is still there"),
            Self::OtherColour(service) => write!(f, "service {service} is of the colour that does not serve"),
            Self::Stopped(service) => write!(f, "service {service} is stopped"),
            Self::Expired(service) => write!(f, "service {service} failed, and the time to look at it is over"),
            Self::NotRunning { service, running, desired } => {
                write!(f, "service {service} runs {running} of {desired} tasks")
            }
        }
    }
}

/// How to put the last good state back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// The digest of what failed.
    pub digest: String,
    /// Why it failed, or why it is taken back.
    pub reason: String,
    /// The snapshot to restore first; none where the data is as it was.
    pub snapshot: Option<String>,
    /// The version that failed, where the recipe is from a repository. Not the one that the run chooses which finishes
    /// this: a newer one may have come in between.
    pub tag: Option<Tag>,
    /// Whether what is taken back failed, and is not tried again.
    pub failed: bool,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing differs.
    Nothing,
    /// Nothing differs but version numbers; remember the new ones.
    Settle,
    /// What is deployed is right, but does not run fully: watch it until it does.
    Watch(Vec<Difference>),
    /// Nothing differs but what is left of another colour: remove that.
    Remove(Vec<Difference>),
    /// Deploy what is declared.
    Deploy(Vec<Difference>),
    /// Put the last good state back, as a run that was cut off had begun to.
    Rollback(Rollback),
    /// What is declared failed before and has not changed since.
    FailedBefore(FailedDeploy),
    /// Stop these services: the app is declared stopped.
    Stop(Vec<String>),
    /// Do nothing before a person has decided.
    Hold(String),
}

impl Plan {
    /// The plan for a person, a line a step.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Nothing | Self::Settle => Vec::new(),
            Self::Watch(why) | Self::Remove(why) | Self::Deploy(why) => {
                why.iter().map(|why| format!("{}: {why}", self.verb())).collect()
            }
            Self::Rollback(rollback) => vec![format!("{}: {}", self.verb(), rollback.reason)],
            Self::FailedBefore(failed) => vec![format!("{}: {}", self.verb(), failed.reason)],
            Self::Stop(services) => {
                services.iter().map(|service| format!("stop: service {service}: the app is declared stopped")).collect()
            }
            Self::Hold(reason) => vec![format!("{}: {reason}", self.verb())],
        }
    }

    /// The same, with the services of failed colours whose time is over.
    #[must_use]
    pub fn with_expired(self, expired: &[&Service]) -> Self {
        let over = expired.iter().map(|service| Difference::Expired(service.name.clone()));
        match self {
            Self::Nothing | Self::Settle if !expired.is_empty() => Self::Remove(over.collect()),
            Self::Remove(left) => Self::Remove(left.into_iter().chain(over).collect()),
            other => other,
        }
    }

    /// Whether tasks are replaced by it.
    pub fn deploys(&self) -> bool {
        matches!(self, Self::Deploy(_))
    }

    /// The plan in two or three words.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Nothing | Self::Settle => "do nothing",
            Self::Watch(_) => "watch",
            Self::Remove(_) => "remove",
            Self::Deploy(_) => "deploy",
            Self::Rollback(_) => "roll back",
            Self::FailedBefore(failed) if failed.by_hand => "leave alone what waits for a person",
            Self::FailedBefore(_) => "leave alone what failed before",
            Self::Stop(_) => "stop",
            Self::Hold(_) => "hold",
        }
    }
}

/// What is known when the plan is made.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The digest of everything that is declared.
    pub desired: &'a str,
    /// The services that carry the app's label.
    pub observed: &'a [Service],
    /// The last deploy that passed its gate.
    pub deployed: Option<&'a Deployed>,
    /// The deploy that failed, if the newest one did.
    pub failed: Option<&'a FailedDeploy>,
    /// What a killed run was in the middle of.
    pub unfinished: Option<&'a Intent>,
}

/// Decides what to do.
pub fn plan(known: Known<'_>) -> Plan {
    // Cut off between the record of success and the end of the journal: nothing of it is left to do.
    let committed = known.unfinished.is_some_and(|intent| is_committed(intent, known.deployed));
    let known = Known { unfinished: known.unfinished.filter(|_| !committed), ..known };
    if let Some(rollback) = known.unfinished.and_then(|intent| unfinished_rollback(intent, known.desired)) {
        return Plan::Rollback(rollback);
    }
    let differences = differences(&known);
    if differences.iter().any(Difference::needs_deploy) {
        return match known.failed.filter(|failed| failed.digest == known.desired && !serves(&known, failed)) {
            // Drift of the good version that serves is healed by deploying that one, not the one that failed.
            Some(failed) if serves_as_deployed(&known) => Plan::FailedBefore(failed.clone()),
            Some(failed) => Plan::Rollback(Rollback {
                digest: failed.digest.clone(),
                reason: failed.reason.clone(),
                snapshot: None,
                tag: None,
                failed: true,
            }),
            None => Plan::Deploy(differences),
        };
    }
    if !differences.is_empty() {
        // The other colour may be all that serves while this one does not run.
        let left_over = differences.iter().all(Difference::is_left_over);
        return if left_over { Plan::Remove(differences) } else { Plan::Watch(differences) };
    }
    if committed || known.deployed.is_some_and(|deployed| versions_moved(deployed, known.observed)) {
        Plan::Settle
    } else {
        Plan::Nothing
    }
}

/// Whether what is remembered as failed is what serves: a person was about to go back from it, and that was undone.
fn serves(known: &Known<'_>, failed: &FailedDeploy) -> bool {
    known.deployed.is_some_and(|deployed| deployed.digest == failed.digest)
}

/// Whether an unfinished deploy passed its gate and was remembered as good.
pub fn is_committed(intent: &Intent, deployed: Option<&Deployed>) -> bool {
    let (Intent::Deploy { digest, .. } | Intent::Back { digest, .. }) = intent else { return false };
    deployed.is_some_and(|deployed| deployed.digest == *digest)
}

/// The rollback that a run which was cut off had begun, or that it takes to undo it: a deploy of something that is not
/// declared any more may have changed the data.
fn unfinished_rollback(intent: &Intent, desired: &str) -> Option<Rollback> {
    let forward = match intent {
        Intent::Snapshot { .. } | Intent::Deploy { snapshot: None, .. } => true,
        Intent::Deploy { digest, .. } => digest == desired,
        // Where it had got to with the data nobody knows.
        Intent::Back { .. } | Intent::Restore { .. } | Intent::Rollback { .. } => false,
    };
    (!forward).then(|| undo(intent))
}

/// The way back from where a run was cut off.
pub fn undo(intent: &Intent) -> Rollback {
    let cut_off = || format!("a run was cut off while {}", intent.doing());
    let (digest, reason, snapshot, tag, failed) = match intent {
        Intent::Snapshot { digest } => (digest, cut_off(), None, None, false),
        Intent::Deploy { digest, snapshot } => (digest, cut_off(), snapshot.clone(), None, false),
        Intent::Back { digest, snapshot, .. } => (digest, cut_off(), Some(snapshot.clone()), None, false),
        Intent::Restore { digest, reason, snapshot, tag, failed } => {
            (digest, reason.clone(), Some(snapshot.clone()), tag.clone(), *failed)
        }
        Intent::Rollback { digest, reason, tag, failed } => (digest, reason.clone(), None, tag.clone(), *failed),
    };
    Rollback { digest: digest.clone(), reason, snapshot, tag, failed }
}

fn differences(known: &Known<'_>) -> Vec<Difference> {
    let unfinished = known.unfinished.cloned().map(Difference::Unfinished);
    let Some(deployed) = known.deployed else {
        return unfinished.into_iter().chain([Difference::NeverDeployed]).collect();
    };
    let inputs = (deployed.digest != known.desired).then_some(Difference::Inputs);
    let of_services = drift(deployed, known.observed);
    unfinished.into_iter().chain(inputs).chain(of_services).collect()
}

/// How the services differ from those that were deployed.
fn drift(deployed: &Deployed, observed: &[Service]) -> Vec<Difference> {
    let missing = deployed
        .services
        .keys()
        .filter(|name| !observed.iter().any(|service| service.name == **name))
        .map(|name| Difference::Missing(name.clone()));
    let present = observed.iter().filter_map(|service| match deployed.services.get(&service.name) {
        None if service.labels.contains_key(STANDBY_LABEL) => Some(Difference::Standby(service.name.clone())),
        None if service.labels.contains_key(COLOUR_LABEL) => Some(Difference::OtherColour(service.name.clone())),
        None => Some(Difference::Foreign(service.name.clone())),
        Some(_) if service.is_stopped() => Some(Difference::Stopped(service.name.clone())),
        Some(seen) if changed(seen, service) => Some(Difference::ChangedByHand(service.name.clone())),
        Some(_) if service.running < service.desired => Some(Difference::NotRunning {
            service: service.name.clone(),
            running: service.running,
            desired: service.desired,
        }),
        Some(_) => None,
    });
    missing.chain(present).collect()
}

/// The digest of the whole specification is made only when the version index moved: the index is free, the digest is not.
fn changed(seen: &Seen, service: &Service) -> bool {
    seen.version != service.version && seen.spec != service.spec_digest()
}

fn versions_moved(deployed: &Deployed, observed: &[Service]) -> bool {
    observed
        .iter()
        .any(|service| deployed.services.get(&service.name).is_some_and(|seen| seen.version != service.version))
}

/// Whether the services are those of the last good deploy, so that a newer one that failed can be left alone.
fn serves_as_deployed(known: &Known<'_>) -> bool {
    match known.deployed {
        Some(deployed) => !drift(deployed, known.observed).iter().any(Difference::needs_deploy),
        // Nothing good was ever there to go back to.
        None => true,
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
