//! Where alerts go.

mod email;
mod http;
mod program;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use zeroize::Zeroizing;

use crate::event::Event;
use crate::manifest::Channel;

/// Hands an event to a channel.
///
/// # Errors
/// Why the channel did not take it, without any secret.
pub fn send(channel: &Channel, event: &Event, timeout: Duration) -> anyhow::Result<()> {
    match channel {
        Channel::Command(program) => program::tell(&program.command, event, timeout),
        Channel::Webhook(webhook) => http::webhook(webhook, event, timeout),
        Channel::Ntfy(ntfy) => http::ntfy(ntfy, event, timeout),
        Channel::Gotify(gotify) => http::gotify(gotify, event, timeout),
        Channel::Matrix(matrix) => http::matrix(matrix, event, timeout),
        Channel::Email(email) => email::mail(email, event, timeout),
    }
}

/// A secret from a file, without the line break at its end.
fn secret(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = Zeroizing::new(std::fs::read_to_string(path).with_context(|| path.display().to_string())?);
    let secret = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    anyhow::ensure!(!secret.is_empty(), "{} is empty", path.display());
    anyhow::ensure!(!secret.contains(char::is_control), "{} holds more than one line", path.display());
    Ok(secret)
}
