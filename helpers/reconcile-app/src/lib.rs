//! Converge one app to its declared recipe, environment and secrets, behind health gates.
//!
//! A run reads the [`manifest`] and the [`inputs`] it names, looks at the services that carry the app's label, and makes
//! a [`plan`]: nothing differs, remember new version numbers, watch what comes up by itself, deploy, or put the last
//! good state back. To deploy it [renders](render) the compose files, [provides images](images), creates secrets under
//! names with their content's digest, applies with `docker stack deploy`, and holds the [`gate`]: converged, healthy
//! for a time, answering through the proxy. A new version must [prove] more where that is declared: requests answered
//! as they should be, whole pages, and staying so for some minutes. Only then is the deploy remembered as good and are old secrets retired.
//! A gate that does not hold puts the last good state back and holds the gate for that.
//!
//! An app that is deployed blue-green has two places, one for each [`colour`]. A deploy comes up in the one that does not
//! serve, the [routes] are switched in one step, and [back](blue_green) when it does not hold.
//!
//! What runs is told from what is declared by one label, the digest of all inputs, so that a look at a whole host is
//! one request to the engine ([`host`]).
#![expect(async_fn_in_trait, reason = "a run stays on one thread, so no future has to be Send")]

pub mod answers;
pub mod apply;
pub mod back;
pub mod blue_green;
pub mod cli;
pub mod colour;
pub mod coloured;
pub mod confine;
pub mod connections;
pub mod converge;
pub mod credentials;
pub mod data;
pub mod divert;
#[cfg(test)]
mod door_tests;
#[cfg(test)]
mod fake_host;
pub mod gate;
pub mod growth;
pub mod handover;
pub mod host;
pub mod images;
pub mod inputs;
pub mod judge;
pub mod keep;
pub mod kept_stack;
pub mod manifest;
pub mod middlewares;
pub mod migrations;
pub mod patience;
pub mod pin;
pub mod plan;
#[cfg(test)]
mod plan_model;
pub mod prove;
pub mod record;
pub mod refusal;
pub mod render;
pub mod rest;
pub mod rewrite;
pub mod rollback;
pub mod room;
pub mod routes;
pub mod run;
pub mod secrets;
pub mod source;
pub mod stack;
pub mod stack_hold;
pub mod story;
pub mod strategy;
pub mod undeclared;
pub mod volumes;
#[cfg(test)]
mod whole_runs;
