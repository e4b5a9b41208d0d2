//! How many clients a container still serves.

use anyhow::Context as _;
use procfs::net::TcpState;
use procfs::process::Process;

/// Counting the connections that clients hold.
pub trait Connections {
    /// Established connections to these ports in the network namespace of the process `pid`; 0 when it is gone.
    fn established(&self, pid: i32, ports: &[u16]) -> anyhow::Result<usize>;
}

/// Reads `/proc/PID/net/tcp` and `tcp6`, see `proc_pid_net(5)`.
#[derive(Clone, Copy, Debug)]
pub struct Proc;

impl Connections for Proc {
    fn established(&self, pid: i32, ports: &[u16]) -> anyhow::Result<usize> {
        let process = match Process::new(pid) {
            Ok(process) => process,
            Err(procfs::ProcError::NotFound(_)) => return Ok(0),
            Err(error) => return Err(error).context("looking for the container's process"),
        };
        let entries = process.tcp().and_then(|mut v4| {
            v4.extend(process.tcp6()?);
            Ok(v4)
        });
        let entries = match entries {
            Ok(entries) => entries,
            // It ended between the two looks.
            Err(procfs::ProcError::NotFound(_)) => return Ok(0),
            Err(error) => return Err(error).context("reading the container's connections"),
        };
        Ok(entries
            .iter()
            .filter(|entry| entry.state == TcpState::Established && ports.contains(&entry.local_address.port()))
            .count())
    }
}
