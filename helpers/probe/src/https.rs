//! Asking over the network.

use std::io::{self, Read as _};
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

use crate::{Answer, Ask, Failure, Probe, Request, TlsProblem};

/// How much of a body is read.
const BODY_MAX: u64 = 1024 * 1024;

/// The network.
#[derive(Clone, Copy, Debug, Default)]
pub struct Https;

impl Ask for Https {
    fn ask(&self, probe: &Probe) -> Result<Answer, Failure> {
        let agent = agent(&probe.url, probe.ca_file.as_deref(), probe.connect_to, probe.timeout)?;
        let answer = agent.get(&probe.url).header("user-agent", "hearth-probe").call();
        answer.map_err(|error| failure(error, probe.timeout)).and_then(|answer| read(answer, probe.timeout))
    }
}

/// Sends a request with a body. Redirects are not followed: what is told to one server is not told to another.
///
/// # Errors
/// Why no answer came; an answer with any status is one.
pub fn send(request: &Request<'_>) -> Result<Answer, Failure> {
    let agent = agent(request.url, request.ca_file, None, request.timeout)?;
    let mut built = ureq::http::Request::builder().method(request.method).uri(request.url);
    for (name, value) in request.headers {
        built = built.header(*name, *value);
    }
    let built = built.body(request.body).map_err(|error| failure(ureq::Error::Http(error), request.timeout))?;
    let answer = agent.run(built).map_err(|error| failure(error, request.timeout))?;
    read(answer, request.timeout)
}

fn read(mut answer: ureq::http::Response<ureq::Body>, timeout: Duration) -> Result<Answer, Failure> {
    let mut body = Vec::new();
    let read = answer.body_mut().as_reader().take(BODY_MAX).read_to_end(&mut body);
    read.map_err(|error| failure(ureq::Error::from(error), timeout))?;
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
    Ok(Answer {
        status: answer.status().as_u16(),
        location: location.map(ToOwned::to_owned),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// One agent a request: a connection that was kept open would prove nothing about the next visitor's.
fn agent(
    url: &str,
    ca_file: Option<&Path>,
    connect_to: Option<SocketAddr>,
    timeout: Duration,
) -> Result<Agent, Failure> {
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
    let resolver = ConnectTo { address: connect_to, system: DefaultResolver::default() };
    Ok(Agent::with_parts(config, DefaultConnector::default(), resolver))
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

/// Resolves every name to one address, if there is one.
#[derive(Debug)]
struct ConnectTo {
    address: Option<SocketAddr>,
    system: DefaultResolver,
}

impl Resolver for ConnectTo {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        match self.address {
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

fn failure(error: ureq::Error, timeout: Duration) -> Failure {
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
