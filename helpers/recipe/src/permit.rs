//! What may pass of a rendered compose file: an allow-list.
//!
//! [`crate::policy`] reads compose files as people write them and refuses, with the line, what is known to be dangerous.
//! This module reads what `docker stack config` made of them, which is what will be applied, and lets through what is known
//! to be harmless. The two rules meet where a file means something that nobody thought of: it is refused.
//!
//! **Its last reader is not Docker's client.** Three programs read the result after every check of ours:
//! - Docker's client gives objects their names: `STACK_KEY`, or `name`
//!   ([docker/cli, `cli/compose/convert`](https://github.com/docker/cli/tree/master/cli/compose/convert)).
//! - The swarm's agent expands Go templates in each mount's source and target, in the labels and driver options of a
//!   mount's volume, in environment variables and in the host name, and moby mounts the result
//!   ([swarmkit, `template/expand.go`](https://github.com/moby/swarmkit/blob/master/template/expand.go)). Variables and
//!   host names stay within the container. Mounts do not, so no template may stand in one.
//! - Traefik reads the labels of services ([`routes`]).

mod ignored;
mod mounts;
mod names;
mod ports;
mod routes;
mod rule;
mod service;
mod shape;

use serde_json::Value;

use crate::policy::attribute;
use crate::{Allow, Refusal};

pub use ignored::ignored;

/// How a Go template begins.
const TEMPLATE: &str = "{{";
const FILE: &str = "the rendered compose file";

/// Whose recipe it is, and what belongs to it without being allowed by name.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The app.
    pub app: &'a str,
    /// Its stack: what its objects' names begin with.
    pub stack: &'a str,
    /// Where it is served; none where it is not.
    pub domain: Option<&'a str>,
    /// Networks that it shares with others by its declaration: the proxy's, its databases'.
    pub networks: &'a [String],
}

impl Owner<'_> {
    /// Whether a name is one of the app's own, written as the engine takes names.
    pub fn owns(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.stack).and_then(|rest| rest.strip_prefix('_'));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(plain))
    }
}

/// What in a rendered compose file is not let through. Each refusal names the option that would permit it, where one
/// would.
pub fn check(rendered: &Value, owner: &Owner<'_>, allow: &Allow) -> Vec<Refusal> {
    let mut permit = Permit { owner, allow, refusals: Vec::new() };
    permit.shape("", rendered, &shape::FILE);
    // Values of the wrong shape are named above; what follows need not name them again.
    if permit.refusals.is_empty() {
        permit.objects(rendered);
        permit.services(rendered);
    }
    permit.refusals
}

/// The look at one rendered file.
struct Permit<'a> {
    owner: &'a Owner<'a>,
    allow: &'a Allow,
    refusals: Vec<Refusal>,
}

impl Permit<'_> {
    /// Refuses something that `allow.SETTING` would let through.
    fn unless(&mut self, key: &str, reason: String, setting: &str) {
        let app = attribute(self.owner.app);
        let remedy = format!("If the app truly needs it, declare `hearth.apps.{app}.{setting};`");
        self.push(key, reason, Some((remedy, setting)));
    }

    /// Refuses something that nothing lets through.
    fn never(&mut self, key: &str, reason: String) {
        self.push(key, reason, None);
    }

    fn push(&mut self, key: &str, reason: String, remedy: Option<(String, &str)>) {
        let key = if key.is_empty() { "the file" } else { key }.to_owned();
        let (remedy, setting) = remedy.map(|(remedy, setting)| (remedy, setting.to_owned())).unzip();
        self.refusals.push(Refusal { file: FILE.to_owned(), line: None, key, reason, remedy, setting });
    }

    /// Refuses a Go template where the swarm would expand one that is not the container's own matter.
    fn no_template(&mut self, key: &str, text: &str) {
        if text.contains(TEMPLATE) {
            let reason = format!(
                "the swarm expands `{TEMPLATE}` here after every check, into whatever the recipe's author likes; write the value itself"
            );
            self.never(key, reason);
        }
    }
}

/// The entries of a section.
fn entries<'a>(file: &'a Value, section: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    file.get(section).and_then(Value::as_object).into_iter().flatten()
}

/// The items of a list.
fn items(value: &Value) -> impl Iterator<Item = (usize, &Value)> {
    value.as_array().into_iter().flatten().enumerate()
}

/// A scalar as the client reads it: a text, or what is written as one.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_str() != Some("false")
}

/// The hosts that a rule of a router names, in lower case; of a rule that is not understood, or not bound to hosts, the whole of it.
pub(crate) fn rule_hosts(rule: &str) -> Vec<String> {
    match rule::parse(rule) {
        // Whatever else it lets in is not bound to a name.
        Some(read) if !read.only(&|_| true) => vec![rule.to_owned()],
        Some(read) => read.hosts().into_iter().map(str::to_lowercase).collect(),
        None => vec![rule.to_owned()],
    }
}

#[cfg(test)]
mod tests;
