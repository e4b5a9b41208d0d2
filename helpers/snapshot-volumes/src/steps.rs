//! The points between the effects of a run over a store, so that a test can end a run at each of them.

/// A point that a run passes, directly after the effect that it is named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is named for the effect before it")]
pub enum Point {
    TakeLeftoversRemoved,
    TakeVolumeWritten,
    TakeManifestWritten,
    TakeSynced,
    TakeVerified,
    TakeRenamed,
    TakePointerMoved,
    RestoreLeftoversRemoved,
    RestoreStaged,
    RestoreIntentWritten,
    RestoreCleared,
    RestoreFilled,
    RestoreExchanged,
    RestoreOldRemoved,
    RestoreIntentRemoved,
    PruneSetAside,
    PruneRemoved,
}

impl Point {
    /// All points, for tests that visit each.
    pub const ALL: [Self; 17] = [
        Self::TakeLeftoversRemoved,
        Self::TakeVolumeWritten,
        Self::TakeManifestWritten,
        Self::TakeSynced,
        Self::TakeVerified,
        Self::TakeRenamed,
        Self::TakePointerMoved,
        Self::RestoreLeftoversRemoved,
        Self::RestoreStaged,
        Self::RestoreIntentWritten,
        Self::RestoreCleared,
        Self::RestoreFilled,
        Self::RestoreExchanged,
        Self::RestoreOldRemoved,
        Self::RestoreIntentRemoved,
        Self::PruneSetAside,
        Self::PruneRemoved,
    ];
}

/// Is told of each point that a run passes.
pub trait Observer: Send + Sync {
    /// The run has passed this point.
    fn passed(&self, point: Point);
}

/// Nobody looks.
pub(crate) struct Nobody;

impl Observer for Nobody {
    fn passed(&self, _: Point) {}
}
