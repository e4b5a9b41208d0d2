//! `keys`: the private keys at hand, and new ones.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use age::secrecy::ExposeSecret as _;
use anyhow::Context as _;
use clap::Args;

use crate::identities::IdentityOptions;

/// Options of `keys`.
#[derive(Debug, Args)]
pub struct Keys {
    #[command(flatten)]
    identities: IdentityOptions,
    /// Make a new key in this file, which must not be there, and print the recipient that it stands for
    #[arg(long, value_name = "FILE")]
    new: Option<PathBuf>,
}

impl Keys {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(file) = &self.new {
            let recipient = make(file)?;
            state::out!("{recipient}");
            state::err!(
                "{}: keep a copy where you keep what must not be lost. Whoever can decrypt a file lets this key in with\n  hearth secrets add-recipient {recipient} FILE\nand names it in .sops.yaml.",
                file.display()
            );
            return Ok(ExitCode::SUCCESS);
        }
        let found = self.identities.find()?;
        for identity in found.identities.iter() {
            state::out!("{identity}");
        }
        for reason in &found.unusable {
            state::err!("not usable: {reason}");
        }
        if found.identities.is_empty() {
            state::err!(
                "no key is at hand; make one with `hearth secrets keys --new ~/.config/sops/age/keys.txt`, on a host with `--new /var/lib/hearth/age.key`"
            );
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes an X25519 key in the form of `age-keygen`, readable by its owner only.
fn make(file: &Path) -> anyhow::Result<String> {
    let key = age::x25519::Identity::generate();
    let recipient = key.to_public().to_string();
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let mut new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("{}: no key was made", file.display()))?;
    let created = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    writeln!(new, "# created: {created}\n# public key: {recipient}\n{}", key.to_string().expose_secret())?;
    new.sync_all()?;
    Ok(recipient)
}
