//! The outer side of the door: it has no rights, hands on what is asked for, and shows what is said.

use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use crate::frames;
use crate::request::Request;

/// Asks the door, shows what it says, and returns the exit code. Where the request says that a token follows, the first
/// line of `input` is handed on.
///
/// # Errors
/// When nobody answers, or the answer ends without an exit code.
pub fn ask(
    socket: &Path,
    request: &Request,
    input: impl Read + Send + 'static,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<u8> {
    let mut connection = UnixStream::connect(socket).map_err(|error| unanswered(socket, error))?;
    connection.write_all(request.line().as_bytes()).context("asking the door; nothing was done")?;
    let answers = BufReader::new(connection.try_clone()?);
    if request.token {
        // Beside what comes back: a refusal is shown at once, however long a token takes. A token that is not taken is
        // told by the door.
        std::thread::spawn(move || hand_on(input, &connection));
    }
    match frames::follow(answers, say).context("the door hung up; what was begun goes on")? {
        Some(code) => Ok(code),
        None => {
            bail!("the door hung up without an outcome; what was begun goes on, look at `hearth status` on the host")
        }
    }
}

/// Why nobody answers. The groups of a process are those from when it was started, so a runner that was named since may be
/// shut out although the group has its user.
fn unanswered(socket: &Path, error: std::io::Error) -> anyhow::Error {
    let socket = socket.display();
    let told = match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "{socket}: this process is not in the group `hearth-deploy`; nothing was done. Name its user in hearth.apps.NAME.deploy.users, activate, and restart the service or log in again"
        ),
        _ => format!(
            "{socket}: the door does not answer; nothing was done. On the host look at `systemctl status hearth-deploy.socket`"
        ),
    };
    anyhow::Error::from(error).context(told)
}

/// Hands the first line on, byte by byte as it comes, and nothing after it.
fn hand_on(mut input: impl Read, mut connection: &UnixStream) -> std::io::Result<()> {
    let mut byte = Zeroizing::new([0]);
    loop {
        match input.read(&mut *byte) {
            Ok(0) => break,
            Ok(_) => connection.write_all(&*byte)?,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if byte[0] == b'\n' {
            break;
        }
    }
    connection.shutdown(Shutdown::Write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_shut_out_reads_why_and_not_that_the_socket_is_broken() {
        let told = |kind: ErrorKind| unanswered(Path::new("/run/door"), kind.into()).to_string();
        let shut_out = told(ErrorKind::PermissionDenied);
        assert!(
            shut_out.starts_with("/run/door: this process is not in the group `hearth-deploy`; nothing was done. Name"),
            "{shut_out}"
        );
        assert!(told(ErrorKind::NotFound).contains("look at `systemctl status hearth-deploy.socket`"));
    }
}
