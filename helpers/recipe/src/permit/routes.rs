//! Labels of a service that Traefik reads, as Traefik reads them.
//!
//! - Keys are compared without regard to case, and of two that differ in case alone the last in sort order counts
//!   ([paerser, `parser/labels_decode.go`](https://github.com/traefik/paerser)). So such a pair is refused.
//! - Truth values are those of Go's `strconv.ParseBool`.
//! - All services of the host share one name space: services of one name are merged, and where two define a router or a
//!   middleware otherwise, both are dropped. Hearth puts the app's name before each (in the stack that is applied), so here
//!   only references to what the recipe does not define itself are refused.
//! - Only what begins with `traefik.http`, `traefik.tcp`, `traefik.udp`, `traefik.tls`, `traefik.docker`, `traefik.swarm` or
//!   is `traefik.enable` means anything.

use std::collections::BTreeMap;

use serde_json::Value;

use super::rule::{self, Rule};
use super::{Permit, text};
use crate::policy::quoted;

const PROXY: &str = "allow.proxy = true";
/// What a router may be told. The rest is `allow.proxy`'s.
const ROUTER: [&str; 9] = [
    "rule",
    "rulesyntax",
    "entrypoints",
    "service",
    "middlewares",
    "tls",
    "tls.certresolver",
    "tls.options",
    "tls.domains",
];
/// What the service of a router may be told, below `loadbalancer`.
const SERVICE: [&str; 9] = [
    "server.port",
    "server.scheme",
    "server.weight",
    "server.preservepath",
    "passhostheader",
    "sticky",
    "healthcheck",
    "responseforwarding",
    "strategy",
];
/// Middlewares that act on the app's own requests alone.
const MIDDLEWARES: [&str; 20] = [
    "addprefix",
    "basicauth",
    "buffering",
    "chain",
    "circuitbreaker",
    "compress",
    "contenttype",
    "digestauth",
    "errors",
    "grpcweb",
    "headers",
    "inflightreq",
    "ipallowlist",
    "ipwhitelist",
    "ratelimit",
    "redirectregex",
    "redirectscheme",
    "replacepath",
    "replacepathregex",
    "retry",
];
const STRIPPING: [&str; 2] = ["stripprefix", "stripprefixregex"];
/// As Go reads them.
const TRUTHS: [&str; 12] = ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];

/// A label: its key as Traefik compares it, and where it stands.
struct Label {
    path: Vec<String>,
    place: String,
    value: String,
}

