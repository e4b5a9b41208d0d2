//! What a person types at a host.
//!
//! Everything shown is read from what the helpers left on disk: their manifests say what is declared, their receipts what
//! happened. `plan` asks the engine, too, and `logs` the journal. Nothing here changes what runs: what does is left to
//! the units and to the helper that owns it, so that it happens in one way only.
//!
//! [`host`] finds what is declared, [`story`] reads what happened to it, and each command has a module of its own.

pub mod accept;
pub mod arguments;
pub mod deploy;
pub mod drill;
pub mod helper;
pub mod history;
pub mod host;
pub mod left;
pub mod logs;
pub mod metrics;
pub mod page;
pub mod pinned;
pub mod plan;
pub mod recipe_check;
pub mod remove;
pub mod restore;
pub mod rollback;
pub mod snapshots;
pub mod status;
pub mod story;
pub mod table;
pub mod when;
