//! What is there.

use std::collections::{BTreeMap, BTreeSet};

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
    /// It migrates the data and serves, until it is watched.
    FallsIll,
    /// The engine takes one of its services, which migrates the data, and refuses the next.
    Refused,
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

/// What a service is told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spec {
    /// That of this version.
    Of(Version),
    /// What somebody made of it.
    ByHand(u64),
}

/// A service as the swarm was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub spec: Spec,
    /// How many tasks it should have.
    pub replicas: u64,
    /// The swarm's own number.
    pub index: u64,
    /// Whether it is a standby.
    pub standby: bool,
}

/// What is remembered of the last good deploy.
#[derive(Clone, Debug)]
pub struct Good {
    pub version: Version,
    pub services: BTreeMap<&'static str, Told>,
}

/// A mistake in a run, to see that the model sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// That a deploy begins is not on disk.
    NoDeployIntent,
    /// That the data is back, and may be written to, is not on disk.
    NoRollbackIntent,
    /// A run that goes on with a deploy takes a snapshot of what that deploy made of the data.
    SecondSnapshot,
    /// A deploy that was remembered as good counts as unfinished.
    CommittedIsUnfinished,
    /// The data is not put back.
    NoRestore,
    /// That a person goes back is not on disk.
    NoBackIntent,
    /// What a person went back from is not remembered.
    NotSetAside,
    /// A version is remembered as good before its watch has ended.
    GoodBeforeItsWatch,
    /// A run just ends when the engine refuses a version.
    EndsWhenRefused,
}

