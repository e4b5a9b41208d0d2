//! What is wanted, as the NixOS module writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{bail, ensure};
use serde::Deserialize;

/// The folder of templates within a generation.
pub const TEMPLATES: &str = "templates";

/// The manifest of `render-secrets`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Where receipts, the journal and the list of links are kept.
    pub state_folder: PathBuf,
    /// The symbolic link that leads to the current generation.
    pub link: PathBuf,
    /// The folder of generations, in memory that is never swapped.
    pub generations: PathBuf,
    /// How many generations older than the current one stay.
    #[serde(default = "one")]
    pub keep_generations: u64,
    /// Whether to see to it that `generations` lies in memory that is never swapped. Off only in tests.
    #[serde(default = "yes")]
    pub mount: bool,
    /// The `systemctl` to call.
    #[serde(default)]
    pub systemctl_command: Option<PathBuf>,
    /// Where the host's private keys are.
    pub identities: IdentityFiles,
    /// Values to render, each a file.
    pub secrets: Vec<Secret>,
    /// Texts with values in them.
    pub templates: Vec<Template>,
    /// What stands for each secret in the templates.
    pub placeholders: BTreeMap<String, String>,
}

/// Where the host's private keys are.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityFiles {
    /// Files as `age-keygen` writes them.
    pub age_key_files: Vec<PathBuf>,
    /// OpenSSH private keys.
    pub ssh_key_files: Vec<PathBuf>,
}

/// A value of a sops file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Secret {
    /// Its name, and that of its file.
    pub name: Name,
    /// The sops file.
    pub file: PathBuf,
    /// That file's format.
    pub format: Format,
    /// Where in it; empty for all of it.
    pub key: String,
    /// The user that the rendered file belongs to.
    pub owner: String,
    /// The group that it belongs to.
    pub group: String,
    /// Its permissions.
    pub mode: Mode,
    /// Where it is found.
    pub path: PathBuf,
    /// A unit that fails for as long as it cannot be rendered.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// Units to restart when its content changed.
    pub restart_units: Vec<Unit>,
    /// Units to reload when its content changed.
    pub reload_units: Vec<Unit>,
}

/// A text with values in it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Template {
    /// Its name, and that of its file.
    pub name: Name,
    /// The text, with placeholders.
    pub content: String,
    /// The user that the rendered file belongs to.
    pub owner: String,
    /// The group that it belongs to.
    pub group: String,
    /// Its permissions.
    pub mode: Mode,
    /// Where it is found.
    pub path: PathBuf,
    /// A unit that fails for as long as it cannot be rendered.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// Units to restart when its content changed.
    pub restart_units: Vec<Unit>,
    /// Units to reload when its content changed.
    pub reload_units: Vec<Unit>,
}

/// The format of a sops file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is named after the format")]
pub enum Format {
    Yaml,
    Json,
    Dotenv,
    Ini,
    Binary,
}

impl From<Format> for sops::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Yaml => Self::Yaml,
            Format::Json => Self::Json,
            Format::Dotenv => Self::Dotenv,
            Format::Ini => Self::Ini,
            Format::Binary => Self::Binary,
        }
    }
}

/// A relative path without `.` and `..`: it cannot leave the generation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let normal = Path::new(&text).components().all(|component| matches!(component, Component::Normal(_)));
        let clean = !text.is_empty() && !text.ends_with('/') && !text.contains("//") && !text.contains(['\0', '\n']);
        if normal && clean && !text.contains("/./") {
            Ok(Self(text))
        } else {
            Err(format!("the name `{text}` is not a relative path without `.` and `..`"))
        }
    }
}

/// Permissions in octal digits, such as `0440`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Mode(pub u32);

impl TryFrom<String> for Mode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        u32::from_str_radix(&text, 8)
            .ok()
            .filter(|mode| *mode <= 0o777)
            .map(Self)
            .ok_or_else(|| format!("the mode `{text}` is not an octal number up to 0777"))
    }
}

/// The name of a systemd unit; never an option of `systemctl`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Unit(String);

impl Unit {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Unit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"@._-:\\".contains(&byte);
        if !text.is_empty() && !text.starts_with('-') && text.bytes().all(known) {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is not the name of a systemd unit"))
        }
    }
}

