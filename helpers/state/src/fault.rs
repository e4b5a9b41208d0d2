//! Points at which a test kills a helper, to see that the next run ends well.
//!
//! They are in the helper that is shipped, so that what was tested is what runs: without the variable a point costs one
//! comparison. Every durable write has one before and one after it; a deed that is no write has one of its own. A step
//! that is added is thereby enumerated too: with the variable, each point that is passed is told, and a test compares
//! them with those that it knows.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The variable with the number of the point at which the process kills itself; the first is 1.
pub const VARIABLE: &str = "HEARTH_TEST_KILL_AT";

static PASSED: AtomicU64 = AtomicU64::new(0);
static WANTED: OnceLock<Option<u64>> = OnceLock::new();

/// Passes one point: kills the process, as `kill -9` does, if a test asked for it here.
///
/// `name` says what was just done or is about to be; it is the last thing on standard error. Where a test asked for another
/// point, it is told that this one was passed.
pub fn point(name: impl FnOnce() -> String) {
    let wanted = WANTED.get_or_init(|| std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok()));
    let Some(wanted) = wanted else { return };
    let number = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    if number != *wanted {
        crate::err!("passed point {number}: {}", name());
        return;
    }
    crate::err!("killed at point {number}: {}", name());
    // That it kills this very process is the point; if the system refuses, the test sees a run that went on.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
}
