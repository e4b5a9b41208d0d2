//! `hearth secrets`: what a person does with sops files on a workstation, with nothing but the repository and a key.
//!
//! [`Command`] is a subcommand for [`clap`], [`run`] carries it out. Files are those of [sops](https://getsops.io), read
//! and written by the [`sops`] crate; sops itself is not needed, and may be used on the same files at any time.
//!
//! No command takes a secret as an argument, where every process of the machine could read it.

mod change;
mod check;
mod edit;
mod file;
mod identities;
mod keys;
mod memory;
mod recipients;
mod show;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

pub use file::FormatName;
pub use identities::IdentityOptions;

/// What to do with sops files.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a file in clear, or one value of it
    ///
    /// Example: hearth secrets decrypt --extract database/password secrets/example.yaml
    Decrypt(show::Decrypt),
    /// Encrypt a file that is in clear, for the recipients that .sops.yaml names for it
    ///
    /// Example: hearth secrets encrypt --in-place secrets/new.yaml
    Encrypt(change::Encrypt),
    /// Edit a file with $EDITOR; what did not change keeps its ciphertext
    ///
    /// Example: hearth secrets edit secrets/example.yaml
    Edit(edit::Edit),
    /// Set one value, which is read from standard input
    ///
    /// Example: pwgen -s 32 1 | hearth secrets set secrets/example.yaml database/password
    Set(change::Set),
    /// Take one value, or all below a key, out of a file
    Unset(change::Unset),
    /// Print who can decrypt files, and which of the keys at hand can
    ShowRecipients(recipients::Show),
    /// Let somebody else decrypt files too
    ///
    /// Example: hearth secrets add-recipient age1… secrets/*.yaml
    AddRecipient(recipients::Add),
    /// Take a recipient out of files, and change the key that they may have kept
    ///
    /// They have seen what is in the files: change the secrets themselves too.
    RemoveRecipient(recipients::Remove),
    /// Make a new data key for files and encrypt all values with it
    Rotate(recipients::Rotate),
    /// Check every file of a repository: MAC, recipients as .sops.yaml says, nothing left in clear
    ///
    /// Usable as a pre-commit hook. Without a key the MAC is not verified, and that is said.
    Check(check::Check),
    /// Print the keys at hand and the recipients that they stand for, or make a new one
    ///
    /// Example: hearth secrets keys --new ~/.config/sops/age/keys.txt
    Keys(keys::Keys),
}

/// Several files and the keys for them.
#[derive(Debug, Args)]
pub struct Files {
    #[command(flatten)]
    identities: IdentityOptions,
    /// The format, where the file's name does not say it
    #[arg(long, value_name = "FORMAT")]
    input_type: Option<FormatName>,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
}

/// Carries a command out and prints what it has to say.
///
/// # Errors
/// Whatever kept it from its end; a file that it concerns is then as it was.
pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Decrypt(options) => options.run(),
        Command::Encrypt(options) => options.run(),
        Command::Edit(options) => options.run(),
        Command::Set(options) => options.run(),
        Command::Unset(options) => options.run(),
        Command::ShowRecipients(options) => options.run(),
        Command::AddRecipient(options) => options.run(),
        Command::RemoveRecipient(options) => options.run(),
        Command::Rotate(options) => options.run(),
        Command::Check(options) => options.run(),
        Command::Keys(options) => options.run(),
    }
}

/// Writes to standard output; a reader who has gone is no error worth a word.
fn print(bytes: &[u8]) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