impl Manifest {
    /// Looks for what no single value shows: names and paths that collide, placeholders of nothing.
    ///
    /// # Errors
    /// What contradicts what.
    pub fn validate(&self) -> anyhow::Result<()> {
        let files: Vec<String> = self.secrets.iter().map(Secret::file_name).collect();
        let files: Vec<String> = files.into_iter().chain(self.templates.iter().map(Template::file_name)).collect();
        let paths = self.secrets.iter().map(|secret| &secret.path).chain(self.templates.iter().map(|t| &t.path));
        no_two_alike(&files)?;
        let mut seen = BTreeSet::new();
        for path in paths {
            ensure!(seen.insert(path), "two secrets or templates have the path {}; nothing was done", path.display());
        }
        let names: BTreeSet<&str> = self.secrets.iter().map(|secret| secret.name.as_str()).collect();
        for (name, placeholder) in &self.placeholders {
            ensure!(names.contains(name.as_str()), "a placeholder for `{name}`, and no such secret; nothing was done");
            ensure!(!placeholder.is_empty(), "the placeholder for `{name}` is empty; nothing was done");
        }
        self.no_placeholder_of_nothing()?;
        ensure!(!self.generations.starts_with(&self.link), "`generations` lies behind `link`; nothing was done");
        Ok(())
    }
}

/// How every placeholder of the module begins.
const PLACEHOLDER: &str = "<HEARTH:";

impl Manifest {
    /// A placeholder that nothing replaces would be rendered as it is: a password that everybody knows.
    fn no_placeholder_of_nothing(&self) -> anyhow::Result<()> {
        for template in &self.templates {
            for (at, _) in template.content.match_indices(PLACEHOLDER) {
                let rest = &template.content[at..];
                if self.placeholders.values().any(|known| rest.starts_with(known.as_str())) {
                    continue;
                }
                let name = rest[PLACEHOLDER.len()..].split([':', '\n']).next().unwrap_or_default();
                bail!(
                    "template `{}` holds the placeholder of `{name}`, which is not rendered at the same time, and would \
                     stand there in clear; nothing was done. Declare a second entry of the same `key` without neededForUsers",
                    template.name.as_str()
                );
            }
        }
        Ok(())
    }

    /// Whether it has a secret or template of this name within a generation.
    pub fn declares(&self, file_name: &str) -> bool {
        let mut secrets = self.secrets.iter().map(Secret::file_name);
        secrets.any(|name| name == file_name) || self.templates.iter().any(|template| template.file_name() == file_name)
    }

    /// The unit that stands for a file, by its name within a generation.
    pub fn unit_of(&self, file_name: &str) -> Option<&Unit> {
        let secrets = self.secrets.iter().map(|secret| (secret.file_name(), &secret.unit));
        let templates = self.templates.iter().map(|template| (template.file_name(), &template.unit));
        secrets.chain(templates).find(|(name, _)| name == file_name).and_then(|(_, unit)| unit.as_ref())
    }
}

/// Neither twice the same, nor one as a folder of another.
fn no_two_alike(files: &[String]) -> anyhow::Result<()> {
    let mut sorted: Vec<Vec<&str>> = files.iter().map(|file| file.split('/').collect()).collect();
    sorted.sort();
    for pair in sorted.windows(2) {
        if let [first, second] = pair {
            if second.starts_with(first) {
                let (first, second) = (first.join("/"), second.join("/"));
                bail!("two secrets or templates cannot be `{first}` and `{second}`; nothing was done");
            }
        }
    }
    Ok(())
}

impl Secret {
    /// Its file within a generation.
    pub fn file_name(&self) -> String {
        self.name.as_str().to_owned()
    }
}

impl Template {
    /// Its file within a generation.
    pub fn file_name(&self) -> String {
        format!("{TEMPLATES}/{}", self.name.as_str())
    }
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for name in ["", "/etc/passwd", "../x", "a/../b", "a/", "a//b", ".", "a/./b"] {
            assert!(Name::try_from(name.to_owned()).is_err(), "{name}");
        }
        Name::try_from("wiki/db_password".to_owned()).unwrap();
    }

    #[test]
    fn a_mode_is_octal_and_a_unit_is_no_option() {
        assert_eq!(Mode::try_from("0440".to_owned()).unwrap(), Mode(0o440));
        assert!(Mode::try_from("0999".to_owned()).is_err());
        assert!(Mode::try_from("4755".to_owned()).is_err());
        assert!(Unit::try_from("--now".to_owned()).is_err());
        Unit::try_from("hearth-app-wiki@1.service".to_owned()).unwrap();
    }

    #[test]
    fn names_that_collide_are_refused() {
        let files = |names: &[&str]| no_two_alike(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert!(files(&["a", "a"]).is_err());
        assert!(files(&["a", "b", "a/b"]).is_err());
        files(&["a", "a.b", "ab"]).unwrap();
    }
}
