//! `edit`: a file in clear, in memory only, for as long as an editor runs.

use std::fs::OpenOptions;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, bail};
use clap::Args;
use sops::{Format, OpenDocument, Plaintext};
use zeroize::Zeroizing;

use crate::file::{self, FormatName};
use crate::identities::IdentityOptions;

/// What `statfs` says of a `tmpfs` and of a `ramfs`, from `linux/magic.h`.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

/// Options of `edit`.
#[derive(Debug, Args)]
pub struct Edit {
    #[command(flatten)]
    identities: IdentityOptions,
    /// The format, where the file's name does not say it
    #[arg(long, value_name = "FORMAT")]
    input_type: Option<FormatName>,
    /// The encrypted file; one that is not there is made, for the recipients that .sops.yaml names
    file: PathBuf,
}

impl Edit {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let mut open = self.open()?;
        let before = open.plaintext().write_to_edit()?;
        let is_new = !self.file.exists();
        let name = self.file.file_name().context("the path names no file")?;
        let private = Private::new(name.as_ref(), before.expose())?;
        loop {
            private.edit()?;
            let after = private.read()?;
            if *after == before.expose() && !is_new {
                state::out!("{}: nothing changed, nothing was written", self.file.display());
                return Ok(ExitCode::SUCCESS);
            }
            match open.replace(&after) {
                Ok(()) => break,
                Err(error) if again(&error)? => {}
                Err(error) => return Err(error).context("what was edited cannot be read, and the file is as it was"),
            }
        }
        file::save(open, &self.file)?;
        state::out!("{}: written", self.file.display());
        Ok(ExitCode::SUCCESS)
    }

    fn open(&self) -> anyhow::Result<OpenDocument> {
        if self.file.exists() {
            return file::open(&self.file, self.input_type, &self.identities);
        }
        let rule = crate::change::rule_for(&self.file)?;
        let format = file::format(self.input_type, &self.file);
        let example: &[u8] = match format {
            Format::Yaml => b"example: change me\n",
            Format::Json => b"{\"example\": \"change me\"}",
            Format::Dotenv => b"EXAMPLE=change me\n",
            Format::Ini => b"[example]\nkey = change me\n",
            _ => b"change me\n",
        };
        Ok(OpenDocument::create(Plaintext::parse(example, format, &self.file)?, &rule)?)
    }
}

/// Asks whether to go back to the editor; without a terminal there is nobody to ask.
fn again(error: &sops::Error) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    state::part(
        std::io::stderr().lock(),
        format_args!("{error}\nPress Enter to edit again, Ctrl-D to give up what you changed: "),
    );
    let mut answer = [0];
    Ok(std::io::stdin().read(&mut answer)? > 0)
}

/// A file of its own folder in memory, overwritten and removed when dropped.
struct Private {
    folder: PathBuf,
    file: PathBuf,
    _uninterrupted: Vec<signal_hook::SigId>,
}

impl Private {
    fn new(name: &Path, content: &[u8]) -> anyhow::Result<Self> {
        // Ctrl-C is for the editor; a signal must not leave the file behind.
        let signals = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP];
        let flag = Arc::new(AtomicBool::new(false));
        let uninterrupted = signals
            .iter()
            .map(|signal| signal_hook::flag::register(*signal, Arc::clone(&flag)))
            .collect::<Result<_, _>>()?;
        let folder = memory()?.join(format!("hearth-edit-{}", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&folder).with_context(|| folder.display().to_string())?;
        let private = Self { file: folder.join(name), folder, _uninterrupted: uninterrupted };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&private.file)?;
        file.write_all(content)?;
        Ok(private)
    }

    fn edit(&self) -> anyhow::Result<()> {
        let editor = ["SOPS_EDITOR", "VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var(name).ok());
        let editor = editor.filter(|editor| !editor.is_empty()).unwrap_or_else(|| "vi".to_owned());
        // As git does: what the variable holds is a command of the shell, which gets the file as its argument.
        let status = Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg(&editor).arg(&self.file).status();
        let status = status.with_context(|| format!("the editor `{editor}`"))?;
        if !status.success() {
            bail!("the editor `{editor}` ended with {status}; the file is as it was");
        }
        Ok(())
    }

    fn read(&self) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        std::fs::read(&self.file).map(Zeroizing::new).context("the edited file")
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // What an editor left beside it goes with the folder. Nobody is left to tell of an error.
        if let Ok(length) = std::fs::metadata(&self.file).map(|metadata| metadata.len()) {
            let zeros = vec![0; usize::try_from(length).unwrap_or(0)];
            let _ = OpenOptions::new().write(true).open(&self.file).and_then(|mut file| file.write_all(&zeros));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A folder that is in memory.
fn memory() -> anyhow::Result<PathBuf> {
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let places = own.into_iter().chain(["/dev/shm", "/run"].map(PathBuf::from));
    let in_memory = |place: &PathBuf| {
        let writable = rustix::fs::access(place, rustix::fs::Access::WRITE_OK).is_ok();
        writable && rustix::fs::statfs(place).is_ok_and(|stat| IN_MEMORY.contains(&stat.f_type))
    };
    places.into_iter().find(in_memory).context(
        "no folder in memory can be written: neither $XDG_RUNTIME_DIR nor /dev/shm is a tmpfs, and nothing in clear goes to a disk",
    )
}
