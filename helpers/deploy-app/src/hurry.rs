//! Reading from a connection with one limit for all that is to come: a limit for each read is none for who sends a byte
//! now and then, and there are only so many places at the door.

use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A connection that is read until its time is over.
#[derive(Debug)]
pub struct Hurry<'c> {
    connection: &'c UnixStream,
    until: Instant,
}

impl<'c> Hurry<'c> {
    /// A connection that may be read for so long from now on.
    pub fn of(connection: &'c UnixStream, patience: Duration) -> Self {
        Self { connection, until: Instant::now() + patience }
    }
}

impl Read for Hurry<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::from(ErrorKind::TimedOut));
        }
        self.connection.set_read_timeout(Some(left))?;
        self.connection.read(buffer)
    }
}
