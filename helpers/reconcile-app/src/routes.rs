//! The routes of a colour: what of a service's labels Traefik reads, made into routes of this deploy alone.
//!
//! - Routers, services and middlewares get names with the colour. Traefik drops what two services define under one name
//!   and not alike, and the versions of a recipe need not be alike.
//! - Each router has a copy that only requests with the deploy's token reach, in a header. Its answers are marked with
//!   the colour, the generation and the stage: so it is known which colour answered, and that the proxy has taken notice.
//! - The routers themselves are there when the colour is live, with a priority that grows with the generation. The newest
//!   live one is served, whatever else is: so a switch is one change of one service, and two colours never share visitors.

use std::collections::{BTreeMap, BTreeSet};

use crate::colour::{Stage, Turn};

/// The header with the token, and of the mark in the answer.
pub const HEADER: &str = "X-Hearth-Colour";
/// How far the priorities of two generations are apart: further than rules are long.
const APART: u64 = 100_000;
/// By how much a route of a token alone outranks all others: more than there will be deploys. Traefik counts to 2^63.
const ABOVE_ALL: u64 = 1 << 50;
const ROUTERS: &str = "traefik.http.routers.";
const KINDS: [&str; 3] = [ROUTERS, "traefik.http.services.", "traefik.http.middlewares."];

type Labels = BTreeMap<String, String>;

/// Whether visitors are sent to a service with these labels, by rules that can be read.
pub fn has_routes(labels: &Labels) -> bool {
    is_enabled(labels) && !routers(labels).is_empty()
}

/// Whether Traefik is told to look at a service.
pub fn is_enabled(labels: &Labels) -> bool {
    labels.get("traefik.enable").is_some_and(|value| value.eq_ignore_ascii_case("true"))
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
        let priority = base_priority(labels, name) + turn.generation * APART;
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
    all.insert(format!("{key}.priority"), (ABOVE_ALL + priority).to_string());
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

fn names(labels: &Labels) -> BTreeSet<&str> {
    labels.keys().filter_map(|key| split(key)).map(|(_, name, _)| name).collect()
}

/// Whether a label's value is names of services or middlewares.
fn refers(rest: &str) -> bool {
    rest.ends_with(".service") || rest.ends_with(".middlewares") || rest.contains(".middlewares[")
}

/// `a,b@file` with what is defined here renamed.
fn renamed(value: &str, own: &BTreeSet<&str>, rename: &impl Fn(&str) -> String) -> String {
    let each = value.split(',').map(str::trim).map(|name| match name.strip_suffix("@swarm").unwrap_or(name) {
        bare if own.contains(bare) => rename(bare),
        _ => name.to_owned(),
    });
    each.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
