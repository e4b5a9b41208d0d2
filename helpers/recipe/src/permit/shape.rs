//! Every key that may stand in a rendered compose file, and what its value looks like.
//!
//! The keys are those of `docker stack config` (docker/cli, `cli/compose/types/types.go`). What is not listed is refused:
//! a key that a newer client learns is looked at by a person before it passes.

use serde_json::Value;

use super::Permit;
use crate::policy::kind;

/// What a value looks like.
pub(super) enum Shape {
    /// A text, a number, a truth value or nothing.
    Scalar,
    /// A list of scalars, or one alone.
    Scalars,
    /// A mapping of any names to scalars.
    Pairs,
    /// A mapping with these keys alone.
    Fields(&'static [(&'static str, Shape)]),
    /// A list of such values.
    List(&'static Shape),
    /// A mapping of any names to such values, which may be left out.
    Map(&'static Shape),
    /// The first where it is a scalar, else the second.
    Either(&'static Shape, &'static Shape),
    /// Whatever it is: the client leaves it out of what it sends to the engine.
    Unsent,
}

use Shape::{Either, Fields, List, Map, Pairs, Scalar, Scalars, Unsent};

/// The whole file.
pub(super) const FILE: Shape = Fields(&[
    ("version", Scalar),
    ("services", Map(&SERVICE)),
    ("networks", Map(&NETWORK)),
    ("volumes", Map(&VOLUME)),
    ("configs", Map(&OBJECT)),
    ("secrets", Map(&OBJECT)),
]);

const SERVICE: Shape = Fields(&[
    ("build", Unsent),
    ("cap_add", Scalars),
    ("cap_drop", Scalars),
    ("cgroup_parent", Scalar),
    ("cgroupns_mode", Scalar),
    ("command", Scalars),
    ("configs", List(&REFERENCE)),
    ("container_name", Scalar),
    ("depends_on", Scalars),
    ("deploy", DEPLOY),
    ("devices", Scalars),
    ("dns", Scalars),
    ("dns_search", Scalars),
    ("domainname", Scalar),
    ("entrypoint", Scalars),
    ("env_file", Scalars),
    ("environment", Pairs),
    ("expose", Scalars),
    ("external_links", Scalars),
    ("extra_hosts", Scalars),
    ("healthcheck", HEALTHCHECK),
    ("hostname", Scalar),
    ("image", Scalar),
    ("init", Scalar),
    ("ipc", Scalar),
    ("labels", Pairs),
    ("links", Scalars),
    ("logging", Fields(&[("driver", Scalar), ("options", Pairs)])),
    ("mac_address", Scalar),
    ("network_mode", Scalar),
    ("networks", Map(&ATTACHMENT)),
    ("oom_score_adj", Scalar),
    ("pid", Scalar),
    ("ports", List(&PORT)),
    ("privileged", Scalar),
    ("read_only", Scalar),
    ("restart", Scalar),
    ("secrets", List(&REFERENCE)),
    ("security_opt", Scalars),
    ("shm_size", Scalar),
    ("stdin_open", Scalar),
    ("stop_grace_period", Scalar),
    ("stop_signal", Scalar),
    ("sysctls", Pairs),
    ("tmpfs", Scalars),
    ("tty", Scalar),
    ("ulimits", Map(&ULIMIT)),
    ("user", Scalar),
    ("userns_mode", Scalar),
    ("volumes", List(&MOUNT)),
    ("working_dir", Scalar),
]);

const REFERENCE: Shape =
    Fields(&[("source", Scalar), ("target", Scalar), ("uid", Scalar), ("gid", Scalar), ("mode", Scalar)]);
/// One number stands for both.
const ULIMIT: Shape = Either(&Scalar, &Fields(&[("soft", Scalar), ("hard", Scalar)]));
const HEALTHCHECK: Shape = Fields(&[
    ("test", Scalars),
    ("timeout", Scalar),
    ("interval", Scalar),
    ("retries", Scalar),
    ("start_period", Scalar),
    ("start_interval", Scalar),
    ("disable", Scalar),
]);
const PORT: Shape = Fields(&[("mode", Scalar), ("target", Scalar), ("published", Scalar), ("protocol", Scalar)]);
const ATTACHMENT: Shape = Fields(&[("aliases", Scalars), ("ipv4_address", Scalar), ("ipv6_address", Scalar)]);
const MOUNT: Shape = Fields(&[
    ("type", Scalar),
    ("source", Scalar),
    ("target", Scalar),
    ("read_only", Scalar),
    ("consistency", Scalar),
    ("bind", Fields(&[("propagation", Scalar)])),
    ("volume", Fields(&[("nocopy", Scalar), ("subpath", Scalar)])),
    ("tmpfs", Fields(&[("size", Scalar), ("mode", Scalar)])),
]);
const UPDATE: Shape = Fields(&[
    ("parallelism", Scalar),
    ("delay", Scalar),
    ("failure_action", Scalar),
    ("monitor", Scalar),
    ("max_failure_ratio", Scalar),
    ("order", Scalar),
]);
const DEPLOY: Shape = Fields(&[
    ("mode", Scalar),
    ("replicas", Scalar),
    ("labels", Pairs),
    ("update_config", UPDATE),
    ("rollback_config", UPDATE),
    (
        "resources",
        Fields(&[
            ("limits", Fields(&[("cpus", Scalar), ("memory", Scalar), ("pids", Scalar)])),
            ("reservations", Fields(&[("cpus", Scalar), ("memory", Scalar)])),
        ]),
    ),
    (
        "restart_policy",
        Fields(&[("condition", Scalar), ("delay", Scalar), ("max_attempts", Scalar), ("window", Scalar)]),
    ),
    (
        "placement",
        Fields(&[
            ("constraints", Scalars),
            ("preferences", List(&Fields(&[("spread", Scalar)]))),
            ("max_replicas_per_node", Scalar),
        ]),
    ),
    ("endpoint_mode", Scalar),
]);
const NETWORK: Shape = Fields(&[
    ("name", Scalar),
    ("driver", Scalar),
    ("driver_opts", Pairs),
    ("ipam", Fields(&[("driver", Scalar), ("config", List(&Fields(&[("subnet", Scalar)])))])),
    ("external", Scalar),
    ("internal", Scalar),
    ("attachable", Scalar),
    ("labels", Pairs),
]);
const VOLUME: Shape =
    Fields(&[("name", Scalar), ("driver", Scalar), ("driver_opts", Pairs), ("external", Scalar), ("labels", Pairs)]);
const OBJECT: Shape =
    Fields(&[("name", Scalar), ("file", Scalar), ("external", Scalar), ("labels", Pairs), ("template_driver", Scalar)]);

impl Permit<'_> {
    /// Refuses every key and every kind of value that is not listed.
    pub(super) fn shape(&mut self, key: &str, value: &Value, shape: &Shape) {
        match (shape, value) {
            (_, Value::Null) | (Shape::Unsent, _) => {}
            (Shape::Scalar, value) if is_scalar(value) => {}
            (Shape::Scalars, value) if is_scalar(value) => {}
            (Shape::Scalars, Value::Array(items)) => self.items(key, items, &Shape::Scalar),
            (Shape::List(each), Value::Array(items)) => self.items(key, items, each),
            (Shape::Map(each), Value::Object(entries)) => {
                for (name, entry) in entries {
                    self.shape(&format!("{key}.{name}"), entry, each);
                }
            }
            (Shape::Either(one, _), value) if is_scalar(value) => self.shape(key, value, one),
            (Shape::Either(_, other), value) => self.shape(key, value, other),
            (Shape::Pairs, Value::Object(entries)) => {
                for (name, entry) in entries {
                    self.shape(&format!("{key}.{name}"), entry, &Shape::Scalar);
                }
            }
            (Shape::Fields(fields), Value::Object(entries)) => self.fields(key, entries, fields),
            (_, value) => self.never(key, format!("{} is not what stands here", kind(value))),
        }
    }

    fn items(&mut self, key: &str, items: &[Value], each: &Shape) {
        for (index, item) in items.iter().enumerate() {
            self.shape(&format!("{key}[{index}]"), item, each);
        }
    }

    fn fields(&mut self, key: &str, entries: &serde_json::Map<String, Value>, fields: &[(&str, Shape)]) {
        for (name, entry) in entries {
            let inner = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            match fields.iter().find(|(field, _)| field == name) {
                Some((_, shape)) => self.shape(&inner, entry, shape),
                // Extensions mean nothing to the engine, but for one, which the client reads for volumes of a cluster.
                None if name.starts_with("x-") && name != "x-cluster-spec" => {}
                None => self.never(&inner, "this key is not among those that a recipe may set on this host".to_owned()),
            }
        }
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_))
}
