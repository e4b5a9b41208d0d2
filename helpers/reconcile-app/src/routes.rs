//! Labels that Traefik reads: made into an app's own, and into routes of one deploy in a colour.
//!
//! All apps of a host share one name space of routers, services and middlewares, in which Traefik merges what has one name,
//! or drops it. So each name that a recipe gives gets the app's name before it, and an underscore between them, which no
//! app's name has. Keys are written in lower case, as Traefik compares them, so that everything after this reads them alike.
//!
//! Of a colour:
//!
//! - Routers, services and middlewares get names with the colour. Traefik drops what two services define under one name
//!   and not alike, and the versions of a recipe need not be alike.
//! - Each router has a copy that only requests with the deploy's token reach, in a header. Its answers are marked with
//!   the colour, the generation and the stage: so it is known which colour answered, and that the proxy has taken notice.
//! - The routers themselves are there when the colour is live, with a priority that grows with the generation. The newest
//!   live one is served, whatever else is: so a switch is one change of one service, and two colours never share visitors.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::colour::{Stage, Turn};

/// The header with the token, and of the mark in the answer.
pub const HEADER: &str = "X-Hearth-Colour";
/// How far the priorities of two generations are apart: further than rules are long.
const APART: u64 = 100_000;
/// By how much a route of a token alone outranks all others: more than there will be deploys. Traefik counts to 2^63.
const ABOVE_ALL: u64 = 1 << 50;
const ROUTERS: &str = "traefik.http.routers.";
const KINDS: [&str; 8] = [
    ROUTERS,
    "traefik.http.services.",
    "traefik.http.middlewares.",
    "traefik.tcp.routers.",
    "traefik.tcp.services.",
    "traefik.tcp.middlewares.",
    "traefik.udp.routers.",
    "traefik.udp.services.",
];
/// What Go's `strconv.ParseBool` takes for true, as Traefik does.
const TRUE: [&str; 6] = ["1", "t", "T", "TRUE", "true", "True"];
/// What only Hearth says about a service. From a recipe it would be a lie.
const OURS: &str = "hearth.";

type Labels = BTreeMap<String, String>;

/// Whether visitors are sent to a service with these labels, by rules that can be read.
pub fn has_routes(labels: &Labels) -> bool {
    is_enabled(labels) && !routers(labels).is_empty()
}

/// Whether Traefik is told to look at a service.
pub fn is_enabled(labels: &Labels) -> bool {
    labels.get("traefik.enable").is_some_and(|value| is_true(value))
}

/// Whether Traefik reads a text as true.
pub fn is_true(text: &str) -> bool {
    TRUE.contains(&text)
}

/// Makes the labels of a rendered compose file the app's own: what begins with `hearth.` goes, wherever it stands, and
/// what Traefik reads gets names with the app's name before them.
pub fn claim(file: &mut Value, app: &str) {
    for section in ["services", "networks", "volumes", "configs", "secrets"] {
        for (_, object) in objects(file.get_mut(section)) {
            strip(object.get_mut("labels"));
            strip(object.get_mut("deploy").and_then(|deploy| deploy.get_mut("labels")));
        }
    }
    let labels = |service: &Value| service.get("deploy")?.get("labels")?.as_object().cloned();
    let all: Vec<_> = objects(file.get_mut("services")).filter_map(|(_, service)| labels(service)).collect();
    let own: BTreeSet<String> =
        all.iter().flatten().filter_map(|(key, _)| name_in(&key.to_ascii_lowercase())).collect();
    for (_, service) in objects(file.get_mut("services")) {
        if let Some(labels) = service.get_mut("deploy").and_then(|deploy| deploy.get_mut("labels")) {
            claim_labels(labels, &own, app);
        }
    }
}

fn claim_labels(labels: &mut Value, own: &BTreeSet<String>, app: &str) {
    let Some(entries) = labels.as_object() else { return };
    let rename = |name: &str| format!("{app}_{name}");
    let claimed = entries.iter().map(|(key, value)| {
        let lower = key.to_ascii_lowercase();
        let Some((kind, name, rest)) = split(&lower) else {
            return (if lower.starts_with("traefik.") { lower } else { key.clone() }, value.clone());
        };
        let value = match value.as_str() {
            Some(text) if refers(rest) => Value::String(renamed(text, own, &rename)),
            _ => value.clone(),
        };
        (format!("{kind}{}{rest}", rename(name)), value)
    });
    *labels = Value::Object(claimed.collect());
}

fn strip(labels: Option<&mut Value>) {
    if let Some(labels) = labels.and_then(Value::as_object_mut) {
        labels.retain(|key, _| !key.to_ascii_lowercase().starts_with(OURS));
    }
}

fn objects(section: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    section.and_then(Value::as_object_mut).into_iter().flatten()
}

fn name_in(key: &str) -> Option<String> {
    split(key).map(|(_, name, _)| name.to_owned())
}

