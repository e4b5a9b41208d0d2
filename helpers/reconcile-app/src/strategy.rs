//! How running tasks are replaced: what each strategy makes of a stack, and asks of a recipe.

use serde_json::{Map, Value, json};
use swarm::Service;

use crate::colour::{self, Colour};
use crate::manifest::{Manifest, Update};
use crate::record::Deployed;
use crate::rewrite::Stack;
use crate::routes;

/// Puts the order in which tasks are replaced into a rendered stack.
///
/// A recipe that says nothing of it is taken at Docker's word, `stop-first`; where that is not needed, because nothing
/// is shared by the two tasks, the new one is started first.
pub fn order(update: Update, stack: &mut Stack) {
    for (_, service) in stack.services_mut() {
        let shares = !writable_mounts(service).is_empty() || publishes_ports(service);
        let Some(update_config) = update_config(service) else { continue };
        match update {
            Update::StopFirst => {
                update_config.insert("order".to_owned(), json!("stop-first"));
            }
            Update::Rolling if !shares && !update_config.contains_key("order") => {
                update_config.insert("order".to_owned(), json!("start-first"));
            }
            Update::Rolling | Update::Handover | Update::BlueGreen => {}
        }
    }
}

fn update_config(service: &mut Value) -> Option<&mut Map<String, Value>> {
    let deploy = service.as_object_mut()?.entry("deploy").or_insert_with(|| json!({})).as_object_mut()?;
    deploy.entry("update_config").or_insert_with(|| json!({})).as_object_mut()
}

/// What of a compose file, rendered or as it is written, cannot be there twice at a time: a line each, with the remedy.
pub fn cannot_be_twice(compose: &Value) -> Vec<String> {
    let mut reasons = Vec::new();
    for (name, service) in compose.get("services").and_then(Value::as_object).into_iter().flatten() {
        for mount in writable_mounts(service) {
            reasons.push(format!(
                "service `{name}` mounts {mount}, which both colours would write; keep its data in a database outside of the app, or mount it read-only"
            ));
        }
        if publishes_ports(service) {
            reasons.push(format!(
                "service `{name}` publishes ports of the host, which only one colour can have; let the proxy serve it"
            ));
        }
    }
    for (name, network) in compose.get("networks").and_then(Value::as_object).into_iter().flatten() {
        let is_own = network.get("external").is_none_or(|external| external == false);
        if is_own && network.get("name").is_some() {
            reasons.push(format!(
                "network `{name}` has a name of its own, which only one colour can have; take the name away"
            ));
        }
    }
    reasons
}

/// What of a rendered stack is not fit for blue-green: a line each.
pub fn unfit(stack: &Stack) -> Vec<String> {
    let mut reasons = cannot_be_twice(stack.value());
    let routed = stack.routed();
    match routed.as_slice() {
        [(_, labels)] if routes::has_routes(labels) => {
            if labels.keys().any(|key| key.starts_with("traefik.tcp.") || key.starts_with("traefik.udp.")) {
                reasons.push("it has routes for TCP or UDP, which cannot be switched in one step".to_owned());
            }
        }
        [(name, _)] => reasons.push(format!("service `{name}` has no label `traefik.http.routers.NAME.rule`")),
        [] => reasons.push("no service has the label `traefik.enable=true`, so there is no route to switch".to_owned()),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            reasons.push(format!(
                "{} are routed, and the routes of one service alone can be switched in one step",
                names.join(" and ")
            ));
        }
    }
    reasons
}

/// Refuses a recipe that is not fit, before anything is touched.
///
/// # Errors
/// All reasons, and what to do.
pub fn refuse(app: &str, reasons: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(
        reasons.is_empty(),
        "`{app}` has update = \"blue-green\", and its recipe cannot be there twice; nothing was touched. Set `hearth.apps.{app}.update` to \"rolling\", or change the recipe\n  {}",
        reasons.join("\n  ")
    );
    Ok(())
}

/// Mounts that a container can write to and that outlive it.
fn writable_mounts(service: &Value) -> Vec<String> {
    let mounts = service.get("volumes").and_then(Value::as_array).into_iter().flatten();
    mounts
        .filter_map(|mount| match mount {
            Value::String(text) => {
                let read_only =
                    text.split(':').skip(2).flat_map(|options| options.split(',')).any(|option| option == "ro");
                (!read_only).then(|| format!("`{text}`"))
            }
            Value::Object(mount) => {
                let word = |key: &str| mount.get(key).and_then(Value::as_str);
                let harmless =
                    matches!(word("type"), Some("tmpfs" | "image")) || mount.get("read_only") == Some(&json!(true));
                (!harmless).then(|| format!("`{}`", word("source").or(word("target")).unwrap_or("a volume")))
            }
            _ => None,
        })
        .collect()
}

fn publishes_ports(service: &Value) -> bool {
    service.get("ports").and_then(Value::as_array).is_some_and(|ports| !ports.is_empty())
}

/// What a person should know of a deploy before it is made: who serves meanwhile, and for how long nobody does.
pub fn foretold(manifest: &Manifest, observed: &[Service], deployed: Option<&Deployed>) -> Option<String> {
    let running = || observed.iter().filter(|service| service.running > 0);
    match manifest.update {
        Update::Rolling | Update::Handover => None,
        Update::StopFirst => {
            let stop = running().map(|service| service.stop_grace.as_secs()).max()?;
            let converge = manifest.gate.converge_seconds;
            Some(format!(
                "downtime: nothing serves from when the old tasks are stopped until the new ones are healthy, {} s at most ({stop} s to stop, {converge} s to come up)",
                stop + converge
            ))
        }
        Update::BlueGreen => {
            let next = colour::next(observed, &[], deployed, "").colour;
            let serves = if running().next().is_none() {
                return Some(format!("{next} comes up; nothing serves yet"));
            } else if running().any(|service| Colour::of(&service.labels) == Some(next.other())) {
                format!("{} serves until it has passed its gate", next.other())
            } else {
                "what runs serves until it has passed its gate".to_owned()
            };
            Some(format!("{next} comes up; {serves}, no downtime"))
        }
    }
}

#[cfg(test)]
#[path = "strategy_tests.rs"]
mod tests;
