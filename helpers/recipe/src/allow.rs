//! What an app's declaration allows its recipe beyond the app's own container, volumes, networks and routes.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// What an app's declaration allows. Each text must match exactly: below an allowed folder a container could have left a
/// symlink to anywhere, and a name that only begins like an allowed one belongs to somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Allow {
    /// Paths of the host that may be mounted.
    pub host_paths: Vec<PathBuf>,
    /// All that a container can be given: `privileged`, the process spaces of the host, no confinement.
    pub privileged: bool,
    /// The network of the host.
    pub host_network: bool,
    /// Kernel capabilities, with or without `CAP_`.
    pub capabilities: Vec<String>,
    /// Devices of the host.
    pub devices: Vec<PathBuf>,
    /// Volumes by their name in the engine: those of other apps, those that exist already, and those that are mounted
    /// over the network or by a plugin.
    pub volumes: Vec<String>,
    /// Networks by their name in the engine that the app shares with others, beside the proxy's and its databases'.
    pub networks: Vec<String>,
    /// Ports of the host that may be published, past the host's firewall.
    pub ports: Vec<Port>,
    /// Host names beside the app's domain that may be routed to it.
    pub domains: Vec<String>,
    /// Log drivers that send what the app logs out of the engine.
    pub logging: Vec<String>,
    /// All that the proxy can be told by labels: routes without a host, TCP and UDP routes, priorities, middlewares and
    /// services of others.
    pub proxy: bool,
}

/// A port of the host, as it is published: `25` or `8448/udp`. Without a protocol it is TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Port {
    /// Its number, never 0.
    pub number: u16,
    /// What is spoken on it.
    pub protocol: Protocol,
}

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// The default.
    Tcp,
    /// Named as `/udp`.
    Udp,
    /// Named as `/sctp`.
    Sctp,
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "tcp" => Ok(Self::Tcp),
            "udp" => Ok(Self::Udp),
            "sctp" => Ok(Self::Sctp),
            _ => Err(format!("{text:?} is no protocol: tcp, udp or sctp")),
        }
    }
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let number = number.parse().ok().filter(|number| *number > 0);
        let number =
            number.ok_or_else(|| format!("{text:?} is no port: a number from 1 to 65535, as in 25 or 8448/udp"))?;
        Ok(Self { number, protocol: protocol.parse()? })
    }
}

impl TryFrom<String> for Port {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Port> for String {
    fn from(port: Port) -> Self {
        port.to_string()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = match self.protocol {
            Protocol::Tcp => "",
            Protocol::Udp => "/udp",
            Protocol::Sctp => "/sctp",
        };
        write!(f, "{}{suffix}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_read_and_written_as_people_write_it() {
        for (text, written) in [("25", "25"), ("25/tcp", "25"), ("8448/UDP", "8448/udp"), ("9/sctp", "9/sctp")] {
            assert_eq!(text.parse::<Port>().unwrap().to_string(), written);
        }
        for text in ["", "0", "65536", "-1", "80/icmp", "80-90", "a", "80/"] {
            text.parse::<Port>().unwrap_err();
        }
    }
}
