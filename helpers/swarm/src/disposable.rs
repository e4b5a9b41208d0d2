//! Volumes and networks that are made for a while and removed again, found by a label.

use std::collections::{BTreeMap, HashMap};

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListNetworksOptions, ListVolumesOptions, RemoveVolumeOptions};

use crate::engine::label_filter;
use crate::fake::{Fake, matches};
use crate::{Engine, Error, Result};

/// Making and removing what is there only for a while.
pub trait Disposable {
    /// Makes an empty volume on this node, and returns the folder with its content.
    async fn create_volume(&self, name: &str, labels: BTreeMap<String, String>) -> Result<String>;
    /// The volumes that carry `label` (`key` or `key=value`).
    async fn labelled_volumes(&self, label: &str) -> Result<Vec<String>>;
    /// Removes a volume with its content. `Ok(false)` when something still uses it; one that is not there is no error.
    async fn remove_volume(&self, name: &str) -> Result<bool>;
    /// The networks that carry `label` (`key` or `key=value`).
    async fn labelled_networks(&self, label: &str) -> Result<Vec<String>>;
    /// Removes a network. `Ok(false)` when something still uses it; one that is not there is no error.
    async fn remove_network(&self, name: &str) -> Result<bool>;
}

impl Disposable for Engine {
    async fn create_volume(&self, name: &str, labels: BTreeMap<String, String>) -> Result<String> {
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            driver: Some("local".to_owned()),
            labels: Some(labels.into_iter().collect::<HashMap<_, _>>()),
            ..Default::default()
        };
        let doing = format!("making volume {name}");
        Ok(self.docker.create_volume(request).await.map_err(self.error(doing))?.mountpoint)
    }

    async fn labelled_volumes(&self, label: &str) -> Result<Vec<String>> {
        let options = ListVolumesOptions { filters: Some(label_filter(label)) };
        let found = self.docker.list_volumes(Some(options)).await.map_err(self.error("listing volumes"))?;
        Ok(found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect())
    }

    async fn remove_volume(&self, name: &str) -> Result<bool> {
        let removed = self.docker.remove_volume(name, None::<RemoveVolumeOptions>).await;
        gone(removed.map_err(self.error(format!("removing volume {name}"))))
    }

    async fn labelled_networks(&self, label: &str) -> Result<Vec<String>> {
        let options = ListNetworksOptions { filters: Some(label_filter(label)) };
        let found = self.docker.list_networks(Some(options)).await.map_err(self.error("listing the networks"))?;
        Ok(found.into_iter().filter_map(|network| network.name).collect())
    }

    async fn remove_network(&self, name: &str) -> Result<bool> {
        gone(self.docker.remove_network(name).await.map_err(self.error(format!("removing network {name}"))))
    }
}

/// Containers of a service that was removed take a moment to end.
fn gone(removed: Result<()>) -> Result<bool> {
    match removed {
        Ok(()) | Err(Error::NotFound { .. }) => Ok(true),
        Err(Error::Refused { message, .. }) if message.contains("in use") || message.contains("active endpoints") => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

impl Disposable for Fake {
    async fn create_volume(&self, name: &str, labels: BTreeMap<String, String>) -> Result<String> {
        self.calls.borrow_mut().push(format!("create volume {name}"));
        self.volumes.borrow_mut().insert(name.to_owned(), labels);
        Ok(format!("/var/lib/docker/volumes/{name}/_data"))
    }

    async fn labelled_volumes(&self, label: &str) -> Result<Vec<String>> {
        let volumes = self.volumes.borrow();
        Ok(volumes.iter().filter(|(_, labels)| matches(labels, label)).map(|(name, _)| name.clone()).collect())
    }

    async fn remove_volume(&self, name: &str) -> Result<bool> {
        self.calls.borrow_mut().push(format!("remove volume {name}"));
        let used = self.services.borrow().iter().any(|service| service.volumes.iter().any(|volume| volume == name));
        if !used {
            self.volumes.borrow_mut().remove(name);
        }
        Ok(!used)
    }

    async fn labelled_networks(&self, label: &str) -> Result<Vec<String>> {
        let networks = self.networks.borrow();
        Ok(networks.iter().filter(|(_, labels)| matches(labels, label)).map(|(name, _)| name.clone()).collect())
    }

    async fn remove_network(&self, name: &str) -> Result<bool> {
        self.calls.borrow_mut().push(format!("remove network {name}"));
        self.networks.borrow_mut().remove(name);
        Ok(true)
    }
}
