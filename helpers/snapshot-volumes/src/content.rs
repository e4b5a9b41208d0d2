//! The content of files: where the data lies between the holes, digests, copies and clones.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

/// How much is read at once.
const BLOCK: usize = 1 << 18;

/// The parts of a file that hold data, as (offset, length) in ascending order; the rest is holes.
///
/// # Errors
/// When the system cannot look. A file system that knows no holes says that all of the file is data.
pub fn segments(file: &File, size: u64) -> io::Result<Vec<(u64, u64)>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < size {
        let start = match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        let end = rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(start))?.min(size);
        if start < end {
            found.push((start, end - start));
        }
        at = end.max(start + 1);
    }
    rustix::fs::seek(file, rustix::fs::SeekFrom::Start(0))?;
    Ok(found)
}

/// Whether the data leaves holes.
pub fn is_sparse(segments: &[(u64, u64)], size: u64) -> bool {
    size > 0 && segments != [(0, size)]
}

/// A digest of a file's content that is told of its parts in ascending order, and reads the holes between them as zeros:
/// so a file has the same digest on a file system that knows holes and on one that does not.
#[derive(Default)]
pub struct ContentDigest {
    hash: Sha256,
    at: u64,
}

impl ContentDigest {
    /// Some data at an offset.
    pub fn data(&mut self, offset: u64, data: &[u8]) {
        self.zeros(offset);
        self.hash.update(data);
        self.at += data.len() as u64;
    }

    /// The digest of a file of this size, in hexadecimal.
    pub fn finish(mut self, size: u64) -> String {
        self.zeros(size);
        hex::encode(self.hash.finalize())
    }

    fn zeros(&mut self, until: u64) {
        static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
        while self.at < until {
            let length = (until - self.at).min(ZEROS.len() as u64);
            // The length is at most that of the array.
            self.hash.update(&ZEROS[..usize::try_from(length).unwrap_or(ZEROS.len())]);
            self.at += length;
        }
    }
}

/// Reads all data of a file, hands each piece to `sink`, and returns the digest of the content.
///
/// # Errors
/// When it cannot be read, is shorter than `size`, or `sink` fails.
pub fn read_data(
    file: &File,
    segments: &[(u64, u64)],
    size: u64,
    sink: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<String> {
    let mut digest = ContentDigest::default();
    let mut buffer = vec![0; BLOCK];
    for (offset, length) in segments {
        let (mut at, end) = (*offset, offset + length);
        while at < end {
            let wanted = buffer.len().min(usize::try_from(end - at).unwrap_or(BLOCK));
            let read = file.read_at(&mut buffer[..wanted], at)?;
            if read == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"));
            }
            digest.data(at, &buffer[..read]);
            sink(at, &buffer[..read])?;
            at += read as u64;
        }
    }
    Ok(digest.finish(size))
}

/// Digest of a file's content.
///
/// # Errors
/// When it cannot be read.
pub fn digest(file: &File, size: u64) -> io::Result<String> {
    read_data(file, &segments(file, size)?, size, &mut |_, _| Ok(()))
}

/// Fills a new file with the content of another: shares its blocks where the file system can, copies the data between
/// the holes elsewhere.
///
/// # Errors
/// When neither works.
pub fn clone_or_copy(source: &File, target: &File, size: u64) -> io::Result<()> {
    match rustix::fs::ioctl_ficlone(target, source) {
        Ok(()) => Ok(()),
        Err(Errno::NOSPC) => Err(Errno::NOSPC.into()),
        // Another file system, one that does not clone, or a file that is exempt from it: all of them can be copied.
        Err(_) => copy(source, target, size),
    }
}

fn copy(mut source: &File, mut target: &File, size: u64) -> io::Result<()> {
    target.set_len(size)?;
    for (offset, length) in segments(source, size)? {
        source.seek(SeekFrom::Start(offset))?;
        target.seek(SeekFrom::Start(offset))?;
        io::copy(&mut source.take(length), &mut target)?;
    }
    Ok(())
}

/// A writer or reader that digests and counts what passes.
pub struct Counted<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Counted<T> {
    /// Around a writer or a reader.
    pub fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// What passed: SHA-256 in hexadecimal, number of bytes; and the writer or reader.
    pub fn finish(self) -> (T, String, u64) {
        (self.inner, hex::encode(self.hash.finalize()), self.bytes)
    }

    fn passed(&mut self, data: &[u8]) {
        self.hash.update(data);
        self.bytes += data.len() as u64;
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(data)?;
        self.passed(&data[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.passed(&buffer[..read]);
        Ok(read)
    }
}
