//! What is there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use swarm::Service;

use crate::plan::STANDBY_LABEL;
use crate::record::{Deployed, FailedDeploy, Intent, Seen};

/// What can be declared: the greater the newer. Its digest is its number.
pub type Version = u8;

/// What a version does when it is started on data that it understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It migrates the data to its own version, and serves.
    Good,
    /// It never gets healthy, and touches nothing.
    NeverHealthy,
    /// It migrates the data, and then does not serve.
    MigratesAndFails,
}

/// What is in the app's volumes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// The version that wrote it last. Older versions do not understand it.
    pub of: Version,
    /// What people gave it.
    pub rows: u32,
    /// Whether it is half of one state and half of another.
    pub torn: bool,
}

/// A service as the swarm was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The version whose stack it belongs to, or what somebody made of it.
    pub spec: String,
    /// How many tasks it should have.
    pub replicas: u64,
    /// The swarm's own number.
    pub index: u64,
    /// Whether it is a standby.
    pub standby: bool,
}

/// Everything that outlives a run.
#[derive(Clone, Debug)]
pub struct World {
    pub has_volumes: bool,
    pub desired: Version,
    pub services: BTreeMap<String, Told>,
    pub data: Data,
    pub snapshots: BTreeMap<String, Data>,
    pub deployed: Option<Deployed>,
    pub failed: Option<FailedDeploy>,
    pub journal: Option<Intent>,
    /// The rows that the last good version was given while it served.
    pub promised: u32,
    /// How many steps were taken.
    pub steps: u64,
    behaviours: BTreeMap<Version, Behaviour>,
    next: u64,
}

/// The services of every version.
pub const SERVICES: [&str; 2] = ["x_app", "x_db"];

impl World {
    pub fn new(has_volumes: bool) -> Self {
        Self {
            has_volumes,
            desired: 1,
            services: BTreeMap::new(),
            data: Data::default(),
            snapshots: BTreeMap::new(),
            deployed: None,
            failed: None,
            journal: None,
            promised: 0,
            steps: 0,
            behaviours: BTreeMap::new(),
            next: 0,
        }
    }

    /// A number that was never given before.
    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub fn turn(&mut self, version: Version, behaviour: Behaviour) {
        self.behaviours.insert(version, behaviour);
        self.live();
    }

    fn behaviour(&self, version: Version) -> Behaviour {
        self.behaviours.get(&version).copied().unwrap_or(Behaviour::Good)
    }

    /// Tells a service what to run; the swarm does so.
    pub fn tell(&mut self, name: &str, spec: &str, replicas: u64) {
        let index = self.number();
        let told = Told { spec: spec.to_owned(), replicas, index, standby: false };
        match self.services.get_mut(name) {
            // What it is told already is no change.
            Some(before) if before.spec == told.spec && before.replicas == replicas => {}
            Some(before) => *before = told,
            None => drop(self.services.insert(name.to_owned(), told)),
        }
        self.live();
    }

    /// What runs does what it does: migrates, serves.
    pub fn live(&mut self) {
        let started = self.services.get("x_app").filter(|told| told.replicas > 0);
        let started = started.and_then(|told| told.spec.parse::<Version>().ok());
        if let Some(version) = started
            && self.behaviour(version) != Behaviour::NeverHealthy
            && !self.data.torn
            && self.data.of < version
        {
            self.data.of = version;
        }
        if self.last_good().is_some_and(|good| self.serves(good)) {
            self.promised = self.promised.max(self.data.rows);
        }
    }

    /// Whether all services were told to be this version.
    pub fn is_told(&self, version: Version) -> bool {
        let spec = version.to_string();
        self.services.len() == SERVICES.len()
            && SERVICES
                .iter()
                .all(|name| self.services.get(*name).is_some_and(|told| told.spec == spec && told.replicas == 1))
    }

    /// Whether this version could serve if it were started.
    pub fn could_serve(&self, version: Version) -> bool {
        let understood = !self.has_volumes || (!self.data.torn && self.data.of <= version);
        self.behaviour(version) == Behaviour::Good && understood
    }

