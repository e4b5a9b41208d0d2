//! Overlay networks.

use std::collections::HashMap;

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use bollard::query_parameters::ListNetworksOptions;

use crate::{Engine, Result};

/// The option by which the overlay driver encrypts traffic between nodes.
const ENCRYPTED: &str = "encrypted";
/// The label of a network that Hearth made for one app, with the app's name.
const OWNER: &str = "hearth.network";

/// An overlay network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Its subnet in CIDR form; the engine chooses where there is none.
    pub subnet: Option<String>,
    /// Whether containers outside the swarm's services may join.
    pub attachable: bool,
    /// Whether traffic between nodes is encrypted.
    pub encrypted: bool,
    /// The app that Hearth made it for; none of a network that a person declared or made.
    pub owner: Option<String>,
}

/// The swarm's overlay networks.
pub trait Networks {
    /// All overlay networks.
    async fn overlay_networks(&self) -> Result<Vec<Network>>;
    /// Creates one.
    async fn create_overlay_network(&self, network: &Network) -> Result<()>;
}

impl Networks for Engine {
    async fn overlay_networks(&self) -> Result<Vec<Network>> {
        let filters = HashMap::from([("driver".to_owned(), vec!["overlay".to_owned()])]);
        let options = ListNetworksOptions { filters: Some(filters) };
        let found = self.docker.list_networks(Some(options)).await.map_err(self.error("listing the networks"))?;
        let network = |found: bollard::models::Network| Network {
            name: found.name.unwrap_or_default(),
            subnet: found.ipam.and_then(|ipam| ipam.config?.into_iter().find_map(|config| config.subnet)),
            attachable: found.attachable.unwrap_or_default(),
            encrypted: found.options.unwrap_or_default().contains_key(ENCRYPTED),
            owner: found.labels.unwrap_or_default().remove(OWNER),
        };
        Ok(found.into_iter().map(network).collect())
    }

    async fn create_overlay_network(&self, network: &Network) -> Result<()> {
        let config =
            network.subnet.clone().map(|subnet| vec![IpamConfig { subnet: Some(subnet), ..Default::default() }]);
        let request = NetworkCreateRequest {
            name: network.name.clone(),
            driver: Some("overlay".to_owned()),
            attachable: Some(network.attachable),
            ipam: config.map(|config| Ipam { config: Some(config), ..Default::default() }),
            options: network.encrypted.then(|| HashMap::from([(ENCRYPTED.to_owned(), String::new())])),
            labels: network.owner.clone().map(|owner| HashMap::from([(OWNER.to_owned(), owner)])),
            ..Default::default()
        };
        let doing = format!("creating network {}", network.name);
        self.docker.create_network(request).await.map_err(self.error(doing))?;
        Ok(())
    }
}
