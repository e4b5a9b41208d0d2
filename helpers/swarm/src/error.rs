//! What can go wrong between a helper and the engine.

use std::path::PathBuf;

/// An error of the engine, or of the way to it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No engine answers on the socket.
    #[error(
        "the Docker engine does not answer on {socket}: {reason}; nothing was changed. Look at `systemctl status docker`"
    )]
    Unreachable {
        /// The socket that was tried.
        socket: PathBuf,
        /// The system's or the engine's words.
        reason: String,
    },
    /// The engine answers, but is no swarm manager.
    #[error(
        "this engine is no swarm manager; nothing was changed. `systemctl start hearth-swarm` makes it one, or says why it cannot"
    )]
    NotManager,
    /// What was asked for is not there.
    #[error("{doing}: {message}")]
    NotFound {
        /// What was being done.
        doing: String,
        /// The engine's words.
        message: String,
    },
    /// The engine refused.
    #[error("{doing}: {message}")]
    Refused {
        /// What was being done.
        doing: String,
        /// The engine's words.
        message: String,
    },
}

/// A result of the engine.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Says what was being done when bollard failed.
    pub(crate) fn of(socket: &std::path::Path, doing: impl Into<String>, error: bollard::errors::Error) -> Self {
        use bollard::errors::Error as Bollard;
        let doing = doing.into();
        match error {
            Bollard::DockerResponseServerError { status_code: 404, message } => Self::NotFound { doing, message },
            Bollard::DockerResponseServerError { status_code: 503, message } if message.contains("swarm") => {
                Self::NotManager
            }
            Bollard::DockerResponseServerError { message, .. } | Bollard::JsonDataError { message, .. } => {
                Self::Refused { doing, message }
            }
            Bollard::DockerStreamError { error } => Self::Refused { doing, message: error },
            Bollard::SocketNotFoundError(_) => {
                Self::Unreachable { socket: socket.to_owned(), reason: "there is no such socket".to_owned() }
            }
            other => Self::Unreachable { socket: socket.to_owned(), reason: format!("{doing}: {}", chain(&other)) },
        }
    }
}

/// An error's text with those of all its causes, each once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
