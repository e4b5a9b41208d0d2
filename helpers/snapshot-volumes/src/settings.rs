//! What an app declares about its snapshots: the key `snapshot` of its manifest.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::retention::Retention;

/// The key `snapshot` of an app's manifest. All of it may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// How the app is kept from writing.
    pub mode: Mode,
    /// The store; `/var/lib/hearth/snapshots/APP` where it is left out. On the file system of the volumes, where that
    /// can clone, a snapshot takes milliseconds and no room.
    pub folder: Option<PathBuf>,
    /// Which snapshots stay.
    pub retention: Retention,
    /// How long the app may take to stop beyond the time that its services give their tasks, in seconds.
    pub stop_seconds: u64,
    /// How long each of the app's own commands may take, in seconds.
    pub hook_seconds: u64,
    /// How many bytes a dump has at least.
    pub least_dump_bytes: u64,
    /// Where copies go that outlive the host.
    pub offsite: Option<Offsite>,
    /// How it is proved that the last-good one can be restored.
    pub drill: Drill,
}

/// How it is proved that a snapshot can be restored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Drill {
    /// When, as a systemd calendar expression; never by itself where it is left out.
    pub schedule: Option<String>,
    /// A question to the restored app.
    pub probe: Option<DrillProbe>,
}

/// A command in a container of the restored app, which ends with exit code 0 when its data is what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrillProbe {
    /// The service, as the recipe calls it.
    pub service: String,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// How long it may take, in seconds.
    pub seconds: u64,
}

/// A restic repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Offsite {
    /// The repository as restic names it: a path, `sftp:…`, `s3:…`.
    pub repository: String,
    /// The file with its password.
    pub password_file: PathBuf,
    /// A file with `NAME=value` lines, the credentials of the place where it is.
    pub environment_file: Option<PathBuf>,
    /// The `restic` command.
    pub restic_command: PathBuf,
}

/// How an app is kept from writing while a snapshot is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// All of its services are stopped.
    #[default]
    Stop,
    /// It runs on, and its own commands make a dump: the labels `backupbot.backup.pre-hook` of its services.
    Hooks,
    /// Nothing in its volumes matters; no snapshot is taken.
    None,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Stop,
            folder: None,
            retention: Retention::default(),
            stop_seconds: 120,
            hook_seconds: 600,
            least_dump_bytes: 64,
            offsite: None,
            drill: Drill::default(),
        }
    }
}

impl Settings {
    /// The store of an app of this name.
    pub fn store(&self, app: &str) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| PathBuf::from("/var/lib/hearth/snapshots").join(app))
    }

    /// [`Settings::hook_seconds`] as a duration.
    pub fn hook(&self) -> Duration {
        Duration::from_secs(self.hook_seconds)
    }

    /// [`Settings::stop_seconds`] as a duration.
    pub fn stop(&self) -> Duration {
        Duration::from_secs(self.stop_seconds)
    }
}
