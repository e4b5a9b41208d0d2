//! Apps that leave the flake, on an engine in memory and a state folder on disk.

mod look;
mod removal;
mod world;
