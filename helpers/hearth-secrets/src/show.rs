//! `decrypt`: what `sops decrypt` prints.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use sops::{Document, Format};

use crate::file::{self, FormatName};
use crate::identities::IdentityOptions;

/// Options of `decrypt`.
#[derive(Debug, Args)]
pub struct Decrypt {
    #[command(flatten)]
    identities: IdentityOptions,
    /// The format of the file, where its name does not say it
    #[arg(long, value_name = "FORMAT")]
    input_type: Option<FormatName>,
    /// The format to print, where it is not that of the file
    #[arg(long, value_name = "FORMAT")]
    output_type: Option<FormatName>,
    /// Print only what stands there: database/users/0, or as sops writes it: `["database"]["users"][0]`
    #[arg(long, value_name = "PLACE")]
    extract: Option<String>,
    /// Write into this file, readable by its owner only, instead of printing
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The encrypted file
    file: PathBuf,
}

impl Decrypt {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let format = file::format(self.input_type, &self.file);
        let key = self.extract.as_deref().map(file::key_path).transpose()?.unwrap_or_default();
        let found = self.identities.find()?;
        let document = Document::read(&self.file, format)?;
        let plain = document.decrypt(&found.identities).map_err(|error| found.explain(error))?;
        let text = plain.extract(&key, self.output_type.map_or(format, Format::from))?;
        match &self.output {
            None => crate::print(text.expose()),
            Some(output) => {
                let target = std::path::absolute(output)?;
                state::write_atomic(&target, text.expose(), 0o600).context("the decrypted file")?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
