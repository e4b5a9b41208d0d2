//! Nothing of a file in clear stays in memory that was given back: the process reads its own memory and looks for it.

use std::io::{BufRead as _, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use sops::{CreationRule, Document, Format, Identities, OpenDocument, Plaintext, Scalar, Text, Value};

const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/TEST-ONLY-a.key");
/// What is looked for, so that this program's own text is no find: each byte is one lower.
const HIDDEN: &[u8] = b"b.dbobsz.uibu.opcpez.nbz.gjoe.ifsf";

fn canary() -> Text {
    Text::new(HIDDEN.iter().map(|byte| byte - 1).collect())
}

/// How often it stands in memory that can be written to.
fn finds() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    for line in maps.lines().filter(|line| line.contains(" rw") && !line.contains("[v")) {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut bytes = Vec::with_capacity(usize::try_from(to - from).unwrap());
        memory.seek(SeekFrom::Start(from)).unwrap();
        (&mut memory).take(to - from).read_to_end(&mut bytes).unwrap();
        found += count(&bytes);
        // The copy must not be found when the next part of the memory is read.
        bytes.fill(0);
    }
    found
}

/// Quickly, for megabytes in a build that is not optimized.
fn count(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    let mut found = 0;
    while rest.skip_until(HIDDEN[0] - 1).unwrap() > 0 {
        let tail = rest.get(..HIDDEN.len() - 1).unwrap_or_default();
        let same = tail.iter().zip(&HIDDEN[1..]).all(|(is, hidden)| is.wrapping_add(1) == *hidden);
        found += usize::from(!tail.is_empty() && same);
    }
    found
}

#[test]
fn what_was_in_clear_is_zeroed_also_in_buffers_that_grew() {
    let mut identities = Identities::default();
    identities.add_age_file(Path::new(KEY)).unwrap();
    let recipient = identities.iter().next().unwrap().recipient().to_owned();
    for format in Format::ALL {
        let encrypted = encrypted(format, &recipient);
        {
            let kept = canary();
            assert!(finds() > 0, "{}: what is there is not found", format.name());
            drop(kept);
        }
        assert_eq!(finds(), 0, "{}: before it is decrypted", format.name());
        let plain = Document::parse(encrypted.expose(), format, Path::new("x")).unwrap().decrypt(&identities).unwrap();
        for other in Format::ALL {
            // INI does not know what is not in a section, and the others have their own limits.
            let written = plain.write(other);
            assert!(other != format || written.is_ok());
        }
        drop(plain);
        assert_eq!(finds(), 0, "{}: after it was decrypted and written", format.name());
    }
}

/// A file with the canary in several places, with what makes writers quote.
fn encrypted(format: Format, recipient: &str) -> Text {
    let clear: &[u8] = match format {
        Format::Yaml | Format::Json => b"{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\",\"d\":\"4\"}",
        Format::Dotenv => b"a=1\nb=2\nc=3\nd=4\n",
        Format::Ini => b"[s]\na=1\nb=2\nc=3\nd=4\n",
        _ => b"1",
    };
    let plain = Plaintext::parse(clear, format, Path::new("x")).unwrap();
    let mut open = OpenDocument::create(plain, &CreationRule::for_recipients([recipient])).unwrap();
    let keys: &[&str] = match format {
        Format::Ini => &["s/a", "s/b", "s/c", "s/d"],
        Format::Binary => &["data"],
        _ => &["a", "b", "c", "d"],
    };
    let shapes: [(&[u8], &[u8]); 4] = [(b"", b""), (b"'# it's: ", b""), (b"two\nlines ", b"\n"), (b"\xff", b"")];
    // INI and JSON are UTF-8.
    let shapes = if matches!(format, Format::Ini | Format::Json) { &shapes[..3] } else { &shapes };
    for (key, (before, behind)) in keys.iter().zip(shapes) {
        let mut value = Vec::with_capacity(1000);
        value.extend_from_slice(before);
        value.extend_from_slice(canary().expose());
        value.resize(900, b'x');
        value.extend_from_slice(behind);
        open.set(&sops::KeyPath::parse(key), Value::Scalar(Scalar::Str(Text::new(value)))).unwrap();
    }
    open.encrypt(SystemTime::now()).unwrap()
}
