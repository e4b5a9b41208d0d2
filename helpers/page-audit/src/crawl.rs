//! From a page to what it refers to, and on, within limits.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use probe::{Failure, Location, Received, Url};

use crate::html::{self, LONGEST_URL, leads_somewhere};
use crate::{Audit, Cause, Finding, Kind, Report, css, judge, link_header};

/// How much is read of what is neither a page nor a stylesheet: that it comes is enough.
const BEGINNING: u64 = 64 << 10;
/// More remarks than these help nobody.
const REMARKS: usize = 20;

/// One request of a browser.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The address.
    pub url: &'a Url,
    /// What it is wanted for.
    pub kind: Kind,
    /// The page or stylesheet that refers to it.
    pub page: Option<&'a Url>,
    /// How long it may take.
    pub timeout: Duration,
    /// How much of it is read.
    pub body_max: u64,
}

/// Something that asks as a browser would: the network, or a test's own site.
pub trait Load {
    /// Asks once. Redirects are answers.
    ///
    /// # Errors
    /// Why no answer came.
    fn load(&self, wanted: &Wanted<'_>) -> Result<Received, Failure>;
}

/// Loads the pages and what they refer to.
pub fn audit(load: &impl Load, audit: &Audit) -> Report {
    let mut crawl = Crawl {
        load,
        audit,
        begun: Instant::now(),
        seen: BTreeSet::new(),
        waiting: BTreeMap::new(),
        bytes: 0,
        report: Report::default(),
    };
    for page in &audit.pages {
        crawl.page(page);
    }
    while let Some(found) = crawl.next() {
        crawl.reference(&found);
    }
    crawl.report
}

/// A reference that is to be asked for.
struct Found {
    /// The page that a visitor sees.
    page: Rc<Url>,
    /// The page or stylesheet in which it is written.
    within: Rc<Url>,
    place: String,
    url: Url,
    kind: Kind,
    imports: usize,
}

/// A page or stylesheet while its references are gone through.
struct Document<'a> {
    page: &'a Rc<Url>,
    within: &'a Rc<Url>,
    upgrades: bool,
    imports: usize,
}

struct Crawl<'a, L> {
    load: &'a L,
    audit: &'a Audit,
    begun: Instant,
    seen: BTreeSet<(Url, Kind)>,
    /// Stylesheets and scripts first: a page is nothing without them.
    waiting: BTreeMap<(Kind, usize), Found>,
    bytes: u64,
    report: Report,
}

/// What came of following redirects.
enum Landed {
    Here(Url, Box<Received>),
    /// On an origin that is not asked.
    Elsewhere(Url),
}

