//! Sending new connections for a host's ports to another container, in one transaction.
//!
//! Docker's own rules send a host-mode port to the service's container. A table of Hearth's, looked at just before
//! Docker's, sends *new* connections elsewhere while it exists; connection tracking keeps established ones where they
//! are. Removing the table gives the ports back. Client addresses stay as they are, because nothing is proxied.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Just before Docker's own nat rules, which sit at -100.
const PRIORITY: i32 = -110;

/// Sending new connections elsewhere.
pub trait Divert {
    /// From now on new connections to these `(published, target)` ports go to `address`.
    async fn divert(&self, app: &str, ports: &[(u16, u16)], address: IpAddr) -> anyhow::Result<()>;
    /// Gives the ports back. No error when nothing was diverted.
    async fn restore(&self, app: &str) -> anyhow::Result<()>;
}

/// The real thing: `nft`.
#[derive(Clone, Debug)]
pub struct Nft {
    /// Where the command is.
    pub command: PathBuf,
}

impl Divert for Nft {
    async fn divert(&self, app: &str, ports: &[(u16, u16)], address: IpAddr) -> anyhow::Result<()> {
        self.apply(&rules(app, ports, address))
            .await
            .with_context(|| format!("sending the ports of {app} to {address}"))
    }

    async fn restore(&self, app: &str) -> anyhow::Result<()> {
        self.apply(&nothing(app)).await.with_context(|| format!("giving the ports of {app} back"))
    }
}

impl Nft {
    async fn apply(&self, rules: &str) -> anyhow::Result<()> {
        let mut child = Command::new(&self.command)
            .args(["-f", "-"])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", self.command.display()))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(rules.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            bail!("nft: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }
}

fn table(app: &str) -> String {
    format!("hearth_{}", app.replace('-', "_"))
}

/// Declaring a table before deleting it makes deleting it no error when it was not there.
fn nothing(app: &str) -> String {
    let table = table(app);
    format!("table ip {table} {{}}\ndelete table ip {table}\n")
}

fn rules(app: &str, ports: &[(u16, u16)], address: IpAddr) -> String {
    let mut text = nothing(app);
    let _ = writeln!(text, "table ip {} {{", table(app));
    // What a container of this host sends to the host's own address would come back to it past the address translation.
    for (hook, apart) in [("prerouting", "iifname != \"docker_gwbridge\""), ("output", "ip daddr != 127.0.0.0/8")] {
        let _ = writeln!(text, "  chain {hook} {{\n    type nat hook {hook} priority {PRIORITY}; policy accept;");
        for (published, target) in ports {
            let _ = writeln!(text, "    {apart} fib daddr type local tcp dport {published} dnat to {address}:{target}");
        }
        text.push_str("  }\n");
    }
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_table_goes_and_the_new_one_comes_in_one_transaction() {
        let text = rules("proxy", &[(80, 80), (443, 8443)], "172.18.0.5".parse().unwrap());
        assert!(text.starts_with("table ip hearth_proxy {}\ndelete table ip hearth_proxy\ntable ip hearth_proxy {\n"));
        assert_eq!(text.matches("tcp dport 443 dnat to 172.18.0.5:8443").count(), 2);
    }

    #[test]
    fn a_name_with_a_dash_is_a_table() {
        assert!(nothing("edge-proxy").contains("table ip hearth_edge_proxy"));
    }
}
