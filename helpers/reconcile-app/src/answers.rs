//! Asking the app through the proxy.

use std::time::Duration;

use page_audit::{Browser, Limits, Report};
use probe::{Attempt, Budget, Https, until, until_it_answers};

use crate::converge::FailureKind;
use crate::credentials;
use crate::manifest::{Audit, Gate, Probe, Smoke};
use crate::patience::Patience;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many findings of an audit a failure tells; the others are said.
const TOLD: usize = 3;

/// Something that an app is asked.
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// Whether it answers at all.
    Probe(&'a Probe),
    /// Whether it answers as declared.
    Smoke(&'a Smoke),
    /// Whether its pages are whole.
    Audit(&'a Audit),
}

impl Question<'_> {
    /// The word for an answer that is not right.
    pub fn failure(self) -> FailureKind {
        match self {
            Self::Probe(_) => FailureKind::ProbeFailed,
            Self::Smoke(_) => FailureKind::SmokeFailed,
            Self::Audit(_) => FailureKind::AuditFailed,
        }
    }

    /// What the receipt calls it.
    pub fn step(self) -> String {
        match self {
            Self::Probe(_) => "probe".to_owned(),
            Self::Smoke(smoke) => format!("smoke {}", smoke.name),
            Self::Audit(_) => "page audit".to_owned(),
        }
    }
}

impl Gate {
    /// What a new version is asked beside the probe.
    pub fn proofs(&self) -> impl Iterator<Item = Question<'_>> {
        self.smoke.iter().map(Question::Smoke).chain(self.audit.as_ref().map(Question::Audit))
    }
}

/// Asking the app through the proxy.
pub trait Answers {
    /// Asks until the answer is right or the budget is used up. Returns what a person should know all the same.
    ///
    /// # Errors
    /// What was wrong with the last answer.
    fn ask(&self, question: Question<'_>, say: &mut dyn FnMut(String)) -> Result<Vec<String>, String>;
}

/// The real thing: HTTPS.
pub struct Network {
    /// How long a certificate that is new may take until the proxy shows it.
    pub certificate: Duration,
}

impl Answers for Network {
    fn ask(&self, question: Question<'_>, say: &mut dyn FnMut(String)) -> Result<Vec<String>, String> {
        match question {
            Question::Probe(probe) => self.probe(probe, say).map(|()| Vec::new()),
            Question::Smoke(smoke) => self.smoke(smoke, say).map(|()| Vec::new()),
            Question::Audit(audit) => audited(audit, say),
        }
    }
}

impl Network {
    fn budget(&self, seconds: u64) -> Budget {
        Budget::seconds(seconds).certificate(self.certificate)
    }

    fn probe(&self, declared: &Probe, say: &mut dyn FnMut(String)) -> Result<(), String> {
        let probe = probe::Probe {
            url: declared.url.clone(),
            connect_to: declared.connect_to,
            ca_file: declared.ca_file.clone(),
            status: declared.status,
            contains: declared.contains.clone(),
            timeout: TIMEOUT,
        };
        say(format!("asking {}", probe.url));
        let answered = until_it_answers(&Https, &probe, self.budget(declared.budget_seconds), &mut tell(say));
        answered.map(drop).map_err(|failure| format!("{}: {failure}", probe.url))
    }

    fn smoke(&self, declared: &Smoke, say: &mut dyn FnMut(String)) -> Result<(), String> {
        let (name, method, url) = (&declared.name, &declared.method, &declared.url);
        say(format!("smoke {name}: {method} {url}"));
        let secret_headers =
            credentials::headers(&declared.credentials).map_err(|error| format!("{name}: {error:#}"))?;
        let expect = &declared.expect;
        let smoke = probe::Smoke {
            url: url.clone(),
            connect_to: declared.connect_to,
            ca_file: declared.ca_file.clone(),
            method: method.clone(),
            headers: declared.headers.clone().into_iter().collect(),
            secret_headers,
            body: declared.body.clone(),
            follow_redirects: declared.follow_redirects,
            redirect_hosts: declared.redirect_hosts.clone(),
            expect: probe::Expect {
                status: expect.status,
                contains: expect.contains.clone(),
                lacks: expect.lacks.clone(),
                headers: expect.headers.clone(),
                json: expect.json.clone(),
            },
            timeout: TIMEOUT,
        };
        let ask = |timeout| probe::Smoke { timeout, ..smoke.clone() }.ask();
        let answered = until(self.budget(declared.budget_seconds), TIMEOUT, &mut tell(say), ask);
        answered.map(drop).map_err(|failure| format!("{name}: {method} {url}: {failure}"))
    }
}

/// Makes a page audit until it finds nothing. Its certificate has been waited for: the probe comes before it.
fn audited(declared: &Audit, say: &mut dyn FnMut(String)) -> Result<Vec<String>, String> {
    let own_headers = credentials::headers(&declared.credentials).map_err(|error| format!("{error:#}"))?;
    let time = Duration::from_secs(declared.budget_seconds);
    let settings = page_audit::Audit {
        pages: declared.pages.clone(),
        origins: declared.origins.clone(),
        ignore: declared.ignore.clone(),
        limits: Limits { time, request_time: TIMEOUT.min(time), ..Limits::default() },
    };
    let Some(site) = declared.pages.first() else { return Ok(Vec::new()) };
    let mut patience = Patience::begin(time);
    loop {
        // A browser for each attempt: what the last one kept might be of a task that is gone.
        let browser = Browser::new(site, declared.ca_file.as_deref(), declared.connect_to, own_headers.clone());
        let report = page_audit::audit(&browser.map_err(|failure| failure.to_string())?, &settings);
        if report.findings.is_empty() {
            say(format!("the page audit of {} found nothing in {} requests", pages(declared), report.requests));
            return Ok(report.remarks);
        }
        let stays = report.findings.iter().any(|finding| !finding.cause.may_pass());
        if !patience.another(stays) {
            return Err(told(&report, say));
        }
        say(format!("not yet: {}", report.findings[0]));
        std::thread::sleep(patience.pause());
    }
}

fn pages(audit: &Audit) -> String {
    audit.pages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// All findings for whoever reads along, the first ones for the receipt.
fn told(report: &Report, say: &mut dyn FnMut(String)) -> String {
    for finding in &report.findings {
        say(format!("found: {finding}"));
    }
    let mut lines: Vec<String> = report.findings.iter().take(TOLD).map(ToString::to_string).collect();
    if let Some(more) = report.findings.len().checked_sub(TOLD).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines.join(" | ")
}

/// Says why something was not right yet, but only when that changed.
fn tell(say: &mut dyn FnMut(String)) -> impl FnMut(&Attempt<'_>) {
    let mut said = String::new();
    move |attempt| {
        let why = attempt.failure.to_string();
        if why != said {
            say(format!("not yet: {why}"));
            said = why;
        }
    }
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
