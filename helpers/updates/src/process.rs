//! A process that gets only so much time, output and disk.

use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How much a process may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long it may run.
    pub time: Duration,
    /// How many bytes it may print.
    pub output: u64,
    /// The folder that it writes into, and how many bytes that may then have.
    pub folder: Option<(PathBuf, u64)>,
}

/// What a process came to.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub output: Vec<u8>,
    /// What it complained of, at most the last lines.
    pub complaint: String,
}

/// Why a process has no result.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// It could not be started, or its output not read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It took too long.
    #[error("it took longer than {} seconds and was stopped", .0.as_secs())]
    Time(Duration),
    /// It printed too much.
    #[error("it gave more than {0} bytes and was stopped")]
    Output(u64),
    /// It wrote too much.
    #[error("it filled more than {0} bytes of disk and was stopped")]
    Disk(u64),
}

/// Runs a command with all it starts in a process group of its own, which is killed as one when a limit is passed.
///
/// # Errors
/// [`Stopped`].
pub fn run(command: &mut Command, input: Option<Vec<u8>>, limits: &Limits) -> Result<Ended, Stopped> {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn()?;
    if let (Some(input), Some(mut pipe)) = (input, child.stdin.take()) {
        // It may end without having read all: its status tells.
        thread::spawn(move || drop(pipe.write_all(&input)));
    }
    let output = reader(child.stdout.take(), limits.output);
    let complaint = reader(child.stderr.take(), 64 * 1024);
    let status = match watch(&mut child, limits) {
        Ok(status) => status,
        Err(stopped) => {
            kill(&mut child);
            return Err(stopped);
        }
    };
    let output = joined(output)?.ok_or(Stopped::Output(limits.output))?;
    let complaint = joined(complaint)?.unwrap_or_default();
    Ok(Ended { status, output, complaint: last_lines(&complaint) })
}

/// Reads to the end, or to the limit: then the pipe is closed, which ends the writer, and nothing is given.
fn reader(pipe: Option<impl Read + Send + 'static>, limit: u64) -> JoinHandle<io::Result<Option<Vec<u8>>>> {
    thread::spawn(move || {
        let mut content = Vec::new();
        let Some(pipe) = pipe else { return Ok(Some(content)) };
        pipe.take(limit + 1).read_to_end(&mut content)?;
        Ok((content.len() as u64 <= limit).then_some(content))
    })
}

fn joined(reader: JoinHandle<io::Result<Option<Vec<u8>>>>) -> io::Result<Option<Vec<u8>>> {
    reader.join().map_err(|_| io::Error::other("its output could not be read"))?
}

fn watch(child: &mut Child, limits: &Limits) -> Result<ExitStatus, Stopped> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    let mut looked = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if begun.elapsed() > limits.time {
            return Err(Stopped::Time(limits.time));
        }
        if let Some((folder, most)) = &limits.folder
            && looked.elapsed() > Duration::from_millis(250)
        {
            looked = Instant::now();
            if bytes_below(folder, 0) > *most {
                return Err(Stopped::Disk(*most));
            }
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// The bytes of all files below a folder. What vanishes meanwhile does not count.
fn bytes_below(folder: &std::path::Path, depth: u8) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() && depth < 16 => bytes_below(&entry.path(), depth + 1),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(of).sum()
}

fn kill(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Whether it was still there to be killed, waiting tells.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}

/// The last lines, without what could steer a terminal.
fn last_lines(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(4)..].join("; ");
    state::plain(&last).chars().take(600).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limits: &Limits) -> Result<Ended, Stopped> {
        run(Command::new("sh").args(["-c", script]), None, limits)
    }

    fn limits() -> Limits {
        Limits { time: Duration::from_secs(20), output: 1000, folder: None }
    }

    #[test]
    fn what_a_process_prints_and_how_it_ends_is_told() {
        let ended = sh("echo out; printf 'bad\\033[2J\\nworse\\n' >&2; exit 3", &limits()).unwrap();
        assert_eq!((ended.output.as_slice(), ended.status.code()), (&b"out\n"[..], Some(3)));
        assert_eq!(ended.complaint, "bad; worse");
    }

    #[test]
    fn input_larger_than_a_pipe_is_given() {
        let input = vec![b'x'; 300_000];
        let limits = Limits { output: 400_000, ..limits() };
        assert_eq!(run(&mut Command::new("cat"), Some(input.clone()), &limits).unwrap().output, input);
    }

    #[test]
    fn a_process_that_hangs_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("survived");
        let limits = Limits { time: Duration::from_millis(200), ..limits() };
        let begun = Instant::now();
        let script = format!("(sleep 1; touch {}) & sleep 60", mark.display());
        assert!(matches!(sh(&script, &limits), Err(Stopped::Time(_))));
        assert!(begun.elapsed() < Duration::from_secs(5));
        thread::sleep(Duration::from_millis(1300));
        assert!(!mark.exists(), "its child went on");
    }

    #[test]
    fn a_process_that_prints_without_end_is_stopped() {
        let said = sh("while :; do echo line; done", &limits()).unwrap_err().to_string();
        assert!(said.contains("more than 1000 bytes"), "{said}");
    }

    #[test]
    fn a_process_that_fills_its_folder_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { folder: Some((folder.path().to_owned(), 100_000)), ..limits() };
        let script = format!("head -c 200000 /dev/zero >{}/x; sleep 60", folder.path().display());
        assert!(matches!(sh(&script, &limits), Err(Stopped::Disk(100_000))));
    }
}
