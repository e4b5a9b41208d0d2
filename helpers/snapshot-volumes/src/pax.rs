//! One entry as headers of a tar archive, in the POSIX.1-2001 `pax` format, with the conventions of GNU tar for extended
//! attributes (`SCHILY.xattr.`) and sparse files (`GNU.sparse`, version 1.0), so that `tar --zstd --xattrs
//! --xattrs-include='*' -xpf` brings a volume back by hand.

use std::collections::BTreeMap;
use std::io;

use tar::{EntryType, Header};

use crate::entry::{Entry, Kind, Raw};

const XATTR: &[u8] = b"SCHILY.xattr.";
/// The largest value of the seven octal digits that a header has for owner and group.
const OCTAL_LIMIT: u32 = 0o7_777_777;
/// The length of a name in a header.
const NAME_LIMIT: usize = 100;

/// The extended records of an entry, by keyword.
pub type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// The name under which an archive holds a path.
fn archived(path: &Raw) -> Vec<u8> {
    if path.0.is_empty() { b".".to_vec() } else { [b"./", path.0.as_slice()].concat() }
}

/// The path that an archive's name stands for.
fn plain(name: &[u8]) -> Raw {
    let name = name.strip_prefix(b".").unwrap_or(name);
    Raw(name.strip_prefix(b"/").unwrap_or(name).to_vec())
}

/// The header of an entry and the records that must come before it. `stored` is the length of what follows it, and
/// `sparse` whether that begins with a map of the data.
pub fn headers(entry: &Entry, stored: u64, sparse: bool) -> io::Result<(Header, Records)> {
    let mut header = Header::new_ustar();
    let mut records = Records::new();
    header.set_entry_type(entry_type(&entry.kind));
    header.set_mode(entry.mode);
    header.set_size(stored);
    number(&mut records, "uid", entry.uid, |value| header.set_uid(value));
    number(&mut records, "gid", entry.gid, |value| header.set_gid(value));
    let (seconds, nanoseconds) = entry.mtime;
    header.set_mtime(u64::try_from(seconds).unwrap_or_default());
    if nanoseconds != 0 || !(0..1 << 33).contains(&seconds) {
        records.insert(b"mtime".to_vec(), decimal(seconds, nanoseconds).into_bytes());
    }
    let name = archived(&entry.path);
    if sparse {
        records.insert(b"GNU.sparse.major".to_vec(), b"1".to_vec());
        records.insert(b"GNU.sparse.minor".to_vec(), b"0".to_vec());
        records.insert(b"GNU.sparse.name".to_vec(), name.clone());
        records.insert(b"GNU.sparse.realsize".to_vec(), entry.size().to_string().into_bytes());
    }
    put(&mut header.as_mut_bytes()[..NAME_LIMIT], &mut records, "path", &name);
    match &entry.kind {
        Kind::HardLink { to } => put(&mut header.as_mut_bytes()[157..257], &mut records, "linkpath", &archived(to)),
        Kind::Symlink { to } => put(&mut header.as_mut_bytes()[157..257], &mut records, "linkpath", &to.0),
        Kind::CharacterDevice { major, minor } | Kind::BlockDevice { major, minor } => {
            header.set_device_major(*major)?;
            header.set_device_minor(*minor)?;
        }
        Kind::Folder | Kind::File { .. } | Kind::Fifo => {}
    }
    for (name, value) in &entry.xattrs {
        records.insert([XATTR, &escaped(&name.0)].concat(), value.0.clone());
    }
    header.set_cksum();
    Ok((header, records))
}

fn number(records: &mut Records, keyword: &str, value: u32, set: impl FnOnce(u64)) {
    set(value.min(OCTAL_LIMIT).into());
    if value > OCTAL_LIMIT {
        records.insert(keyword.as_bytes().to_vec(), value.to_string().into_bytes());
    }
}

fn put(field: &mut [u8], records: &mut Records, keyword: &str, text: &[u8]) {
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text[..length]);
    if text.len() > field.len() {
        records.insert(keyword.as_bytes().to_vec(), text.to_vec());
    }
}

fn entry_type(kind: &Kind) -> EntryType {
    match kind {
        Kind::Folder => EntryType::Directory,
        Kind::File { .. } => EntryType::Regular,
        Kind::HardLink { .. } => EntryType::Link,
        Kind::Symlink { .. } => EntryType::Symlink,
        Kind::Fifo => EntryType::Fifo,
        Kind::CharacterDevice { .. } => EntryType::Char,
        Kind::BlockDevice { .. } => EntryType::Block,
    }
}

/// Records as the body of an extended header: each is its own length, a blank, keyword, `=`, value, a line break.
pub fn encode(records: &Records) -> Vec<u8> {
    let mut body = Vec::new();
    for (keyword, value) in records {
        let rest = keyword.len() + value.len() + 3;
        // The length counts its own digits.
        let mut length = rest + 1;
        while length != rest + length.to_string().len() {
            length = rest + length.to_string().len();
        }
        body.extend_from_slice(format!("{length} ").as_bytes());
        body.extend_from_slice(keyword);
        body.push(b'=');
        body.extend_from_slice(value);
        body.push(b'\n');
    }
    body
}

