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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_beyond_ascii_is_asked_for_as_dns_knows_it() {
        for (written, asked) in [
            ("https://Bücher.example/é", "https://xn--bcher-kva.example/%C3%A9"),
            ("https://faß.example/", "https://xn--fa-hia.example/"),
            ("https://مثال.إختبار/", "https://xn--mgbh0fb.xn--kgbechtv/"),
        ] {
            assert_eq!(Url::parse(written).unwrap().as_str(), asked);
        }
        Url::parse("https://a\u{202e}b.example/").unwrap_err();
    }
}
