//! How many tasks a service has.

use bollard::models::{ServiceSpecMode, ServiceSpecModeReplicated};
use bollard::query_parameters::UpdateServiceOptions;

use crate::fake::Fake;
use crate::{Engine, Result, Service};

/// Changing how many tasks a service has, and nothing else of it.
pub trait Scale {
    /// Tells a replicated service to have so many tasks.
    async fn scale(&self, service: &Service, replicas: u64) -> Result<()>;
}

impl Service {
    /// How many tasks it was told to have; `None` where it has one on every node, or runs to completion.
    pub fn replicas(&self) -> Option<u64> {
        let replicated = self.specification.0.mode.as_ref()?.replicated.as_ref()?;
        // What is not said is one, in the engine's API.
        Some(replicated.replicas.map_or(1, |count| u64::try_from(count).unwrap_or_default()))
    }
}

impl Scale for Engine {
    async fn scale(&self, service: &Service, replicas: u64) -> Result<()> {
        let doing = format!("scaling service {} to {replicas}", service.name);
        let mut spec = service.specification.0.clone();
        if let Some(replicated) = spec.mode.as_mut().and_then(|mode| mode.replicated.as_mut()) {
            replicated.replicas = Some(i64::try_from(replicas).unwrap_or(i64::MAX));
        }
        let options = UpdateServiceOptions {
            version: i32::try_from(service.version).unwrap_or(i32::MAX),
            registry_auth_from: "spec".to_owned(),
            ..Default::default()
        };
        self.docker.update_service(&service.id, spec, options, None).await.map_err(self.error(doing))?;
        Ok(())
    }
}

impl Service {
    /// A replicated service of this name, for tests.
    pub fn replicated(name: &str, replicas: u64) -> Self {
        let mut service = Self { id: format!("id-{name}"), name: name.to_owned(), ..Self::default() };
        service.set_replicas(replicas);
        service
    }

    fn set_replicas(&mut self, replicas: u64) {
        let replicated = ServiceSpecModeReplicated { replicas: Some(i64::try_from(replicas).unwrap_or(i64::MAX)) };
        self.specification.0.mode = Some(ServiceSpecMode { replicated: Some(replicated), ..Default::default() });
        (self.running, self.desired) = (replicas, replicas);
    }
}

impl Scale for Fake {
    async fn scale(&self, service: &Service, replicas: u64) -> Result<()> {
        self.calls.borrow_mut().push(format!("scale {} to {replicas}", service.name));
        let mut services = self.services.borrow_mut();
        services.iter_mut().filter(|own| own.id == service.id).for_each(|own| own.set_replicas(replicas));
        Ok(())
    }
}
