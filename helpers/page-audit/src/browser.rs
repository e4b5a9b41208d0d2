//! A visitor's browser, as far as its requests go.

use std::net::SocketAddr;
use std::path::Path;

use probe::{Call, Client, Failure, Received, Url};

use crate::crawl::{Load, Wanted};

/// What apps take for a browser, and administrators find in their logs.
const AGENT: &str = "Mozilla/5.0 (compatible; hearth-page-audit)";

/// A visitor's browser, as far as its requests go.
pub struct Browser {
    client: Client,
    site: Url,
    own_headers: Vec<(String, String)>,
}

impl Browser {
    /// One that visits `site`, and sends `own_headers`, such as `Authorization`, to that origin alone.
    ///
    /// # Errors
    /// When there is nothing that could be trusted.
    pub fn new(
        site: &Url,
        ca_file: Option<&Path>,
        connect_to: Option<SocketAddr>,
        own_headers: Vec<(String, String)>,
    ) -> Result<Self, Failure> {
        Ok(Self { client: Client::new(site, ca_file, connect_to)?, site: site.clone(), own_headers })
    }

    fn headers(&self, wanted: &Wanted<'_>) -> Vec<(String, String)> {
        let Wanted { url, kind, page, .. } = wanted;
        let own = url.origin() == self.site.origin();
        let site = if page.is_none() {
            "none"
        } else if own {
            "same-origin"
        } else {
            "cross-site"
        };
        let mode = if kind.destination() == "document" { "navigate" } else { "no-cors" };
        let mut headers = vec![
            ("user-agent", AGENT.to_owned()),
            ("accept", kind.accept().to_owned()),
            ("accept-language", "en".to_owned()),
            ("sec-fetch-dest", kind.destination().to_owned()),
            ("sec-fetch-mode", mode.to_owned()),
            ("sec-fetch-site", site.to_owned()),
        ];
        if let Some(page) = page {
            let referrer = if own { (*page).to_string() } else { page.origin().ascii_serialization() };
            headers.push(("referer", referrer));
        }
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value));
        headers.chain(self.own_headers.iter().filter(|_| own).cloned()).collect()
    }
}

impl Load for Browser {
    fn load(&self, wanted: &Wanted<'_>) -> Result<Received, Failure> {
        let (headers, url) = (self.headers(wanted), wanted.url);
        let Wanted { timeout, body_max, .. } = *wanted;
        self.client.call(&Call { method: "GET", url, headers: &headers, body: &[], timeout, body_max })
    }
}
