//! The door for pipelines: they name an app, an environment and a tag, and see it proved and deployed, or put back.
//!
//! Three ways lead to it: a key's forced command over SSH, a user of the host such as a runner's, and root by hand. Each
//! is [`client`]: it has no rights of its own, hands the request on through one Unix socket, and shows what comes back as
//! [`frames`]. Behind the socket one instance of a unit [`serve`]s one connection: [`request`] and [`words`] read what is
//! asked for into types that hold nothing else, [`caller`] knows from the kernel who asks, [`places`] has so many of theirs at once, [`queue`] has one deploy of an
//! environment at a time. [`deploy`] pulls the image with the pipeline's short-lived token, which is in memory alone, and
//! asks for its digest; the app's own unit then does what it does for any other change: snapshot, gate, rollback.

pub mod caller;
pub mod cli;
pub mod client;
pub mod deploy;
pub mod frames;
pub mod host;
pub mod hurry;
pub mod manifest;
pub mod outcome;
pub mod places;
pub mod queue;
pub mod request;
pub mod serve;
pub mod words;
