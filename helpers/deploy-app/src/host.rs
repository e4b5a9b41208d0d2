//! The real host: the engine pulls, systemd runs the unit, the journal says what it says.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::Context as _;
use image_signature::{Login, Registry, Remote, Repository};
use jiff::Timestamp;
use reconcile_app::images::login_for;
use swarm::{Credentials, Engine, ImageLabels, Images};
use tokio::runtime::Runtime;

use crate::deploy::{Host, Pulled};
use crate::manifest::Manifest;

/// How often it is looked whether the unit has ended, while it says nothing.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The host that the door stands on.
pub struct Real {
    runtime: Runtime,
    engine: Engine,
    docker_config_folder: PathBuf,
    engine_folder: PathBuf,
    systemctl: PathBuf,
    journalctl: PathBuf,
}

impl Real {
    /// The host of a manifest.
    ///
    /// # Errors
    /// When the engine's socket is not there.
    pub fn of(manifest: &Manifest) -> anyhow::Result<Self> {
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            engine: Engine::connect(&manifest.docker_socket)?,
            docker_config_folder: manifest.docker_config_folder.clone(),
            engine_folder: manifest.engine_folder.clone(),
            systemctl: manifest.systemctl_command.clone(),
            journalctl: manifest.journalctl_command.clone(),
        })
    }

    /// A login that was given, or else the host's own.
    fn login_for(&self, image: &str, given: Option<Credentials>) -> anyhow::Result<Option<Credentials>> {
        given.map_or_else(|| login_for(&self.docker_config_folder, image), |login| Ok(Some(login)))
    }

    /// The option with which the journal is read from here on. By its own count of entries, which a clock that is set
    /// back does not touch; by the clock where there is no entry yet.
    fn here(&self) -> String {
        let mut command = Command::new(&self.journalctl);
        command.args(["--quiet", "--no-pager", "--lines=0", "--show-cursor"]).stdin(Stdio::null());
        let said = command.output().map(|output| output.stdout).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        match said.lines().find_map(|line| line.strip_prefix("-- cursor: ")) {
            Some(cursor) => format!("--after-cursor={cursor}"),
            None => format!("--since=@{}", Timestamp::now().as_second()),
        }
    }

    /// The journal of a unit from a place on.
    fn journal(&self, unit: &str, from: &str) -> Command {
        let mut command = Command::new(&self.journalctl);
        command.args(["--quiet", "--no-pager", "--all", "--output=cat", from]);
        // Not `--unit=`, which has systemd's own words about the unit, too.
        command.arg(format!("_SYSTEMD_UNIT={unit}"));
        command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
        command
    }

    /// What was said that did not come while it was followed: the same question once more, when all of it is there.
    fn rest(&self, unit: &str, from: &str, told: usize, say: &mut dyn FnMut(&str)) {
        // Without these the pipeline's log ends early, and its outcome is the same.
        let _ = Command::new(&self.journalctl).arg("--sync").stdin(Stdio::null()).status();
        let Ok(output) = self.journal(unit, from).output() else { return };
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().skip(told).for_each(say);
    }
}

impl Host for Real {
    fn free(&self) -> anyhow::Result<(u64, PathBuf)> {
        let folder = &self.engine_folder;
        let found = rustix::fs::statvfs(folder)
            .with_context(|| format!("asking how much is free on the disk of {}", folder.display()))?;
        Ok((found.f_bavail.saturating_mul(found.f_frsize), folder.clone()))
    }

    fn pull(&self, image: &str, login: Option<Credentials>) -> anyhow::Result<Pulled> {
        let login = self.login_for(image, login)?;
        Ok(self.runtime.block_on(pull(&self.engine, image, login))?)
    }

    fn registry(&self, image: &str, login: Option<Credentials>) -> anyhow::Result<Box<dyn Registry>> {
        let login =
            self.login_for(image, login)?.map(|Credentials { username, password }| Login { username, password });
        Ok(Box::new(Remote::new(Repository::of(image)?, login)))
    }

    fn run(&self, unit: &str, say: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        let from = self.here();
        let mut follower = Following(self.journal(unit, &from).args(["--follow", "--no-tail"]).spawn()?);
        let lines = follower.lines();
        let mut starting = Command::new(&self.systemctl)
            .args(["start", unit])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", self.systemctl.display()))?;
        let mut told = 0;
        while starting.try_wait()?.is_none() {
            match lines.recv_timeout(LOOK_EVERY) {
                Ok(line) => {
                    say(&line);
                    told += 1;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK_EVERY),
            }
        }
        drop(follower);
        while let Ok(line) = lines.recv() {
            say(&line);
            told += 1;
        }
        self.rest(unit, &from, told, say);
        Ok(())
    }
}

async fn pull(engine: &(impl Images + ImageLabels), image: &str, login: Option<Credentials>) -> swarm::Result<Pulled> {
    let mut digest = None;
    let mut progress = |status: &str| {
        if let Some(told) = status.strip_prefix("Digest: ") {
            digest = Some(told.to_owned());
        }
    };
    engine.pull(image, login.clone(), &mut progress).await?;
    // By its digest: another pull may have moved the tag meanwhile, and what is read must be of what is deployed.
    let exact =
        digest.as_ref().map_or_else(|| image.to_owned(), |digest| format!("{}@{digest}", swarm::repository(image)));
    let mut digests = engine.image_digests(&exact).await?;
    if digests.is_none() {
        // In containerd's store an image whose tag has moved on is not found by the digest of its name any more.
        engine.pull(&exact, login, &mut |_| {}).await?;
        digests = engine.image_digests(&exact).await?;
    }
    let digests = digests.unwrap_or_default();
    let labels = engine.image_labels(&exact).await?.unwrap_or_default();
    Ok(Pulled { digest, digests, labels })
}

/// A journal that is being followed, until this is dropped.
struct Following(Child);

impl Following {
    /// Its lines as they come, read on a thread of their own.
    fn lines(&mut self) -> mpsc::Receiver<String> {
        let (send, receive) = mpsc::channel();
        if let Some(out) = self.0.stdout.take() {
            std::thread::spawn(move || read(out, &send));
        }
        receive
    }
}

fn read(out: ChildStdout, send: &mpsc::Sender<String>) {
    let (mut out, mut line) = (BufReader::new(out), Vec::new());
    // One that was cut off in the middle is asked for again as a whole.
    while out.read_until(b'\n', &mut line).is_ok() && line.pop() == Some(b'\n') {
        if send.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
            return;
        }
        line.clear();
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // It may have ended by itself; either way it has.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
