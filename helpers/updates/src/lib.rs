//! Which version of a recipe an app moves to, and what a person must decide first.
//!
//! The [`Tags`] of a recipe's repository are its versions; an app's [`Policy`] says which of them it may move to by
//! itself. [`decide`] is pure: from what is known it makes a [`Decision`] and nothing else. What it [holds](Hold) and
//! what a person accepted lies in [`Holds`], beside the app's other records.

mod decide;
mod holds;
mod policy;
mod tags;

pub use decide::{Candidate, Decision, Hold, Known, Note, Reason, decide};
pub use holds::{AcceptError, Acceptance, Held, Holds};
pub use policy::{Policy, Step};
pub use tags::{Commit, CommitError, Tag, Tags};
