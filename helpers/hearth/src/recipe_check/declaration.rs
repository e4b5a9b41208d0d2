//! What is declared of the app that a recipe is looked at for.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use recipe::{Allow, stack_name};
use reconcile_app::judge::Subject;
use serde::Deserialize;

/// The keys of an app's manifest that decide what its recipe may ask for. The others are not looked at, so that a host's own
/// manifest can be given.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    name: Option<String>,
    stack: Option<String>,
    domain: Option<String>,
    compose_files: Option<Vec<String>>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    allow: Allow,
    shared_networks: Option<Vec<String>>,
    #[serde(default)]
    secrets: BTreeMap<String, serde_json::Value>,
}

/// A declaration in full.
#[derive(Debug)]
pub struct Declaration {
    /// The app.
    pub name: String,
    /// Its stack.
    pub stack: String,
    /// The domain under which it is served.
    pub domain: String,
    /// Compose files in place of those that the environment names.
    pub compose_files: Option<Vec<String>>,
    /// Variables on top of the recipe's own.
    pub environment: BTreeMap<String, String>,
    /// The names of the secrets that are declared; none where nothing is declared at all.
    pub secrets: Option<Vec<String>>,
    allow: Allow,
    networks: Vec<String>,
}

impl Declaration {
    /// Reads one, or makes one up for the recipe at this place.
    ///
    /// # Errors
    /// When the file cannot be read or has a value of another kind.
    pub fn read(file: Option<&Path>, recipe: &str) -> anyhow::Result<Self> {
        let written: Written = match file {
            None => serde_json::from_str("{}")?,
            Some(file) => {
                let text = std::fs::read(file).with_context(|| format!("the declaration {}", file.display()))?;
                serde_json::from_slice(&text).with_context(|| format!("the declaration {}", file.display()))?
            }
        };
        let name = written.name.unwrap_or_else(|| called(recipe));
        let domain = written.domain.unwrap_or_else(|| format!("{name}.example.org"));
        Ok(Self {
            stack: written.stack.unwrap_or_else(|| stack_name(&domain)),
            compose_files: written.compose_files,
            environment: written.environment,
            secrets: file.map(|_| written.secrets.into_keys().collect()),
            allow: written.allow,
            networks: written.shared_networks.unwrap_or_else(|| vec!["proxy".to_owned()]),
            name,
            domain,
        })
    }

    /// Who the recipe is judged for.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            app: &self.name,
            stack: &self.stack,
            domain: &self.domain,
            networks: &self.networks,
            allow: &self.allow,
        }
    }
}

/// A name for an app, after the last part of where its recipe is.
fn called(recipe: &str) -> String {
    let full = std::fs::canonicalize(recipe).map_or_else(|_| recipe.to_owned(), |path| path.display().to_string());
    let last = full.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    let name: String = last.trim_end_matches(".git").to_lowercase().chars().filter(|&c| plain(c)).take(30).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "app".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_without_a_declaration_is_called_after_its_recipe() {
        for (recipe, name) in [
            ("https://git.example.org/recipes/Wiki_JS.git", "wikijs"),
            ("/nonexistent/hello/", "hello"),
            ("git@example.org:cloud", "cloud"),
            ("/", "app"),
        ] {
            assert_eq!(called(recipe), name);
        }
    }

    #[test]
    fn a_manifest_of_a_host_is_a_declaration() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = r#"{"name": "wiki", "domain": "w.org", "gate": {"x": 1}, "allow": {"ports": ["25"]}, "secrets": {"a": "/s"}}"#;
        std::fs::write(&file, text).unwrap();
        let read = Declaration::read(Some(file.path()), "x").unwrap();
        assert_eq!((read.name.as_str(), read.stack.as_str()), ("wiki", "w_org"));
        assert_eq!((read.allow.ports.len(), read.secrets), (1, Some(vec!["a".to_owned()])));
    }
}
