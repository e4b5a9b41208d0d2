//! `show-recipients`, `add-recipient`, `remove-recipient` and `rotate`.

use std::process::ExitCode;

use clap::Args;
use sops::{Document, OpenDocument};

use crate::Files;
use crate::file;

/// Options of `show-recipients`.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    files: Files,
}

impl Show {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let found = self.files.identities.find()?;
        for path in &self.files.paths {
            let document = Document::read(path, file::format(self.files.input_type, path))?;
            let metadata = document.metadata();
            state::out!("{}", path.display());
            let groups = metadata.key_groups.len();
            for (index, group) in metadata.key_groups.iter().enumerate() {
                if groups > 1 {
                    let needed = if metadata.shamir_threshold == 0 { groups } else { metadata.shamir_threshold };
                    state::out!("  key group {index}, {needed} of {groups} are needed");
                }
                for recipient in &group.recipients {
                    let own = found.identities.iter().any(|identity| identity.recipient() == recipient.name);
                    state::out!("  {recipient}{}", if own { "  (its key is at hand)" } else { "" });
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Options of `add-recipient`.
#[derive(Debug, Args)]
pub struct Add {
    /// The recipient: age1…, ssh-ed25519 … or ssh-rsa …
    recipient: String,
    /// The key group, counted from 0, of a file that has several
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    group: usize,
    #[command(flatten)]
    files: Files,
}

impl Add {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (recipient, group) = (self.recipient, self.group);
        each(&self.files, |open| {
            let added = open.add_recipient(&recipient, group)?;
            Ok(if added { Some("can be decrypted by it from now on") } else { None })
        })
    }
}

/// Options of `remove-recipient`.
#[derive(Debug, Args)]
pub struct Remove {
    /// The recipient, as `show-recipients` prints it
    recipient: String,
    #[command(flatten)]
    files: Files,
}

impl Remove {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let recipient = self.recipient;
        each(&self.files, |open| {
            let removed = open.remove_recipient(&recipient)?;
            Ok(if removed {
                Some("its data key is new, and what it holds was seen: change the secrets too")
            } else {
                None
            })
        })
    }
}

/// Options of `rotate`.
#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    files: Files,
}

impl Rotate {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        each(&self.files, |open| {
            open.rotate()?;
            Ok(Some("its data key is new"))
        })
    }
}

/// Changes every file, each for itself: one that cannot be changed does not keep the others from it.
fn each(
    files: &Files,
    change: impl Fn(&mut OpenDocument) -> Result<Option<&'static str>, sops::Error>,
) -> anyhow::Result<ExitCode> {
    let found = files.identities.find()?;
    let mut failed = false;
    for path in &files.paths {
        let changed = file::open_with(path, files.input_type, &found).and_then(|mut open| {
            let said = change(&mut open)?;
            if said.is_some() {
                file::save(open, path)?;
            }
            Ok(said)
        });
        match changed {
            Ok(said) => state::out!("{}: {}", path.display(), said.unwrap_or("nothing to change")),
            Err(error) => {
                failed = true;
                state::err!("error: {error:#}");
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
