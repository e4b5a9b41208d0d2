//! What a rendered recipe asks of its host, as lines that a person can compare: images, ports, volumes, networks, host
//! names, secrets and kernel rights.
//!
//! The policy says what a recipe may have at all. This says what it has, so that a version that asks for more than the one
//! before it waits for a person. Names of services are no part of it: a part that moves to another service asks for nothing new.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::permit::rule_hosts;

/// Keys of a service whose every entry is asked for by itself.
const RIGHTS: [(&str, &str); 6] = [
    ("cap_add", "capability"),
    ("devices", "device"),
    ("sysctls", "kernel parameter"),
    ("group_add", "group"),
    ("dns", "name server"),
    ("extra_hosts", "host entry"),
];

/// Everything that a file as `docker stack config` gives it asks for, a line each.
pub fn asks(rendered: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for service in rendered["services"].as_object().into_iter().flat_map(|services| services.values()) {
        of_service(service, &mut lines);
    }
    for (kind, word) in [("volumes", "volume"), ("networks", "network")] {
        lines.extend(entries(&rendered[kind]).map(|(key, object)| format!("{word} {}", called(key, object))));
    }
    lines.extend(entries(&rendered["secrets"]).map(|(key, _)| format!("secret {key}")));
    lines
}

fn of_service(service: &Value, lines: &mut BTreeSet<String>) {
    lines.extend(service["image"].as_str().map(|image| format!("image {}", repository(image))));
    lines.extend(list(&service["ports"]).filter_map(port));
    for mount in list(&service["volumes"]).filter(|mount| mount["type"] == "bind") {
        let path = mount["source"].as_str().unwrap_or_default();
        lines.insert(format!("path {path} of the host, to read"));
        if mount["read_only"] != Value::Bool(true) {
            lines.insert(format!("path {path} of the host, to write"));
        }
    }
    for (key, word) in RIGHTS {
        lines.extend(words(&service[key]).map(|entry| format!("{word} {entry}")));
    }
    if service["privileged"] == Value::Bool(true) {
        lines.insert("every right of the host's root".to_owned());
    }
    lines.extend(service["logging"]["driver"].as_str().map(|driver| format!("log driver {driver}")));
    for (key, value) in entries(&service["deploy"]["labels"]) {
        of_label(&key.to_lowercase(), value.as_str().unwrap_or_default(), lines);
    }
}

fn of_label(key: &str, value: &str, lines: &mut BTreeSet<String>) {
    let Some(rest) = key.strip_prefix("traefik.") else { return };
    let parts: Vec<&str> = rest.split('.').collect();
    match parts[..] {
        ["http", "routers", .., "rule"] => {
            lines.extend(rule_hosts(value).into_iter().map(|host| format!("host name {host}")));
        }
        [kind @ ("tcp" | "udp"), "routers", .., "rule" | "entrypoints"] => {
            lines.insert(format!("{kind} route for {value}"));
        }
        _ => {}
    }
}

fn port(port: &Value) -> Option<String> {
    let number = |key: &str| match &port[key] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let protocol = port["protocol"].as_str().unwrap_or("tcp");
    Some(format!("port {}/{protocol} of the host", number("published").or_else(|| number("target"))?))
}

/// The name without tag and digest, in full: Docker takes `nginx` for `docker.io/library/nginx`.
fn repository(image: &str) -> String {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let name = name[start..].find(':').map_or(name, |colon| &name[..start + colon]);
    match name.split_once('/') {
        None => format!("docker.io/library/{name}"),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
    }
}

