//! What comes through the socket: one line of JSON, and where it says so a registry token in the line after it.

use std::io::Read;

use serde::{Deserialize, Serialize};
use swarm::Credentials;
use zeroize::Zeroizing;

use crate::words::{Digest, Refusal, Target};

/// The longest request, in bytes.
const LONGEST: usize = 4096;
/// The longest token, in bytes: JSON Web Tokens with many claims have some thousands.
const LONGEST_TOKEN: usize = 16 * 1024;

/// One request to the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// `APP ENVIRONMENT TAG`, as it was typed.
    pub command: String,
    /// The key that it came with, where it came through SSH.
    pub key: Option<String>,
    /// The image's digest, where it is known already: what was proved elsewhere, and no other image of the same tag.
    pub digest: Option<Digest>,
    /// Whether a line with a registry token follows.
    pub token: bool,
}

/// Why a request cannot be read. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Who asked went away, or took too long.
    #[error("{what} did not arrive: {reason}; nothing was done")]
    Missing {
        /// What should have come.
        what: &'static str,
        /// The system's reason.
        reason: String,
    },
    /// It is too long.
    #[error("{what} has more than {most} bytes; nothing was done")]
    TooLong {
        /// What came.
        what: &'static str,
        /// What it may have.
        most: usize,
    },
    /// It is not what a request looks like.
    #[error("this is no request to the door; ask through `deploy-app`. Nothing was done")]
    Shape,
    /// It asks for something that is no target.
    #[error("{0}. Nothing was done")]
    Refused(#[from] Refusal),
    /// The token is in no known form.
    #[error(
        "the registry token is no line of the form `TOKEN`, `USER:TOKEN` or {{\"username\": …, \"password\": …}}; nothing was done"
    )]
    Token,
}

impl Request {
    /// Reads a request's line, and what it asks for.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &[u8]) -> Result<(Self, Target), Error> {
        let request: Self = serde_json::from_slice(line).map_err(|_| Error::Shape)?;
        let target = Target::parse(request.command.as_bytes())?;
        Ok((request, target))
    }

    /// Reads a request and what it asks for from the socket.
    ///
    /// # Errors
    /// When none comes, or what is wrong with it.
    pub fn read(from: &mut impl Read) -> Result<(Self, Target), Error> {
        Self::parse(&line(from, "a request", LONGEST)?)
    }

    /// The line that is written to the socket.
    pub fn line(&self) -> String {
        // Only a map whose keys are no strings could fail, and there is none.
        format!("{}\n", serde_json::to_string(self).unwrap_or_default())
    }
}

/// Reads the registry token that follows a request; none where the line is empty.
///
/// # Errors
/// When it does not come in time, is too long, or in no known form. What came is in no error.
pub fn token(from: &mut impl Read) -> Result<Option<Credentials>, Error> {
    credentials(&line(from, "the registry token", LONGEST_TOKEN)?)
}

/// A login as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    username: String,
    password: String,
}

fn credentials(line: &[u8]) -> Result<Option<Credentials>, Error> {
    let text = std::str::from_utf8(line).map_err(|_| Error::Token)?.trim();
    let (username, password) = if text.is_empty() {
        return Ok(None);
    } else if text.starts_with('{') {
        let login: Login = serde_json::from_str(text).map_err(|_| Error::Token)?;
        (login.username, login.password)
    } else {
        // Registries that know tokens by themselves take any name with them.
        let (user, token) = text.split_once(':').unwrap_or(("token", text));
        (user.to_owned(), token.to_owned())
    };
    let bad = |text: &str| text.is_empty() || text.chars().any(|character| character.is_control() || character == ' ');
    if bad(&username) || bad(&password) {
        return Err(Error::Token);
    }
    Ok(Some(Credentials { username, password }))
}

/// Reads up to the end of a line, and no byte beyond it: what follows is for somebody else to read.
fn line(from: &mut impl Read, what: &'static str, most: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    // With all its room from the start: a text that grows leaves copies behind.
    let mut line = Zeroizing::new(Vec::with_capacity(most + 1));
    let mut byte = [0];
    loop {
        match from.read(&mut byte) {
            Ok(0) if line.is_empty() && what == "a request" => {
                return Err(Error::Missing { what, reason: "the other side hung up".to_owned() });
            }
            Ok(0) => return Ok(line),
            Ok(_) if byte[0] == b'\n' => return Ok(line),
            Ok(_) if line.len() == most => return Err(Error::TooLong { what, most }),
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::Missing { what, reason: reason(&error) }),
        }
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
            "it took too long. Send one on standard input, or close that with `</dev/null`".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
