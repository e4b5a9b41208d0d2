//! Does an app answer as it should?
//!
//! A [`Probe`] says what is asked and what must come back. [`Https`] asks once; [`until_it_answers`] asks again until
//! the answer is right or the [`Budget`] is spent. A [`Failure`] tells apart, in words for a person, what a browser
//! would show as one grey page: no such name, nobody listens, a certificate that expired or names another host, another
//! status, another text.
//!
//! A [`Smoke`] is a request with more to it: a method, headers, credentials, a body, redirects, and an answer that is
//! judged by its headers and its JSON as well. A [`Client`] is one visitor, with connections and cookies.

mod agent;
mod budget;
mod client;
mod failure;
mod https;
mod location;
mod smoke;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use budget::{Attempt, Budget, Success, until, until_it_answers};
pub use client::{Call, Client, Received};
pub use failure::{Failure, TlsProblem};
pub use https::{Https, send};
pub use location::Location;
pub use smoke::{Expect, Smoke};
pub use url::Url;

/// What is asked, and what must come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The address, `https://` or `http://`.
    pub url: String,
    /// Where to connect in place of what the name resolves to. The name stays in the request and in the TLS handshake,
    /// so that what is proved is what a visitor of that name gets from this very server.
    pub connect_to: Option<SocketAddr>,
    /// Certificates to trust, PEM, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// The status that must come back. Redirects are not followed.
    pub status: u16,
    /// A text that must be in the first mebibyte of the body.
    pub contains: Option<String>,
    /// How long one request may take.
    pub timeout: Duration,
}

impl Probe {
    /// A probe that is content with a status of 200.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connect_to: None,
            ca_file: None,
            status: 200,
            contains: None,
            timeout: Duration::from_secs(10),
        }
    }

    /// Whether an answer is the right one.
    ///
    /// # Errors
    /// [`Failure::Status`] or [`Failure::Body`].
    pub fn judge(&self, answer: &Answer) -> Result<(), Failure> {
        if answer.status != self.status {
            return Err(Failure::Status {
                expected: self.status,
                found: answer.status,
                location: answer.location.clone(),
            });
        }
        match &self.contains {
            Some(text) if !answer.body.contains(text) => {
                Err(Failure::Body { expected: text.clone(), found: beginning(&answer.body) })
            }
            _ => Ok(()),
        }
    }
}

/// A request that tells a server something, for [`send`].
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `POST`, `PUT` and the like.
    pub method: &'a str,
    /// The address, `https://` or `http://`.
    pub url: &'a str,
    /// Headers; their values may be secrets, so that this type prints nothing.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
    /// Certificates to trust, PEM, in place of the system's.
    pub ca_file: Option<&'a Path>,
    /// How long it may take.
    pub timeout: Duration,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// The first mebibyte of the body.
    pub body: String,
}

/// Something that can ask once: the network, or a script of answers in a test.
pub trait Ask {
    /// Asks what the probe asks.
    ///
    /// # Errors
    /// Why no answer came.
    fn ask(&self, probe: &Probe) -> Result<Answer, Failure>;
}

/// The beginning of a body, on one line, short enough for a message, and with nothing that a terminal obeys.
pub(crate) fn beginning(body: &str) -> String {
    let line = state::plain(body).split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, location: None, body: body.to_owned() }
    }

    #[test]
    fn the_right_status_and_text_are_right() {
        let probe = Probe { contains: Some("Sign In".to_owned()), ..Probe::new("https://x") };
        assert_eq!(probe.judge(&answer(200, "<h1>Sign In</h1>")), Ok(()));
    }

    #[test]
    fn the_beginning_of_a_body_holds_nothing_that_a_terminal_obeys() {
        assert_eq!(beginning("down\u{1b}]0;x\u{7} for\n\tnow"), "down for now");
    }

    #[test]
    fn another_status_is_told_with_where_it_leads() {
        let found = Answer { location: Some("/login".to_owned()), ..answer(302, "") };
        let said = Probe::new("https://x").judge(&found).unwrap_err().to_string();
        assert_eq!(said, "the status is 302 (to /login), not 200");
    }

    #[test]
    fn another_text_is_told_with_its_beginning() {
        let probe = Probe { contains: Some("Sign In".to_owned()), ..Probe::new("https://x") };
        let said = probe.judge(&answer(200, &format!("<p>\n  Oh no {}", "é".repeat(200)))).unwrap_err().to_string();
        assert!(said.starts_with("\"Sign In\" is not in the body, which begins: <p> Oh no éé"), "{said}");
        assert!(said.chars().count() < 160, "{said}");
    }
}
