//! Take, verify, list, prune and restore snapshots of an app's volumes.
//!
//! The [`Store`] is synchronous and knows nothing of Docker: it is given folders that nothing writes to. [`run`] is the
//! command: it finds an app's volumes, keeps the app from writing ([`swarm::Quiesce`]), and leaves a receipt.
//!
//! ```no_run
//! use snapshot_volumes::{About, Retention, Store, TakeError, Volume};
//!
//! let store = Store::in_folder("/var/lib/hearth/snapshots/wiki");
//! let volumes = [Volume { name: "wiki_data".to_owned(), path: "/var/lib/docker/volumes/wiki_data/_data".into() }];
//! let about = About { app: "wiki".to_owned(), healthy: true, ..About::default() };
//! let mut say = |line: String| println!("{line}");
//! match store.take(&volumes, &about, &mut say) {
//!     Ok(snapshot) => println!("{}", snapshot.id),
//!     Err(TakeError::NoSpace { needed, free, .. }) => println!("held: {needed} bytes needed, {free} free"),
//!     Err(error) => return Err(error.into()),
//! }
//! if let Some(snapshot) = store.last_good()? {
//!     store.restore(&snapshot.id, &volumes, &mut say)?;
//!     let compose_file = store.stack(&snapshot)?;
//! #   drop(compose_file);
//! }
//! store.prune(Retention::default(), &[], &mut say)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a caller may rely on
//! - [`Store::take`] reads the volumes only. What it returns was read back and compared, is on disk, and, if the app was
//!   healthy, is last-good. Killed at any point, it leaves the store with the old last-good or the new one, never with a
//!   broken one. It is [`Store::capture`] (nothing may write to the volumes) and [`Captured::seal`] (the app may run).
//! - [`Store::restore`] touches no volume before everything that it needs is known to be whole. Killed at any point, it
//!   leaves each volume old or new, or [`Store::unfinished_restore`] names the snapshot; the same call again ends in the
//!   same state.
//! - [`Store::unpack`] puts a copy into volumes of nobody's, for a drill. It leaves no trace in the store, and what it reads
//!   is not pruned meanwhile.
//! - [`Store::prune`] never removes last-good, nor what the caller protects.
//! - Runs over one store wait for each other.
//!
//! # What lies in a store
//! A folder a snapshot, named by its [`Id`]: `snapshot.json` ([`Manifest`](snapshot::Manifest)), `stack.yml` (the compose
//! file of the deploy that ran), and of each volume, numbered from 0, `0.index.zst` (a line of JSON an entry, with a
//! digest a file) and `0.tree` or `0.tar.zst`. The digest of each of them stands in `snapshot.json`, and the digest of
//! that in the folder's name.
//!
//! Kept are content, holes, owner, mode, modification times to the nanosecond, extended attributes and with them ACLs
//! and file capabilities, hard and symbolic links, named pipes, devices. Left out are sockets, which a process makes
//! anew, times of access and inode flags (`chattr`).

pub mod app;
pub mod archive;
pub mod cli;
pub mod content;
pub mod dumps;
pub mod entry;
mod erase;
mod error;
mod folders;
pub mod hooks;
mod index;
pub mod manifest;
mod meta;
pub mod offsite;
mod parts;
mod pax;
mod plant;
mod prune;
mod rest;
mod restore;
pub mod retention;
mod room;
pub mod run;
pub mod settings;
pub mod snapshot;
mod space;
pub mod steps;
mod store;
pub mod table;
mod take;
mod tree;
mod unpack;
mod verify;
pub mod walk;

pub use error::{RestoreError, StoreError, TakeError, VerifyError};
pub use folders::Folders;
pub use restore::Staged;
pub use retention::Retention;
pub use settings::{Drill, DrillProbe, Mode, Settings};
pub use snapshot::{About, Id, Part, Snapshot, Volume};
pub use steps::{Observer, Point};
pub use store::{Listing, Store};
pub use take::Captured;
