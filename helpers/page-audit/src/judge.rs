//! What can be said of an address and of an answer, without asking anybody.

use probe::{Failure, Received, Url};

use crate::{Cause, Kind};

/// Whether two addresses are of one host, whatever the scheme and port.
pub fn same_host(one: &Url, other: &Url) -> bool {
    one.host_str().is_some() && one.host_str() == other.host_str()
}

/// What is wrong with an address on a page, before it is asked for.
pub fn address(url: &Url, page: &Url) -> Option<Cause> {
    let own = same_host(url, page);
    if !own && !is_public(url) {
        Some(Cause::Unreachable)
    } else if page.scheme() == "https" && url.scheme() == "http" {
        Some(Cause::Http { own })
    } else {
        None
    }
}

/// Whether visitors could reach the host: it is not the machine that they sit at, nor a name of the swarm.
fn is_public(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let local = host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "[::1]";
    let named = host.contains('.') || host.starts_with('[');
    named && !local && host != "0.0.0.0"
}

/// What is wrong with where a redirect leads.
pub fn redirect(from: &Url, to: &Url, page: &Url) -> Option<Cause> {
    match address(to, page)? {
        Cause::Http { own } => Some(Cause::RedirectsToHttp { to: to.to_string(), own }),
        Cause::Unreachable => {
            Some(Cause::Redirects(format!("from {from} to {to}, which only the app itself can reach")))
        }
        other => Some(other),
    }
}

/// What is wrong with an answer.
pub fn answer(kind: Kind, received: &Received) -> Option<Cause> {
    if !kind.is_answered_by(received.status) {
        let location = received.header("location").map(ToOwned::to_owned);
        return Some(Cause::NotAnswered(Failure::Status { expected: 200, found: received.status, location }));
    }
    let found = essence(received);
    let nosniff =
        received.header("x-content-type-options").is_some_and(|value| value.trim().eq_ignore_ascii_case("nosniff"));
    let wanted = kind.wants_instead_of(&found, nosniff)?;
    Some(Cause::Type { found, wanted, nosniff })
}

/// The type without its parameters.
pub fn essence(received: &Received) -> String {
    let value = received.header("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
