//! A program as a channel: the text on its standard input, the parts in its environment.

use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::event::Event;

/// How often a program is asked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) fn tell(command: &[String], event: &Event, timeout: Duration) -> anyhow::Result<()> {
    let Some((program, arguments)) = command.split_first() else { bail!("no program is named") };
    let problem = &event.problem;
    let (title, since) = (event.title(), event.since.to_string());
    let mut command = Command::new(program);
    command.args(arguments).envs([
        ("HEARTH_ALERT_STATUS", event.status.word()),
        ("HEARTH_ALERT_KIND", problem.kind.words()),
        ("HEARTH_ALERT_KEY", &event.key),
        ("HEARTH_ALERT_HOST", &event.host),
        ("HEARTH_ALERT_OBJECT", &problem.object),
        ("HEARTH_ALERT_TITLE", &title),
        ("HEARTH_ALERT_CAUSE", &problem.cause),
        ("HEARTH_ALERT_CONSEQUENCE", &problem.consequence),
        ("HEARTH_ALERT_REMEDY", &problem.remedy),
        ("HEARTH_ALERT_SUMMARY", problem.summary.as_deref().unwrap_or_default()),
        ("HEARTH_ALERT_SINCE", &since),
    ]);
    run(command, format!("{title}\n{}", event.text()).into_bytes(), timeout).with_context(|| program.clone())
}

/// Runs a program to its end, with `input`, for no longer than `timeout`: then it and all that it started is killed.
pub(super) fn run(mut command: Command, input: Vec<u8>, timeout: Duration) -> anyhow::Result<()> {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().context("it cannot be started")?;
    // On threads of their own: a program that neither reads nor closes its input must not stop the clock.
    if let Some(mut pipe) = child.stdin.take() {
        std::thread::spawn(move || pipe.write_all(&input));
    }
    let (said, hears) = std::sync::mpsc::channel();
    if let Some(pipe) = child.stderr.take() {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = pipe.take(4096).read_to_end(&mut text);
            let _ = said.send(text);
        });
    }
    let Some(status) = wait(&mut child, timeout)? else {
        kill(&mut child);
        bail!("it did not end within {} s and was killed", timeout.as_secs());
    };
    if status.success() {
        return Ok(());
    }
    let text = hears.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).split_whitespace().collect::<Vec<_>>().join(" ");
    bail!("it ended with {status}: {}", text.chars().take(200).collect::<String>())
}

fn wait(child: &mut Child, timeout: Duration) -> anyhow::Result<Option<std::process::ExitStatus>> {
    let begun = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(Some(status)),
            None if begun.elapsed() >= timeout => return Ok(None),
            None => std::thread::sleep(LOOK_EVERY),
        }
    }
}

fn kill(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended in this moment: then there is nobody left to kill.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}
