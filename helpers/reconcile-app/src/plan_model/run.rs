//! A run, step by step, in the order in which `run`, `apply`, `data` and `rollback` take them.

use std::sync::OnceLock;

use jiff::Timestamp;
use state::Outcome;
use swarm::Service;

use super::world::{Behaviour, Planted, SERVICES, Spec, Version, World};
use crate::plan::{Known, Plan, Rollback, is_committed, plan, undo};
use crate::record::{FailedDeploy, Intent};

/// The run was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut;

/// What becomes of snapshots in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Snapshots {
    /// They are taken.
    #[default]
    Work,
    /// There is no room for them.
    NoRoom,
    /// Something goes wrong while they are taken.
    Fail,
}

/// Under which circumstances the helper runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// Before which of its steps it is killed.
    pub cut_before: Option<u32>,
    /// What becomes of snapshots.
    pub snapshots: Snapshots,
    /// Whether it was told to try again what failed.
    pub retry: bool,
    /// Whether what is declared cannot be read.
    pub unreadable: bool,
}

struct Run<'a> {
    world: &'a mut World,
    how: How,
    taken: u32,
    unfinished: Option<Intent>,
}

/// A run. What it leaves is in the world.
pub fn run(world: &mut World, how: How) -> Result<Outcome, Cut> {
    let unfinished = world.journal.clone();
    Run { world, how, taken: 0, unfinished }.run()
}

/// A person goes back to the version and the data of a snapshot. What it leaves is in the world.
pub fn go_back(world: &mut World, how: How) -> Result<Outcome, Cut> {
    Run { world, how, taken: 0, unfinished: None }.go_back()
}

/// The digest of the specification that all services of the model have.
fn unchanged() -> &'static str {
    static DIGEST: OnceLock<String> = OnceLock::new();
    DIGEST.get_or_init(|| Service::default().spec_digest())
}

/// What the planner makes of the world.
pub fn planned(world: &World) -> Plan {
    let deployed = world.record(unchanged());
    plan(Known {
        desired: &world.desired.to_string(),
        observed: &world.observed(),
        deployed: deployed.as_ref(),
        failed: world.failed.as_ref(),
        unfinished: world.journal.as_ref(),
    })
}

fn version_of(digest: &str) -> Version {
    digest.parse().unwrap()
}