impl Permit<'_> {
    /// Looks at the labels of one service. `own` has what the whole recipe defines, as `KIND.NAME`.
    pub(super) fn routes(&mut self, place: &str, labels: &Value, own: &Defined) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for (key, value) in labels.as_object().into_iter().flatten() {
            let lower = key.to_ascii_lowercase();
            if !lower.starts_with("traefik.") {
                continue;
            }
            let place = format!("{place}.{key}");
            if let Some(other) = seen.insert(lower.clone(), key) {
                self.never(
                    &place,
                    format!("it is the same label as {other}, and which of them counts depends on their order"),
                );
            }
            self.label(&Label { path: lower.split('.').map(str::to_owned).collect(), place, value: text(value) }, own);
        }
    }

    fn label(&mut self, label: &Label, own: &Defined) {
        let path: Vec<&str> = label.path.iter().map(String::as_str).collect();
        match path[1..] {
            ["enable"] if !TRUTHS.contains(&label.value.as_str()) => {
                self.never(&label.place, format!("{:?} is neither true nor false", label.value));
            }
            ["http", "routers", name, ref field @ ..] => self.router(label, name, &field.join("."), own),
            ["http", "services", name, ref field @ ..] => self.service(label, name, &field.join(".")),
            ["http", "middlewares", name, ref field @ ..] => self.middleware(label, name, field, own),
            ["tcp" | "udp", ..] => {
                self.proxy_only(label, "a route below HTTP takes the requests of every app on its entry point");
            }
            ["tls" | "http", ..] => self.proxy_only(label, "it changes the proxy for every app"),
            _ => {}
        }
    }

    fn router(&mut self, label: &Label, name: &str, field: &str, own: &Defined) {
        self.name(label, name);
        match unindexed(field) {
            "rule" => self.rule(label),
            "service" => self.references(label, "services", own),
            "middlewares" => self.references(label, "middlewares", own),
            "priority" => self.proxy_only(label, "a priority decides between the routes of all apps"),
            field if ROUTER.contains(&field) || field.starts_with("observability.") => {}
            _ => self.proxy_only(label, "this setting of a route is not known to concern the app alone"),
        }
    }

    fn rule(&mut self, label: &Label) {
        let Some(rule) = rule::parse(&label.value) else {
            return self.proxy_only(label, "the rule is not understood, so it may be for hosts of other apps");
        };
        let foreign: Vec<String> =
            rule.hosts().into_iter().filter(|host| !self.is_own_host(host)).map(quoted).collect();
        if !foreign.is_empty() {
            let reason =
                format!("it takes the requests for {}, which the app is not declared to serve", foreign.join(" and "));
            return self.unless(&label.place, reason, &format!("domains = [ {} ]", foreign.join(" ")));
        }
        self.only_own(label, &rule);
    }

    fn only_own(&mut self, label: &Label, rule: &Rule) {
        if !rule.only(&|host| self.is_own_host(host)) {
            self.proxy_only(label, "requests for the hosts of other apps satisfy the rule, too");
        }
    }

    /// One that is empty is no host: Traefik refuses such a route.
    fn is_own_host(&self, host: &str) -> bool {
        let domain = self.owner.domain.into_iter();
        host.is_empty()
            || domain.chain(self.allow.domains.iter().map(String::as_str)).any(|own| own.eq_ignore_ascii_case(host))
    }

    fn service(&mut self, label: &Label, name: &str, field: &str) {
        self.name(label, name);
        let known = field.strip_prefix("loadbalancer.").is_some_and(|field| is_below(field, &SERVICE));
        if !known {
            self.proxy_only(label, "it has the proxy send requests elsewhere than to the app");
        } else if field.ends_with("healthcheck.path")
            && (!label.value.starts_with('/') || label.value.starts_with("//"))
        {
            self.proxy_only(label, "a health check whose path is an address asks somebody else");
        }
    }

    fn middleware(&mut self, label: &Label, name: &str, field: &[&str], own: &Defined) {
        self.name(label, name);
        match field {
            ["chain", list, ..] if unindexed(list) == "middlewares" => self.references(label, "middlewares", own),
            ["errors", "service"] => self.references(label, "services", own),
            [kind, "usersfile"] => self.proxy_only(label, &format!("{kind} reads a file of the proxy")),
            ["ratelimit", "redis", ..] => self.proxy_only(
                label,
                "the proxy itself would connect to a Redis that the recipe names, with files of the proxy",
            ),
            [kind, ..] if MIDDLEWARES.contains(kind) || STRIPPING.contains(kind) => {}
            [kind, ..] => self.proxy_only(
                label,
                &format!("the middleware {kind} sends requests elsewhere than to the app, or is not known"),
            ),
            [] => self.never(&label.place, "a middleware without a kind".to_owned()),
        }
    }

    /// Other characters, `@` above all, give a name to another provider.
    fn name(&mut self, label: &Label, name: &str) {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            self.never(&label.place, format!("{name:?} is no name of a route: letters, digits, - and _"));
        }
    }

    fn references(&mut self, label: &Label, kind: &str, own: &Defined) {
        let strange: Vec<&str> =
            label.value.split(',').map(str::trim).filter(|name| !name.is_empty() && !own.has(kind, name)).collect();
        if !strange.is_empty() {
            self.proxy_only(
                label,
                &format!(
                    "the recipe does not define {}: it belongs to another app or to the proxy",
                    strange.join(", ")
                ),
            );
        }
    }

    fn proxy_only(&mut self, label: &Label, reason: &str) {
        if !self.allow.proxy {
            self.unless(&label.place, reason.to_owned(), PROXY);
        }
    }
}

/// The services and middlewares that a recipe defines by labels, as `KIND.NAME`.
pub(super) struct Defined(std::collections::BTreeSet<String>);

impl Defined {
    /// Of all services of a rendered file.
    pub(super) fn of(file: &Value) -> Self {
        let services = file.get("services").and_then(Value::as_object).into_iter().flatten();
        let labels = services.filter_map(|(_, service)| service["deploy"]["labels"].as_object()).flatten();
        Self(labels.filter_map(|(key, _)| Self::name(&key.to_ascii_lowercase())).collect())
    }

    fn name(key: &str) -> Option<String> {
        let (kind, rest) = key.strip_prefix("traefik.http.")?.split_once('.')?;
        let name = rest.split('.').next()?;
        matches!(kind, "services" | "middlewares").then(|| format!("{kind}.{name}"))
    }

    /// Whether a reference is to one of them. Traefik's own name for this host's routes may stand behind it.
    fn has(&self, kind: &str, name: &str) -> bool {
        let name = name.strip_suffix("@swarm").or_else(|| name.strip_suffix("@docker")).unwrap_or(name);
        self.0.contains(&format!("{kind}.{}", name.to_ascii_lowercase()))
    }
}

/// A setting without the place in a list: `middlewares` of `middlewares[0]`.
fn unindexed(field: &str) -> &str {
    field.split('[').next().unwrap_or_default()
}

/// Whether a setting is one of these, or one below it.
fn is_below(field: &str, known: &[&str]) -> bool {
    known
        .iter()
        .any(|known| field.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '['])))
}
