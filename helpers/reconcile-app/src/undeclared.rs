//! Apps that left the flake: found, stopped after a final snapshot, listed, and removed when a person says so.
//!
//! A look reads one [`manifest`], which names every app that is declared, and [`observe`]s what this host still has of
//! others: their folders in Hearth's state, and services with Hearth's label. It [`plan`]s for each what to do, and
//! [`retire`]s those that are to stop. What it knows of an app stands in that app's [`record`]. Nothing of an app's data
//! is ever removed by it: that is [`remove`], which a person asks for.
//!
//! An app is stopped only where its final snapshot can be taken first: what is declared of it is kept beside its record
//! at each of its runs ([`kept`]), so that the snapshot goes where the app's snapshots always went.

pub mod cli;
pub mod kept;
pub mod manifest;
pub mod observe;
pub mod plan;
pub mod record;
pub mod remove;
pub mod retire;
pub mod run;
#[cfg(test)]
mod tests;
