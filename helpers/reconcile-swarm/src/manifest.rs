//! What the Nix module says about the swarm: `/etc/hearth/swarm.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// The swarm as the flake declares it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Where the record, the lock and the receipts are kept.
    pub state_folder: PathBuf,
    /// The engine's socket.
    pub docker_socket: PathBuf,
    /// The Docker command-line client, which tries a registry's login.
    pub docker_command: PathBuf,
    /// The address that other nodes reach this one at.
    pub advertise_address: Option<String>,
    /// The address and port to listen on for other managers.
    pub listen_address: String,
    /// Address pools for overlay networks; the engine's own when empty.
    pub default_address_pools: Vec<String>,
    /// The size of each overlay network's subnet, in bits.
    pub subnet_size: u32,
    /// The overlay networks, by name.
    pub networks: BTreeMap<String, Network>,
    /// Labels of this node.
    pub node_labels: BTreeMap<String, String>,
    /// Logins, by the registry's host and port.
    pub registries: BTreeMap<String, Login>,
    /// Where the logins are written for the Docker client, in memory.
    pub docker_config_folder: PathBuf,
}

/// An overlay network.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Network {
    /// Its subnet in CIDR form; the engine chooses where there is none.
    pub subnet: Option<String>,
    /// Whether containers outside the swarm's services may join.
    pub attachable: bool,
    /// Whether traffic between nodes is encrypted.
    pub encrypted: bool,
    /// The app that it is for alone, where Hearth makes it and takes it away; none of one that a person declared.
    #[serde(default)]
    pub owner: Option<String>,
}

/// A registry's login.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Login {
    /// The user.
    pub username: String,
    /// The file that holds the password or token.
    pub password_file: PathBuf,
}

impl Manifest {
    /// Checks what can be known before the host is touched; what a Nix build runs.
    ///
    /// # Errors
    /// The first thing that is wrong, with the option that mends it.
    pub fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            (8..=30).contains(&self.subnet_size),
            "subnetSize {} is no size of a network; set `hearth.swarm.subnetSize` to 8 to 30",
            self.subnet_size
        );
        for (registry, login) in &self.registries {
            anyhow::ensure!(
                !login.username.is_empty() && !login.username.contains(':'),
                "registry `{registry}`: `{}` is no user; set `hearth.swarm.registries.\"{registry}\".username`",
                login.username
            );
        }
        Ok(())
    }
}
