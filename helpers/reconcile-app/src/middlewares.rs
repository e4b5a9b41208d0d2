//! What the proxy does before a request reaches an app, and after its answer: the names of middlewares on each route.
//!
//! What they are stands in a file of the proxy's own, with whatever of it is secret; a label holds their names alone. Where
//! the proxy does not find a middleware that a route names, it does not serve that route.
//!
//! A service before which a password is asked for says so in a label. So the gate knows what the probe is to be answered, also
//! of an earlier version that is put back and was not guarded yet, or still was.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use crate::manifest::{Middleware, Probe};

/// Traefik takes labels whatever their case.
const ROUTERS: &str = "traefik.http.routers.";
/// Says of a service that a password is asked for before it.
pub(crate) const PASSWORD_LABEL: &str = "hearth.asks-password";
/// The answer to a request without one (RFC 9110, section 15.5.2).
const UNAUTHORIZED: u16 = 401;

/// Puts middlewares in front of every route of a rendered compose file, before those that the recipe has.
///
/// # Errors
/// When a service is served by a route that its labels do not name, or none is: what is declared must be in force.
pub fn attach(value: &mut Value, app: &str, middlewares: &[Middleware]) -> anyhow::Result<()> {
    if middlewares.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = middlewares.iter().map(|middleware| middleware.name.as_str()).collect();
    let asks = middlewares.iter().any(|middleware| middleware.asks_password);
    let services = value.get_mut("services").and_then(Value::as_object_mut);
    let mut found = 0;
    for (service, declared) in services.into_iter().flatten() {
        let Some(labels) = declared.get_mut("deploy").and_then(|deploy| deploy.get_mut("labels")) else { continue };
        let labels =
            labels.as_object_mut().with_context(|| format!("services.{service}.deploy.labels is no mapping"))?;
        refuse_other_ways(labels, service, app)?;
        let routers = routers(labels);
        if routers.is_empty() && is_enabled(labels) {
            bail!(
                "service {service} of `{app}` is served by a route without a name, which hearth.apps.{app}.middlewares cannot be put in front of; give it a label `{ROUTERS}NAME.rule`. The engine was not touched"
            );
        }
        found += routers.len();
        for router in &routers {
            put(labels, router, &names);
        }
        if asks && !routers.is_empty() {
            labels.insert(PASSWORD_LABEL.to_owned(), json!("true"));
        }
    }
    if found == 0 {
        bail!(
            "hearth.apps.{app}.middlewares are declared, and no service of the recipe has a route to put them in front of; take them away, or use a recipe with labels `{ROUTERS}…`. The engine was not touched"
        );
    }
    Ok(())
}

/// A route below HTTP goes before the ones of HTTP on its entry point, and has none of what is declared in front of them.
fn refuse_other_ways(labels: &Map<String, Value>, service: &str, app: &str) -> anyhow::Result<()> {
    let below = |key: &&String| {
        let key = key.to_ascii_lowercase();
        key.starts_with("traefik.tcp.") || key.starts_with("traefik.udp.")
    };
    match labels.keys().find(below) {
        None => Ok(()),
        Some(key) => bail!(
            "service {service} of `{app}` has the label `{key}`, a way to it that hearth.apps.{app}.middlewares cannot be put in front of; use a recipe without it, or take the middlewares away. The engine was not touched"
        ),
    }
}

/// Whether a password is asked for before a stack.
pub fn asks_password(stack: &Value) -> bool {
    let services = stack.get("services").and_then(Value::as_object);
    let label = |service: &Value| service.get("deploy")?.get("labels")?.get(PASSWORD_LABEL).cloned();
    services.into_iter().flatten().any(|(_, service)| label(service).is_some())
}

/// What a probe is to be answered: where a password is asked for, that it is.
pub fn expected(probe: &Probe, asks_password: bool) -> Probe {
    if asks_password { Probe { status: UNAUTHORIZED, contains: None, ..probe.clone() } } else { probe.clone() }
}

fn is_enabled(labels: &Map<String, Value>) -> bool {
    let enable = labels.iter().find(|(key, _)| key.eq_ignore_ascii_case("traefik.enable"));
    enable.is_some_and(|(_, value)| value == true || value.as_str().is_some_and(crate::routes::is_true))
}

/// The names of the routes, each once, as they are written first.
fn routers(labels: &Map<String, Value>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let rest = labels.keys().filter_map(|key| {
        let head = key.get(..ROUTERS.len())?;
        head.eq_ignore_ascii_case(ROUTERS).then(|| &key[ROUTERS.len()..])
    });
    let names = rest.filter_map(|rest| rest.split_once('.')).map(|(name, _)| name);
    names.filter(|name| seen.insert(name.to_ascii_lowercase())).map(str::to_owned).collect()
}

