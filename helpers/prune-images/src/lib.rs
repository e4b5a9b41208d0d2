//! Remove images that nothing needs, and what builds left, when less of the disk is free than declared.
//!
//! A run [looks](needed) at what is needed: by containers, services, the last good version of each app, every snapshot that
//! is kept, pins of the door, the declaration. What is left is remembered with the time at which it was first seen to be
//! needed by nobody ([`record`]), so that an image that was pulled a moment ago, for a deploy that has not begun, is never
//! taken away. The [plan] is pure. It is applied step by step, what was unused longest first, and no further than until the
//! disk has the room that is declared.
//!
//! Whenever it cannot be told what is needed, nothing is removed.

pub mod manifest;
pub mod needed;
pub mod plan;
pub mod record;
pub mod run;
pub mod taken;
