//! Requests as one visitor makes them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use ureq::Agent;
use ureq::http::request::Builder;
use ureq::http::{Request, Response};
use url::{Origin, Url};

use crate::agent::{ConnectTo, agent, failure};
use crate::{Failure, Location};

/// More cookies than this are no visitor's.
const COOKIES: usize = 64;

/// Requests as one visitor makes them: over connections that are kept, with the cookies that each origin has set.
/// Redirects are answers, and it is the caller who follows them.
pub struct Client {
    agent: Agent,
    cookies: RefCell<BTreeMap<Jar, BTreeMap<String, String>>>,
}

/// Whose cookies: the scheme and host of an origin, since ports share them.
type Jar = (String, String);

/// One request.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// `GET`, `POST` and the like.
    pub method: &'a str,
    /// The address.
    pub url: &'a Url,
    /// Headers; their values may be secrets, so that this type prints nothing.
    pub headers: &'a [(String, String)],
    /// The body; none where it is empty.
    pub body: &'a [u8],
    /// How long it may take, the body included.
    pub timeout: Duration,
    /// How much of the answer's body is read, after it was decompressed.
    pub body_max: u64,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The headers in their order, the names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, up to the limit.
    pub body: Vec<u8>,
}

impl Received {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Where a redirect leads from `url`, if this is one.
    pub fn redirect(&self, url: &Url) -> Option<Location> {
        let to = self.header("location").filter(|_| matches!(self.status, 301 | 302 | 303 | 307 | 308))?;
        Some(url.join(to).map_or_else(|_| Location::Nowhere(to.to_owned()), Location::Url))
    }
}

impl Client {
    /// A visitor of `site`. Only that host's name leads to `connect_to`.
    ///
    /// # Errors
    /// When there is nothing that could be trusted.
    pub fn new(site: &Url, ca_file: Option<&Path>, connect_to: Option<SocketAddr>) -> Result<Self, Failure> {
        let to = ConnectTo { address: connect_to, host: site.host_str().map(ToOwned::to_owned) };
        let agent = agent(site.as_str(), ca_file, to, Duration::from_secs(10))?;
        Ok(Self { agent, cookies: RefCell::default() })
    }

    /// Makes one request.
    ///
    /// # Errors
    /// Why no answer came; an answer with any status is one.
    pub fn call(&self, call: &Call<'_>) -> Result<Received, Failure> {
        let mut built = Request::builder().method(call.method).uri(call.url.as_str());
        for (name, value) in call.headers {
            built = built.header(name, value);
        }
        if let Some(cookies) = self.cookies_for(call.url) {
            built = built.header("cookie", cookies);
        }
        let answer = self.run(built, call).map_err(|error| failure(error, call.timeout))?;
        let received = read(answer, call)?;
        self.keep_cookies(call.url, &received);
        Ok(received)
    }

    fn run(&self, built: Builder, call: &Call<'_>) -> Result<Response<ureq::Body>, ureq::Error> {
        let timeout = Some(call.timeout);
        if call.body.is_empty() {
            let request = self.agent.configure_request(built.body(())?).timeout_global(timeout).build();
            self.agent.run(request)
        } else {
            let request = self.agent.configure_request(built.body(call.body)?).timeout_global(timeout).build();
            self.agent.run(request)
        }
    }

    fn cookies_for(&self, url: &Url) -> Option<String> {
        let jars = self.cookies.borrow();
        let pairs = jars.get(&jar(url)?)?.iter().map(|(name, value)| format!("{name}={value}"));
        Some(pairs.collect::<Vec<_>>().join("; ")).filter(|pairs| !pairs.is_empty())
    }

    fn keep_cookies(&self, url: &Url, received: &Received) {
        let Some(jar) = jar(url) else { return };
        let mut jars = self.cookies.borrow_mut();
        let cookies = jars.entry(jar).or_default();
        for (_, line) in received.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('=')) else { continue };
            if takes_back(line) {
                cookies.remove(name.trim());
            } else if cookies.len() < COOKIES {
                cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }
}

fn jar(url: &Url) -> Option<Jar> {
    match url.origin() {
        Origin::Tuple(scheme, host, _) => Some((scheme, host.to_string())),
        Origin::Opaque(_) => None,
    }
}

/// How an application takes a cookie back within one visit.
fn takes_back(line: &str) -> bool {
    line.split(';').skip(1).filter_map(|attribute| attribute.split_once('=')).any(|(name, value)| {
        let (name, value) = (name.trim(), value.trim());
        (name.eq_ignore_ascii_case("max-age") && value.parse::<i64>().is_ok_and(|seconds| seconds <= 0))
            || (name.eq_ignore_ascii_case("expires") && value.contains("1970"))
    })
}

fn read(mut answer: Response<ureq::Body>, call: &Call<'_>) -> Result<Received, Failure> {
    let text = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let mut received = Received {
        status: answer.status().as_u16(),
        headers: answer.headers().iter().map(text).collect(),
        body: Vec::new(),
    };
    // A decompressed byte more than the limit is never made, whatever the compressed ones promise.
    let read = answer.body_mut().as_reader().take(call.body_max).read_to_end(&mut received.body);
    read.map_err(|error| failure(ureq::Error::from(error), call.timeout))?;
    Ok(received)
}
