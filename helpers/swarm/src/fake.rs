//! An engine in memory, for tests of what is planned and done.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use crate::{
    BuildCache, Configs, Credentials, Error, Images, LocalImage, NewSecret, Object, Result, Secrets, Service, Services,
    Standby,
};

mod disposal;
mod trial;

pub use trial::{Answer, End, Trial};

/// An engine in memory. Fill its fields, hand it to what is tested, look at its fields and at [`Fake::calls`].
#[derive(Debug, Default)]
pub struct Fake {
    /// The services.
    pub services: RefCell<Vec<Service>>,
    /// The secrets, with their content.
    pub secrets: RefCell<BTreeMap<String, (Object, Vec<u8>)>>,
    /// The configs.
    pub configs: RefCell<BTreeMap<String, Object>>,
    /// The volumes, with their labels.
    pub volumes: RefCell<BTreeMap<String, BTreeMap<String, String>>>,
    /// The networks, with their labels.
    pub networks: RefCell<BTreeMap<String, BTreeMap<String, String>>>,
    /// The images.
    pub images: RefCell<Vec<LocalImage>>,
    /// What builds left.
    pub cache: RefCell<BuildCache>,
    /// What scratch containers, and commands in any container, find.
    pub trial: RefCell<Trial>,
    /// What was asked of the engine, in order.
    pub calls: RefCell<Vec<String>>,
    /// Images that are neither here nor can be pulled, by parts of their names.
    pub missing_images: RefCell<Vec<&'static str>>,
    /// Calls that begin so are not answered.
    pub unanswered: RefCell<Option<&'static str>>,
    /// What is told of each thing that is asked, before it is done.
    pub watcher: Watcher,
}

/// What is called for each thing that is asked of an engine in memory.
type Told = dyn Fn(&Fake);

/// Somebody who is told of all that is asked of an engine in memory.
#[derive(Clone, Default)]
pub struct Watcher(pub Option<Rc<Told>>);

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watcher(…)")
    }
}

impl Fake {
    fn ensure_answered(&self, call: &str) -> Result<()> {
        match *self.unanswered.borrow() {
            Some(what) if call.starts_with(what) => {
                Err(Error::Unreachable { socket: "/d".into(), reason: "it took more than 120 s".to_owned() })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn call(&self, text: String) {
        self.calls.borrow_mut().push(text);
        if let Some(watcher) = &self.watcher.0 {
            watcher(self);
        }
    }
}

/// Whether labels match a filter of the form `key` or `key=value`.
pub(crate) fn matches(labels: &BTreeMap<String, String>, filter: &str) -> bool {
    match filter.split_once('=') {
        Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
        None => labels.contains_key(filter),
    }
}

impl Services for Fake {
    async fn services(&self, label: &str) -> Result<Vec<Service>> {
        self.call(format!("list services {label}"));
        Ok(self.services.borrow().iter().filter(|service| matches(&service.labels, label)).cloned().collect())
    }

    async fn remove_service(&self, name: &str) -> Result<()> {
        self.call(format!("remove service {name}"));
        self.services.borrow_mut().retain(|service| service.name != name);
        Ok(())
    }

    async fn start_standby(&self, standby: Standby<'_>) -> Result<()> {
        self.call(format!("start standby {}", standby.name));
        let copy = Service { name: standby.name, labels: standby.labels, ..standby.of.clone() };
        self.services.borrow_mut().push(copy);
        Ok(())
    }

    async fn resume(&self, service: &Service) -> Result<()> {
        self.call(format!("resume {}", service.name));
        self.services.borrow_mut().iter_mut().filter(|own| own.id == service.id).for_each(|own| own.paused = false);
        Ok(())
    }

    async fn relabel(&self, service: &Service, labels: &BTreeMap<String, String>) -> Result<()> {
        self.call(format!("relabel {}", service.name));
        for own in self.services.borrow_mut().iter_mut().filter(|own| own.id == service.id) {
            own.labels.clone_from(labels);
            own.version += 1;
        }
        Ok(())
    }
}

impl Secrets for Fake {
    async fn secrets(&self, label: &str) -> Result<Vec<Object>> {
        self.call(format!("list secrets {label}"));
        let secrets = self.secrets.borrow();
        Ok(secrets
            .values()
            .map(|(object, _)| object)
            .filter(|object| matches(&object.labels, label))
            .cloned()
            .collect())
    }

    async fn create_secret(&self, secret: NewSecret<'_>) -> Result<()> {
        self.call(format!("create secret {}", secret.name));
        let object = Object { name: secret.name.clone(), labels: secret.labels };
        self.secrets.borrow_mut().entry(secret.name).or_insert_with(|| (object, secret.content.to_vec()));
        Ok(())
    }

    async fn remove_secret(&self, name: &str) -> Result<bool> {
        self.call(format!("remove secret {name}"));
        self.ensure_answered(&format!("remove secret {name}"))?;
        let used = self.services.borrow().iter().any(|service| service.secrets.iter().any(|secret| secret == name));
        if !used {
            self.secrets.borrow_mut().remove(name);
        }
        Ok(!used)
    }
}

impl Configs for Fake {
    async fn configs(&self, label: &str) -> Result<Vec<Object>> {
        self.call(format!("list configs {label}"));
        Ok(self.configs.borrow().values().filter(|object| matches(&object.labels, label)).cloned().collect())
    }

    async fn remove_config(&self, name: &str) -> Result<bool> {
        self.call(format!("remove config {name}"));
        self.configs.borrow_mut().remove(name);
        Ok(true)
    }
}

/// Every image is here unless it is missing, and none was pulled.
impl Images for Fake {
    async fn image_digests(&self, image: &str) -> Result<Option<Vec<String>>> {
        let missing = self.missing_images.borrow().iter().any(|part| image.contains(part));
        Ok((!missing).then(Vec::new))
    }

    async fn pull(&self, image: &str, _: Option<Credentials>, _: &mut dyn FnMut(&str)) -> Result<()> {
        self.call(format!("pull {image}"));
        let missing = self.missing_images.borrow().iter().any(|part| image.contains(part));
        let (doing, message) = (format!("pulling image {image}"), "failed to extract layer: no space left".to_owned());
        if missing { Err(Error::Refused { doing, message }) } else { Ok(()) }
    }

    async fn load(&self, archive: &Path) -> Result<()> {
        self.call(format!("load {}", archive.display()));
        Ok(())
    }

    async fn name(&self, image: &str, name: &str) -> Result<()> {
        self.call(format!("name {image} {name}"));
        Ok(())
    }
}