fn put(labels: &mut Map<String, Value>, router: &str, names: &[&str]) {
    let wanted = format!("{ROUTERS}{router}.middlewares");
    let key = labels.keys().find(|key| key.eq_ignore_ascii_case(&wanted)).cloned().unwrap_or(wanted);
    let own = labels.get(&key).and_then(Value::as_str).unwrap_or_default();
    let own = own.split(',').map(str::trim).filter(|name| !name.is_empty() && !names.contains(name));
    let all: Vec<&str> = names.iter().copied().chain(own).collect();
    let all = all.join(",");
    labels.insert(key, json!(all));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<Middleware> {
        let of = |name: &str, asks_password| Middleware { name: name.to_owned(), asks_password };
        [of("hearth-wiki-auth@file", true), of("hearth-wiki-headers@file", false)].into()
    }

    fn with(labels: &Value) -> Value {
        json!({"services": {"app": {"deploy": {"labels": labels}}, "db": {"image": "x"}}})
    }

    fn attached(labels: &Value) -> Value {
        let mut value = with(labels);
        attach(&mut value, "wiki", &names()).unwrap();
        value["services"]["app"]["deploy"]["labels"].clone()
    }

    fn refused(labels: &Value) -> String {
        attach(&mut with(labels), "wiki", &names()).unwrap_err().to_string()
    }

    #[test]
    fn every_route_has_them_before_its_own() {
        let labels = attached(&json!({
            "traefik.enable": "true",
            "traefik.http.routers.wiki.rule": "Host(`a`)",
            "traefik.http.routers.wiki-api.rule": "Host(`b`)",
            "traefik.http.routers.wiki-api.middlewares": "strip, limit@file",
            "traefik.http.services.wiki.loadbalancer.server.port": "80",
        }));
        let both = "hearth-wiki-auth@file,hearth-wiki-headers@file";
        assert_eq!(labels["traefik.http.routers.wiki.middlewares"], both);
        assert_eq!(labels["traefik.http.routers.wiki-api.middlewares"], format!("{both},strip,limit@file"));
        assert_eq!(labels.as_object().unwrap().len(), 7);
    }

    #[test]
    fn a_label_in_another_case_is_the_same_label() {
        let labels = attached(&json!({
            "Traefik.HTTP.Routers.wiki.Rule": "Host(`a`)",
            "traefik.http.routers.WIKI.Middlewares": "own",
        }));
        assert_eq!(
            labels["traefik.http.routers.WIKI.Middlewares"],
            "hearth-wiki-auth@file,hearth-wiki-headers@file,own"
        );
        assert_eq!(labels.as_object().unwrap().len(), 3);
    }

    #[test]
    fn put_twice_they_are_there_once() {
        let once = attached(&json!({"traefik.http.routers.wiki.rule": "Host(`a`)"}));
        assert_eq!(attached(&once), once);
    }

    #[test]
    fn a_route_that_cannot_be_named_is_refused_rather_than_left_open() {
        let said =
            refused(&json!({"traefik.enable": "true", "traefik.http.services.wiki.loadbalancer.server.port": "80"}));
        assert!(said.contains("service app of `wiki` is served by a route without a name"), "{said}");
        let said = refused(&json!({"backupbot.backup": "true"}));
        assert!(said.contains("no service of the recipe has a route"), "{said}");
        let said = refused(&json!(["traefik.http.routers.wiki.rule=Host(`a`)"]));
        assert!(said.contains("services.app.deploy.labels is no mapping"), "{said}");
    }

    #[test]
    fn what_a_probe_is_answered_is_said_by_the_stack_that_is_probed_and_not_by_the_declaration() {
        let probe: Probe = serde_json::from_value(json!({
            "url": "https://a/", "status": 200, "contains": "wiki", "caFile": null, "connectTo": null, "budgetSeconds": 1,
        }))
        .unwrap();
        let open = with(&json!({"traefik.http.routers.wiki.rule": "Host(`a`)"}));
        let (mut guarded, mut headers) = (open.clone(), open.clone());
        attach(&mut guarded, "wiki", &names()).unwrap();
        attach(&mut headers, "wiki", &names()[1..]).unwrap();
        for (stack, status) in [(&open, 200), (&guarded, 401), (&headers, 200)] {
            assert_eq!(expected(&probe, asks_password(stack)).status, status, "{stack}");
        }
        assert_eq!(expected(&probe, asks_password(&guarded)).contains, None);
    }

    #[test]
    fn where_none_are_declared_nothing_is_touched() {
        let mut value = with(&json!(["whatever"]));
        let before = value.clone();
        attach(&mut value, "wiki", &[]).unwrap();
        assert_eq!(value, before);
    }
}
