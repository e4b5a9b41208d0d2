//! `hearth-secrets`: the subcommands of `hearth secrets` as a program of their own.

use std::process::ExitCode;

use clap::Parser;
use hearth_secrets::Command;

/// Show, write, edit and check sops files, and who can read them.
///
/// Keys are looked for in --age-key-file and --ssh-key, `SOPS_AGE_KEY_FILE`, `SOPS_AGE_KEY`,
/// `SOPS_AGE_SSH_PRIVATE_KEY_FILE`, `~/.config/sops/age/keys.txt`, `~/.ssh/id_ed25519`, `~/.ssh/id_rsa` and, on a host,
/// `/var/lib/hearth/age.key` and `/etc/ssh/ssh_host_ed25519_key`.
///
/// Example: hearth-secrets decrypt --extract database/password secrets/example.yaml
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    hearth_secrets::run(Arguments::parse().command).unwrap_or_else(|error| {
        state::err!("error: {error:#}");
        ExitCode::FAILURE
    })
}
