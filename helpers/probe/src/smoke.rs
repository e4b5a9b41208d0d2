//! A declared request and everything that its answer must be.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::{Call, Client, Failure, Location, Received, beginning};

/// How much of a body is read.
const BODY_MAX: u64 = 1024 * 1024;
/// How many redirects are followed, as many as browsers do not give up at.
const REDIRECTS: usize = 10;

/// A declared request. Its headers may hold secrets, so that it prints nothing of them.
#[derive(Clone)]
pub struct Smoke {
    /// The address.
    pub url: Url,
    /// Where to connect in place of what the name resolves to.
    pub connect_to: Option<SocketAddr>,
    /// Certificates to trust, PEM, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// `GET`, `POST` and the like.
    pub method: String,
    /// What is sent before the body.
    pub headers: Vec<(String, String)>,
    /// Headers that only the origin of `url` gets to see, and that no failure repeats.
    pub secret_headers: Vec<(String, String)>,
    /// What is sent.
    pub body: String,
    /// Whether redirects are followed, so that what is judged is where they end.
    pub follow_redirects: bool,
    /// Hosts beside that of `url` that a redirect may lead to, with a port where it is not the usual one. What the host of Hearth reaches is not for an app to ask for,
    /// nor for the readers of a pipeline's log to see.
    pub redirect_hosts: Vec<String>,
    /// What must come back.
    pub expect: Expect,
    /// How long one request may take.
    pub timeout: Duration,
}

/// What an answer must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// Its status.
    pub status: u16,
    /// A text in the first mebibyte of its body.
    pub contains: Option<String>,
    /// A text that is not there.
    pub lacks: Option<String>,
    /// For each header the text that its value contains; none where there must be no such header.
    pub headers: BTreeMap<String, Option<String>>,
    /// For each JSON pointer (RFC 6901) into the body what must be there.
    pub json: BTreeMap<String, Value>,
}

impl Smoke {
    /// Asks once, as a new visitor, and judges.
    ///
    /// # Errors
    /// What was wrong, in words that repeat no secret.
    pub fn ask(&self) -> Result<(), Failure> {
        self.expect.judge(&self.without_secrets(self.answer()?))
    }

    fn answer(&self) -> Result<Received, Failure> {
        let client = Client::new(&self.url, self.ca_file.as_deref(), self.connect_to)?;
        let (mut url, mut method, mut body) = (self.url.clone(), self.method.as_str(), self.body.as_str());
        let mut told = url.to_string();
        for _ in 0..=REDIRECTS {
            let headers = self.headers_for(&url);
            let (body_bytes, timeout) = (body.as_bytes(), self.timeout);
            let call = Call { method, url: &url, headers: &headers, body: body_bytes, timeout, body_max: BODY_MAX };
            let received = client.call(&call)?;
            let Some(to) = received.redirect(&url).filter(|_| self.follow_redirects) else { return Ok(received) };
            // What browsers do: only 307 and 308 repeat what was sent.
            if received.status < 307 && method != "HEAD" {
                (method, body) = ("GET", "");
            }
            let from = std::mem::replace(&mut told, self.told(received, &url));
            url = next(&url, to).ok_or_else(|| Failure::Redirects(format!("from {from} to {told}")))?;
            if !self.may_follow(&url) {
                let host = url.host_str().unwrap_or_default();
                let reason = "is none of the app's hosts; it was not asked";
                return Err(Failure::Redirects(format!("from {from} to {told}, and {host} {reason}")));
            }
            if url.origin() != self.url.origin() {
                body = "";
            }
        }
        Err(Failure::Redirects(format!("more than {REDIRECTS}, the last to {told}")))
    }

    /// Whether a redirect leads to where it began, with its port or the usual one, or to what is declared.
    fn may_follow(&self, to: &Url) -> bool {
        let Some(host) = to.host_str() else { return false };
        let authority = to.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let declared = self.redirect_hosts.iter().any(|one| one.eq_ignore_ascii_case(&authority));
        let begun = to.host() == self.url.host() && (to.port().is_none() || to.port() == self.url.port());
        begun || declared
    }

    fn headers_for(&self, url: &Url) -> Vec<(String, String)> {
        let secret = self.secret_headers.iter().filter(|_| url.origin() == self.url.origin());
        let agent = ("user-agent".to_owned(), "hearth-probe".to_owned());
        std::iter::once(&agent).chain(&self.headers).chain(secret).cloned().collect()
    }

