//! Keep the databases of a PostgreSQL server in the swarm as declared: each with a role that owns its schema, and a role
//! for the app that may read and write rows and nothing else.
//!
//! A run [observes](observed) roles, databases, owners and privileges, makes a pure [plan], applies it with the server's own
//! `psql` in its container, and observes once more: it has ended well when the second plan is empty. Then each app's role
//! is tried, by its password and through the pooler.
//!
//! Passwords are compared with what the server keeps of them ([`scram`]) and set as that: none is in an argument, a
//! statement, a log or a receipt. Databases, roles and objects that are not declared are left alone.

pub mod manifest;
pub mod observed;
pub mod password;
pub mod plan;
pub mod run;
pub mod scram;
pub mod server;
