//! What the Nix module says about alerts: `/etc/hearth/alerts.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// What is watched, and where it is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Where the memory of what was told, the lock and the receipts are kept.
    pub state_folder: PathBuf,
    /// The host's name, as an alert says it.
    pub host: String,
    /// After how many seconds a problem that lasts is told again; 0 for never.
    pub repeat_seconds: u64,
    /// How many seconds a channel may take for one alert.
    pub timeout_seconds: u64,
    /// The `systemctl` command.
    pub systemctl_command: PathBuf,
    /// The `journalctl` command.
    pub journalctl_command: PathBuf,
    /// The units that are watched, by name.
    pub units: BTreeMap<String, Watched>,
    /// The file systems that are watched, by the path of something on them.
    pub disks: BTreeMap<PathBuf, Disk>,
    /// Where alerts go, by a name of the user's choice.
    pub channels: BTreeMap<String, Channel>,
}

/// A unit that is watched.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Watched {
    /// What it works for, as an alert says it: `app wiki`.
    pub object: String,
    /// Where its helper keeps receipts; a unit without is judged by systemd's word alone.
    pub state_folder: Option<PathBuf>,
    /// Whether it proves that snapshots can be restored.
    #[serde(default)]
    pub drill: bool,
    /// How many days before a certificate ends to tell it.
    pub expiry_warning_days: Option<u16>,
}

/// A file system that is watched.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Disk {
    /// The share in percent that must be free.
    pub free_percent: u8,
}

/// Somewhere that alerts go.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Channel {
    /// A program.
    Command(Program),
    /// Any HTTP server that takes JSON.
    Webhook(Webhook),
    /// An ntfy server.
    Ntfy(Ntfy),
    /// A Gotify server.
    Gotify(Gotify),
    /// A room of Matrix.
    Matrix(Matrix),
    /// E-mail.
    Email(Email),
}

/// A program, told on standard input and in its environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
}

/// Any HTTP server that takes JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// The address,
    pub url: Option<String>,
    /// or the file that holds it, where the address itself is the secret.
    pub url_file: Option<PathBuf>,
    /// A header whose value is a secret.
    pub header: Option<Header>,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// A header whose value is a secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// The file that holds its value.
    pub file: PathBuf,
}

/// An ntfy server.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ntfy {
    /// Its address.
    pub server: String,
    /// The topic.
    pub topic: String,
    /// The file that holds an access token.
    pub token_file: Option<PathBuf>,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// A Gotify server.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gotify {
    /// Its address.
    pub server: String,
    /// The file that holds the application's token.
    pub token_file: PathBuf,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// A room of Matrix.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Matrix {
    /// The homeserver's address.
    pub server: String,
    /// The room's identifier, `!…`.
    pub room: String,
    /// The file that holds an access token.
    pub token_file: PathBuf,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// E-mail.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Email {
    /// A program that takes a message as `sendmail -i -t` does.
    pub sendmail: PathBuf,
    /// The sender.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
}

impl Manifest {
    /// [`Manifest::timeout_seconds`] as a duration.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.max(1))
    }

    /// Checks what can be known before anything is sent; what a Nix build runs.
    ///
    /// # Errors
    /// The first thing that is wrong, with the option that mends it.
    pub fn check(&self) -> anyhow::Result<()> {
        for (name, channel) in &self.channels {
            channel.check().with_context(|| format!("hearth.alerts.channels.{name}"))?;
        }
        Ok(())
    }
}

impl Channel {
    fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::Command(program) => {
                let absolute = program.command.first().is_some_and(|first| first.starts_with('/'));
                ensure!(absolute, "`command` must begin with the absolute path of a program");
            }
            Self::Webhook(webhook) => {
                let one = webhook.url.is_some() != webhook.url_file.is_some();
                ensure!(one, "a webhook has either a `url`, or a `urlFile` that holds it");
                if let Some(url) = &webhook.url {
                    is_address(url)?;
                }
                if let Some(header) = &webhook.header {
                    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
                    let good = !header.name.is_empty() && header.name.bytes().all(token);
                    ensure!(good, "`{}` is no name of a header", header.name);
                }
            }
            Self::Ntfy(ntfy) => {
                is_address(&ntfy.server)?;
                let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
                let good = (1..=64).contains(&ntfy.topic.len()) && ntfy.topic.bytes().all(inner);
                ensure!(good, "`{}` is no topic: 1 to 64 letters, digits, - and _", ntfy.topic);
            }
            Self::Gotify(gotify) => is_address(&gotify.server)?,
            Self::Matrix(matrix) => {
                is_address(&matrix.server)?;
                let good = matrix.room.starts_with('!') && !matrix.room.contains(char::is_whitespace);
                ensure!(good, "`{}` is no room: write its identifier, which begins with `!`", matrix.room);
            }
            Self::Email(email) => {
                ensure!(!email.to.is_empty(), "nobody is named in `to`");
                for address in email.to.iter().chain([&email.from]) {
                    let good = address.contains('@')
                        && !address.contains(|c: char| c.is_control() || c.is_whitespace() || c == ',');
                    ensure!(good, "{address:?} is no e-mail address such as admin@example.org");
                }
            }
        }
        Ok(())
    }
}

fn is_address(url: &str) -> anyhow::Result<()> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let good = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
    ensure!(good, "`{url}` is no address: it begins with https:// or http://");
    Ok(())
}