/// The names of the routers that have a rule.
pub fn routers(labels: &Labels) -> Vec<&str> {
    let name = |key: &'_ String| key.strip_prefix(ROUTERS)?.strip_suffix(".rule").map(str::len);
    labels.keys().filter_map(|key| name(key).map(|length| &key[ROUTERS.len()..ROUTERS.len() + length])).collect()
}

/// The labels of the routed service of a deploy.
pub fn coloured(labels: &Labels, turn: &Turn, stage: Stage) -> Labels {
    let own = names(labels);
    let rename = |name: &str| format!("{name}-{}", turn.colour);
    let mut all = Labels::new();
    for (key, value) in labels {
        let Some((kind, name, rest)) = split(key) else {
            all.insert(key.clone(), value.clone());
            continue;
        };
        let value = if refers(rest) { renamed(value, &own, &rename) } else { value.clone() };
        if kind != ROUTERS {
            all.insert(format!("{kind}{}{rest}", rename(name)), value);
            continue;
        }
        if stage == Stage::Live {
            all.insert(format!("{kind}{}{rest}", rename(name)), value.clone());
        }
        all.insert(format!("{kind}{}{rest}", private(name, turn)), value);
    }
    for name in routers(labels) {
        let priority = base_priority(labels, name) + turn.generation.saturating_mul(APART).min(ABOVE_ALL);
        if stage == Stage::Live {
            all.insert(format!("{ROUTERS}{}.priority", rename(name)), priority.to_string());
        }
        add_private(&mut all, name, turn, priority);
    }
    mark(&mut all, turn, stage);
    all
}

fn private(router: &str, turn: &Turn) -> String {
    format!("{router}-{}-hearth", turn.colour)
}

fn add_private(all: &mut Labels, name: &str, turn: &Turn, priority: u64) {
    let key = format!("{ROUTERS}{}", private(name, turn));
    if let Some(rule) = all.get_mut(&format!("{key}.rule")) {
        *rule = format!("({rule}) && Header(`{HEADER}`, `{}`)", turn.token);
    }
    all.insert(format!("{key}.priority"), ABOVE_ALL.saturating_add(priority).to_string());
    let middlewares = all.entry(format!("{key}.middlewares")).or_default();
    let own = std::mem::take(middlewares);
    *middlewares = if own.is_empty() { mark_name(turn) } else { format!("{},{own}", mark_name(turn)) };
}

/// The middleware that marks answers, and keeps the token from the app.
fn mark(all: &mut Labels, turn: &Turn, stage: Stage) {
    let key = format!("traefik.http.middlewares.{}.headers", mark_name(turn));
    all.insert(format!("{key}.customresponseheaders.{HEADER}"), turn.mark(stage));
    all.insert(format!("{key}.customrequestheaders.{HEADER}"), String::new());
}

fn mark_name(turn: &Turn) -> String {
    // The token is unique, the name of an app need not be where its recipe names its routers otherwise.
    format!("hearth-{}", turn.token.get(..16).unwrap_or(&turn.token))
}

/// What Traefik takes where nothing is said: the length of the rule.
fn base_priority(labels: &Labels, router: &str) -> u64 {
    let label = |what: &str| labels.get(&format!("{ROUTERS}{router}.{what}"));
    let said = label("priority").and_then(|text| text.parse::<u64>().ok()).filter(|priority| *priority > 0);
    let length = || label("rule").map_or(0, String::len).try_into().unwrap_or_default();
    said.unwrap_or_else(length).min(APART - 1)
}

/// `traefik.http.routers.` `name` `.rule`.
fn split(key: &str) -> Option<(&'static str, &str, &str)> {
    let kind = KINDS.into_iter().find(|kind| key.starts_with(kind))?;
    let rest = &key[kind.len()..];
    let dot = rest.find('.').unwrap_or(rest.len());
    Some((kind, &rest[..dot], &rest[dot..]))
}

fn names(labels: &Labels) -> BTreeSet<String> {
    labels.keys().filter_map(|key| name_in(key)).collect()
}

/// Whether a label's value is names of services or middlewares.
fn refers(rest: &str) -> bool {
    rest.ends_with(".service")
        || rest.ends_with(".middlewares")
        || rest.contains(".middlewares[")
        || rest == ".errors.service"
}

/// `a,b@file` with what is defined here renamed. Recipes for Docker without a swarm call this host's provider `docker`.
fn renamed(value: &str, own: &BTreeSet<String>, rename: &impl Fn(&str) -> String) -> String {
    let each = value.split(',').map(str::trim).map(|name| {
        let bare = name.strip_suffix("@swarm").or_else(|| name.strip_suffix("@docker")).unwrap_or(name);
        let bare = bare.to_ascii_lowercase();
        if own.contains(&bare) { rename(&bare) } else { name.to_owned() }
    });
    each.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
