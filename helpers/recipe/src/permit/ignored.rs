//! What a recipe says and a swarm does not do. Docker's client tells of it in a line that nobody sees.

use serde_json::Value;

use super::{entries, items, text};

/// Keys that the client leaves out, with what that means for the app.
const IGNORED: [(&str, &str); 16] = [
    ("build", "images are built elsewhere and pulled"),
    ("cgroup_parent", "the app has a control group of its own"),
    ("cgroupns_mode", "the app has control groups of its own"),
    ("container_name", "the container is called after its service"),
    ("depends_on", "services start in any order"),
    ("devices", "the app has no such device"),
    ("domainname", "the host name is that of the service"),
    ("expose", "services of one network reach each other on every port"),
    ("external_links", "services are found by their names"),
    ("ipc", "the app has shared memory of its own"),
    ("links", "services are found by their names"),
    ("mac_address", "the engine chooses it"),
    ("restart", "`deploy.restart_policy` says when a task is started again"),
    ("security_opt", "the app has the engine's default confinement"),
    ("shm_size", "/dev/shm has 64 MiB; mount a tmpfs there for more"),
    ("tmpfs", "what is written there stays on the disk; mount a volume of the type tmpfs instead"),
];

/// A sentence for each thing in a rendered compose file that a swarm leaves out.
pub fn ignored(rendered: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for (name, service) in entries(rendered, "services") {
        for (key, meaning) in IGNORED.iter().filter(|(key, _)| says_something(&service[*key])) {
            all.push(format!("services.{name}.{key}: a swarm ignores it: {meaning}"));
        }
        for (key, attachment) in entries(service, "networks") {
            for address in ["ipv4_address", "ipv6_address"].iter().filter(|name| says_something(&attachment[**name])) {
                all.push(format!(
                    "services.{name}.networks.{key}.{address}: a swarm ignores it: the engine chooses it"
                ));
            }
        }
        for (index, _) in items(&service["volumes"]).filter(|(_, mount)| !text(&mount["consistency"]).is_empty()) {
            all.push(format!("services.{name}.volumes[{index}].consistency: it means nothing on Linux"));
        }
    }
    all
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}
