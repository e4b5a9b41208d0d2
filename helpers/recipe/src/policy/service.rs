//! What a service may be given.

use serde_json::{Map, Value};

use super::{Check, given, quoted};

/// Spaces that a container has for itself unless it asks for the host's.
const SPACES: [(&str, &str); 6] = [
    ("pid", "the processes of the host"),
    ("ipc", "the shared memory of the host"),
    ("userns_mode", "the users of the host"),
    ("uts", "the host name of the host"),
    ("cgroup", "the control groups of the host"),
    ("cgroupns_mode", "the control groups of the host"),
];

impl Check<'_> {
    pub(super) fn service(&mut self, key: &str, service: &Map<String, Value>) {
        self.spaces(key, service);
        self.capabilities(&format!("{key}.cap_add"), service.get("cap_add"));
        self.security(&format!("{key}.security_opt"), service.get("security_opt"));
        self.devices(key, service);
        self.ports(&format!("{key}.ports"), service.get("ports"));
        self.mounts(&format!("{key}.volumes"), service.get("volumes"));
        self.service_files(key, service);
    }

    fn spaces(&mut self, key: &str, service: &Map<String, Value>) {
        if service.get("privileged").is_some_and(given) {
            self.privileged(&format!("{key}.privileged"), "a privileged container is root on the host");
        }
        for (name, what) in SPACES {
            if service.get(name).is_some_and(|value| value.as_str() == Some("host") || is_no_text(value)) {
                self.privileged(&format!("{key}.{name}"), &format!("it shares {what}"));
            }
        }
        match service.get("network_mode") {
            Some(Value::String(mode)) if mode == "host" => {
                self.host_network(&format!("{key}.network_mode"), "the network of the host");
            }
            Some(mode) if is_no_text(mode) => {
                self.host_network(&format!("{key}.network_mode"), "a value of no known kind");
            }
            _ => {}
        }
        for hook in ["post_start", "pre_stop"] {
            for (key, hook) in self.list(&format!("{key}.{hook}"), service.get(hook)) {
                if hook.get("privileged").is_some_and(given) {
                    self.privileged(&format!("{key}.privileged"), "a privileged command is root on the host");
                }
            }
        }
    }

    fn privileged(&mut self, key: &str, reason: &str) {
        if !self.allow.privileged {
            self.refuse(key, reason, "privileged = true");
        }
    }

    fn capabilities(&mut self, key: &str, value: Option<&Value>) {
        let plain = |name: &str| name.to_ascii_uppercase().trim_start_matches("CAP_").to_owned();
        for (key, entry) in self.list(key, value) {
            let Some(name) = self.text(&key, entry).map(plain) else { continue };
            if !self.allow.capabilities.iter().any(|allowed| plain(allowed) == name) {
                let reason = format!("the capability {name} is more than a container has by itself");
                self.refuse(&key, reason, &format!("capabilities = [ {} ]", quoted(&name)));
            }
        }
    }

    fn security(&mut self, key: &str, value: Option<&Value>) {
        for (key, entry) in self.list(key, value) {
            let Some(text) = self.text(&key, entry) else { continue };
            let option = text.to_ascii_lowercase();
            let file = option.strip_prefix("seccomp").map(|rest| rest.trim_start_matches([':', '=']));
            if option.contains("unconfined") || option.contains("disable") {
                self.privileged(&key, &format!("{text:?} takes a confinement away that keeps the app from the host"));
            } else if file.is_some_and(|file| file != "builtin") {
                self.file_reference(&key, text[text.len() - file.unwrap_or_default().len()..].trim());
            }
        }
    }

    /// A port on one address. The client drops the address and says so in a line that nobody sees (moby#32299).
    fn ports(&mut self, key: &str, value: Option<&Value>) {
        let ports = value.filter(|value| value.is_array()).into_iter().flat_map(|value| self.list(key, Some(value)));
        let on_one: Vec<(String, String)> = ports
            .filter_map(|(key, port)| Some((key, address_of(port)?)))
            .filter(|(_, address)| !matches!(address.as_str(), "" | "0.0.0.0" | "::"))
            .collect();
        for (key, address) in on_one {
            let reason = format!(
                "a swarm publishes a port on every address, not on {address} alone: it would be open to everybody. Leave the port out; services of one network reach each other without"
            );
            self.refuse_always(&key, reason);
        }
    }

    fn devices(&mut self, key: &str, service: &Map<String, Value>) {
        let own = format!("{key}.devices");
        for (key, entry) in self.list(&own, service.get("devices")) {
            let source = entry.get("source").unwrap_or(entry);
            let Some(text) = self.text(&key, source) else { continue };
            self.device(&key, text.split(':').next().unwrap_or_default());
        }
        for name in ["device_cgroup_rules", "gpus"] {
            if service.get(name).is_some_and(given) {
                self.privileged(&format!("{key}.{name}"), "it gives the app devices of the host");
            }
        }
        let reserved = service.get("deploy").and_then(|deploy| deploy.pointer("/resources/reservations/devices"));
        if reserved.is_some_and(given) {
            self.privileged(
                &format!("{key}.deploy.resources.reservations.devices"),
                "it gives the app devices of the host",
            );
        }
    }

    pub(super) fn device(&mut self, key: &str, path: &str) {
        if !self.allow.devices.iter().any(|allowed| allowed.as_os_str() == path) {
            self.refuse(key, format!("{path} is a device of the host"), &format!("devices = [ {} ]", quoted(path)));
        }
    }
}

/// The address in `127.0.0.1:80:80`, `[::1]:80:80` or `host_ip`.
fn address_of(port: &Value) -> Option<String> {
    if let Some(address) = port.get("host_ip") {
        return Some(address.as_str().map_or_else(|| address.to_string(), ToOwned::to_owned));
    }
    let text = port.as_str()?;
    match text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some((address, _)) => Some(address.to_owned()),
        None => text.rsplitn(3, ':').nth(2).map(ToOwned::to_owned),
    }
}

/// Neither a text nor absent: of no shape that Compose knows for this key.
fn is_no_text(value: &Value) -> bool {
    !value.is_string() && !value.is_null()
}
