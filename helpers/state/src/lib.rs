//! What a Hearth helper keeps on disk, and how.
//!
//! A helper reads one [`manifest`], takes a [`Lock`], records its intent in a [`Journal`], and ends in one of five
//! [`Outcome`]s, which it writes down as a [`Receipt`]. Everything is plain JSON that a person can read, and every
//! write goes through [`write_atomic`]: after a power cut a file is the old one or the new one, never half of each.

mod atomic;
mod digest;
pub mod fault;
mod image;
mod journal;
mod lock;
pub mod manifest;
mod outcome;
mod plain;
mod receipt;
mod reserve;

pub use atomic::{remove_durably, write_atomic};
pub use digest::{Digest, Digester};
pub use image::{Image, named};
pub use journal::Journal;
pub use lock::{Lock, LockError};
pub use outcome::Outcome;
pub use plain::{line, part, plain};
pub use receipt::{Receipt, Step, kept as kept_receipts};
pub use reserve::{Reserve, is_full};
