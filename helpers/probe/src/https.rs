//! Asking over the network, once.

use std::io::Read as _;
use std::time::Duration;

use crate::agent::{ConnectTo, agent, failure};
use crate::{Answer, Ask, Failure, Probe, Request};

/// How much of a body is read.
const BODY_MAX: u64 = 1024 * 1024;

/// The network.
#[derive(Clone, Copy, Debug, Default)]
pub struct Https;

impl Ask for Https {
    /// One agent a request: a connection that was kept open would prove nothing about the next visitor's.
    fn ask(&self, probe: &Probe) -> Result<Answer, Failure> {
        let to = ConnectTo { address: probe.connect_to, host: None };
        let agent = agent(&probe.url, probe.ca_file.as_deref(), to, probe.timeout)?;
        let answer = agent.get(&probe.url).header("user-agent", "hearth-probe").call();
        answer.map_err(|error| failure(error, probe.timeout)).and_then(|answer| read(answer, probe.timeout))
    }
}

/// Sends a request with a body. Redirects are not followed: what is told to one server is not told to another.
///
/// # Errors
/// Why no answer came; an answer with any status is one.
pub fn send(request: &Request<'_>) -> Result<Answer, Failure> {
    let agent = agent(request.url, request.ca_file, ConnectTo::default(), request.timeout)?;
    let mut built = ureq::http::Request::builder().method(request.method).uri(request.url);
    for (name, value) in request.headers {
        built = built.header(*name, *value);
    }
    let built = built.body(request.body).map_err(|error| failure(ureq::Error::Http(error), request.timeout))?;
    let answer = agent.run(built).map_err(|error| failure(error, request.timeout))?;
    read(answer, request.timeout)
}

fn read(mut answer: ureq::http::Response<ureq::Body>, timeout: Duration) -> Result<Answer, Failure> {
    let mut body = Vec::new();
    let read = answer.body_mut().as_reader().take(BODY_MAX).read_to_end(&mut body);
    read.map_err(|error| failure(ureq::Error::from(error), timeout))?;
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
    Ok(Answer {
        status: answer.status().as_u16(),
        location: location.map(ToOwned::to_owned),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