/// What somebody else's object is called; one of the app's own as the file calls it, for its name has the stack in it.
fn called<'a>(key: &'a str, object: &'a Value) -> &'a str {
    let external = object["external"] == Value::Bool(true);
    object["name"].as_str().filter(|_| external).unwrap_or(key)
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A list of texts, or a table as `key=value`.
fn words(value: &Value) -> impl Iterator<Item = String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let listed: Vec<String> = list(value).map(text).collect();
    let tabled: Vec<String> = entries(value).map(|(key, value)| format!("{key}={}", text(value))).collect();
    listed.into_iter().chain(tabled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn more(old: &Value, new: &Value) -> Vec<String> {
        asks(new).difference(&asks(old)).cloned().collect()
    }

    fn wiki() -> Value {
        json!({
            "services": {"app": {
                "image": "wiki:1@sha256:aa", "deploy": {"labels": {"traefik.http.routers.wiki.rule": "Host(`wiki.example.org`)"}},
                "volumes": [{"type": "volume", "source": "data", "target": "/data"}],
            }},
            "volumes": {"data": {"name": "wiki_data"}},
            "networks": {"proxy": {"external": true, "name": "proxy"}, "internal": {"name": "wiki_internal"}},
            "secrets": {"password": {"name": "wiki_password_ab12"}},
        })
    }

    #[test]
    fn another_tag_content_of_a_secret_or_place_in_a_container_is_nothing_new() {
        let mut new = wiki();
        new["services"]["app"]["image"] = json!("docker.io/library/wiki:2@sha256:bb");
        new["secrets"]["password"]["name"] = json!("wiki_password_cd34");
        new["services"]["app"]["volumes"][0]["target"] = json!("/var/data");
        new["services"]["web"] = new["services"]["app"].clone();
        assert!(more(&wiki(), &new).is_empty(), "{:?}", more(&wiki(), &new));
    }

    #[test]
    fn everything_that_a_version_asks_for_beyond_the_one_before_is_a_line() {
        let mut new = wiki();
        new["services"]["miner"] = json!({
            "image": "ghcr.io/evil/miner:1",
            "ports": [{"target": 80, "published": "8080", "protocol": "udp", "mode": "host"}, {"target": 25}],
            "volumes": [{"type": "bind", "source": "/srv/photos", "target": "/p", "read_only": true}],
            "cap_add": ["NET_ADMIN"], "devices": ["/dev/kvm"], "sysctls": {"net.core.somaxconn": 1},
            "logging": {"driver": "syslog"}, "privileged": true,
            "deploy": {"labels": {
                "traefik.HTTP.routers.x.rule": "Host(`wiki.example.org`) || Host(`Mail.example.org`)",
                "traefik.tcp.routers.x.rule": "HostSNI(`*`)",
            }},
        });
        new["volumes"]["cache"] = json!({});
        new["networks"]["databases"] = json!({"external": true, "name": "databases"});
        new["secrets"]["token"] = json!({});
        assert_eq!(
            more(&wiki(), &new),
            [
                "capability NET_ADMIN",
                "device /dev/kvm",
                "every right of the host's root",
                "host name mail.example.org",
                "image ghcr.io/evil/miner",
                "kernel parameter net.core.somaxconn=1",
                "log driver syslog",
                "network databases",
                "path /srv/photos of the host, to read",
                "port 25/tcp of the host",
                "port 8080/udp of the host",
                "secret token",
                "tcp route for HostSNI(`*`)",
                "volume cache",
            ]
        );
        assert!(more(&new, &wiki()).is_empty(), "what is given up is no growth");
    }

    #[test]
    fn a_path_that_may_be_written_is_more_than_one_that_may_be_read() {
        let with = |read: bool| json!({"services": {"app": {"volumes": [{"type": "bind", "source": "/srv", "read_only": read}]}}});
        assert_eq!(more(&with(true), &with(false)), ["path /srv of the host, to write"]);
        assert!(more(&with(false), &with(true)).is_empty());
    }

    #[test]
    fn a_rule_that_is_not_bound_to_hosts_is_a_line_of_its_own() {
        let with =
            |rule: &str| json!({"services": {"app": {"deploy": {"labels": {"traefik.http.routers.x.rule": rule}}}}});
        assert!(more(&with("Host(`a.org`)"), &with("Host(`a.org`) && PathPrefix(`/x`)")).is_empty());
        let wider = more(&with("Host(`a.org`)"), &with("Host(`a.org`) || PathPrefix(`/x`)"));
        assert_eq!(wider, ["host name Host(`a.org`) || PathPrefix(`/x`)"]);
    }

    #[test]
    fn images_are_compared_by_their_full_names() {
        for (image, name) in [
            ("nginx", "docker.io/library/nginx"),
            ("nginx:1.2@sha256:aa", "docker.io/library/nginx"),
            ("someone/app:1", "docker.io/someone/app"),
            ("localhost:5000/hello:1", "localhost:5000/hello"),
            ("localhost/hello", "localhost/hello"),
            ("registry.example.org/a/b", "registry.example.org/a/b"),
        ] {
            assert_eq!(repository(image), name);
        }
    }
}
