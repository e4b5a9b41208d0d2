//! What this program gives back of its memory.

/// Secrets go through many hands between a file and an editor: whatever is given back is zeroed, whoever had it. Of every
/// program that links this crate.
#[global_allocator]
static MEMORY: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);
