//! What the Nix module says about pruning: `/etc/hearth/pruning.json`.

use std::path::PathBuf;

use serde::Deserialize;

/// When what may go.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Where the record, the lock and the receipts are kept.
    pub state_folder: PathBuf,
    /// The engine's socket.
    pub docker_socket: PathBuf,
    /// A folder on the disk that is looked at, the engine's own.
    pub data_folder: PathBuf,
    /// The folder with the manifests of the apps.
    pub app_manifests: PathBuf,
    /// The folder with the state folders of all apps that ever were.
    pub app_states: PathBuf,
    /// The folder with the snapshots of apps that have no folder of their own for them.
    pub snapshots: PathBuf,
    /// How much is to be free.
    pub free: Free,
    /// For how many hours nothing has needed an image before it may go.
    pub unused_hours: u64,
    /// Images that stay, by name and tag, or by name alone for all of its tags.
    pub keep: Vec<String>,
}

/// How much of a disk is to be free. Where both are given, the larger counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Free {
    /// Of the whole, in percent.
    pub percent: Option<u8>,
    /// In bytes.
    pub bytes: Option<u64>,
}

impl Free {
    /// In bytes, of a disk of this size.
    pub fn of(self, size: u64) -> u64 {
        let share = self.percent.map_or(0, |percent| u128::from(size) * u128::from(percent) / 100);
        u64::try_from(share).unwrap_or(u64::MAX).max(self.bytes.unwrap_or_default())
    }
}

impl Manifest {
    /// Checks what can be known before the host is looked at; what a Nix build runs.
    ///
    /// # Errors
    /// The first thing that is wrong, with the option that mends it.
    pub fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.free.percent.is_some() || self.free.bytes.is_some(),
            "it is not said how much of the disk is to be free; set `hearth.pruning.freePercent` or `hearth.pruning.freeBytes`"
        );
        if let Some(percent) = self.free.percent {
            anyhow::ensure!(
                (1..=99).contains(&percent),
                "{percent} percent cannot be free; set `hearth.pruning.freePercent` to 1 to 99"
            );
        }
        for name in &self.keep {
            anyhow::ensure!(
                !name.is_empty() && !name.contains(char::is_whitespace),
                "`{name}` is no image; correct `hearth.pruning.keep`"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Free;

    #[test]
    fn of_a_share_and_a_number_of_bytes_the_larger_counts() {
        let of = |percent, bytes| Free { percent, bytes }.of(1000);
        assert_eq!(of(Some(20), None), 200);
        assert_eq!(of(None, Some(300)), 300);
        assert_eq!(of(Some(20), Some(300)), 300);
        assert_eq!(of(Some(50), Some(300)), 500);
        assert_eq!(Free { percent: Some(99), bytes: None }.of(u64::MAX), u64::MAX / 100 * 99 + 14);
    }
}
