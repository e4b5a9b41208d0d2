//! What every request goes through: trust, names, and failures in our words.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::{Failure, TlsProblem};

/// Where names lead.
#[derive(Debug, Default)]
pub struct ConnectTo {
    /// The address in place of what the name resolves to.
    pub address: Option<SocketAddr>,
    /// The only name for which that is so; every one without it.
    pub host: Option<String>,
}

/// Connections that follow no redirect, and for which any status is an answer.
pub fn agent(url: &str, ca_file: Option<&Path>, connect_to: ConnectTo, timeout: Duration) -> Result<Agent, Failure> {
    let tls = TlsConfig::builder()
        .root_certs(roots(url, ca_file)?)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = Config::builder()
        .tls_config(tls)
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        // A proxy of the environment would answer in the app's place.
        .proxy(None)
        .build();
    Ok(Agent::with_parts(config, DefaultConnector::default(), Names { to: connect_to, ..Names::default() }))
}

fn roots(url: &str, ca_file: Option<&Path>) -> Result<RootCerts, Failure> {
    if !url.starts_with("https:") {
        return Ok(Vec::<Certificate<'static>>::new().into());
    }
    let certificates = match ca_file {
        Some(file) => from_file(file)?,
        None => from_system()?,
    };
    Ok(certificates.into())
}

fn from_file(file: &Path) -> Result<Vec<Certificate<'static>>, Failure> {
    let unusable = |reason: String| Failure::Unusable(format!("CA file {}: {reason}", file.display()));
    let text = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| unusable(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() { Err(unusable("there is no certificate in it".to_owned())) } else { Ok(certificates) }
}

fn from_system() -> Result<Vec<Certificate<'static>>, Failure> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let reasons: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        return Err(Failure::Unusable(format!("this system trusts no certificates: {}", reasons.join(", "))));
    }
    Ok(found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect())
}

#[derive(Debug, Default)]
struct Names {
    to: ConnectTo,
    system: DefaultResolver,
}

impl Names {
    fn fixed(&self, uri: &Uri) -> Option<SocketAddr> {
        let meant = |host: &String| uri.host().is_some_and(|asked| asked.eq_ignore_ascii_case(host));
        self.to.address.filter(|_| self.to.host.as_ref().is_none_or(meant))
    }
}

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        match self.fixed(uri) {
            Some(address) => {
                let mut addresses = self.empty();
                addresses.push(address);
                Ok(addresses)
            }
            None => self.system.resolve(uri, config, timeout).map_err(|error| match error {
                ureq::Error::Io(_) => ureq::Error::HostNotFound,
                other => other,
            }),
        }
    }
}

/// What the library says, in our words.
pub fn failure(error: ureq::Error, timeout: Duration) -> Failure {
    match error {
        ureq::Error::Timeout(_) => Failure::TimedOut(timeout.as_secs()),
        ureq::Error::HostNotFound => Failure::Unresolved,
        ureq::Error::Rustls(error) => Failure::Tls((&error).into()),
        ureq::Error::Tls(reason) => Failure::Tls(TlsProblem::Other(reason.to_owned())),
        ureq::Error::Io(error) => of_io(&error, timeout),
        ureq::Error::BadUri(reason) => Failure::Unusable(format!("the URL is none: {reason}")),
        ureq::Error::Http(error) => Failure::Unusable(format!("the URL is none: {error}")),
        other => Failure::Lost(other.to_string()),
    }
}

fn of_io(error: &io::Error, timeout: Duration) -> Failure {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Failure::Tls(tls.into());
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Failure::TimedOut(timeout.as_secs()),
        _ => match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
            Some(ureq::Error::Timeout(_)) => Failure::TimedOut(timeout.as_secs()),
            _ => Failure::Lost(error.to_string()),
        },
    }
}
