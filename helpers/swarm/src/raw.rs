//! Requests to the engine whose bodies pass through as they are.
//!
//! The engine's update of a service replaces its whole specification. What a typed model does not know would be taken
//! from the service: bollard's loses the health check, because the API's description writes its name in another case than
//! the engine does. So services are read and told as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyperlocal::{UnixClientExt as _, UnixConnector, Uri};
use serde_json::Value;

use crate::engine::{API, TIMEOUT_SECONDS};
use crate::{Engine, Error, Result};

impl Engine {
    /// The answer to a request, as JSON; null where there is none.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>, doing: &str) -> Result<Value> {
        let unreachable =
            |reason: String| Error::Unreachable { socket: self.socket.clone(), reason: format!("{doing}: {reason}") };
        let path = format!("/v{}.{}{path}", API.major_version, API.minor_version);
        let uri: hyper::Uri = Uri::new(&self.socket, &path).into();
        let body = Full::new(Bytes::from(body.map(Value::to_string).unwrap_or_default()));
        let request = Request::builder().method(method).uri(uri).header("content-type", "application/json").body(body);
        let request = request.map_err(|error| unreachable(error.to_string()))?;
        let client: Client<UnixConnector, Full<Bytes>> = Client::unix();
        let exchange = async {
            let response = client.request(request).await.map_err(|error| unreachable(crate::error::chain(&error)))?;
            let status = response.status();
            let body = response.into_body().collect().await.map_err(|error| unreachable(error.to_string()))?;
            Ok((status, body.to_bytes()))
        };
        let answered = tokio::time::timeout(Duration::from_secs(TIMEOUT_SECONDS), exchange).await;
        let (status, body) = answered.map_err(|_| unreachable(format!("no answer in {TIMEOUT_SECONDS} s")))??;
        let value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() { Ok(value) } else { Err(refused(status, &value, doing)) }
    }
}

fn refused(status: StatusCode, body: &Value, doing: &str) -> Error {
    let message = body.get("message").and_then(Value::as_str).unwrap_or(status.as_str()).to_owned();
    let doing = doing.to_owned();
    match status {
        StatusCode::NOT_FOUND => Error::NotFound { doing, message },
        StatusCode::SERVICE_UNAVAILABLE if message.contains("swarm") => Error::NotManager,
        _ => Error::Refused { doing, message },
    }
}

/// A filter by one label as the engine takes it in an address.
pub(crate) fn label_filter(label: &str) -> String {
    encoded(&serde_json::json!({ "label": [label] }).to_string())
}

/// Text as a part of an address: RFC 3986, section 2.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_passes_through_an_address() {
        assert_eq!(label_filter("a.b=c d"), "%7B%22label%22%3A%5B%22a.b%3Dc%20d%22%5D%7D");
    }

    #[test]
    fn an_answer_that_is_no_success_is_told_with_the_engines_words() {
        let words = serde_json::json!({ "message": "update out of sequence" });
        let told = refused(StatusCode::INTERNAL_SERVER_ERROR, &words, "stopping x");
        assert_eq!(told.to_string(), "stopping x: update out of sequence");
        let swarm = serde_json::json!({ "message": "This node is not a swarm manager." });
        assert!(matches!(refused(StatusCode::SERVICE_UNAVAILABLE, &swarm, "x"), Error::NotManager));
    }
}
