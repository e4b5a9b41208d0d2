//! Channels that speak HTTP, each as its own documentation says.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::json;
use zeroize::Zeroizing;

use super::secret;
use crate::event::{Event, Status};
use crate::manifest::{Gotify, Matrix, Ntfy, Webhook};

/// The event itself as JSON, with its title and text for servers that only show.
pub(super) fn webhook(webhook: &Webhook, event: &Event, timeout: Duration) -> anyhow::Result<()> {
    let mut body = serde_json::to_value(event)?;
    body["title"] = json!(event.title());
    body["text"] = json!(event.text());
    let value = webhook.header.as_ref().map(|header| secret(&header.file)).transpose()?;
    let header =
        webhook.header.as_ref().map(|header| header.name.as_str()).zip(value.as_ref().map(|value| value.as_str()));
    let post = |url: &str| send("POST", url, header, &body, webhook.ca_file.as_deref(), timeout);
    match (&webhook.url, &webhook.url_file) {
        (Some(url), _) => post(url).with_context(|| url.clone()),
        // Why an address is none could quote it.
        (None, Some(file)) => post(&secret(file)?).map_err(|error| match error.downcast_ref() {
            Some(probe::Failure::Unusable(_)) => anyhow::anyhow!("{} holds no address", file.display()),
            _ => error.context(format!("the address in {}", file.display())),
        }),
        (None, None) => bail!("it has no address"),
    }
}

/// Publishing as JSON, <https://docs.ntfy.sh/publish/#publish-as-json>: unlike headers, it takes any text.
pub(super) fn ntfy(ntfy: &Ntfy, event: &Event, timeout: Duration) -> anyhow::Result<()> {
    let body = json!({
        "topic": ntfy.topic,
        "title": event.title(),
        "message": event.text(),
        "priority": if calm(event) { 3 } else { 5 },
        "tags": [if event.status == Status::Resolved { "white_check_mark" } else { "warning" }],
    });
    let token = ntfy.token_file.as_deref().map(bearer).transpose()?;
    let header = token.as_ref().map(|token| ("Authorization", token.as_str()));
    send("POST", &ntfy.server, header, &body, ntfy.ca_file.as_deref(), timeout).with_context(|| ntfy.server.clone())
}

/// A message, <https://gotify.net/docs/pushmsg>.
pub(super) fn gotify(gotify: &Gotify, event: &Event, timeout: Duration) -> anyhow::Result<()> {
    let url = format!("{}/message", gotify.server.trim_end_matches('/'));
    let body = json!({
        "title": event.title(),
        "message": event.text(),
        "priority": if calm(event) { 4 } else { 8 },
    });
    let token = secret(&gotify.token_file)?;
    let header = Some(("X-Gotify-Key", token.as_str()));
    send("POST", &url, header, &body, gotify.ca_file.as_deref(), timeout).with_context(|| url.clone())
}

/// A message event, <https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid>.
/// The transaction is the same when one event is sent again, so that the room sees it once.
pub(super) fn matrix(matrix: &Matrix, event: &Event, timeout: Duration) -> anyhow::Result<()> {
    let server = matrix.server.trim_end_matches('/');
    let transaction = format!("hearth-{}-{}-{}", event.key, event.status.word(), event.at.as_millisecond());
    let room = percent_encoded(&matrix.room);
    let url = format!("{server}/_matrix/client/v3/rooms/{room}/send/m.room.message/{transaction}");
    let body = json!({ "msgtype": "m.text", "body": format!("{}\n{}", event.title(), event.text().trim_end()) });
    let token = bearer(&matrix.token_file)?;
    let header = Some(("Authorization", token.as_str()));
    send("PUT", &url, header, &body, matrix.ca_file.as_deref(), timeout).with_context(|| url.clone())
}

/// Whether a person may see it later.
fn calm(event: &Event) -> bool {
    event.status == Status::Resolved || event.status == Status::Test || event.problem.kind.can_wait()
}

fn bearer(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    Ok(Zeroizing::new(format!("Bearer {}", secret(file)?.as_str())))
}

/// RFC 3986: everything but unreserved characters.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

fn send(
    method: &str,
    url: &str,
    secret: Option<(&str, &str)>,
    body: &serde_json::Value,
    ca_file: Option<&Path>,
    timeout: Duration,
) -> anyhow::Result<()> {
    let plain = [("user-agent", "hearth-alert"), ("content-type", "application/json")];
    let headers: Vec<_> = plain.into_iter().chain(secret).collect();
    let body = body.to_string();
    let request = probe::Request { method, url, headers: &headers, body: body.as_bytes(), ca_file, timeout };
    let answer = probe::send(&request)?;
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    let said = answer.body.split_whitespace().collect::<Vec<_>>().join(" ");
    bail!("the server answers {}: {}", answer.status, said.chars().take(200).collect::<String>())
}
