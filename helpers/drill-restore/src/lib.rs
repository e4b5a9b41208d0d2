//! Prove that a snapshot can be restored: its volumes are put into volumes of their own, the version that ran on them is
//! started on these, held to the app's gate, asked, and removed.
//!
//! Nothing of this is the app's. The stack has another name and is cut off from the world ([`isolate`]): no published
//! port, no route, no network but its own, from which nothing goes out, so that a restored queue sends no mail a second
//! time. Everything that is made carries a label by which it is found and removed ([`clear`]), by this run, and after a
//! kill by the next. The live app is only read: its manifest, its snapshots, the names of its secrets.
//!
//! There is no second engine for any of it: the copy is unpacked by `snapshot-volumes`' store, the stack applied and the
//! gate held by `reconcile-app`'s parts.

pub mod clear;
pub mod cli;
pub mod drill;
pub mod isolate;
pub mod proof;
pub mod run;

/// The label of everything that a drill makes; its value is the app.
pub const DRILL_LABEL: &str = "hearth.drill";
