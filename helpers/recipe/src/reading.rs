//! The compose files of one app, read and filled in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::compose::{Document, MAX_BYTES};
use crate::files::read;
use crate::{Allow, ComposeFile, Environment, Error, Place, Recipe, Refusal, Version, policy};

/// The compose files of one app, with their variables filled in.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The files in the order in which a later one overrides an earlier one.
    pub documents: Vec<Document>,
    /// What a person should know: optional variables that are not set, each once.
    pub warnings: Vec<String>,
    folder: PathBuf,
}

impl Recipe {
    /// Reads compose files and fills in their variables.
    ///
    /// # Errors
    /// [`Error::Syntax`] for the first file that is no YAML; [`Error::Refused`] with all required variables that are
    /// not set and all expressions that are none.
    pub fn read(&self, files: &[ComposeFile], environment: &Environment) -> Result<Reading, Error> {
        let (mut unset, mut refusals) = (BTreeMap::new(), Vec::new());
        let mut documents = Vec::new();
        for file in files {
            let mut document = Document::parse(&file.name, &read(&file.path, MAX_BYTES)?)?;
            document.fill(environment, &mut unset, &mut refusals);
            documents.push(document);
        }
        if !refusals.is_empty() {
            return Err(Error::Refused(refusals));
        }
        let warnings = unset.iter().map(|(name, place)| format!("{place}: variable `{name}` is not set; it is empty"));
        Ok(Reading { documents, warnings: warnings.collect(), folder: self.folder().to_owned() })
    }
}

impl Reading {
    /// What in the compose files this app may not ask for.
    pub fn check(&self, app: &str, allow: &Allow) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for document in &self.documents {
            let place = Place { file: &document.file, app, folder: &self.folder };
            refusals.extend(policy::check(&document.value, &place, allow).into_iter().map(|mut refusal| {
                refusal.line = document.line(&refusal.key);
                refusal
            }));
        }
        refusals
    }

    /// A refusal of the rendered file with the file and line that it comes from: those of the last file that has the key, or
    /// the most of it.
    #[must_use]
    pub fn located(&self, refusal: Refusal) -> Refusal {
        let depth = |document: &Document| document.depth(&refusal.key);
        let Some(document) = self.documents.iter().filter(|one| depth(one) > 0).max_by_key(|one| depth(one)) else {
            return refusal;
        };
        Refusal { file: document.file.clone(), line: document.line(&refusal.key), ..refusal }
    }

    /// The recipe's version: the label `coop-cloud.<stack>.version` of the service `app`; the last file that has it
    /// wins. `None` when none has it.
    ///
    /// # Errors
    /// When the label's value is no version.
    pub fn version(&self, environment: &Environment) -> Result<Option<Version>, Error> {
        let stack = environment.get("STACK_NAME").unwrap_or_default();
        let names = [format!("coop-cloud.{stack}.version"), "coop-cloud.${STACK_NAME}.version".to_owned()];
        let labels = self.documents.iter().rev().filter_map(|document| document.value["services"].get("app"));
        let mut values = labels
            .flat_map(|app| [&app["deploy"]["labels"], &app["labels"]])
            .filter_map(|labels| names.iter().find_map(|name| label(labels, name)));
        Ok(values.next().map(|value| value.parse()).transpose()?)
    }
}

/// A label from a mapping or from a list of `name=value`.
fn label(labels: &Value, name: &str) -> Option<String> {
    match labels {
        Value::Object(entries) => entries.get(name)?.as_str().map(ToOwned::to_owned),
        Value::Array(entries) => entries
            .iter()
            .filter_map(|entry| entry.as_str()?.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned()),
        _ => None,
    }
}