/// Everything that outlives a run.
#[derive(Clone, Debug)]
pub struct World {
    pub planted: Option<Planted>,
    pub has_volumes: bool,
    pub desired: Version,
    pub services: BTreeMap<&'static str, Told>,
    pub data: Data,
    pub snapshots: BTreeMap<String, Data>,
    pub deployed: Option<Good>,
    pub failed: Option<FailedDeploy>,
    pub journal: Option<Intent>,
    /// The versions that were watched to the end.
    pub watched: BTreeSet<Version>,
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
    pub fn new(planted: Option<Planted>, has_volumes: bool) -> Self {
        Self {
            planted,
            has_volumes,
            desired: 1,
            services: BTreeMap::new(),
            data: Data::default(),
            snapshots: BTreeMap::new(),
            deployed: None,
            failed: None,
            journal: None,
            watched: BTreeSet::new(),
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

    pub fn behaviour(&self, version: Version) -> Behaviour {
        self.behaviours.get(&version).copied().unwrap_or(Behaviour::Good)
    }

    /// Tells a service what to run; the swarm does so. What it is told already is no change.
    pub fn tell(&mut self, name: &'static str, spec: Spec, replicas: u64) {
        let same = |told: &Told| told.spec == spec && told.replicas == replicas;
        if !self.services.get(name).is_some_and(same) {
            let told = Told { spec, replicas, index: self.number(), standby: false };
            self.services.insert(name, told);
        }
        self.live();
    }

    /// The version of the app that was started.
    fn started(&self) -> Option<Version> {
        match self.services.get("x_app").filter(|told| told.replicas > 0)?.spec {
            Spec::Of(version) => Some(version),
            Spec::ByHand(_) => None,
        }
    }

    /// What runs does what it does: migrates, serves.
    pub fn live(&mut self) {
        if let Some(version) = self.started()
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

    fn all_run(&self, version: Version) -> bool {
        let so = |told: &Told| told.spec == Spec::Of(version) && told.replicas == 1;
        SERVICES.iter().all(|name| self.services.get(name).is_some_and(so))
    }

    /// Whether the app's services are those of this version and no others.
    pub fn is_told(&self, version: Version) -> bool {
        self.services.len() == SERVICES.len() && self.all_run(version)
    }

    /// Whether this version could serve if it were started.
    pub fn could_serve(&self, version: Version) -> bool {
        let understood = !self.has_volumes || (!self.data.torn && self.data.of <= version);
        matches!(self.behaviour(version), Behaviour::Good | Behaviour::FallsIll) && understood
    }

    /// Whether this version answers.
    pub fn serves(&self, version: Version) -> bool {
        self.all_run(version) && self.could_serve(version) && (!self.has_volumes || self.data.of == version)
    }

    pub fn last_good(&self) -> Option<Version> {
        self.deployed.as_ref().map(|good| good.version)
    }

    pub fn used(&mut self) {
        if self.started().is_some_and(|version| self.serves(version)) {
            self.data.rows += 1;
            self.live();
        }
    }

    pub fn remove(&mut self, which: usize) {
        self.services.remove(SERVICES[which]);
    }

    pub fn change_by_hand(&mut self, which: usize) {
        if self.services.contains_key(SERVICES[which]) {
            let spec = Spec::ByHand(self.number());
            self.tell(SERVICES[which], spec, 1);
        }
    }

    pub fn touch(&mut self, which: usize) {
        let index = self.number();
        if let Some(told) = self.services.get_mut(SERVICES[which]) {
            told.index = index;
        }
    }

    pub fn add(&mut self, name: &'static str, standby: bool) {
        let index = self.number();
        self.services.insert(name, Told { spec: Spec::ByHand(0), replicas: 1, index, standby });
    }

    /// What the engine says of the services.
    pub fn observed(&self) -> Vec<Service> {
        let running = |told: &Told| match told.spec {
            Spec::Of(version) if !self.serves(version) => 0,
            _ => told.replicas,
        };
        let service = |(name, told): (&&str, &Told)| Service {
            name: (*name).to_owned(),
            version: told.index,
            running: running(told),
            desired: told.replicas,
            labels: if told.standby { [(STANDBY_LABEL.to_owned(), "x".to_owned())].into() } else { BTreeMap::new() },
            ..Service::default()
        };
        self.services.iter().map(service).collect()
    }

    /// The record of the last good deploy as the planner reads it. All services that it observes have the same, empty
    /// specification, so a service is remembered with that digest where nothing changed, and without where it did.
    pub fn record(&self, unchanged: &str) -> Option<Deployed> {
        let good = self.deployed.as_ref()?;
        let seen = |(name, told): (&&'static str, &Told)| {
            let same = self.services.get(name).is_some_and(|now| spec_of(now) == spec_of(told));
            let spec = if same { unchanged.to_owned() } else { String::new() };
            ((*name).to_owned(), Seen { version: told.index, spec })
        };
        Some(Deployed {
            schema: 1,
            digest: good.version.to_string(),
            version: None,
            image: None,
            recipe: None,
            at: Timestamp::UNIX_EPOCH,
            compose: String::new(),
            services: good.services.iter().map(seen).collect(),
        })
    }

    /// A version passed its gate.
    pub fn remember_good(&mut self, version: Version) {
        self.deployed = Some(Good { version, services: self.services.clone() });
        self.live();
    }

    /// The time after success. A version that falls ill in it has migrated the data, and serves no more.
    pub fn watch(&mut self, version: Version) -> bool {
        if self.behaviour(version) == Behaviour::FallsIll {
            self.turn(version, Behaviour::MigratesAndFails);
        }
        let stays = self.serves(version);
        if stays {
            self.watched.insert(version);
        }
        stays
    }

    /// Whether nothing differs that means something. Numbers do not.
    pub fn is_as(&self, other: &Self) -> bool {
        let told = |world: &Self| world.services.iter().map(|(name, told)| (*name, spec_of(told))).collect::<Vec<_>>();
        told(self) == told(other)
            && self.data == other.data
            && self.snapshots == other.snapshots
            && self.last_good() == other.last_good()
            && self.failed == other.failed
            && self.journal == other.journal
    }
}

fn spec_of(told: &Told) -> (Spec, u64) {
    (told.spec, told.replicas)
}
