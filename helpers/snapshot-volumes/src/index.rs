//! The index of a volume in a snapshot: a line of JSON an entry, compressed with zstd.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use crate::content::Counted;
use crate::entry::Entry;

/// Writes an index, makes it durable, and returns the SHA-256 of the file.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, entries: &[Entry]) -> io::Result<String> {
    let file = File::create_new(path)?;
    let mut encoder = zstd::Encoder::new(Counted::new(BufWriter::new(file)), 0)?;
    for entry in entries {
        serde_json::to_writer(&mut encoder, entry)?;
        encoder.write_all(b"\n")?;
    }
    let (file, sha256, _) = encoder.finish()?.finish();
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(sha256)
}

/// Reads an index whose SHA-256 is known.
///
/// # Errors
/// When it cannot be read, or is not the one that was written.
pub fn read(path: &Path, sha256: &str) -> io::Result<Vec<Entry>> {
    let found = digest(path)?;
    if found != sha256 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the index is not the one that was written"));
    }
    let lines = BufReader::new(zstd::Decoder::new(File::open(path)?)?).lines();
    lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}

/// SHA-256 of a file.
fn digest(path: &Path) -> io::Result<String> {
    let mut file = Counted::new(File::open(path)?);
    io::copy(&mut file, &mut io::sink())?;
    Ok(file.finish().1)
}