impl<L: Load> Crawl<'_, L> {
    fn page(&mut self, url: &Url) {
        let followed = self.follow(url, Kind::Document, None, url);
        let (url, received) = match judged(followed, Kind::Document) {
            Ok(Landed::Here(url, received)) => (Rc::new(url), received),
            Ok(Landed::Elsewhere(to)) => {
                return self.remark(format!("{url} leads to {to}, of another origin; nothing of it was looked at"));
            }
            Err(cause) => return self.found(url, url, "the page", url, Kind::Document, cause),
        };
        let page = html::read(&String::from_utf8_lossy(&received.body));
        if let Some(why) = page.cut {
            self.remark(format!("{url} was not looked at to its end: {why}"));
        }
        let policies = received.headers.iter().filter(|(name, _)| name == "content-security-policy");
        let upgrades = page.upgrades || policies.into_iter().any(|(_, policy)| html::upgrades(policy));
        let document = Document { page: &url, within: &url, upgrades, imports: 0 };
        for (_, header) in received.headers.iter().filter(|(name, _)| name == "link") {
            for (kind, to) in link_header::read(header) {
                self.refers(&document, &url, kind, to, &format!("the header Link: <{to}>"));
            }
        }
        let base = page.base.as_ref().and_then(|base| url.join(base).ok()).unwrap_or_else(|| (*url).clone());
        for reference in &page.references {
            let base = if reference.based { &base } else { &url };
            self.refers(&document, base, reference.kind, &reference.url, &reference.place);
        }
    }

    fn refers(&mut self, document: &Document<'_>, base: &Url, kind: Kind, written: &str, place: &str) {
        // What does not parse, browsers pass over too.
        let Ok(mut url) = base.join(written) else { return };
        url.set_fragment(None);
        if !leads_somewhere(written)
            || url.as_str().len() > LONGEST_URL
            || !matches!(url.scheme(), "http" | "https")
            || self.is_ignored(&url, document.page)
        {
            return;
        }
        if document.upgrades && url.scheme() == "http" {
            let _ = url.set_scheme("https");
        }
        if self.seen.len() >= self.audit.limits.references {
            return self.remark(format!("{} has more references than are looked at", document.within));
        }
        if !self.seen.insert((url.clone(), kind)) {
            return;
        }
        if kind == Kind::Link {
            return self.link(document, &url, place);
        }
        if let Some(cause) = judge::address(&url, document.page) {
            return self.found(document.page, document.within, place, &url, kind, cause);
        }
        if kind.is_loaded() && self.is_asked(&url, document.page) {
            let (page, within) = (Rc::clone(document.page), Rc::clone(document.within));
            let found = Found { page, within, place: place.to_owned(), url, kind, imports: document.imports };
            self.waiting.insert((kind, self.seen.len()), found);
        }
    }

    /// A link that nobody has followed breaks nothing, but tells the same of the app.
    fn link(&mut self, document: &Document<'_>, url: &Url, place: &str) {
        if judge::same_host(url, document.page) && judge::address(url, document.page).is_some() {
            self.remark(format!(
                "{}: {place} leads visitors out of https; does the app trust the proxy's header X-Forwarded-Proto?",
                document.page
            ));
        }
    }

    fn is_ignored(&self, url: &Url, page: &Url) -> bool {
        let own = judge::same_host(url, page);
        let begins =
            |text: &String| url.as_str().starts_with(text.as_str()) || (own && url.path().starts_with(text.as_str()));
        self.audit.ignore.iter().any(begins)
    }

    fn is_asked(&self, url: &Url, page: &Url) -> bool {
        url.origin() == page.origin() || self.audit.origins.contains(&url.origin().ascii_serialization())
    }

    fn next(&mut self) -> Option<Found> {
        let limits = &self.audit.limits;
        let why = if self.report.requests >= limits.requests {
            format!("{} requests were made", self.report.requests)
        } else if self.bytes >= limits.bytes {
            format!("{} MiB were read", self.bytes >> 20)
        } else if self.begun.elapsed() >= limits.time {
            format!("{} s are over", limits.time.as_secs())
        } else {
            return self.waiting.pop_first().map(|(_, found)| found);
        };
        if !self.waiting.is_empty() {
            self.remark(format!("{} references were not looked at: {why}", self.waiting.len()));
        }
        None
    }

    fn reference(&mut self, found: &Found) {
        let followed = self.follow(&found.url, found.kind, Some(&found.within), &found.page);
        match judged(followed, found.kind) {
            Ok(Landed::Here(url, received)) if found.kind == Kind::Stylesheet => {
                self.stylesheet(found, &url, &received);
            }
            Ok(_) => {}
            Err(cause) => self.found(&found.page, &found.within, &found.place, &found.url, found.kind, cause),
        }
    }

    fn stylesheet(&mut self, found: &Found, url: &Url, received: &Received) {
        if found.imports >= self.audit.limits.imports {
            return self
                .remark(format!("{url} was not looked into: it is imported by {} others in a row", found.imports));
        }
        let within = Rc::new(url.clone());
        let document = Document { page: &found.page, within: &within, upgrades: false, imports: found.imports + 1 };
        let text = String::from_utf8_lossy(&received.body);
        css::read(&text, &mut |kind, to, rule| self.refers(&document, url, kind, to, rule));
    }

    /// Follows redirects, each of which must be one that a browser on this page follows.
    fn follow(&mut self, url: &Url, kind: Kind, within: Option<&Url>, page: &Url) -> Result<Landed, Cause> {
        let mut url = url.clone();
        for _ in 0..=self.audit.limits.redirects {
            if !self.is_asked(&url, page) {
                return Ok(Landed::Elsewhere(url));
            }
            let received = self.ask(&url, kind, within)?;
            let Some(location) = received.redirect(&url) else { return Ok(Landed::Here(url, Box::new(received))) };
            let Location::Url(to) = location else { return Err(Cause::Redirects(format!("to {location}"))) };
            if to.as_str().len() > LONGEST_URL {
                return Err(Cause::Redirects(format!("to an address of {} bytes", to.as_str().len())));
            }
            if let Some(cause) = judge::redirect(&url, &to, page) {
                return Err(cause);
            }
            url = to;
        }
        Err(Cause::Redirects(format!("more than {} times, the last time to {url}", self.audit.limits.redirects)))
    }

    fn ask(&mut self, url: &Url, kind: Kind, page: Option<&Url>) -> Result<Received, Cause> {
        let limits = &self.audit.limits;
        let left = limits.time.saturating_sub(self.begun.elapsed()).max(Duration::from_secs(1));
        let body_max = if matches!(kind, Kind::Document | Kind::Stylesheet) { limits.document } else { BEGINNING };
        let wanted = Wanted { url, kind, page, timeout: limits.request_time.min(left), body_max };
        self.report.requests += 1;
        let received = self.load.load(&wanted).map_err(Cause::NotAnswered)?;
        self.bytes += received.body.len() as u64;
        Ok(received)
    }

    fn found(&mut self, page: &Url, within: &Url, place: &str, url: &Url, kind: Kind, cause: Cause) {
        let place = if within == page { place.to_owned() } else { format!("{within}, {place}") };
        self.report.findings.push(Finding { page: page.clone(), place, url: url.to_string(), kind, cause });
    }

    fn remark(&mut self, remark: String) {
        if self.report.remarks.len() < REMARKS && !self.report.remarks.contains(&remark) {
            self.report.remarks.push(remark);
        }
    }
}

/// What came of following, unless it is not what was wanted.
fn judged(landed: Result<Landed, Cause>, kind: Kind) -> Result<Landed, Cause> {
    let landed = landed?;
    match &landed {
        Landed::Here(_, received) => judge::answer(kind, received).map_or(Ok(landed), Err),
        Landed::Elsewhere(_) => Ok(landed),
    }
}
