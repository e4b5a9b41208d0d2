//! What the Nix module says about apps that leave the flake: `/etc/hearth/undeclared.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::ensure;
use serde::Deserialize;

use crate::colour::{Colour, stack_of};
use crate::manifest::Name;

/// Every app that is declared, and what becomes of others.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Where the receipts and the lock of this look are kept.
    pub state_folder: PathBuf,
    /// The folder with the state folders of all apps.
    pub apps_folder: PathBuf,
    /// The folder with the manifests of the apps that are declared.
    pub manifests: PathBuf,
    /// The folder with the recipes of all apps.
    pub recipes: PathBuf,
    /// The engine's socket.
    pub docker_socket: PathBuf,
    /// What becomes of an app that left the flake.
    pub policy: Policy,
    /// The apps that are declared.
    pub apps: BTreeMap<Name, Declared>,
}

/// What becomes of an app that left the flake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// It is stopped after a final snapshot.
    Stop,
    /// It runs on.
    Keep,
}

/// An app that is declared.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Declared {
    /// Its stack in the swarm.
    pub stack: Name,
    /// Whether it is reconciled. One that is not has no manifest, and is left alone.
    pub enabled: bool,
}

impl Manifest {
    /// Checks what can be known before the host is touched; what a Nix build runs.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> anyhow::Result<()> {
        let folders = [&self.state_folder, &self.apps_folder, &self.manifests, &self.recipes];
        for folder in folders {
            ensure!(folder.is_absolute(), "{} is no absolute path", folder.display());
        }
        Ok(())
    }

    /// The declared app that a stack in the swarm belongs to, as its own or as one of its colours.
    pub fn owner_of(&self, stack: &str) -> Option<&Name> {
        let owns = |declared: &Declared| {
            let own = declared.stack.as_str();
            stack == own || Colour::BOTH.iter().any(|colour| stack == stack_of(own, *colour))
        };
        self.apps.iter().find(|(_, declared)| owns(declared)).map(|(name, _)| name)
    }

    /// Whether an app of this name is declared.
    pub fn declares(&self, app: &str) -> bool {
        self.apps.keys().any(|name| name.as_str() == app)
    }

    /// The state folder of an app.
    pub fn state_of(&self, app: &Name) -> PathBuf {
        self.apps_folder.join(app.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn manifest() -> Manifest {
        let text = r#"{"schema":1,"stateFolder":"/s","appsFolder":"/a","manifests":"/m","recipes":"/r","dockerSocket":"/d",
            "policy":"stop","apps":{"wiki":{"stack":"wiki_example_org","enabled":true}}}"#;
        state::manifest::parse(Path::new("undeclared.json"), text.as_bytes()).unwrap()
    }

    #[test]
    fn a_stack_and_its_colours_belong_to_the_app_that_declares_it() {
        let manifest = manifest();
        manifest.check().unwrap();
        for stack in ["wiki_example_org", "wiki_example_org-blue", "wiki_example_org-green"] {
            assert_eq!(manifest.owner_of(stack).map(Name::as_str), Some("wiki"), "{stack}");
        }
        for stack in ["wiki_example_orgs", "wiki_example", "wiki_example_org-red"] {
            assert_eq!(manifest.owner_of(stack), None, "{stack}");
        }
    }

    #[test]
    fn a_folder_that_is_no_absolute_path_is_refused() {
        let manifest = Manifest { recipes: PathBuf::from("recipes"), ..manifest() };
        assert_eq!(manifest.check().unwrap_err().to_string(), "recipes is no absolute path");
    }
}
