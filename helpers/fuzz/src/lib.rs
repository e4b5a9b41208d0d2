//! Every parser of input from outside, each as a function that takes any bytes. It ends in a value or in an error: a panic,
//! a hang, or memory out of proportion is a defect. What was read is also written and read again where it can be.
//!
//! `fuzz/run` runs each for some seconds: under `cargo fuzz` where that and a nightly compiler are there, else in this
//! crate's own loop over mutated seeds.

pub mod door;
pub mod limits;
mod pages;
pub mod signatures;

use std::path::Path;
use std::sync::OnceLock;
use std::time::SystemTime;

pub use pages::{page, stylesheet};
use sops::{CreationRule, CreationRules, DataKey, Document, Format, OpenDocument, Plaintext};

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also the name of the folder of its seeds.
pub const TARGETS: [(&str, Target); 14] = [
    ("sops_yaml", sops_yaml),
    ("sops_json", sops_json),
    ("sops_dotenv", sops_dotenv),
    ("sops_ini", sops_ini),
    ("sops_binary", sops_binary),
    ("sops_config", sops_config),
    ("recipe_compose", recipe_compose),
    ("recipe_environment", recipe_environment),
    ("manifests", manifests),
    ("pages", pages::page),
    ("stylesheets", pages::stylesheet),
    ("door_command", door::command),
    ("door_request", door::request),
    ("signatures", signatures::documents),
];

/// `.sops.yaml` files.
pub fn sops_config(bytes: &[u8]) {
    if let Ok(rules) = CreationRules::parse(bytes, Path::new("/x/.sops.yaml")) {
        let _ = rules.rule_for(Path::new("/x/secrets/a.yaml"));
    }
}

/// YAML files of sops, encrypted and in clear.
pub fn sops_yaml(bytes: &[u8]) {
    sops(bytes, Format::Yaml);
}

/// JSON files of sops, encrypted and in clear.
pub fn sops_json(bytes: &[u8]) {
    sops(bytes, Format::Json);
}

/// Dotenv files of sops, encrypted and in clear.
pub fn sops_dotenv(bytes: &[u8]) {
    sops(bytes, Format::Dotenv);
}

/// INI files of sops, encrypted and in clear.
pub fn sops_ini(bytes: &[u8]) {
    sops(bytes, Format::Ini);
}

/// Binary files of sops, encrypted.
pub fn sops_binary(bytes: &[u8]) {
    sops(bytes, Format::Binary);
}

fn sops(bytes: &[u8], format: Format) {
    let file = Path::new("fuzzed");
    if let Ok(document) = Document::parse(bytes, format, file) {
        let _ = document.clear_values();
        if let Some(key) = DataKey::from_bytes(&[7; 32]) {
            let _ = document.decrypt_with(&key);
        }
    }
    let Ok(plain) = Plaintext::parse(bytes, format, file) else { return };
    for other in Format::ALL {
        let _ = plain.write(other);
    }
    encrypted_and_back(plain, format);
}

/// What could be read can be encrypted, and gives the same again.
fn encrypted_and_back(plain: Plaintext, format: Format) {
    let Ok(before) = plain.write(format) else { return };
    let Ok(open) = OpenDocument::create(plain, rule()) else { return };
    let key = open.data_key().clone();
    // Some names have no way to be written in their format, which is said.
    let Ok(text) = open.encrypt(SystemTime::UNIX_EPOCH) else { return };
    let back = Document::parse(text.expose(), format, Path::new("encrypted")).and_then(|it| it.decrypt_with(&key));
    match back.and_then(|back| back.write(format)) {
        Ok(after) => assert!(without_comments(before.expose()) == without_comments(after.expose()), "it differs"),
        Err(error) => panic!("it cannot be decrypted: {error}"),
    }
}

/// The places of comments may move, and an empty one in a list goes.
fn without_comments(text: &[u8]) -> Vec<&[u8]> {
    let code = |line: &[u8]| line.windows(2).position(|pair| pair == b" #").unwrap_or(line.len());
    let lines = text.split(|byte| *byte == b'\n').map(|line| line[..code(line)].trim_ascii());
    lines.filter(|line| !line.is_empty() && !matches!(line.first(), Some(b'#' | b';'))).collect()
}

fn rule() -> &'static CreationRule {
    static RULE: OnceLock<CreationRule> = OnceLock::new();
    // The recipient of no key that anybody kept.
    RULE.get_or_init(|| {
        CreationRule::for_recipients(["age1yucel4783l3n042p77qfys0vwc25fzlzxac8hcddtsrncr63kcpslz3ajp"])
    })
}

/// Compose files of recipes.
pub fn recipe_compose(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(value) = recipe::compose::parse("compose.yml", text) {
        let _ = recipe::compose::to_text(&value);
    }
    let _ = recipe::compose::Document::parse("compose.yml", text);
}

/// `.env.sample` and other environment files of recipes.
pub fn recipe_environment(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = recipe::dotenv::parse(text, &|name| (name.len() < 3).then(|| name.to_owned()));
}

/// The manifests of the helpers.
pub fn manifests(bytes: &[u8]) {
    if let Ok(manifest) = serde_json::from_slice::<render_secrets::manifest::Manifest>(bytes) {
        let _ = manifest.validate();
    }
    let _ = serde_json::from_slice::<reconcile_app::manifest::Manifest>(bytes);
    let _ = serde_json::from_slice::<reconcile_swarm::manifest::Manifest>(bytes);
    let _ = serde_json::from_slice::<insert_certs::manifest::Manifest>(bytes);
    if let Ok(manifest) = serde_json::from_slice::<deploy_app::manifest::Manifest>(bytes) {
        let _ = manifest.check();
    }
}
