//! Certificates, from two files to what the proxy serves.
//!
//! The proxy (Traefik) watches a folder. It does not notice that a certificate's file changed, only that its own
//! configuration did ([traefik#5495](https://github.com/traefik/traefik/issues/5495)). So a certificate and its key lie
//! there under a name with a digest of their content, and a configuration `NAME.yml` names them. A new certificate is
//! two new files and then, in one rename, a new configuration: the proxy loads it within the moment and drops nothing.
//! The files of the certificate before stay until the next change, for a proxy that is still reading them.
//!
//! The same content goes into the swarm as two secrets, from which any node can start a proxy; secrets of older
//! certificates are removed once no service uses them.
//!
//! Nothing of this is done before the certificate has been found good ([`certificate`]): one that a browser would refuse
//! never replaces one that it accepts. Every step can be taken again, so a run that was killed is finished by the next
//! one without a journal.

mod apply;
pub mod certificate;
pub mod cli;
mod folder;
pub mod manifest;
pub mod plan;
mod run;

pub use run::run;

/// The label of the swarm secrets that belong to a certificate; its value is the certificate's name.
pub const LABEL: &str = "hearth.certificate";
