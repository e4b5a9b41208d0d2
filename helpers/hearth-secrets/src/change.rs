//! `encrypt`, `set` and `unset`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use clap::Args;
use sops::{CreationRule, CreationRules, Format, OpenDocument, Plaintext, Scalar, Text, Value, value_from_json};
use zeroize::Zeroizing;

use crate::file::{self, FormatName};
use crate::identities::IdentityOptions;

/// Options of `encrypt`.
#[derive(Debug, Args)]
pub struct Encrypt {
    /// The format, where the file's name does not say it
    #[arg(long, value_name = "FORMAT")]
    input_type: Option<FormatName>,
    /// Encrypt to this age or SSH recipient instead of those of .sops.yaml
    #[arg(long, value_name = "RECIPIENT", value_delimiter = ',')]
    age: Vec<String>,
    /// Replace the file by what is encrypted
    #[arg(long, short)]
    in_place: bool,
    /// Write into this file instead of printing
    #[arg(long, value_name = "FILE", conflicts_with = "in_place")]
    output: Option<PathBuf>,
    /// The file in clear
    file: PathBuf,
}

impl Encrypt {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let output = if self.in_place { Some(&self.file) } else { self.output.as_ref() };
        let rule = if self.age.is_empty() {
            rule_for(output.unwrap_or(&self.file))?
        } else {
            CreationRule::for_recipients(self.age)
        };
        let format = file::format(self.input_type, &self.file);
        let clear = std::fs::read(&self.file).map(Zeroizing::new).with_context(|| self.file.display().to_string())?;
        let plain = Plaintext::parse(&clear, format, &self.file)?;
        let text = OpenDocument::create(plain, &rule)?.encrypt(SystemTime::now())?;
        match output {
            Some(output) => file::replace(output, text.expose()).map(|()| ExitCode::SUCCESS),
            None => crate::print(text.expose()),
        }
    }
}

/// The rule of `.sops.yaml` for a file.
pub(crate) fn rule_for(file: &Path) -> anyhow::Result<CreationRule> {
    let Some(config) = CreationRules::find(file) else {
        bail!(
            "{}: no {} in its folder or above says who may decrypt it; write one, or name a recipient with --age",
            file.display(),
            sops::CONFIG_NAME
        );
    };
    let rules = CreationRules::read(&config)?;
    let rule = rules.rule_for(file).cloned();
    rule.with_context(|| {
        format!("{}: no rule of {} is for it; add one whose path_regex matches", file.display(), config.display())
    })
}

/// Options of `set`.
#[derive(Debug, Args)]
pub struct Set {
    #[command(flatten)]
    identities: IdentityOptions,
    /// The format, where the file's name does not say it
    #[arg(long, value_name = "FORMAT")]
    input_type: Option<FormatName>,
    /// What is read is JSON: a number, a list, a mapping, a quoted text
    #[arg(long)]
    json: bool,
    /// Keep the line break that what is read ends with
    #[arg(long, conflicts_with = "json")]
    keep_line_break: bool,
    /// The encrypted file
    file: PathBuf,
    /// Where in it: database/users/0, or as sops writes it: `["database"]["users"][0]`
    place: String,
}

impl Set {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let key = file::key_path(&self.place)?;
        let mut open = file::open(&self.file, self.input_type, &self.identities)?;
        let value = self.value(open.plaintext().format())?;
        if open.set(&key, value)? {
            file::save(open, &self.file)?;
            state::out!("{}: `{key}` set", self.file.display());
        } else {
            state::out!("{}: `{key}` has that value already; nothing was written", self.file.display());
        }
        Ok(ExitCode::SUCCESS)
    }

    fn value(&self, format: Format) -> anyhow::Result<Value> {
        let mut read = Zeroizing::new(Vec::new());
        std::io::stdin().read_to_end(&mut read).context("the value, from standard input")?;
        if self.json {
            return Ok(value_from_json(&read, Path::new("standard input"))?);
        }
        if !self.keep_line_break && read.ends_with(b"\n") {
            read.pop();
        }
        if read.is_empty() {
            bail!("nothing came on standard input; write the value there, or with --json `\"\"` for an empty one");
        }
        if format == Format::Binary {
            bail!("a binary file is one value; encrypt it again with `hearth secrets encrypt`");
        }
        Ok(Value::Scalar(Scalar::Str(Text::new(read.to_vec()))))
    }
}

/// Options of `unset`.
#[derive(Debug, Args)]
pub struct Unset {
    #[command(flatten)]
    identities: IdentityOptions,
    /// The format, where the file's name does not say it
    #[arg(long, value_name = "FORMAT")]
    input_type: Option<FormatName>,
    /// The encrypted file
    file: PathBuf,
    /// Where in it: database/users/0, or as sops writes it: `["database"]["users"][0]`
    place: String,
}

impl Unset {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let key = file::key_path(&self.place)?;
        let mut open = file::open(&self.file, self.input_type, &self.identities)?;
        open.unset(&key)?;
        file::save(open, &self.file)?;
        state::out!("{}: `{key}` taken out", self.file.display());
        Ok(ExitCode::SUCCESS)
    }
}
