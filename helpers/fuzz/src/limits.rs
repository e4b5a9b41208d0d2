//! What an input may cost: the allocator of every program that links this crate counts.

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What an input may need, however small it is, in bytes: aliases may add a thousand nodes, and each value that is
/// encrypted is some two hundred bytes.
const FREE: usize = 4 << 20;
/// What it may need for each of its own bytes.
const TIMES: usize = 16;

/// The bytes that were allocated at once at most while `run` ran, beyond those that were before.
pub fn memory_of(run: impl FnOnce()) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    run();
    MEMORY.peak_usage().saturating_sub(before)
}

/// Whether so much memory is in proportion to an input of so many bytes.
///
/// # Errors
/// When it is not, with both numbers.
pub fn enough(memory: usize, length: usize) -> Result<(), String> {
    if memory > FREE + TIMES * length {
        return Err(format!("{memory} bytes of memory for {length} bytes"));
    }
    Ok(())
}

/// Runs a target under a fuzzer, where what is out of proportion is a panic as any other finding is.
///
/// # Panics
/// When the target does, or takes more memory than [`enough`] allows.
pub fn watched(target: crate::Target, input: &[u8]) {
    let memory = memory_of(|| target(input));
    assert!(enough(memory, input.len()).is_ok(), "{memory} bytes of memory for {} bytes", input.len());
}
