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
    let mut connection = UnixStream::connect(socket)
        .with_context(|| format!("{}: the door does not answer; nothing was done. On the host look at `systemctl status hearth-deploy.socket`", socket.display()))?;
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
