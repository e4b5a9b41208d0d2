//! What `main` dispatches to.

use std::ffi::OsStr;
use std::io::stdin;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use rustix::process::DumpableBehavior;

use crate::caller::SystemUsers;
use crate::client;
use crate::host::Real;
use crate::manifest::Manifest;
use crate::outcome::End;
use crate::request::Request;
use crate::serve::{PATIENCE, serve};
use crate::words::{Digest, Target};

/// The variable in which the SSH server puts what was asked for.
const ASKED: &str = "SSH_ORIGINAL_COMMAND";

/// Checks a manifest and says nothing when it is good.
///
/// # Errors
/// What is wrong with it.
pub fn check(path: &Path) -> anyhow::Result<ExitCode> {
    read(path)?;
    Ok(ExitCode::SUCCESS)
}

/// Serves the connection that is standard input.
///
/// # Errors
/// When the manifest cannot be read, or standard input is no connection.
pub fn inner(path: &Path) -> anyhow::Result<ExitCode> {
    let manifest = read(path)?;
    hold_to_oneself();
    let connection = UnixStream::from(stdin().as_fd().try_clone_to_owned().context("standard input")?);
    serve(&manifest, &connection, &SystemUsers, PATIENCE, || Real::of(&manifest))?;
    Ok(ExitCode::SUCCESS)
}

/// Asks for what a key's forced command was asked for.
///
/// # Errors
/// When the manifest cannot be read, or the door does not answer.
pub fn ssh(path: &Path, key: &str) -> anyhow::Result<ExitCode> {
    let asked = std::env::var_os(ASKED).unwrap_or_default();
    ask(path, &asked, Some(key), None, true)
}

/// Asks for what was typed.
///
/// # Errors
/// When the manifest cannot be read, or the door does not answer.
pub fn typed(path: &Path, words: &[&OsStr], digest: Option<Digest>, token: bool) -> anyhow::Result<ExitCode> {
    ask(path, &words.join(OsStr::new(" ")), None, digest, token)
}

fn ask(path: &Path, asked: &OsStr, key: Option<&str>, digest: Option<Digest>, token: bool) -> anyhow::Result<ExitCode> {
    let command = match Target::parse(asked.as_bytes()) {
        Ok(target) => target.to_string(),
        Err(refusal) => {
            let end = End::Refused;
            state::out!("{}: {refusal}. Nothing was done", end.word());
            return Ok(ExitCode::from(end.exit_code()));
        }
    };
    hold_to_oneself();
    let request = Request { command, key: key.map(str::to_owned), digest, token };
    let code = client::ask(&read(path)?.socket, &request, stdin(), &mut |line| state::out!("{line}"))?;
    Ok(ExitCode::from(code))
}

/// A token is about to be in this process's memory: no core dump has it, and no other process of the same user reads it.
fn hold_to_oneself() {
    // Where the system refuses, what is asked for is done all the same.
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

fn read(path: &Path) -> anyhow::Result<Manifest> {
    let manifest: Manifest = state::manifest::read(path)?;
    manifest.check()?;
    Ok(manifest)
}