    /// A page that repeats what it was asked with must not bring a secret into a receipt, not even a part of one that
    /// the end of a message cuts.
    fn without_secrets(&self, mut received: Received) -> Received {
        for secret in self.secrets() {
            let body = String::from_utf8_lossy(&received.body);
            if body.contains(&secret) {
                received.body = body.replace(&secret, "…").into_bytes();
            }
            received.headers.iter_mut().for_each(|(_, value)| *value = value.replace(&secret, "…"));
        }
        received
    }

    /// Every text that no message may hold: secrets, and credentials without their scheme, also as an address has them.
    fn secrets(&self) -> Vec<String> {
        let whole = self.secret_headers.iter().map(|(_, value)| value.as_str());
        let credentials = self.secret_headers.iter().filter_map(|(_, value)| Some(value.split_once(' ')?.1));
        let plain = whole.chain(credentials).filter(|secret| secret.len() > 3);
        let encoded = |secret: &str| url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        plain.flat_map(|secret| [secret.to_owned(), encoded(secret)]).collect()
    }

    /// Where a redirect leads, as it may be told. Secrets are struck out before it becomes an address, which may write
    /// them otherwise.
    fn told(&self, received: Received, from: &Url) -> String {
        let to = self.without_secrets(received).redirect(from);
        let to = to.map(|to| if is_downgrade(from, &to) { format!("{to}, which is http") } else { to.to_string() });
        to.unwrap_or_default().replace("%E2%80%A6", "…")
    }
}

/// The next address of a chain of redirects, which may not leave TLS: the next request would be there for all to read.
fn next(from: &Url, to: Location) -> Option<Url> {
    if is_downgrade(from, &to) {
        return None;
    }
    match to {
        Location::Url(url) if matches!(url.scheme(), "https" | "http") => Some(url),
        _ => None,
    }
}

fn is_downgrade(from: &Url, to: &Location) -> bool {
    matches!(to, Location::Url(url) if from.scheme() == "https" && url.scheme() == "http")
}

impl Expect {
    /// Whether an answer is the right one.
    ///
    /// # Errors
    /// The first thing about it that is not.
    pub fn judge(&self, received: &Received) -> Result<(), Failure> {
        if received.status != self.status {
            let location = received.header("location").map(ToOwned::to_owned);
            return Err(Failure::Status { expected: self.status, found: received.status, location });
        }
        self.headers.iter().try_for_each(|(name, expected)| header(received, name, expected.as_deref()))?;
        let body = String::from_utf8_lossy(&received.body);
        if let Some(text) = self.contains.as_ref().filter(|text| !body.contains(text.as_str())) {
            return Err(Failure::Body { expected: text.clone(), found: beginning(&body) });
        }
        if let Some(text) = self.lacks.as_ref().filter(|text| body.contains(text.as_str())) {
            return Err(Failure::Unwanted(text.clone()));
        }
        if self.json.is_empty() { Ok(()) } else { json(&self.json, &body) }
    }
}

fn header(received: &Received, name: &str, expected: Option<&str>) -> Result<(), Failure> {
    let lower = name.to_ascii_lowercase();
    let mut values = received.headers.iter().filter(|(found, _)| *found == lower).map(|(_, value)| value.as_str());
    let right = match expected {
        Some(text) => values.any(|value| value.contains(text)),
        None => values.next().is_none(),
    };
    if right {
        return Ok(());
    }
    let found = received.header(&lower).map(beginning);
    Err(Failure::Header { name: name.to_owned(), expected: expected.map(ToOwned::to_owned), found })
}

fn json(expected: &BTreeMap<String, Value>, body: &str) -> Result<(), Failure> {
    let document: Value = serde_json::from_str(body).map_err(|error| Failure::NoJson(error.to_string()))?;
    for (pointer, value) in expected {
        let found = document.pointer(pointer);
        if found != Some(value) {
            let found = found.map_or_else(|| "nothing".to_owned(), |found| beginning(&found.to_string()));
            return Err(Failure::Json { pointer: pointer.clone(), expected: value.to_string(), found });
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "smoke_tests.rs"]
mod tests;
