//! Initialise or adopt the swarm, its overlay networks, node labels and registry logins.
//!
//! A run looks at the engine, [plans](plan), and [applies](apply). Nothing that holds data is ever made anew or taken
//! away: a swarm that this host had and the engine no longer knows is refused, a network that differs from its
//! declaration is left as it is and reported. One registry whose login is wrong does not stop the others.

pub mod apply;
pub mod logins;
pub mod manifest;
pub mod plan;
pub mod run;
