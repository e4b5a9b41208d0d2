//! What every container gets whatever its recipe says: no raw sockets, and an end to its processes and its memory.
//!
//! A container with raw sockets can answer in its neighbours' place on a network that they share; one without limits takes the
//! whole host along when it goes wrong, or when somebody has got in.

use recipe::Allow;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::rewrite::Stack;

/// The capability behind raw and packet sockets (`capabilities(7)`).
const RAW: &str = "NET_RAW";

/// The most that each container of an app may take of its host. What a recipe sets below that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// How many processes and threads.
    pub processes: u64,
    /// How much memory, in percent of the host's.
    pub memory_percent: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self { processes: 4096, memory_percent: 75 }
    }
}

impl Limits {
    /// Puts them into every service.
    pub fn put(&self, stack: &mut Stack, allow: &Allow) {
        let memory = memory_of_the_host() / 100 * u64::from(self.memory_percent);
        for (_, service) in stack.services_mut() {
            if !may_have_raw(allow) {
                drop_raw(service);
            }
            at_most(&mut service["deploy"]["resources"]["limits"]["pids"], self.processes, false);
            at_most(&mut service["deploy"]["resources"]["limits"]["memory"], memory, true);
        }
    }
}

fn may_have_raw(allow: &Allow) -> bool {
    let names = allow.capabilities.iter().map(|name| name.trim_start_matches("CAP_"));
    allow.privileged || names.into_iter().any(|name| name == RAW || name == "ALL")
}

fn drop_raw(service: &mut Value) {
    let mut dropped = service["cap_drop"].as_array().cloned().unwrap_or_default();
    let has =
        |name: &str| dropped.iter().any(|one| one.as_str().is_some_and(|one| one.trim_start_matches("CAP_") == name));
    if !has(RAW) && !has("ALL") {
        dropped.push(json!(RAW));
    }
    service["cap_drop"] = Value::Array(dropped);
}

/// Sets a limit where there is none, or a higher one; 0 and less are Docker's words for none. Memory is rendered as a text of
/// bytes.
fn at_most(limit: &mut Value, most: u64, is_text: bool) {
    let own = limit.as_u64().or_else(|| limit.as_str().and_then(|text| text.parse().ok())).filter(|own| *own > 0);
    let value = own.map_or(most, |own| own.min(most));
    *limit = if is_text { json!(value.to_string()) } else { json!(value) };
}

/// In bytes. Asked of the kernel itself, for `/proc/meminfo` is hidden from the units.
fn memory_of_the_host() -> u64 {
    let info = rustix::system::sysinfo();
    info.totalram.saturating_mul(u64::from(info.mem_unit).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(service: &Value, allow: &Allow) -> Value {
        let mut stack = Stack::parse(&json!({"services": {"app": service}}).to_string()).unwrap();
        Limits::default().put(&mut stack, allow);
        stack.value()["services"]["app"].clone()
    }

    #[test]
    fn a_service_that_says_nothing_is_limited_and_has_no_raw_sockets() {
        let service = put(&json!({"image": "x"}), &Allow::default());
        let limits = &service["deploy"]["resources"]["limits"];
        assert_eq!((&service["cap_drop"], &limits["pids"]), (&json!(["NET_RAW"]), &json!(4096)));
        let memory: u64 = limits["memory"].as_str().unwrap().parse().unwrap();
        assert!(memory > 1 << 20 && memory < memory_of_the_host(), "{memory}");
    }

    #[test]
    fn less_counts_and_more_or_none_does_not() {
        let asks = |pids: Value, memory: &str| {
            let limits = json!({"pids": pids, "memory": memory, "cpus": "0.5"});
            put(&json!({"deploy": {"resources": {"limits": limits}}}), &Allow::default())["deploy"]["resources"]["limits"].clone()
        };
        let less = asks(json!(100), "536870912");
        assert_eq!((&less["pids"], &less["memory"], &less["cpus"]), (&json!(100), &json!("536870912"), &json!("0.5")));
        for none in [json!(0), json!(-1), json!(100_000)] {
            let more = asks(none, "99999999999999999");
            assert_eq!(more["pids"], json!(4096));
            assert_ne!(more["memory"], json!("99999999999999999"));
        }
    }

    #[test]
    fn raw_sockets_are_for_those_who_are_allowed_them() {
        for name in ["NET_RAW", "CAP_NET_RAW", "ALL"] {
            let allow = Allow { capabilities: vec![name.to_owned()], ..Allow::default() };
            assert_eq!(put(&json!({"image": "x"}), &allow)["cap_drop"], Value::Null);
        }
        let others = put(&json!({"cap_drop": ["SYS_CHROOT"], "cap_add": ["NET_BIND_SERVICE"]}), &Allow::default());
        assert_eq!(others["cap_drop"], json!(["SYS_CHROOT", "NET_RAW"]));
        assert_eq!(put(&json!({"cap_drop": ["ALL"]}), &Allow::default())["cap_drop"], json!(["ALL"]));
    }
}
