//! What a stack has of secrets and configs.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use swarm::fake::Fake;
use swarm::{Object, STACK_LABEL};

use crate::stack::Refused;

/// Secrets and configs: from their files, or there already.
pub fn take(engine: &Fake, stack: &str, compose: &Value) -> anyhow::Result<()> {
    for kind in ["secrets", "configs"] {
        for object in compose.get(kind).and_then(Value::as_object).into_iter().flat_map(Map::values) {
            let name = object["name"].as_str().unwrap().to_owned();
            let Some(file) = object["file"].as_str() else {
                let there = engine.secrets.borrow().contains_key(&name) || engine.configs.borrow().contains_key(&name);
                anyhow::ensure!(there, Refused(format!("{name} not found")));
                continue;
            };
            let content = std::fs::read(file).map_err(|error| Refused(format!("open {file}: {error}")))?;
            let labels = object.get("labels").cloned().unwrap_or_else(|| Value::Object(Map::new()));
            let mut labels: BTreeMap<String, String> = serde_json::from_value(labels)?;
            labels.insert(STACK_LABEL.to_owned(), stack.to_owned());
            let object = Object { name: name.clone(), labels };
            if kind == "secrets" {
                engine.secrets.borrow_mut().insert(name, (object, content));
            } else {
                engine.configs.borrow_mut().insert(name, object);
            }
        }
    }
    Ok(())
}
