//! `deploy-app`: see `--help`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use deploy_app::cli;
use deploy_app::words::Digest;

/// Ask the door of this host for an app, an environment and the tag of its image.
///
/// The image is pulled before anything is touched, and deployed by its digest: behind the app's gate, with a snapshot of
/// its data, and back to what served before if the gate does not hold. What happens is printed as it happens.
///
/// Ends with exit code 0 when it serves (unchanged or changed), 20 when a person must decide first, 30 when the old
/// version serves again, 40 when a newer deploy came while this one waited, 2 when it was refused, 1 when it failed.
///
/// Example: deploy-app shop prod 1.4.0
#[derive(Parser)]
#[command(version, max_term_width = 100, override_usage = "deploy-app [OPTIONS] APP ENVIRONMENT TAG")]
struct Arguments {
    /// Hand on a registry token: the first line of standard input, as TOKEN, USER:TOKEN or JSON
    ///
    /// Without it the host's own login is used. Example: echo "$TOKEN" | deploy-app --token-stdin shop prod 1.4.0
    #[arg(long)]
    token_stdin: bool,
    /// Deploy this digest and no other image of that tag; only as root
    #[arg(long, value_parser = digest, value_name = "DIGEST")]
    digest: Option<Digest>,
    /// The door's manifest, as the NixOS module writes it
    #[arg(long, default_value = "/etc/hearth/deploy.json", value_name = "FILE")]
    manifest: PathBuf,
    /// Only check this manifest, as the build of the system does
    #[arg(long, value_name = "MANIFEST", exclusive = true)]
    check: Option<PathBuf>,
    /// Be a part of the door itself: the forced command of a key, or what serves a connection; the manifest follows
    #[arg(long, value_enum, hide = true)]
    door: Option<Door>,
    /// The key whose forced command this is
    #[arg(long, requires = "door", hide = true)]
    key: Option<String>,
    /// What to deploy
    #[arg(value_names = ["APP", "ENVIRONMENT", "TAG"], required_unless_present = "check")]
    words: Vec<OsString>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Door {
    Ssh,
    Socket,
}

fn digest(text: &str) -> Result<Digest, String> {
    Digest::try_from(text.to_owned()).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let words: Vec<&OsStr> = arguments.words.iter().map(OsString::as_os_str).collect();
    let ended = match (arguments.check, arguments.door, arguments.key, words.as_slice()) {
        (Some(manifest), ..) => cli::check(&manifest),
        (None, Some(Door::Ssh), Some(key), [manifest]) => cli::ssh(Path::new(manifest), &key),
        (None, Some(Door::Socket), None, [manifest]) => cli::inner(Path::new(manifest)),
        (None, Some(_), ..) => Err(anyhow::anyhow!("--door takes one manifest, and `ssh` a --key")),
        (None, None, _, words) => cli::typed(&arguments.manifest, words, arguments.digest, arguments.token_stdin),
    };
    ended.unwrap_or_else(|error| {
        state::err!("error: {error:#}");
        ExitCode::FAILURE
    })
}
