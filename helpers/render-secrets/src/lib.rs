//! Renders secrets: from sops files, encrypted in a repository, to files that the services of one host can read.
//!
//! All files of a run make a *generation*, a folder of its own in memory that is never swapped. The whole generation is
//! written before one symbolic link is moved to it, so that a reader sees all of the old or all of the new. When nothing
//! differs nothing is written, and units are restarted or reloaded exactly when the *content* of a file of theirs
//! changed.
//!
//! Each secret fails alone. A sops file that no identity decrypts, or whose MAC does not match, takes only its own
//! secrets with it: they keep what the last generation had, all others are rendered, and the run ends as *failed* with a
//! message for each such file.
//!
//! - [`manifest`]: what is wanted
//! - [`source`]: sops files, decrypted, each once
//! - [`generation`]: what is there
//! - [`plan`]: the difference, pure
//! - [`apply`]: the new generation, links, units
//! - [`failures`]: a unit of its own for each secret that could not be rendered
//! - [`run`]: the above in order

pub mod accounts;
pub mod apply;
pub mod check;
pub mod cli;
pub mod failures;
pub mod generation;
mod link_folder;
pub mod links;
pub mod manifest;
pub mod message;
pub mod mount;
pub mod plan;
pub mod run;
pub mod source;
pub mod template;
pub mod units;
