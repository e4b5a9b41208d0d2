//! Where a redirect leads.

use std::fmt;

use url::Url;

/// Where a redirect leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// To this address.
    Url(Url),
    /// To something that is no address.
    Nowhere(String),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::Nowhere(text) => write!(f, "{text:?}, which is no address"),
        }
    }
}
