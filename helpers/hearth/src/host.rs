//! What is declared for a host, from its manifests.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use drill_restore::proof;
use serde::Deserialize;

use crate::left;

/// Everything that is declared.
#[derive(Clone, Debug)]
pub struct Host {
    /// The folder with the manifests.
    pub manifests: PathBuf,
    /// What they declare, apps first.
    pub subjects: Vec<Subject>,
}

/// What sort of thing is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An app.
    App,
    /// A proof that an app's snapshots can be restored.
    Drill,
    /// An app that left the flake.
    Undeclared,
    /// A certificate.
    Certificate,
    /// Anything else, of which a host has one: secrets, the swarm, alerts.
    Host,
}

impl Kind {
    /// The word that a person reads.
    pub fn word(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Drill => "drill",
            Self::Undeclared => "undeclared",
            Self::Certificate => "certificate",
            Self::Host => "host",
        }
    }
}

/// One thing that a helper works for.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What sort of thing.
    pub kind: Kind,
    /// The name that a person types.
    pub name: String,
    /// The unit that runs the helper.
    pub unit: String,
    /// Its manifest.
    pub manifest: PathBuf,
    /// Where the helper keeps its receipts, or why that is not known.
    pub state: Result<PathBuf, String>,
    /// Whether it is declared stopped.
    pub rests: bool,
}

/// All that is read of a manifest here, so that one of a newer generation is still shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    state_folder: PathBuf,
    #[serde(default)]
    state: String,
    #[serde(default)]
    snapshot: OfSnapshots,
}

#[derive(Default, Deserialize)]
struct OfSnapshots {
    #[serde(default)]
    drill: OfDrill,
}

#[derive(Default, Deserialize)]
struct OfDrill {
    schedule: Option<String>,
}

impl Host {
    /// Reads what the manifests in a folder declare.
    ///
    /// # Errors
    /// When there is no such folder, or it cannot be read. A manifest that cannot be read is no error, but shown.
    pub fn read(manifests: &Path) -> anyhow::Result<Self> {
        let what = || format!("{}: no host of Hearth is declared here", manifests.display());
        std::fs::read_dir(manifests).with_context(what)?;
        let mut subjects = Vec::new();
        for manifest in json_in(&manifests.join("apps"))? {
            subjects.push(Subject::new(Kind::App, "", "hearth-app-", manifest));
        }
        let drills: Vec<Subject> = subjects.iter().filter_map(Subject::drill).collect();
        subjects.extend(drills);
        subjects.extend(left::subjects(&manifests.join(left::MANIFEST)));
        for name in ["secrets", "swarm", "databases", "pruning", "undeclared"] {
            let manifest = manifests.join(format!("{name}.json"));
            if manifest.exists() {
                subjects.push(Subject::new(Kind::Host, "", "hearth-", manifest));
            }
        }
        for manifest in json_in(&manifests.join("certificates"))? {
            subjects.push(Subject::new(Kind::Certificate, "cert-", "hearth-cert-", manifest));
        }
        let alerts = manifests.join("alerts.json");
        if alerts.exists() {
            subjects.push(Subject::new(Kind::Host, "", "hearth-", alerts));
        }
        Ok(Self { manifests: manifests.to_owned(), subjects })
    }

    /// The subject of that name.
    ///
    /// # Errors
    /// When there is none; the names that there are are told.
    pub fn subject(&self, name: &str) -> anyhow::Result<&Subject> {
        match self.subjects.iter().find(|subject| subject.name == name) {
            Some(subject) => Ok(subject),
            None => bail!("nothing is called `{name}` on this host; there is: {}", self.names(|_| true)),
        }
    }

    /// The app of that name.
    ///
    /// # Errors
    /// When there is none; the names that there are are told.
    pub fn app(&self, name: &str) -> anyhow::Result<&Subject> {
        match self.apps().find(|subject| subject.name == name) {
            Some(subject) => Ok(subject),
            None => bail!("no app is called `{name}` on this host; there is: {}", self.names(|kind| kind == Kind::App)),
        }
    }

    /// The apps: the one that is named, or all.
    ///
    /// # Errors
    /// When one is named that is not there.
    pub fn apps_named(&self, name: Option<&str>) -> anyhow::Result<Vec<&Subject>> {
        match name {
            Some(name) => Ok(vec![self.app(name)?]),
            None => Ok(self.apps().collect()),
        }
    }

    fn apps(&self) -> impl Iterator<Item = &Subject> {
        self.subjects.iter().filter(|subject| subject.kind == Kind::App)
    }

    /// The app of that name that left the flake.
    ///
    /// # Errors
    /// When there is none: it is declared, or nothing is known of it.
    pub fn undeclared(&self, name: &str) -> anyhow::Result<&Subject> {
        let is_it = |subject: &&Subject| subject.kind == Kind::Undeclared && subject.name == name;
        if let Some(subject) = self.subjects.iter().find(is_it) {
            return Ok(subject);
        }
        if self.apps().any(|subject| subject.name == name) {
            bail!(
                "{name} is declared; nothing was removed. Take hearth.apps.{name} out of the flake, activate it, and then remove the app"
            );
        }
        let there = self.names(|kind| kind == Kind::Undeclared);
        let there = if there.is_empty() {
            "every app of this host is declared".to_owned()
        } else {
            format!("there is: {there}")
        };
        bail!("no app that is called `{name}` has left the flake; {there}")
    }

    fn names(&self, wanted: impl Fn(Kind) -> bool) -> String {
        let names = self.subjects.iter().filter(|subject| wanted(subject.kind)).map(|subject| subject.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }
}

impl Subject {
    fn new(kind: Kind, prefix: &str, unit: &str, manifest: PathBuf) -> Self {
        let stem = manifest.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let header = header(&manifest);
        let rests = header.as_ref().is_ok_and(|header| header.state == "stopped");
        let state = header.map(|header| header.state_folder);
        Self { kind, name: format!("{prefix}{stem}"), unit: format!("{unit}{stem}.service"), manifest, state, rests }
    }

    /// The drills of an app, where they are declared or one was held by hand.
    fn drill(&self) -> Option<Self> {
        let header = header(&self.manifest).ok()?;
        let folder = proof::folder(&header.state_folder);
        let declared = header.snapshot.drill.schedule.is_some();
        (declared || folder.join("last.json").exists()).then(|| Self {
            kind: Kind::Drill,
            name: format!("drill-{}", self.name),
            unit: format!("hearth-drill-{}.service", self.name),
            manifest: self.manifest.clone(),
            state: Ok(folder),
            rests: false,
        })
    }
}

fn header(manifest: &Path) -> Result<Header, String> {
    let text = std::fs::read(manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", manifest.display()))
}

/// The JSON files in a folder by name; none when there is no such folder.
fn json_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| folder.display().to_string())?,
    };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    paths.sort();
    Ok(paths)
}
