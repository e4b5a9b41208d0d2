//! What to do about the swarm: a pure function of what is declared, what the engine says and what is remembered.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use swarm::{Network, NodeState};

use crate::manifest::Manifest;

/// What Hearth remembers of the swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// The identifier of the swarm that this host was last seen in.
    pub swarm: String,
    /// The labels that Hearth gave this node; others are a person's and stay.
    pub labels: BTreeMap<String, String>,
}

/// What the engine says once it is a manager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The swarm's identifier.
    pub swarm: String,
    /// The overlay networks.
    pub networks: Vec<Network>,
    /// The labels of this node.
    pub labels: BTreeMap<String, String>,
}

/// The first decision: whether there is a swarm to work with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// This node manages a swarm.
    Manages {
        /// The swarm's identifier.
        swarm: String,
        /// This node's identifier.
        node: String,
    },
    /// There is none, and never was one: make it.
    Init,
    /// A person has to look first; the words for them.
    Refuse(String),
}

/// Decides whether to work with a swarm, make one, or refuse.
pub fn entry(state: NodeState, record: Option<&Record>) -> Entry {
    match (state, record) {
        (NodeState::Manager { swarm, .. }, Some(record)) if record.swarm != swarm => Entry::Refuse(format!(
            "this host was in swarm {}, the engine says {swarm}; nothing was changed. If the new one is meant, remove the record `swarm.json` in the state folder",
            record.swarm
        )),
        (NodeState::Manager { swarm, node }, _) => Entry::Manages { swarm, node },
        (NodeState::Inactive, None) => Entry::Init,
        (NodeState::Inactive, Some(record)) => Entry::Refuse(format!(
            "this host was in swarm {}, the engine knows of none; nothing was changed, because a new swarm would have none of its secrets and services. Bring the engine's data back (its `swarm` folder) and run `docker swarm init --force-new-cluster`, or, to begin anew, remove the record `swarm.json` in the state folder",
            record.swarm
        )),
        (NodeState::Worker, _) => Entry::Refuse(
            "this node is a worker of a swarm that others manage; nothing was changed. Promote it from a manager with `docker node promote`, or leave with `docker swarm leave`".to_owned(),
        ),
        (NodeState::Pending, _) => Entry::Refuse("this node is still joining a swarm; nothing was changed".to_owned()),
        (NodeState::Locked, _) => {
            Entry::Refuse("the swarm's keys are locked; nothing was changed. Unlock them with `docker swarm unlock`".to_owned())
        }
        (NodeState::Broken(why), _) => Entry::Refuse(format!(
            "the engine could not bring its swarm up ({why}); nothing was changed, because making it anew would lose its secrets and services"
        )),
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Create an overlay network.
    CreateNetwork(Network),
    /// Remove the network of an app that no longer needs it, unless something still uses it.
    RemoveNetwork(String),
    /// Give this node these labels.
    Label(BTreeMap<String, String>),
    /// Remember the swarm and the labels that are Hearth's.
    Remember(Record),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateNetwork(network) => write!(f, "create overlay network {}", network.name),
            Self::RemoveNetwork(name) => write!(f, "remove overlay network {name}, which no app needs any more"),
            Self::Label(labels) => write!(f, "set the labels of this node: {}", pairs(labels)),
            Self::Remember(record) => write!(f, "remember swarm {}", record.swarm),
        }
    }
}

fn pairs(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if pairs.is_empty() { "none".to_owned() } else { pairs.join(", ") }
}

/// The steps, and what only a person can mend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Networks that are there but not as declared.
    pub held: Vec<String>,
}

/// Plans networks and labels of a swarm that this node manages.
pub fn plan(manifest: &Manifest, observed: &Observed, record: Option<&Record>) -> Plan {
    let mut plan = Plan::default();
    for (name, declared) in &manifest.networks {
        let wanted = Network {
            name: name.clone(),
            subnet: declared.subnet.clone(),
            attachable: declared.attachable,
            encrypted: declared.encrypted,
            owner: declared.owner.clone(),
        };
        match observed.networks.iter().find(|network| network.name == *name) {
            None => plan.steps.push(Step::CreateNetwork(wanted)),
            Some(found) => plan.held.extend(difference(&wanted, found)),
        }
    }
    plan.steps.extend(abandoned(manifest, observed));
    let ours = record.map(|record| &record.labels);
    let theirs = observed.labels.iter().filter(|(key, _)| !ours.is_some_and(|ours| ours.contains_key(*key)));
    let mut labels: BTreeMap<String, String> = theirs.map(|(key, value)| (key.clone(), value.clone())).collect();
    labels.extend(manifest.node_labels.clone());
    if labels != observed.labels {
        plan.steps.push(Step::Label(labels));
    }
    let remembered = Record { swarm: observed.swarm.clone(), labels: manifest.node_labels.clone() };
    if record != Some(&remembered) {
        plan.steps.push(Step::Remember(remembered));
    }
    plan
}

/// The networks that Hearth made for apps and that are no longer declared. Those of a person carry no owner, and stay.
fn abandoned(manifest: &Manifest, observed: &Observed) -> impl Iterator<Item = Step> {
    let ours = observed.networks.iter().filter(|network| network.owner.is_some());
    ours.filter(|network| !manifest.networks.contains_key(&network.name))
        .map(|network| Step::RemoveNetwork(network.name.clone()))
}

fn difference(wanted: &Network, found: &Network) -> Option<String> {
    let mut differs = Vec::new();
    if wanted.subnet.is_some() && wanted.subnet != found.subnet {
        let found = found.subnet.as_deref().unwrap_or("none");
        differs.push(format!("subnet {found} instead of {}", wanted.subnet.as_deref().unwrap_or_default()));
    }
    for (what, wanted, found) in
        [("attachable", wanted.attachable, found.attachable), ("encrypted", wanted.encrypted, found.encrypted)]
    {
        if wanted != found {
            differs.push(format!("{what} {found} instead of {wanted}"));
        }
    }
    if wanted.owner != found.owner {
        let [found, wanted] = [found, wanted].map(|network| network.owner.as_deref().unwrap_or("none"));
        differs.push(format!("owner {found} instead of {wanted}"));
    }
    (!differs.is_empty()).then(|| {
        format!(
            "network {} has {}; it is left as it is, because apps are connected to it. To make it anew: remove the services that use it, `docker network rm {}`, `systemctl start hearth.target`",
            wanted.name,
            differs.join(" and "),
            wanted.name
        )
    })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
