//! Files that the Docker command would read for a recipe, as root.

use std::path::Path;

use serde_json::{Map, Value};

use super::Check;
use crate::files::within;

impl Check<'_> {
    /// A config or a secret.
    pub(super) fn object(&mut self, key: &str, object: &Map<String, Value>) {
        self.reference(&format!("{key}.file"), object.get("file"));
    }

    pub(super) fn include(&mut self, value: &Value) {
        let entries =
            if value.is_array() { self.list("include", Some(value)) } else { vec![("include".to_owned(), value)] };
        for (key, entry) in entries {
            match entry {
                Value::Object(entry) => {
                    for name in ["path", "env_file", "project_directory"] {
                        self.references(&format!("{key}.{name}"), entry.get(name));
                    }
                }
                entry => self.reference(&key, Some(entry)),
            }
        }
    }

    pub(super) fn service_files(&mut self, key: &str, service: &Map<String, Value>) {
        for name in ["env_file", "label_file"] {
            self.references(&format!("{key}.{name}"), service.get(name));
        }
        for name in ["extends", "credential_spec"] {
            let file = service.get(name).and_then(|value| value.get("file"));
            self.reference(&format!("{key}.{name}.file"), file);
        }
        match service.get("build") {
            Some(Value::Object(build)) => {
                self.build_context(&format!("{key}.build.context"), build.get("context"));
                // Relative to the context, which is in the folder or elsewhere; what counts is that it does not lead out.
                self.reference(
                    &format!("{key}.build.dockerfile"),
                    build.get("dockerfile").filter(|file| leads_out(file)),
                );
            }
            other => self.build_context(&format!("{key}.build"), other),
        }
    }

    fn build_context(&mut self, key: &str, value: Option<&Value>) {
        let remote = |text: &str| text.contains("://") || text.starts_with("git@") || text.starts_with("github.com/");
        if !value.and_then(Value::as_str).is_some_and(remote) {
            self.reference(key, value);
        }
    }

    /// A path, or a list of paths or of mappings with a `path`.
    fn references(&mut self, key: &str, value: Option<&Value>) {
        if !value.is_some_and(Value::is_array) {
            return self.reference(key, value);
        }
        for (key, entry) in self.list(key, value) {
            match entry.get("path") {
                Some(path) => self.reference(&format!("{key}.path"), Some(path)),
                None => self.reference(&key, Some(entry)),
            }
        }
    }

    fn reference(&mut self, key: &str, value: Option<&Value>) {
        let Some(value) = value.filter(|value| !value.is_null()) else { return };
        if let Some(path) = self.text(key, value) {
            self.file_reference(key, path);
        }
    }

    pub(super) fn file_reference(&mut self, key: &str, path: &str) {
        if let Err(reason) = within(self.place.folder, Path::new(path)) {
            self.refuse_always(key, format!("{reason}; the file would be read as root"));
        }
    }
}

fn leads_out(value: &Value) -> bool {
    value.as_str().is_none_or(|text| text.starts_with('/') || text.split('/').any(|part| part == ".."))
}