impl Run<'_> {
    /// The helper may be killed before anything that it does.
    fn step(&mut self) -> Result<&mut World, Cut> {
        if self.how.cut_before == Some(self.taken) {
            return Err(Cut);
        }
        self.taken += 1;
        self.world.steps += 1;
        Ok(self.world)
    }

    fn journal(&mut self, intent: Intent) -> Result<(), Cut> {
        let left_out = match intent {
            Intent::Deploy { .. } => self.planted(Planted::NoDeployIntent),
            Intent::Rollback { .. } => self.planted(Planted::NoRollbackIntent),
            Intent::Back { .. } => self.planted(Planted::NoBackIntent),
            Intent::Snapshot { .. } | Intent::Restore { .. } => false,
        };
        let world = self.step()?;
        if !left_out {
            world.journal = Some(intent);
        }
        Ok(())
    }

    fn planted(&self, mistake: Planted) -> bool {
        self.world.planted == Some(mistake)
    }

    fn end_journal(&mut self) -> Result<(), Cut> {
        self.step()?.journal = None;
        Ok(())
    }

    fn run(mut self) -> Result<Outcome, Cut> {
        let deployed = self.world.record(unchanged());
        if self.unfinished.as_ref().is_some_and(|intent| is_committed(intent, deployed.as_ref()))
            && !self.planted(Planted::CommittedIsUnfinished)
        {
            self.unfinished = None;
            self.end_journal()?;
        }
        if self.how.retry {
            self.step()?.failed = None;
        }
        if self.how.unreadable {
            return self.without_inputs();
        }
        self.world.steps += 1;
        match planned(self.world) {
            Plan::Nothing => Ok(Outcome::Unchanged),
            Plan::Settle => {
                self.settle()?;
                self.end_journal()?;
                Ok(Outcome::Unchanged)
            }
            Plan::Watch(_) => Ok(Outcome::Failed),
            Plan::Remove(_) => unreachable!("the apps of the model have no colours"),
            Plan::FailedBefore(_) => {
                self.end_journal()?;
                Ok(Outcome::Failed)
            }
            Plan::Rollback(back) => match self.world.last_good() {
                Some(good) if back.failed => self.rollback(good, back),
                Some(good) => {
                    let outcome = self.rollback(good, back)?;
                    self.unfinished = None;
                    let desired = self.world.desired.to_string();
                    let failed_before = self.world.failed.as_ref().is_some_and(|failed| failed.digest == desired);
                    if outcome == Outcome::RolledBack && !failed_before { self.deploy() } else { Ok(outcome) }
                }
                None => self.deploy(),
            },
            Plan::Deploy(_) => self.deploy(),
            Plan::Stop(_) | Plan::Hold(_) => unreachable!("these are decided before the inputs are read"),
        }
    }

    fn without_inputs(&mut self) -> Result<Outcome, Cut> {
        if let Some((back, good)) = self.unfinished.as_ref().map(undo).zip(self.world.last_good()) {
            self.rollback(good, back)?;
        }
        Ok(Outcome::Failed)
    }

    fn deploy(&mut self) -> Result<Outcome, Cut> {
        let version = self.world.desired;
        let snapshot = match self.secure_data(version)? {
            Ok(snapshot) => snapshot,
            Err(outcome) => return Ok(outcome),
        };
        self.journal(Intent::Deploy { digest: version.to_string(), snapshot: snapshot.clone() })?;
        if self.replace(version)? && self.prove(version)? {
            let healed = self.world.last_good() == Some(version);
            self.step()?.remember_good(version);
            if !healed {
                self.step()?.failed = None;
            }
            self.end_journal()?;
            if let Some(keep) = snapshot {
                self.step()?.snapshots.retain(|id, _| *id == keep);
            }
            return Ok(Outcome::Changed);
        }
        let Some(good) = self.world.last_good().filter(|good| *good != version) else {
            self.end_journal()?;
            return Ok(Outcome::Failed);
        };
        let back =
            Rollback { digest: version.to_string(), reason: "gate".to_owned(), snapshot, tag: None, failed: true };
        self.rollback(good, back)
    }

    /// As in `back`.
    fn go_back(mut self) -> Result<Outcome, Cut> {
        let Some(good) = self.world.last_good().filter(|_| self.world.has_volumes) else {
            return Ok(Outcome::Failed);
        };
        let earlier = self.world.snapshots.iter().find(|(_, data)| data.of != good && data.of > 0);
        let Some((to, version)) = earlier.map(|(id, data)| (id.clone(), data.of)) else { return Ok(Outcome::Failed) };
        let failed = self.world.failed.clone();
        let before = match self.secure_data(version)? {
            Ok(Some(before)) => before,
            Ok(None) => return Ok(Outcome::Failed),
            Err(outcome) => {
                self.step()?.failed = failed;
                return Ok(outcome);
            }
        };
        let digest = version.to_string();
        self.journal(Intent::Back { digest: digest.clone(), to: to.clone(), snapshot: before.clone() })?;
        self.restore(&to)?;
        if !self.replace(version)? {
            let (reason, snapshot) = ("gate".to_owned(), Some(before));
            return self.rollback(good, Rollback { digest, reason, snapshot, tag: None, failed: false });
        }
        let declared = self.world.desired.to_string();
        let aside = failed.filter(|failed| failed.digest == declared).unwrap_or_else(|| FailedDeploy {
            digest: good.to_string(),
            reason: "a person went back from it".to_owned(),
            versions: Vec::new(),
            logs: Vec::new(),
            at: Timestamp::UNIX_EPOCH,
            by_hand: true,
            version: None,
            image: None,
            gate: None,
            asked: None,
        });
        if !self.planted(Planted::NotSetAside) {
            self.step()?.failed = Some(aside);
        }
        let world = self.step()?;
        // Whoever goes back gives up what was written since.
        world.promised = world.data.rows;
        world.remember_good(version);
        self.end_journal()?;
        self.step()?.snapshots.retain(|id, _| *id == before);
        Ok(Outcome::Changed)
    }

    /// Stops the app and puts its data back.
    fn restore(&mut self, snapshot: &str) -> Result<(), Cut> {
        self.stop()?;
        self.step()?.data.torn = true;
        let world = self.step()?;
        match world.planted {
            Some(Planted::NoRestore) => world.data.torn = false,
            _ => world.data = world.snapshots[snapshot].clone(),
        }
        Ok(())
    }

    /// The snapshot to go back to, if one is needed; or how the run ends without one.
    fn secure_data(&mut self, version: Version) -> Result<Result<Option<String>, Outcome>, Cut> {
        if let Some(Intent::Deploy { snapshot, .. }) = &self.unfinished
            && !self.planted(Planted::SecondSnapshot)
        {
            return Ok(Ok(snapshot.clone()));
        }
        let stopped = matches!(self.unfinished, Some(Intent::Snapshot { .. }));
        let Some(good) = self.world.last_good().filter(|good| *good != version && self.world.has_volumes) else {
            return Ok(Ok(None));
        };
        if self.how.snapshots == Snapshots::NoRoom {
            return self.not_secured(good, version, Outcome::Held, stopped).map(Err);
        }
        self.journal(Intent::Snapshot { digest: version.to_string() })?;
        self.stop()?;
        if self.how.snapshots == Snapshots::Fail {
            return self.not_secured(good, version, Outcome::Failed, true).map(Err);
        }
        let world = self.step()?;
        let id = format!("s{}", world.number());
        world.snapshots.insert(id.clone(), world.data.clone());
        Ok(Ok(Some(id)))
    }

    fn not_secured(
        &mut self,
        good: Version,
        version: Version,
        outcome: Outcome,
        stopped: bool,
    ) -> Result<Outcome, Cut> {
        if stopped {
            if !self.replace(good)? {
                return Ok(Outcome::Failed);
            }
            self.settle()?;
        }
        if outcome == Outcome::Failed {
            self.remember_failure(version, "no snapshot")?;
        }
        self.end_journal()?;
        Ok(outcome)
    }

    /// Tells the swarm to run a version, and holds the gate. What is refused does not hold it.
    fn replace(&mut self, version: Version) -> Result<bool, Cut> {
        for (told, name) in SERVICES.into_iter().enumerate() {
            if told > 0 && self.world.behaviour(version) == Behaviour::Refused {
                return if self.planted(Planted::EndsWhenRefused) { Err(Cut) } else { Ok(false) };
            }
            self.step()?.tell(name, Spec::Of(version), 1);
        }
        self.step()?.services.retain(|name, _| SERVICES.contains(name));
        self.world.live();
        Ok(self.world.serves(version))
    }

    /// What was proved before is not proved again. The helper may be killed in the middle of it.
    fn prove(&mut self, version: Version) -> Result<bool, Cut> {
        if self.world.last_good() == Some(version) {
            return Ok(true);
        }
        if self.planted(Planted::GoodBeforeItsWatch) {
            self.step()?.remember_good(version);
        }
        self.step()?;
        Ok(self.step()?.watch(version))
    }

    fn stop(&mut self) -> Result<(), Cut> {
        for name in SERVICES {
            let told = self.step()?.services.get(name).map(|told| told.spec);
            if let Some(spec) = told {
                self.world.tell(name, spec, 0);
            }
        }
        Ok(())
    }

    fn rollback(&mut self, good: Version, back: Rollback) -> Result<Outcome, Cut> {
        let Rollback { digest, reason, snapshot, tag, failed } = back;
        if let Some(snapshot) = snapshot {
            let (digest, reason) = (digest.clone(), reason.clone());
            self.journal(Intent::Restore { digest, reason, snapshot: snapshot.clone(), tag: tag.clone(), failed })?;
            self.restore(&snapshot)?;
        }
        self.journal(Intent::Rollback { digest: digest.clone(), reason: reason.clone(), tag, failed })?;
        let serves = self.replace(good)?;
        let waits = self.world.failed.as_ref().is_some_and(|aside| aside.by_hand && aside.digest == digest);
        if failed && !waits {
            self.remember_failure(version_of(&digest), &reason)?;
        }
        if serves {
            self.settle()?;
            if self.world.failed.as_ref().is_some_and(|aside| aside.digest == good.to_string()) {
                self.step()?.failed = None;
            }
        }
        self.end_journal()?;
        Ok(if serves { Outcome::RolledBack } else { Outcome::Failed })
    }

    fn remember_failure(&mut self, version: Version, reason: &str) -> Result<(), Cut> {
        let (digest, at) = (version.to_string(), Timestamp::UNIX_EPOCH);
        self.step()?.failed = Some(FailedDeploy {
            digest,
            reason: reason.to_owned(),
            versions: Vec::new(),
            logs: Vec::new(),
            at,
            by_hand: false,
            version: None,
            image: None,
            gate: None,
            asked: None,
        });
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Cut> {
        let world = self.step()?;
        if let Some(good) = world.last_good() {
            world.remember_good(good);
        }
        Ok(())
    }
}