/// The records in the body of an extended header. A value may hold any byte, also a line break: the binary form of an
/// ACL does.
pub fn decode(mut body: &[u8]) -> io::Result<Records> {
    let mut records = Records::new();
    while !body.is_empty() {
        let record = || {
            let blank = body.iter().position(|byte| *byte == b' ')?;
            let length: usize = std::str::from_utf8(&body[..blank]).ok()?.parse().ok()?;
            let record = body.get(blank + 1..length)?.strip_suffix(b"\n")?;
            let equals = record.iter().position(|byte| *byte == b'=')?;
            Some((length, &record[..equals], &record[equals + 1..]))
        };
        let (length, keyword, value) = record().ok_or_else(|| bad("an extended header is broken"))?;
        records.insert(keyword.to_vec(), value.to_vec());
        body = &body[length..];
    }
    Ok(records)
}

/// The entry that a header and the records before it describe; the digest of its content is empty. Also says whether its
/// content begins with a map of the data.
pub fn entry(header: &Header, records: &Records) -> io::Result<(Entry, bool)> {
    let text = |keyword: &str| records.get(keyword.as_bytes());
    let sparse = text("GNU.sparse.realsize");
    let name = text("GNU.sparse.name").or_else(|| text("path"));
    let name = name.map_or_else(|| cut(&header.as_bytes()[..NAME_LIMIT]), Vec::as_slice);
    let link = || text("linkpath").map_or_else(|| cut(&header.as_bytes()[157..257]), Vec::as_slice);
    let major = || header.device_major().map(Option::unwrap_or_default);
    let minor = || header.device_minor().map(Option::unwrap_or_default);
    let kind = match header.entry_type() {
        EntryType::Directory => Kind::Folder,
        EntryType::Regular => {
            let size = sparse.map_or_else(|| header.entry_size(), |size| parse(size))?;
            Kind::File { size, sha256: String::new() }
        }
        EntryType::Link => Kind::HardLink { to: plain(link()) },
        EntryType::Symlink => Kind::Symlink { to: Raw(link().to_vec()) },
        EntryType::Fifo => Kind::Fifo,
        EntryType::Char => Kind::CharacterDevice { major: major()?, minor: minor()? },
        EntryType::Block => Kind::BlockDevice { major: major()?, minor: minor()? },
        other => return Err(bad(&format!("an entry of type {other:?}"))),
    };
    let owner = |keyword: &str, short: io::Result<u64>| {
        text(keyword)
            .map_or_else(|| short, |value| parse(value))
            .and_then(|id| u32::try_from(id).map_err(io::Error::other))
    };
    let mtime = match text("mtime") {
        Some(text) => instant(text).ok_or_else(|| bad("a time is broken"))?,
        None => (i64::try_from(header.mtime()?).map_err(io::Error::other)?, 0),
    };
    let xattrs = records.iter().filter_map(|(keyword, value)| {
        keyword.strip_prefix(XATTR).map(|name| (Raw(unescaped(name)), Raw(value.clone())))
    });
    let entry = Entry {
        path: plain(name),
        kind,
        mode: header.mode()?,
        uid: owner("uid", header.uid())?,
        gid: owner("gid", header.gid())?,
        mtime,
        xattrs: xattrs.collect(),
    };
    Ok((entry, sparse.is_some()))
}

/// An attribute's name as part of a keyword, which ends at the first `=`: escaped as GNU tar does it.
fn escaped(name: &[u8]) -> Vec<u8> {
    let escape = |byte: &u8| match byte {
        b'%' => b"%25".to_vec(),
        b'=' => b"%3D".to_vec(),
        other => vec![*other],
    };
    name.iter().flat_map(escape).collect()
}

fn unescaped(mut name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    while let Some((first, rest)) = name.split_first() {
        let (byte, more) = match (name.strip_prefix(b"%25"), name.strip_prefix(b"%3D")) {
            (Some(more), _) => (b'%', more),
            (_, Some(more)) => (b'=', more),
            _ => (*first, rest),
        };
        plain.push(byte);
        name = more;
    }
    plain
}

fn cut(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or(field)
}

/// A number in decimal digits.
pub fn parse(text: &[u8]) -> io::Result<u64> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or_else(|| bad("a number is broken"))
}

/// What is wrong with an archive.
pub fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the archive is damaged: {what}"))
}

/// A time as a decimal fraction. The system counts nanoseconds upwards also before 1970.
fn decimal(seconds: i64, nanoseconds: u32) -> String {
    if seconds < 0 && nanoseconds > 0 {
        format!("-{}.{:09}", -(seconds + 1), 1_000_000_000 - nanoseconds)
    } else {
        format!("{seconds}.{nanoseconds:09}")
    }
}

fn instant(text: &[u8]) -> Option<(i64, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let nanoseconds: u32 = format!("{fraction:0<9.9}").parse().ok()?;
    let seconds: i64 = whole.parse().ok()?;
    Some(match (whole.starts_with('-'), nanoseconds) {
        (true, 1..) => (seconds.checked_sub(1)?, 1_000_000_000_u32.checked_sub(nanoseconds)?),
        _ => (seconds, nanoseconds),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn records_survive_whatever_bytes_they_hold(
            records in proptest::collection::btree_map("[a-z.]{1,12}", proptest::collection::vec(any::<u8>(), 0..120), 0..6)
        ) {
            let records: Records = records.into_iter().map(|(keyword, value)| (keyword.into_bytes(), value)).collect();
            prop_assert_eq!(decode(&encode(&records)).unwrap(), records);
        }

        #[test]
        fn times_survive_before_and_after_1970(seconds in -5_000_000_000_i64..50_000_000_000, nanoseconds in 0_u32..1_000_000_000) {
            prop_assert_eq!(instant(decimal(seconds, nanoseconds).as_bytes()), Some((seconds, nanoseconds)));
        }

        #[test]
        fn broken_records_are_an_error_and_no_panic(body in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(&body);
        }
    }
}
