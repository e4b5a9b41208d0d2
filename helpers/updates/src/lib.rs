//! Which version of a recipe an app moves to, what a person must decide first, and the recipe itself from git.
//!
//! The [`Tags`] of a recipe's repository are its versions; an app's [`Policy`] says which of them it may move to by
//! itself. [`decide`] is pure: from what is known it makes a [`Decision`] and nothing else. What it [holds](Hold) and
//! what a person accepted lies in [`Holds`], beside the app's other records.
//!
//! A [`Mirror`] fetches a repository and puts single commits of it into read-only folders. Whatever is in a repository
//! is input: nothing of it is run, and nothing of it is written anywhere else. [`choose`](choose()) goes the whole way
//! from a declaration to the folder of the recipe that should be deployed; [`settled`] is its end, once that serves.

mod address;
mod choose;
mod decide;
mod error;
mod export;
mod git;
mod growth;
mod holds;
mod listing;
mod mirror;
mod notes;
mod policy;
mod process;
mod seen;
mod signers;
mod tags;
mod tree;

pub use address::{Address, AddressError, Ref};
pub use choose::{At, Choice, ChooseError, Question, choose, settled};
pub use decide::{Candidate, Decision, Hold, Known, Note, Reason, decide};
pub use error::Error;
pub use git::Access;
pub use growth::{Growth, Growths};
pub use holds::{AcceptError, Acceptance, Held, Holds};
pub use mirror::{Mirror, Tree};
pub use policy::{Policy, Step};
pub use seen::Seen;
pub use signers::{Key, Signers};
pub use tags::{Commit, CommitError, Tag, Tags};
