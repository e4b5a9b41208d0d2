//! E-mail through whatever the host has as `sendmail`.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::program;
use crate::event::{Event, Status};
use crate::manifest::Email;

/// Text in one encoded word of RFC 2047 may have 75 characters with everything around it: 45 bytes before encoding.
const WORD_BYTES: usize = 45;

pub(super) fn mail(email: &Email, event: &Event, timeout: Duration) -> anyhow::Result<()> {
    let mut command = Command::new(&email.sendmail);
    // -i: a line with a single dot is text; -t: the receivers stand in the message.
    command.args(["-i", "-t"]);
    program::run(command, message(email, event).into_bytes(), timeout)
        .with_context(|| email.sendmail.display().to_string())
}

/// The message, RFC 5322 with a body in base64: any text, lines of any length.
fn message(email: &Email, event: &Event) -> String {
    // The domain of the sender, so that the message's name is one that this host may give.
    let domain = email.from.rsplit('@').next().unwrap_or_default();
    let thread = format!("<{}.{}@{domain}>", event.key, event.since.as_millisecond());
    let own = format!("<{}.{}.{}@{domain}>", event.key, event.at.as_millisecond(), event.status.word());
    let mut text = String::new();
    let mut header = |name: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = write!(text, "{name}: {value}\r\n");
    };
    header("From", &format!("Hearth <{}>", email.from));
    header("To", &email.to.join(", "));
    header("Subject", &encoded_words(&event.title()));
    header("Date", &event.at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string());
    // The first mail about a problem begins a thread; those that follow are answers to it.
    if event.status == Status::Problem {
        header("Message-ID", &thread);
    } else {
        header("Message-ID", &own);
        header("References", &thread);
    }
    // RFC 3834: no holiday replies.
    header("Auto-Submitted", "auto-generated");
    header("MIME-Version", "1.0");
    header("Content-Type", "text/plain; charset=utf-8");
    header("Content-Transfer-Encoding", "base64");
    text.push_str("\r\n");
    for line in STANDARD.encode(event.text()).as_bytes().chunks(76) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push_str("\r\n");
    }
    text
}

/// A header's value: as it is when it is plain ASCII, otherwise in encoded words of RFC 2047.
fn encoded_words(value: &str) -> String {
    let line: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.is_ascii() {
        return line;
    }
    let mut words = vec![String::new()];
    for character in line.chars() {
        if words.last().is_some_and(|word| word.len() + character.len_utf8() > WORD_BYTES) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    let encoded = words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
    encoded.collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_of_any_language_fits_the_rules_of_mail() {
        assert_eq!(encoded_words("plain"), "plain");
        let long = encoded_words(&"ä".repeat(60));
        assert!(long.lines().all(|line| line.trim().len() <= 75 && line.trim().starts_with("=?utf-8?B?")), "{long}");
    }

    #[test]
    fn a_line_break_in_a_subject_does_not_make_another_header() {
        assert!(!encoded_words("a\r\nBcc: x@example.org").contains('\n'));
    }
}
