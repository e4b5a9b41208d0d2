//! Where private keys are looked for: where sops looks, and where a host of Hearth's has them.

use std::path::{Path, PathBuf};

use clap::Args;
use sops::{Identities, IdentityError, Text};
use zeroize::Zeroizing;

/// Private keys that are named on the command line.
#[derive(Clone, Debug, Default, Args)]
pub struct IdentityOptions {
    /// A file of age identities; only files that are named are then used
    #[arg(long, value_name = "FILE")]
    pub age_key_file: Vec<PathBuf>,
    /// An OpenSSH private key, ed25519 or rsa, locked or not; only files that are named are then used
    #[arg(long, value_name = "FILE")]
    pub ssh_key: Vec<PathBuf>,
}

/// Asks the person at the terminal, whatever standard input and output lead to.
fn at_the_terminal(file: &Path) -> std::io::Result<Text> {
    let prompt = format!("Passphrase of {}: ", file.display());
    let typed = rpassword::prompt_password(prompt)
        .map_err(|error| std::io::Error::new(error.kind(), format!("nobody can be asked at a terminal: {error}")))?;
    Ok(Text::new(typed.into_bytes()))
}

/// The keys at hand.
pub struct Found {
    /// Those that can be tried.
    pub identities: Identities,
    /// Why others cannot.
    pub unusable: Vec<IdentityError>,
}

impl IdentityOptions {
    /// The keys that were named; otherwise those of the environment and of the usual places.
    ///
    /// # Errors
    /// When a file that was named gives no key.
    pub fn find(&self) -> anyhow::Result<Found> {
        let identities = Identities::default().asking(at_the_terminal);
        let mut found = Found { identities, unusable: Vec::new() };
        for file in &self.age_key_file {
            found.identities.add_age_file(file)?;
        }
        for file in &self.ssh_key {
            found.identities.add_ssh_file(file)?;
        }
        if found.identities.is_empty() {
            found.environment();
            found.usual_places();
        }
        Ok(found)
    }
}

impl Found {
    fn environment(&mut self) {
        let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(file) = path("SOPS_AGE_KEY_FILE") {
            self.unusable.extend(self.identities.add_age_file(&file).err());
        }
        if let Ok(text) = std::env::var("SOPS_AGE_KEY").map(Zeroizing::new) {
            self.unusable.extend(self.identities.add_age_text(&text, Path::new("SOPS_AGE_KEY")).err());
        }
        if let Some(file) = path("SOPS_AGE_SSH_PRIVATE_KEY_FILE") {
            self.unusable.extend(self.identities.add_ssh_file(&file).err());
        }
    }

    fn usual_places(&mut self) {
        let home = std::env::home_dir();
        let config = std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(home.as_ref()?.join(".config")))
            .map(|config| config.join("sops/age/keys.txt"));
        for file in config.into_iter().chain([PathBuf::from("/var/lib/hearth/age.key")]) {
            let tried = self.identities.add_age_file(&file);
            self.note(tried);
        }
        let own = home.iter().flat_map(|home| ["id_ed25519", "id_rsa"].map(|name| home.join(".ssh").join(name)));
        for file in own.chain([PathBuf::from("/etc/ssh/ssh_host_ed25519_key")]) {
            let tried = self.identities.add_ssh_file(&file);
            self.note(tried);
        }
    }

    /// A key that is not in its usual place, or is somebody else's, is no news.
    fn note(&mut self, tried: Result<(), IdentityError>) {
        let Err(error) = tried else { return };
        let forbidden =
            matches!(&error, IdentityError::Read { cause, .. } if cause.kind() == std::io::ErrorKind::PermissionDenied);
        if !error.is_missing() && !forbidden {
            self.unusable.push(error);
        }
    }

    /// What an error that another key would help with should say besides.
    pub fn explain(&self, error: sops::Error) -> anyhow::Error {
        if !error.is_missing_identity() {
            return error.into();
        }
        let reasons = self.unusable.iter().map(|reason| format!("\n  not usable: {reason}"));
        let mut text: String = std::iter::once(error.to_string()).chain(reasons).collect();
        text.push_str("\n  `hearth secrets keys` shows the keys at hand and makes one; somebody who can decrypt the file lets it in with `hearth secrets add-recipient`");
        anyhow::Error::msg(text)
    }
}
