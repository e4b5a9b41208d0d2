//! What can be known at build time, without a key.

use std::collections::BTreeMap;
use std::path::Path;

use sops::{Document, KeyPath, RecipientKind};

use crate::manifest::{Format, Manifest, Secret};

/// Looks at every sops file that the manifest names: that it is there, is encrypted and has the keys. A message for each
/// thing that is wrong.
pub fn sops_files(manifest: &Manifest) -> Vec<String> {
    let mut by_file: BTreeMap<(&Path, Format), Vec<&Secret>> = BTreeMap::new();
    for secret in &manifest.secrets {
        by_file.entry((&secret.file, secret.format)).or_default().push(secret);
    }
    by_file.into_iter().flat_map(|((file, format), secrets)| sops_file(file, format, &secrets)).collect()
}

fn sops_file(file: &Path, format: Format, secrets: &[&Secret]) -> Vec<String> {
    let document = match Document::read(file, format.into()) {
        Ok(document) => document,
        Err(error) => return vec![format!("secret `{}`: {error}", names(secrets))],
    };
    let mut complaints = Vec::new();
    for key in document.clear_values() {
        complaints.push(format!(
            "{}: `{key}` is in clear, and the file's own rule says to encrypt it; write it again with `sops edit`",
            file.display()
        ));
    }
    if !document.metadata().recipients().any(|recipient| recipient.kind == RecipientKind::Age) {
        let recipients: Vec<String> = document.metadata().recipients().map(ToString::to_string).collect();
        complaints.push(format!(
            "{}: no host can decrypt it, its recipients are {}; add the age or SSH recipient of the host",
            file.display(),
            recipients.join(", ")
        ));
    }
    complaints.extend(secrets.iter().filter_map(|secret| value(&document, format, secret)));
    complaints
}

fn names(secrets: &[&Secret]) -> String {
    secrets.iter().map(|secret| secret.name.as_str()).collect::<Vec<_>>().join("`, `")
}

fn value(document: &Document, format: Format, secret: &Secret) -> Option<String> {
    let key = KeyPath::parse(&secret.key);
    if key.is_root() || format == Format::Binary {
        return None;
    }
    let name = secret.name.as_str();
    match document.is_encrypted(&key) {
        Err(error) => Some(format!("secret `{name}`: {error}")),
        Ok(false) => Some(format!(
            "secret `{name}`: `{key}` stands in clear in {}, where everybody reads it who reads the repository; change \
             the secret and the file's rule, or give the value as an ordinary option",
            secret.file.display()
        )),
        Ok(true) => None,
    }
}
