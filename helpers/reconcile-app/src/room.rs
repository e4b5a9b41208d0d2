//! Room on the disk for what going back has to write down.

use std::io;
use std::time::Duration;

use snapshot_volumes::{RestoreError, StoreError};
use state::{Outcome, Reserve, is_full};
use tokio::time::sleep;

use crate::apply::{Parts, Run};
use crate::plan::{self, Rollback};
use crate::record::Intent;

/// Between two tries of a restore.
pub(crate) const PAUSE: Duration = Duration::from_secs(3);
/// How often a restore is tried that lacks room.
const TRIES: usize = 10;

/// Tries again what lacks room: a moment after the app has stopped the engine removes what is left of its containers, and
/// with them what they wrote beside the volumes.
///
/// # Errors
/// The last one; what is no lack of room at once.
pub(crate) async fn with_room(
    pause: Duration,
    mut restore: impl AsyncFnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for _ in 1..TRIES {
        match restore().await {
            Err(error) if lacks_room(&error) => sleep(pause).await,
            ended => return ended,
        }
    }
    restore().await
}

fn lacks_room(error: &anyhow::Error) -> bool {
    match error.downcast_ref() {
        Some(RestoreError::NoSpace { .. }) => true,
        Some(
            RestoreError::Volume { reason, .. }
            | RestoreError::Unfinished { reason, .. }
            | RestoreError::Store(StoreError::Io { reason, .. }),
        ) => is_full(reason),
        _ => false,
    }
}

impl<P: Parts> Run<'_, P> {
    fn reserve(&self) -> Reserve {
        Reserve::in_folder(&self.manifest.state_folder)
    }

    /// Sees to it that a version which fills the disk can be gone back from; or says why that cannot be.
    ///
    /// # Errors
    /// When the disk fails in another way than by being full.
    pub(crate) fn set_room_aside(&mut self) -> io::Result<Option<String>> {
        match self.reserve().hold() {
            Err(error) if is_full(&error) => Ok(Some(format!(
                "going back from it might need {} KiB on the disk of {}, which are not there ({error}); make room",
                Reserve::SIZE >> 10,
                self.manifest.state_folder.display()
            ))),
            held => {
                if !held? {
                    self.warn(format!(
                        "the file system of {} does not show that {} KiB are set aside; should the new version fill it, going back may want room made by hand",
                        self.manifest.state_folder.display(),
                        Reserve::SIZE >> 10
                    ));
                }
                Ok(None)
            }
        }
    }

    /// Makes the next step of going back durable, also where what failed has filled the disk. Where the app is about to be
    /// stopped to put its data back, it is stopped before, or it would fill what is given free as well.
    ///
    /// # Errors
    /// When the disk fails, or is full and nothing was set aside; nothing was stopped then.
    pub(crate) async fn intend(&mut self, intent: &Intent) -> anyhow::Result<()> {
        let Err(error) = self.journal.record(intent) else { return Ok(()) };
        if !is_full(&error) || !self.reserve().is_held() {
            return Err(error.into());
        }
        (self.say)("the disk is full: what was set aside for this is written to".to_owned());
        if matches!(intent, Intent::Restore { .. })
            && let Err(error) = self.stop().await
        {
            // The restore stops it again, and says so where that fails too.
            (self.say)(format!("warning: {error:#}"));
        }
        self.reserve().release()?;
        Ok(self.journal.record(intent)?)
    }

    /// Sets the room aside again for the next time. Where there is none, the next update is held.
    pub(crate) fn set_room_aside_again(&mut self) {
        if let Err(error) = self.reserve().hold() {
            self.warn(format!("no room is set aside for going back on a full disk: {error}"));
        }
    }

    /// Ends a deploy that was cut off, and cannot go on because the disk is full: back to what served before.
    ///
    /// # Errors
    /// What kept it from going on, where that is something else or there is nothing to go back to; or from going back.
    pub(crate) async fn unless_full(
        &mut self,
        ended: anyhow::Result<(Outcome, String)>,
    ) -> anyhow::Result<(Outcome, String)> {
        let full = |error: &anyhow::Error| error.chain().any(|cause| cause.downcast_ref().is_some_and(is_full));
        let Some(cut_off @ Intent::Deploy { .. }) = &self.unfinished else { return ended };
        match ended {
            Err(error) if full(&error) => {
                let back = Rollback { reason: format!("{error:#}"), ..plan::undo(cut_off) };
                let Some(last_good) = self.files.last_good()? else { return Err(error) };
                self.rollback(&last_good, back).await
            }
            ended => ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> anyhow::Error {
        let reason = io::ErrorKind::StorageFull.into();
        RestoreError::Volume { name: "x".to_owned(), path: "/x".into(), reason }.into()
    }

    /// What comes of a restore that fails so often, and how often it was tried.
    async fn restored(failures: usize, why: fn() -> anyhow::Error) -> (bool, usize) {
        let mut tried = 0;
        let ended = with_room(Duration::ZERO, async || {
            tried += 1;
            if tried > failures { Ok(()) } else { Err(why()) }
        });
        (ended.await.is_ok(), tried)
    }

    #[tokio::test]
    async fn a_restore_waits_for_room_and_not_for_ever_and_for_nothing_else() {
        assert_eq!(restored(0, full).await, (true, 1));
        assert_eq!(restored(3, full).await, (true, 4));
        assert_eq!(restored(TRIES, full).await, (false, TRIES));
        assert_eq!(restored(1, || anyhow::anyhow!("damaged")).await, (false, 1));
    }
}
