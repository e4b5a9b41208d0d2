//! Loads a page and what it refers to as a browser would, and says what a visitor would miss.
//!
//! A deploy can be green and its health check too, while the page has no style: the stylesheet's link says `http://` on
//! a page of https, because the app does not know that it stands behind a proxy; a file is missing; what answers in its
//! place is the app's own page. [`audit`] asks for each page that is declared, [reads](html) what it refers to, asks for
//! what is the app's own and goes on with stylesheets. Everything must be https; what is the app's own must be there and
//! be what it is wanted for. Other origins are not asked, unless they are declared.
//!
//! What it asks, reads and waits is bounded ([`Limits`]), whatever a page holds. What a script would load is not seen.

mod browser;
mod crawl;
pub mod css;
mod element;
mod finding;
pub mod html;
mod judge;
mod link_header;
mod reference;
pub mod srcset;
mod tags;

use std::time::Duration;

pub use browser::Browser;
pub use crawl::{Load, Wanted, audit};
pub use finding::{Cause, Finding};
pub use probe::Url;
pub use reference::{Kind, Reference};

/// What is looked at.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The pages.
    pub pages: Vec<Url>,
    /// Origins beside that of the pages from which things are asked for too, as `https://host`.
    pub origins: Vec<String>,
    /// References that are passed over: those whose address, or whose path on the app's own origin, begins so.
    pub ignore: Vec<String>,
    /// Where it ends.
    pub limits: Limits,
}

/// Where an audit ends, whatever a page holds.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many requests are made.
    pub requests: usize,
    /// How many bytes are read of all answers, decompressed.
    pub bytes: u64,
    /// How many bytes are read of a page or a stylesheet. Of anything else only the beginning is.
    pub document: u64,
    /// How many references are looked at, asked for or not.
    pub references: usize,
    /// How many stylesheets may import one another in a row.
    pub imports: usize,
    /// How many redirects in a row are followed.
    pub redirects: usize,
    /// How long all of it may take.
    pub time: Duration,
    /// How long one request may take.
    pub request_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 200,
            bytes: 64 << 20,
            document: 2 << 20,
            references: 5000,
            imports: 5,
            redirects: 10,
            time: Duration::from_secs(60),
            request_time: Duration::from_secs(10),
        }
    }
}

/// What an audit saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What a visitor would miss.
    pub findings: Vec<Finding>,
    /// What a person should know and no visitor misses.
    pub remarks: Vec<String>,
    /// How many requests were made.
    pub requests: usize,
}
