//! What every container of an app goes without, and how much of the machine it may take.
//!
//! A recipe can ask for less and not for more: what it sets above the declared limits is lowered to them.

use anyhow::Context as _;
use recipe::Allow;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use state::Digester;

/// Lets whoever has it send packets in the name of others on a shared network.
const NET_RAW: &str = "NET_RAW";
/// The share of the machine's memory, in hundredths, that one container may take where nothing is declared.
const SHARE: u64 = 80;

/// How much each container of an app may take, as the flake declares it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of memory. Without it, a share of the machine's.
    pub memory_bytes: Option<u64>,
    /// Processes and threads. Without it, as many as the kernel allows.
    pub pids: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes: None, pids: Some(4096) }
    }
}

/// The limits of one app on one machine.
#[derive(Clone, Copy, Debug)]
pub struct Confinement<'a> {
    /// What the app's declaration allows.
    pub allow: &'a Allow,
    /// What it limits.
    pub limits: &'a Limits,
    /// The machine's memory in bytes; none where it cannot be known.
    pub machine: Option<u64>,
}

impl Confinement<'_> {
    /// Adds what decides over containers to the digest of an app's inputs. The machine's memory is none of it: a machine
    /// that was given more is no reason to replace what runs.
    pub fn add_to(&self, digester: &mut Digester) {
        let limits = self.limits;
        digester.add("confinement", format!("{} {limits:?}", self.keeps_raw()).as_bytes());
    }

    /// Confines a service of a rendered compose file.
    ///
    /// # Errors
    /// When a part of it that is changed has another shape than compose files give it.
    pub fn apply(&self, service: &mut Map<String, Value>) -> anyhow::Result<()> {
        if !self.keeps_raw() {
            let dropped = service.entry("cap_drop").or_insert_with(|| json!([]));
            let dropped = dropped.as_array_mut().context("cap_drop is no list")?;
            if !dropped.iter().filter_map(Value::as_str).any(is_raw) {
                dropped.push(json!(NET_RAW));
            }
        }
        let mut at = &mut *service;
        for key in ["deploy", "resources", "limits"] {
            let inner = at.entry(key).or_insert_with(|| json!({}));
            at = inner.as_object_mut().with_context(|| format!("{key} is no mapping"))?;
        }
        if let Some(pids) = lowest(self.limits.pids, at.get("pids")) {
            at.insert("pids".to_owned(), json!(pids));
        }
        if let Some(memory) = lowest(self.memory(), at.get("memory")) {
            at.insert("memory".to_owned(), json!(memory.to_string()));
        }
        Ok(())
    }

    fn memory(&self) -> Option<u64> {
        self.limits.memory_bytes.or_else(|| self.machine.map(|machine| machine / 100 * SHARE))
    }

    fn keeps_raw(&self) -> bool {
        self.allow.privileged || self.allow.capabilities.iter().any(|name| is_raw(name))
    }
}

/// Whether a capability is the one, or all of them.
fn is_raw(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    matches!(name.strip_prefix("CAP_").unwrap_or(&name), NET_RAW | "ALL")
}

/// The declared limit, or the recipe's where that is lower. Zero, a negative number and what is not understood mean that the
/// recipe sets none.
fn lowest(declared: Option<u64>, asked: Option<&Value>) -> Option<u64> {
    let asked = asked.and_then(amount).filter(|asked| *asked > 0);
    match (declared, asked) {
        (Some(declared), Some(asked)) => Some(declared.min(asked)),
        (declared, asked) => declared.or(asked),
    }
}

/// A number, or one with a unit as [go-units](https://github.com/docker/go-units/blob/master/size.go) reads it (`RAMInBytes`).
fn amount(value: &Value) -> Option<u64> {
    let text = match value {
        Value::String(text) => text.to_ascii_lowercase(),
        other => other.to_string(),
    };
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic() || character == ' ');
    let shift = match text.strip_prefix(digits)?.trim().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// The machine's memory in bytes.
pub fn machine_memory() -> Option<u64> {
    let info = rustix::system::sysinfo();
    info.totalram.checked_mul(u64::from(info.mem_unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confined(service: &Value, limits: &Limits, capabilities: &[&str]) -> Value {
        let allow = Allow { capabilities: capabilities.iter().map(ToString::to_string).collect(), ..Allow::default() };
        let mut service = service.as_object().unwrap().clone();
        Confinement { allow: &allow, limits, machine: Some(1000) }.apply(&mut service).unwrap();
        Value::Object(service)
    }

    #[test]
    fn a_container_cannot_forge_packets_unless_that_is_allowed() {
        let limits = Limits::default();
        assert_eq!(confined(&json!({}), &limits, &[])["cap_drop"], json!(["NET_RAW"]));
        assert_eq!(confined(&json!({"cap_drop": ["CHOWN"]}), &limits, &[])["cap_drop"], json!(["CHOWN", "NET_RAW"]));
        assert_eq!(confined(&json!({"cap_drop": ["ALL"]}), &limits, &[])["cap_drop"], json!(["ALL"]));
        assert_eq!(confined(&json!({}), &limits, &["CAP_NET_RAW"])["cap_drop"], Value::Null);
    }

    #[test]
    fn it_takes_a_part_of_the_machine_and_no_more_where_the_recipe_says_nothing() {
        let limits = &confined(&json!({}), &Limits::default(), &[])["deploy"]["resources"]["limits"];
        assert_eq!(*limits, json!({"pids": 4096, "memory": "800"}));
    }

    #[test]
    fn a_recipe_asks_for_less_and_never_for_more() {
        let declared = Limits { memory_bytes: Some(1 << 30), pids: Some(100) };
        for (asked, right) in [
            (json!({"pids": 50, "memory": "512M"}), json!({"pids": 50, "memory": "536870912"})),
            (json!({"pids": 101, "memory": "2g"}), json!({"pids": 100, "memory": "1073741824"})),
            (json!({"pids": 0, "memory": "0"}), json!({"pids": 100, "memory": "1073741824"})),
            (json!({"pids": -1, "memory": "much"}), json!({"pids": 100, "memory": "1073741824"})),
            (json!({"memory": "99999999999t"}), json!({"pids": 100, "memory": "1073741824"})),
        ] {
            let service = confined(&json!({"deploy": {"resources": {"limits": asked}}}), &declared, &[]);
            assert_eq!(service["deploy"]["resources"]["limits"], right);
        }
    }

    #[test]
    fn without_a_limit_what_the_recipe_says_stands() {
        let none = Limits { memory_bytes: Some(7), pids: None };
        let service = confined(&json!({"deploy": {"resources": {"limits": {"pids": 9}}}}), &none, &[]);
        assert_eq!(service["deploy"]["resources"]["limits"], json!({"pids": 9, "memory": "7"}));
        assert_eq!(confined(&json!({}), &none, &[])["deploy"]["resources"]["limits"], json!({"memory": "7"}));
    }
}