    /// Whether this version answers.
    pub fn serves(&self, version: Version) -> bool {
        let spec = version.to_string();
        let told = |name: &&str| self.services.get(*name).is_some_and(|told| told.spec == spec && told.replicas == 1);
        SERVICES.iter().all(told) && self.could_serve(version) && (!self.has_volumes || self.data.of == version)
    }

    pub fn last_good(&self) -> Option<Version> {
        self.deployed.as_ref().and_then(|deployed| deployed.digest.parse().ok())
    }

    pub fn used(&mut self) {
        if (1..=Version::MAX).any(|version| self.serves(version)) {
            self.data.rows += 1;
            self.live();
        }
    }

    pub fn remove(&mut self, which: usize) {
        self.services.remove(SERVICES[which]);
    }

    pub fn change_by_hand(&mut self, which: usize) {
        if self.services.contains_key(SERVICES[which]) {
            let spec = format!("by hand {}", self.number());
            self.tell(SERVICES[which], &spec, 1);
        }
    }

    pub fn touch(&mut self, which: usize) {
        let index = self.number();
        if let Some(told) = self.services.get_mut(SERVICES[which]) {
            told.index = index;
        }
    }

    pub fn add(&mut self, name: &str, standby: bool) {
        let index = self.number();
        let told = Told { spec: name.to_owned(), replicas: 1, index, standby };
        self.services.insert(name.to_owned(), told);
    }

    /// What the engine says of the services.
    pub fn observed(&self) -> Vec<Service> {
        let running = |told: &Told| match told.spec.parse::<Version>() {
            Ok(version) if !self.serves(version) => 0,
            _ => told.replicas,
        };
        let service = |(name, told): (&String, &Told)| Service {
            name: name.clone(),
            version: told.index,
            running: running(told),
            desired: told.replicas,
            labels: if told.standby { [(STANDBY_LABEL.to_owned(), "x".to_owned())].into() } else { BTreeMap::new() },
            ..Service::default()
        };
        self.services.iter().map(service).collect()
    }

    /// What is remembered of the services as they are.
    pub fn seen(&self) -> BTreeMap<String, Seen> {
        let seen = |told: &Told| Seen { version: told.index, spec: spec_of(told) };
        self.services.iter().map(|(name, told)| (name.clone(), seen(told))).collect()
    }

    /// The record of the last good deploy as the planner reads it. All services of the model have the same, empty
    /// specification, so what was remembered is that digest where nothing changed, and something else where it did.
    pub fn deployed_as_read(&self, unchanged: &str) -> Option<Deployed> {
        let mut deployed = self.deployed.clone()?;
        for (name, seen) in &mut deployed.services {
            let is_so = self.services.get(name).is_some_and(|told| spec_of(told) == seen.spec);
            unchanged.clone_into(&mut seen.spec);
            if !is_so {
                seen.spec.push_str(" no more");
            }
        }
        Some(deployed)
    }

    pub fn record(&mut self, version: Version) {
        self.deployed = Some(Deployed {
            schema: 1,
            digest: version.to_string(),
            version: None,
            recipe: None,
            at: Timestamp::UNIX_EPOCH,
            compose: version.to_string(),
            services: self.seen(),
        });
        self.live();
    }

    /// Whether nothing differs that means something. Numbers do not.
    pub fn is_as(&self, other: &Self) -> bool {
        let told = |world: &Self| {
            let told = world.services.iter().map(|(name, told)| (name.clone(), spec_of(told)));
            told.collect::<BTreeMap<_, _>>()
        };
        told(self) == told(other)
            && self.data == other.data
            && self.snapshots.len() == other.snapshots.len()
            && self.last_good() == other.last_good()
            && self.failed == other.failed
            && self.journal == other.journal
    }
}

fn spec_of(told: &Told) -> String {
    format!("{} x {}", told.spec, told.replicas)
}
