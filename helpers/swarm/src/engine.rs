//! The real engine.

use std::path::{Path, PathBuf};

use bollard::{ClientVersion, Docker};

use crate::{Error, Result};

/// See the crate's documentation for why this version.
pub(crate) const API: ClientVersion = ClientVersion { major_version: 1, minor_version: 44 };

/// Seconds after which a request without an answer is given up. Pulling streams its progress, so it is not cut short.
pub(crate) const TIMEOUT_SECONDS: u64 = 120;

/// A connection to the Docker engine on a Unix socket.
#[derive(Clone)]
pub struct Engine {
    pub(crate) docker: Docker,
    pub(crate) socket: PathBuf,
}

impl Engine {
    /// Connects lazily: the first request tells whether an engine answers.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when there is no such socket.
    pub fn connect(socket: &Path) -> Result<Self> {
        let docker = Docker::connect_with_unix(&socket.to_string_lossy(), TIMEOUT_SECONDS, &API)
            .map_err(|error| Error::of(socket, "connecting", error))?;
        Ok(Self { docker, socket: socket.to_owned() })
    }

    pub(crate) fn error(&self, doing: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> Error {
        let doing = doing.into();
        let socket = self.socket.clone();
        move |error| Error::of(&socket, doing, error)
    }
}

/// A filter by one label, in the shape that every list call takes.
pub(crate) fn label_filter(label: &str) -> std::collections::HashMap<String, Vec<String>> {
    std::collections::HashMap::from([("label".to_owned(), vec![label.to_owned()])])
}
