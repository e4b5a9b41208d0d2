//! A tree as one tar stream, written and read in one pass.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;

use tar::{EntryType, Header};

use crate::content::{ContentDigest, is_sparse, read_data, segments};
use crate::entry::{Entry, Kind};
use crate::pax::{self, Records, bad};
use crate::walk::Found;

const BLOCK: usize = 512;
/// No extended header of ours is longer; a longer one is damage, not something to put into memory.
const HEADER_LIMIT: u64 = 16 << 20;

/// Writes entries into a stream.
pub struct Writer<W> {
    to: W,
}

impl<W: Write> Writer<W> {
    /// Into this stream.
    pub fn new(to: W) -> Self {
        Self { to }
    }

    /// Adds an entry with its content, and returns it with the digest of that.
    ///
    /// # Errors
    /// When it cannot be read or the stream cannot be written.
    pub fn add(&mut self, found: &Found<'_>) -> io::Result<Entry> {
        let mut entry = found.entry.clone();
        let Kind::File { size, sha256 } = &mut entry.kind else {
            self.headers(&entry, 0, false)?;
            return Ok(entry);
        };
        let (size, file) = (*size, found.open()?);
        let mut parts = segments(&file, size)?;
        let map = if is_sparse(&parts, size) { map(&mut parts, size) } else { Vec::new() };
        let stored = map.len() as u64 + parts.iter().map(|(_, length)| length).sum::<u64>();
        self.headers(&found.entry, stored, !map.is_empty())?;
        self.to.write_all(&map)?;
        *sha256 = read_data(&file, &parts, size, &mut |_, data| self.to.write_all(data))?;
        self.pad(stored)?;
        Ok(entry)
    }

    /// Ends the archive, and returns the stream.
    ///
    /// # Errors
    /// When the stream cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.to.write_all(&[0; 2 * BLOCK])?;
        Ok(self.to)
    }

    fn headers(&mut self, entry: &Entry, stored: u64, sparse: bool) -> io::Result<()> {
        let (header, records) = pax::headers(entry, stored, sparse)?;
        if !records.is_empty() {
            let body = pax::encode(&records);
            let mut before = Header::new_ustar();
            before.set_entry_type(EntryType::XHeader);
            before.set_path("././@PaxHeader")?;
            before.set_size(body.len() as u64);
            before.set_cksum();
            self.to.write_all(before.as_bytes())?;
            self.to.write_all(&body)?;
            self.pad(body.len() as u64)?;
        }
        self.to.write_all(header.as_bytes())
    }

    fn pad(&mut self, length: u64) -> io::Result<()> {
        let block = BLOCK as u64;
        let rest = usize::try_from(length.next_multiple_of(block) - length).unwrap_or_default();
        self.to.write_all(&[0; BLOCK][..rest])
    }
}

/// The map of a sparse file's data: decimal numbers, a line each: how many parts, then offset and length of each. An
/// empty part at the end says how long the file is.
fn map(parts: &mut Vec<(u64, u64)>, size: u64) -> Vec<u8> {
    if parts.last().is_none_or(|(offset, length)| offset + length < size) {
        parts.push((size, 0));
    }
    let lines = parts.iter().map(|(offset, length)| format!("{offset}\n{length}\n"));
    let mut map = [format!("{}\n", parts.len())].into_iter().chain(lines).collect::<String>().into_bytes();
    map.resize(map.len().next_multiple_of(BLOCK), 0);
    map
}

/// The content of a file in an archive; empty for what is no file.
pub struct Content<'r> {
    from: &'r mut dyn Read,
    parts: Vec<(u64, u64)>,
    size: u64,
}

impl Content<'_> {
    /// Reads it to the end, writes it into `file` where there is one, and returns its digest.
    ///
    /// # Errors
    /// When the archive ends too early or the file cannot be written.
    pub fn save(&mut self, file: Option<&File>) -> io::Result<String> {
        let mut digest = ContentDigest::default();
        let mut buffer = vec![0; 1 << 18];
        for (offset, length) in &self.parts {
            let (mut at, end) = (*offset, offset + length);
            while at < end {
                let wanted = buffer.len().min(usize::try_from(end - at).unwrap_or(buffer.len()));
                self.from.read_exact(&mut buffer[..wanted])?;
                digest.data(at, &buffer[..wanted]);
                if let Some(file) = file {
                    file.write_all_at(&buffer[..wanted], at)?;
                }
                at += wanted as u64;
            }
        }
        if let Some(file) = file {
            file.set_len(self.size)?;
        }
        Ok(digest.finish(self.size))
    }
}

/// Reads an archive and hands each entry, with its content, to `each`.
///
/// # Errors
/// When the archive is damaged, or what `each` reports.
pub fn read(from: impl Read, each: &mut dyn FnMut(Entry, &mut Content<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut archive = tar::Archive::new(from);
    let mut records = Records::new();
    for member in archive.entries()?.raw(true) {
        let mut member = member?;
        if member.header().entry_type() == EntryType::XHeader {
            let mut body = Vec::new();
            if member.header().entry_size()? > HEADER_LIMIT {
                return Err(bad("an extended header is too long"));
            }
            member.read_to_end(&mut body)?;
            records = pax::decode(&body)?;
            continue;
        }
        let (entry, sparse) = pax::entry(member.header(), &std::mem::take(&mut records))?;
        let size = entry.size();
        let parts = if sparse { read_map(&mut member, size)? } else { vec![(0, size)] };
        each(entry, &mut Content { from: &mut member, parts, size })?;
    }
    Ok(())
}

fn read_map(from: &mut impl Read, size: u64) -> io::Result<Vec<(u64, u64)>> {
    let mut lines = Lines { from, block: [0; BLOCK], at: BLOCK };
    let count = lines.number()?;
    let (mut parts, mut end) = (Vec::new(), 0);
    for _ in 0..count {
        let (offset, length) = (lines.number()?, lines.number()?);
        let next = offset.checked_add(length).filter(|next| offset >= end && *next <= size);
        end = next.ok_or_else(|| bad("the map of a sparse file"))?;
        parts.push((offset, length));
    }
    Ok(parts)
}

/// Numbers, a line each, in whole blocks.
struct Lines<'r, R> {
    from: &'r mut R,
    block: [u8; BLOCK],
    at: usize,
}

impl<R: Read> Lines<'_, R> {
    fn number(&mut self) -> io::Result<u64> {
        let mut text = Vec::new();
        loop {
            if self.at == self.block.len() {
                self.from.read_exact(&mut self.block)?;
                self.at = 0;
            }
            let byte = self.block[self.at];
            self.at += 1;
            match byte {
                b'\n' => return pax::parse(&text),
                _ if text.len() > 20 => return Err(bad("the map of a sparse file")),
                _ => text.push(byte),
            }
        }
    }
}
