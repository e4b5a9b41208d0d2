//! The Docker engine in swarm mode, as narrow traits with plain types.
//!
//! This is the only crate that names bollard. A helper asks for the traits it needs ([`Services`], [`Tasks`],
//! [`Secrets`], [`Configs`], [`Images`], [`Containers`] …); its `main` hands it an [`Engine`], its tests hand it a
//! [`fake::Fake`].
//!
//! Calls speak version 1.44 of the engine's API: the newest that Docker 25 and the oldest that Docker 29 know, so no
//! negotiation is needed and a look at the engine costs one request.
#![expect(async_fn_in_trait, reason = "each helper runs on one thread, so no future has to be Send")]

mod archive;
mod commands;
mod containers;
mod disposable;
mod engine;
mod error;
mod exec;
pub mod fake;
mod images;
mod networks;
mod node;
mod objects;
mod prune;
mod quiesce;
mod raw;
mod scratch;
mod services;
mod stop;
mod tasks;
mod volumes;

pub use archive::archived_content;
pub use commands::{Command, Commands, Printed};
pub use containers::{Container, Containers, Health};
pub use disposable::Disposable;
pub use engine::Engine;
pub use error::{Error, Result};
pub use exec::{Exec, Executed};
pub use images::{Credentials, HELD_TAG, ImageLabels, Images, repository};
pub use networks::{Network, Networks};
pub use node::{NewSwarm, NodeState, Nodes};
pub use objects::{Configs, NewSecret, Object, Secrets};
pub use prune::{BuildCache, Disposal, LocalImage};
pub use quiesce::{Quiesce, QuiesceError};
pub use scratch::{NewScratch, SCRATCH_LABEL, Scratch};
pub use services::{Service, Services, Specification, Standby};
pub use stop::Stop;
pub use tasks::{Task, TaskState, Tasks};
pub use volumes::{Mount, Volume, Volumes};

/// The label that `docker stack deploy` puts on everything that belongs to a stack.
pub const STACK_LABEL: &str = "com.docker.stack.namespace";
