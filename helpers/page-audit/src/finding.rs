//! What a visitor would miss, in words: the page, the element, the address, why, and what helps.

use std::fmt;

use probe::{Failure, Url};

use crate::Kind;

/// One thing that a visitor would miss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The page, or the stylesheet, that refers to it.
    pub page: Url,
    /// The element, as it is written.
    pub place: String,
    /// The address.
    pub url: String,
    /// What it is wanted for.
    pub kind: Kind,
    /// What is wrong with it.
    pub cause: Cause,
}

/// What is wrong with a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It is http on a page of https.
    Http {
        /// Whether it is the app's own host.
        own: bool,
    },
    /// It redirects to http.
    RedirectsToHttp {
        /// Where.
        to: String,
        /// Whether that is the app's own host.
        own: bool,
    },
    /// It redirects to something that is no address, or without end.
    Redirects(String),
    /// Its host is none that a visitor could reach.
    Unreachable,
    /// It is not answered as it should be.
    NotAnswered(Failure),
    /// It is answered, and with something else.
    Type {
        /// What came.
        found: String,
        /// What was wanted.
        wanted: &'static str,
        /// Whether the server forbids browsers to guess.
        nosniff: bool,
    },
}

impl Cause {
    /// Whether it may be right a moment later: something is still starting, or an older task still answers.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NotAnswered(Failure::Status { found, .. }) => *found >= 500 || *found == 429,
            Self::NotAnswered(failure) => failure.may_pass(),
            _ => false,
        }
    }

    fn remedy(&self, page: &Url) -> String {
        let site = page.host_str().unwrap_or_default();
        match self {
            Self::Http { own: true } | Self::RedirectsToHttp { own: true, .. } => format!(
                "the app builds http:// addresses: let it trust the proxy's header X-Forwarded-Proto, or set its own address to https://{site}"
            ),
            Self::Http { own: false } | Self::RedirectsToHttp { own: false, .. } => {
                "let the app refer to it by https, or serve it itself".to_owned()
            }
            Self::Redirects(_) => {
                format!("the app may take its visitors for others: is its own address https://{site}?")
            }
            Self::Unreachable => {
                format!("the app does not know where it is served: set its own address to https://{site}")
            }
            Self::NotAnswered(Failure::Status { found: 404 | 410, .. }) => {
                "is the file part of this version, under this path?".to_owned()
            }
            Self::NotAnswered(Failure::Status { found: 401 | 403, .. }) => {
                "visitors of the page may not have it either: are its permissions those of the page?".to_owned()
            }
            Self::NotAnswered(_) => "the end of the container's log may tell more".to_owned(),
            Self::Type { found, .. } if found == "text/html" => {
                "a page in the place of a file is how an app answers for one that is not there".to_owned()
            }
            Self::Type { wanted, .. } => format!("let the server send it with Content-Type: {wanted}"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { page, place, url, kind, cause } = self;
        write!(f, "{page}: {place}: ")?;
        // Most addresses stand in the place already, and twice is harder to read than once.
        if !place.contains(url.as_str()) && url != page.as_str() {
            write!(f, "{url} ")?;
        }
        match cause {
            Cause::Http { .. } => write!(f, "is http on a page of https, {}", kind.as_mixed_content())?,
            Cause::RedirectsToHttp { to, .. } => {
                write!(f, "redirects to {to}, which is http; {}", kind.as_mixed_content())?;
            }
            Cause::Redirects(how) => write!(f, "redirects {how}")?,
            Cause::Unreachable => write!(f, "is at a host that only the app itself can reach")?,
            Cause::NotAnswered(failure) => write!(f, "is not answered as it should be: {failure}")?,
            Cause::Type { found, wanted, nosniff } => {
                let found = if found.is_empty() { "no type" } else { found };
                let why = if *nosniff { ", and nosniff forbids browsers to take it for what it is" } else { "" };
                write!(f, "is answered with {found} where browsers want {wanted}{why}")?;
            }
        }
        write!(f, "; {}", cause.remedy(page))
    }
}
