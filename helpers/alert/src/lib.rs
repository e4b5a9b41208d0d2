//! What a person must see, told once.
//!
//! The units of a host write receipts and know nothing of alerts. Whenever one has ended, systemd starts `send-alert`
//! (`OnFailure=` and `OnSuccess=`), and so does a timer. It [looks](observe) at the newest receipts, at what systemd says
//! of the units and at the disks, [judges](judge) whether there is a problem, and
//! [plans](plan) what to tell: a problem that is new, one that has lasted so long that it is told again, one that is
//! over. What is told is kept in an outbox on disk until each [channel] has taken it: a channel that is down gets it
//! later, and holds back no other.
//!
//! A helper that could not even start left no receipt, so what systemd says of its unit is a finding of its own.

pub mod channel;
pub mod cli;
mod deliver;
pub mod event;
pub mod judge;
pub mod manifest;
pub mod memory;
mod observe;
pub mod plan;
mod run;
pub mod undeclared;

pub use run::{Asked, run};
