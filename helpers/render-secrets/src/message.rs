//! What a person is told when a secret could not be rendered.

use std::fmt::Write as _;

use crate::failures::Failure;
use crate::source::{Keys, Sources};

/// What the others got, for the end of a message.
pub struct Consequence<'a> {
    /// How many secrets there are.
    pub total: usize,
    /// How many of them were rendered.
    pub rendered: usize,
    /// Names of secrets that keep the content of the last generation.
    pub kept: &'a dyn Fn(&str) -> bool,
}

/// A message for each refused file and each missing key.
pub fn failures(sources: &Sources, keys: &Keys, consequence: &Consequence<'_>) -> Vec<Failure> {
    let files = sources.refused_files.values().map(|(error, names)| {
        let mut text = format!("{}: {error}", subject(names));
        if error.is_missing_identity() {
            text.push_str(&advice(keys, names.first().map_or("", String::as_str), error));
        }
        Failure { names: names.clone(), text: text + &ending(names, consequence) }
    });
    let missing = sources.missing_keys.iter().map(|(name, error)| {
        let names = vec![name.clone()];
        let text = format!("{}: {error}{}", subject(&names), ending(&names, consequence));
        Failure { names, text }
    });
    files.chain(missing).collect()
}

/// ``secret `a` `` or ``secrets `a`, `b` ``.
fn subject(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("secret{} {}", if names.len() == 1 { "" } else { "s" }, quoted.join(", "))
}

fn ending(names: &[String], consequence: &Consequence<'_>) -> String {
    let kept = names.iter().filter(|name| (consequence.kept)(name)).count();
    let it = match (names.len(), kept) {
        (1, 1) => "it keeps its last content".to_owned(),
        (1, _) => "it has no content".to_owned(),
        (all, kept) if all == kept => "they keep their last content".to_owned(),
        (_, 0) => "they have no content".to_owned(),
        (_, kept) => format!("{kept} of them keep their last content"),
    };
    let rest = match (consequence.total - names.len(), consequence.rendered) {
        (_, 0) => "nothing was rendered".to_owned(),
        (others, rendered) if others == rendered && rendered == 1 => "the other secret was rendered".to_owned(),
        (others, rendered) if others == rendered => format!("the other {rendered} secrets were rendered"),
        (_, rendered) => format!("{rendered} of {} secrets were rendered", consequence.total),
    };
    format!("; {it}; {rest}")
}

/// What to do so that this host can decrypt the file.
fn advice(keys: &Keys, _secret: &str, error: &sops::Error) -> String {
    let file = match error {
        sops::Error::NoIdentity { file, .. } | sops::Error::Threshold { file, .. } => file.display().to_string(),
        _ => return String::new(),
    };
    let mut text = String::new();
    for unusable in &keys.unusable {
        let _ = write!(text, "; {unusable}");
    }
    if let Some(identity) = keys.identities.iter().find(|identity| identity.recipient().starts_with("age1")) {
        let recipient = identity.recipient();
        let _ = write!(text, "; where it can be decrypted, run `hearth secrets add-recipient {recipient} {file}`");
        return text;
    }
    text + "; this host has no key. Make one with `hearth secrets keys --new FILE`, FILE being where \
            hearth.secrets.age.keyFile points, and where the file can be decrypted run \
            `hearth secrets add-recipient` with the recipient that it prints, and name it in `.sops.yaml`"
}
