//! The inner side of the door: one connection, one deploy.

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use state::Outcome;

use crate::caller::{Caller, Denied, Users};
use crate::deploy::{Host, Job};
use crate::frames::Frames;
use crate::hurry::Hurry;
use crate::manifest::Manifest;
use crate::outcome::End;
use crate::places::{self, PLACES};
use crate::queue::{self, Turn};
use crate::request::{self, Request};
use crate::words::Target;

/// How long what is asked may take to come.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The request, which `deploy-app` sends at once. Until it is here, nobody knows whose place is taken.
    pub request: Duration,
    /// The token that follows it, from when the request is here: a pipeline may have to ask for one.
    pub token: Duration,
}

/// What the door has.
pub const PATIENCE: Patience = Patience { request: Duration::from_secs(3), token: Duration::from_secs(20) };
/// How long who asked may take to read a line before nothing more is told.
const DEAF: Duration = Duration::from_secs(10);

/// Serves who is at the other end of a connection, from their request to the exit code. What they ask must have come as
/// a whole when that much of `patience` is over, however it trickles.
///
/// # Errors
/// When the connection cannot be used at all.
pub fn serve<H: Host>(
    manifest: &Manifest,
    connection: &UnixStream,
    users: &impl Users,
    patience: Patience,
    host: impl FnOnce() -> anyhow::Result<H>,
) -> anyhow::Result<()> {
    let uid = rustix::net::sockopt::socket_peercred(connection.as_fd()).context("asking who is there")?.uid.as_raw();
    connection.set_write_timeout(Some(DEAF))?;
    let mut asked = Hurry::of(connection, patience.request);
    let mut frames = Frames::on(connection.try_clone()?);
    // For the journal of this instance: what who asked has read, and no word of what they sent.
    let mut say = |line: &str| {
        state::out!("{line}");
        frames.say(line);
    };
    let (end, words) = match admit(manifest, &mut asked, uid, users) {
        Ok((request, job)) => {
            let mut asked = Hurry::of(connection, patience.token);
            placed(manifest, &job, || run(manifest, &mut asked, &request, &job, host, &mut say))
        }
        Err(refusal) => (End::Refused, refusal.to_string()),
    };
    say(&format!("{}: {words}", end.word()));
    frames.end(end.exit_code());
    Ok(())
}

/// Why a request is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It cannot be read.
    #[error(transparent)]
    Request(#[from] request::Error),
    /// It is not theirs to make.
    #[error(transparent)]
    Denied(#[from] Denied),
}

fn admit<'m>(
    manifest: &'m Manifest,
    asked: &mut impl Read,
    uid: u32,
    users: &impl Users,
) -> Result<(Request, Job<'m>), NotTaken> {
    let (request, target) = Request::read(asked)?;
    let job = judge(manifest, uid, &request, target, users)?;
    Ok((request, job))
}

/// Decides whether a request is taken: a pure function of what is declared, who asks, and what for.
///
/// # Errors
/// Why it is not.
pub fn judge<'m>(
    manifest: &'m Manifest,
    uid: u32,
    request: &Request,
    target: Target,
    users: &impl Users,
) -> Result<Job<'m>, Denied> {
    let caller = Caller::of(manifest, uid, request.key.clone(), users)?;
    let environment = caller.may_deploy(manifest, &target, users)?;
    if request.digest.is_some() && caller != Caller::Root {
        return Err(Denied::NoDigest);
    }
    Ok(Job { environment, tag: target.tag, digest: request.digest.clone(), by: caller.described(users) })
}

/// Does it in a place of who asks, or refuses where they hold all of theirs.
fn placed(manifest: &Manifest, job: &Job<'_>, run: impl FnOnce() -> (End, String)) -> (End, String) {
    match places::take(&manifest.queue_folder, &job.by) {
        Ok(Some(_place)) => run(),
        Ok(None) => {
            let by = &job.by;
            (
                End::Refused,
                format!(
                    "{by} has {PLACES} deploys at the door already, as many as one caller may have. Nothing was done; ask again when one of them has ended"
                ),
            )
        }
        Err(error) => (End::Ran(Outcome::Failed), format!("no place at the door: {error}; nothing was done")),
    }
}

fn run<H: Host>(
    manifest: &Manifest,
    asked: &mut impl Read,
    request: &Request,
    job: &Job<'_>,
    host: impl FnOnce() -> anyhow::Result<H>,
    say: &mut dyn FnMut(&str),
) -> (End, String) {
    let login = match request.token.then(|| request::token(asked)).transpose() {
        Ok(login) => login.flatten(),
        Err(error) => return (End::Refused, error.to_string()),
    };
    let in_turn = || -> anyhow::Result<(End, String)> {
        let ticket = queue::join(&manifest.queue_folder.join(job.environment.name.as_str()))?;
        let waiting = &mut || say("waiting for another deploy of this environment");
        let Turn::Mine(_lock) = ticket.wait(waiting)? else {
            return Ok((End::Superseded, "a newer deploy of this environment came while this one waited".to_owned()));
        };
        let (outcome, summary) = job.carry_out(&host()?, login, Timestamp::now(), say)?;
        Ok((End::Ran(outcome), summary))
    };
    in_turn().unwrap_or_else(|error| (End::Ran(Outcome::Failed), format!("{error:#}")))
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
