//! From the stack that ran to one that is cut off from the world: a pure function.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use state::Digest;

use crate::DRILL_LABEL;

/// Labels of services that a drill needs, too: how a dump is loaded.
const KEPT_LABELS: &str = "backupbot.restore.";
/// Where running processes of the host are reached; nothing of it is mounted in a drill.
const RUNTIME: [&str; 2] = ["/run", "/var/run"];
/// The longest name of an app that its drill's stack is called after.
const NAME_LIMIT: usize = 18;

/// The stack of a drill.
#[derive(Clone, Debug, PartialEq)]
pub struct Isolated {
    /// Its name in the swarm.
    pub name: String,
    /// What is applied.
    pub value: Value,
    /// Its volumes, by those of the live app that they stand for.
    pub volumes: BTreeMap<String, String>,
    /// The names of the secrets and configs that it uses of the live app.
    pub borrowed: Vec<String>,
}

/// The name of an app's drill in the swarm: room is left for the names of services.
pub fn stack_name(app: &str) -> String {
    if app.len() <= NAME_LIMIT {
        return format!("drill_{app}");
    }
    format!("drill_{}", Digest::of(app.as_bytes()).short())
}

/// Cuts a stack off: no port, no route, no network but its own without a way out, no volume but its own, nothing of the
/// host but what may be read. Its services still find each other under the names that they have in the live stack.
///
/// # Errors
/// When the compose file is not in the form in which `docker stack config` writes it, so that nobody knows what it asks.
pub fn isolate(mut value: Value, app: &str, live: &str) -> anyhow::Result<Isolated> {
    let name = stack_name(app);
    let borrowed = borrow(&mut value)?;
    let volumes = own_volumes(&mut value, live, &name);
    own_networks(&mut value, app);
    let services = value.get_mut("services").and_then(Value::as_object_mut).context("it declares no services")?;
    for (key, service) in services {
        let service = service.as_object_mut().with_context(|| format!("services.{key} is no mapping"))?;
        cut_off(service, key, app, live).with_context(|| format!("services.{key}"))?;
    }
    Ok(Isolated { name, value, volumes, borrowed })
}

/// Secrets and configs are those of the live app, which names them by their content: they are used and never made.
fn borrow(value: &mut Value) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for kind in ["secrets", "configs"] {
        for (key, object) in mapping(value, kind) {
            let name =
                object.get("name").and_then(Value::as_str).with_context(|| format!("{kind}.{key} has no name"))?;
            names.push(name.to_owned());
            *object = json!({ "external": true, "name": name });
        }
    }
    Ok(names)
}

/// Each volume is one of the drill's, made and filled before.
fn own_volumes(value: &mut Value, live: &str, name: &str) -> BTreeMap<String, String> {
    let mut volumes = BTreeMap::new();
    for (key, volume) in mapping(value, "volumes") {
        let of = volume.get("name").and_then(Value::as_str).map_or_else(|| format!("{live}_{key}"), str::to_owned);
        let own = format!("{name}_{key}");
        *volume = json!({ "external": true, "name": own });
        volumes.insert(of, own);
    }
    volumes
}

/// Each network is one of the drill's, the one to the proxy as well, and none leads out.
fn own_networks(value: &mut Value, app: &str) {
    let labels = json!({ DRILL_LABEL: app });
    let own = json!({ "driver": "overlay", "internal": true, "labels": labels });
    if let Some(networks) = value.get_mut("networks").and_then(Value::as_object_mut) {
        networks.values_mut().for_each(|network| *network = own.clone());
    }
    // That of a service which names none.
    if let Some(top) = value.as_object_mut() {
        let networks = top.entry("networks").or_insert_with(|| json!({}));
        if let Some(networks) = networks.as_object_mut() {
            networks.entry("default").or_insert(own);
        }
    }
}

fn cut_off(service: &mut Map<String, Value>, key: &str, app: &str, live: &str) -> anyhow::Result<()> {
    for what in ["ports", "labels", "network_mode", "container_name", "external_links"] {
        service.remove(what);
    }
    // Nothing of it is worth waiting for when it is thrown away.
    service.insert("stop_grace_period".to_owned(), json!("1s"));
    networks(service, key, live)?;
    mounts(service)?;
    let deploy = service.entry("deploy").or_insert_with(|| json!({}));
    let deploy = deploy.as_object_mut().context("deploy is no mapping")?;
    let mut labels = deploy.remove("labels").unwrap_or_default();
    let mut kept = json!({ DRILL_LABEL: app });
    for (label, value) in labels.as_object_mut().into_iter().flatten() {
        if label.starts_with(KEPT_LABELS) {
            kept[label] = value.take();
        }
    }
    deploy.insert("labels".to_owned(), kept);
    Ok(())
}

/// In each of its networks it also has the name that it has in the live stack, by which recipes call their services.
fn networks(service: &mut Map<String, Value>, key: &str, live: &str) -> anyhow::Result<()> {
    let mut named: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    match service.remove("networks") {
        None | Some(Value::Null) => _ = named.insert("default".to_owned(), Vec::new()),
        Some(Value::Object(networks)) => {
            for (network, how) in networks {
                let aliases = how.get("aliases").and_then(Value::as_array).cloned();
                named.insert(network, aliases.unwrap_or_default());
            }
        }
        Some(_) => bail!("networks is no mapping"),
    }
    let with_live_name = |(network, mut aliases): (String, Vec<Value>)| {
        aliases.extend([json!(key), json!(format!("{live}_{key}"))]);
        (network, json!({ "aliases": aliases }))
    };
    let networks: Map<String, Value> = named.into_iter().map(with_live_name).collect();
    service.insert("networks".to_owned(), Value::Object(networks));
    Ok(())
}

/// What it may have of the host it may only read, and what leads to running processes it does not get.
fn mounts(service: &mut Map<String, Value>) -> anyhow::Result<()> {
    let Some(mounts) = service.get_mut("volumes") else { return Ok(()) };
    let mounts = mounts.as_array_mut().context("volumes is no list")?;
    for mount in mounts.iter_mut() {
        let mount = mount.as_object_mut().context("a volume is not in its long form")?;
        match mount.get("type").and_then(Value::as_str) {
            Some("bind") => _ = mount.insert("read_only".to_owned(), json!(true)),
            Some("volume" | "tmpfs") => {}
            other => bail!("a mount of type {} cannot be kept apart from the live app", other.unwrap_or("unknown")),
        }
    }
    mounts.retain(|mount| !reaches_processes(mount));
    Ok(())
}

fn reaches_processes(mount: &Value) -> bool {
    let source = mount.get("source").and_then(Value::as_str).map(Path::new);
    let is_bind = mount.get("type").is_some_and(|kind| kind == "bind");
    let within = |source: &Path| RUNTIME.iter().any(|folder| source.starts_with(folder));
    is_bind && source.is_some_and(|source| within(source) || source.extension().is_some_and(|end| end == "sock"))
}

fn mapping<'a>(value: &'a mut Value, key: &str) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    value.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten()
}

#[cfg(test)]
#[path = "isolate_tests.rs"]
mod tests;
