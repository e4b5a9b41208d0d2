//! `check`: every sops file of a repository as it should be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use clap::Args;
use sops::{CreationRule, CreationRules, Document, Error, Format, RecipientKind};

use crate::identities::{Found, IdentityOptions};

/// Options of `check`.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    identities: IdentityOptions,
    /// Fail when a file's MAC cannot be verified because no key at hand decrypts it
    #[arg(long)]
    require_key: bool,
    /// Files or folders; without one, the folder that this is run in
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// What was found.
#[derive(Default)]
struct Report {
    complaints: Vec<String>,
    good: usize,
    unverified: Vec<PathBuf>,
}

impl Check {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let found = self.identities.find()?;
        let mut report = Report::default();
        let paths = if self.paths.is_empty() { vec![PathBuf::from(".")] } else { self.paths };
        for path in paths {
            for file in files(&path)? {
                let file = file.strip_prefix(".").map_or_else(|_| file.clone(), Path::to_owned);
                report.file(&file, &found)?;
            }
        }
        if self.require_key {
            let missing =
                |file: PathBuf| format!("{}: no key at hand decrypts it, so its MAC is not verified", file.display());
            report.complaints.extend(std::mem::take(&mut report.unverified).into_iter().map(missing));
        }
        for complaint in &report.complaints {
            state::err!("error: {complaint}");
        }
        let unverified = report.unverified.len();
        let without = if unverified > 0 {
            format!(", {unverified} of them without their MAC: no key at hand")
        } else {
            String::new()
        };
        state::out!("{} good{without}, {} complaints", report.good + unverified, report.complaints.len());
        Ok(if report.complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Report {
    fn file(&mut self, file: &Path, found: &Found) -> anyhow::Result<()> {
        let rule = match CreationRules::find(file) {
            Some(config) => CreationRules::read(&config)?.rule_for(file).cloned(),
            None => None,
        };
        let format = Format::of_name(file);
        let text = std::fs::read(file).with_context(|| file.display().to_string())?;
        let named = rule.as_ref().is_some_and(|rule| rule.path.is_some());
        if !named && !looks_encrypted(&text) {
            return Ok(());
        }
        let before = self.complaints.len();
        match Document::parse(&text, format, file) {
            Ok(document) => self.document(document, file, rule.as_ref(), found),
            Err(Error::NotEncrypted { .. } | Error::Syntax { .. }) if named => self.complaints.push(format!(
                "{}: a rule of .sops.yaml says to encrypt it, and it is in clear; `hearth secrets encrypt --in-place {0}`",
                file.display()
            )),
            // A file that only speaks of encrypted values.
            Err(Error::NotEncrypted { .. } | Error::Syntax { .. }) => return Ok(()),
            Err(error) => self.complaints.push(error.to_string()),
        }
        let unverified = self.unverified.last().is_some_and(|last| last == file);
        if self.complaints.len() == before && !unverified {
            self.good += 1;
        } else if self.complaints.len() > before && unverified {
            self.unverified.pop();
        }
        Ok(())
    }

    fn document(&mut self, document: Document, file: &Path, rule: Option<&CreationRule>, found: &Found) {
        let mut clear: BTreeSet<String> = document.clear_values().iter().map(ToString::to_string).collect();
        if let Some(rule) = rule {
            let meant = document.clear_values_under(&rule.rule);
            clear.extend(meant.iter().map(ToString::to_string));
            self.complaints
                .extend(recipients_differ(&document, rule).map(|said| format!("{}: {said}", file.display())));
        }
        for key in clear {
            self.complaints.push(format!(
                "{}: `{key}` is in clear and a rule says to encrypt it; take it as known to all, change it, and write it with `hearth secrets edit`",
                file.display()
            ));
        }
        match document.decrypt(&found.identities) {
            Ok(_) => {}
            Err(error) if error.is_missing_identity() => self.unverified.push(file.to_owned()),
            Err(error) => self.complaints.push(error.to_string()),
        }
    }
}

/// What is to be done about the recipients of a file, when they are not those of its rule.
fn recipients_differ(document: &Document, rule: &CreationRule) -> Option<String> {
    type Names = BTreeSet<(String, String)>;
    let name = |kind: RecipientKind, name: &str| {
        (format!("{kind:?}"), name.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
    };
    let metadata = document.metadata();
    let has: Vec<Names> = metadata
        .key_groups
        .iter()
        .map(|group| group.recipients.iter().map(|own| name(own.kind, &own.name)).collect())
        .collect();
    let wanted: Vec<Names> =
        rule.key_groups.iter().map(|group| group.iter().map(|(kind, own)| name(*kind, own)).collect()).collect();
    if wanted.iter().all(Names::is_empty) || has == wanted {
        return None;
    }
    let all = |groups: &[Names]| groups.iter().flatten().cloned().collect::<Names>();
    let (has, wanted) = (all(&has), all(&wanted));
    let list =
        |names: Vec<&(String, String)>| names.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ");
    let (missing, surplus) = (wanted.difference(&has).collect::<Vec<_>>(), has.difference(&wanted).collect::<Vec<_>>());
    Some(match (missing.is_empty(), surplus.is_empty()) {
        (true, true) => "its key groups are not those of .sops.yaml; `sops updatekeys` it".to_owned(),
        (false, true) => {
            format!("{} cannot decrypt it and .sops.yaml says so; `hearth secrets add-recipient`", list(missing))
        }
        (true, false) => format!(
            "{} can decrypt it and .sops.yaml does not say so; `hearth secrets remove-recipient`",
            list(surplus)
        ),
        (false, false) => format!(
            "{} can decrypt it and .sops.yaml does not say so, {} cannot and it does; `hearth secrets add-recipient` and `remove-recipient`",
            list(surplus),
            list(missing)
        ),
    })
}

/// Whether the bytes have an encrypted value in them, so that it is worth reading the file.
fn looks_encrypted(text: &[u8]) -> bool {
    const START: &[u8] = b"ENC[AES256_GCM,data:";
    text.windows(START.len()).any(|window| window == START)
}

/// The files of a folder that git knows or would take, or all of them where there is no git.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut git = Command::new("git");
    git.arg("-C").arg(path).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    if let Some(output) = git.output().ok().filter(|output| output.status.success()) {
        use std::os::unix::ffi::OsStrExt as _;
        let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        let files = names.map(|name| path.join(std::ffi::OsStr::from_bytes(name)));
        return Ok(files.filter(|file| file.is_file() && !is_config(file)).collect());
    }
    let mut all = Vec::new();
    walk(path, &mut all).with_context(|| path.display().to_string())?;
    all.sort();
    Ok(all)
}

fn walk(folder: &Path, all: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (kind, path) = (entry.file_type()?, entry.path());
        if kind.is_dir() && entry.file_name() != ".git" {
            walk(&path, all)?;
        } else if kind.is_file() && !is_config(&path) {
            all.push(path);
        }
    }
    Ok(())
}

fn is_config(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == sops::CONFIG_NAME)
}
