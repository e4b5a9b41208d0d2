//! A million commands and requests to the door, and parsers with bugs that the same million must find.

use deploy_app::words::{Refusal, Target};
use fuzz::door::{Parser, examine, request};

const COMMANDS: [&str; 8] = [
    "shop prod 1.4.0",
    "shop test v2_rc-1",
    "wiki prod latest",
    "shop prod 1; id",
    "--help",
    "shop prod $(reboot)",
    "../../etc passwd x",
    "shop test sha256-0.sig",
];
const PIECES: [&[u8]; 28] = [
    b" ",
    b"  ",
    b"\n",
    b"\r\n",
    b"\t",
    b"\0",
    b";",
    b"&&",
    b"|",
    b"$(id)",
    b"`id`",
    b"'",
    b"\"",
    b"\\",
    b"/",
    b"../",
    b"@",
    b":",
    b"--door",
    b"-",
    b".",
    b"\xff",
    b"\xe2\x80\xae",
    b"\xc2\xa0",
    b"A",
    b"shop",
    b"prod",
    b"}",
];

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % (end.max(1) as u64)).unwrap_or(0)
    }

    fn command(&mut self) -> Vec<u8> {
        let mut input = COMMANDS[self.below(COMMANDS.len())].as_bytes().to_vec();
        for _ in 0..self.below(4) {
            self.mutate(&mut input);
        }
        input
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(6) {
            0 if !input.is_empty() => drop(input.remove(at.min(input.len() - 1))),
            1 if !input.is_empty() => input.truncate(at),
            2 => input.insert(at, u8::try_from(self.below(256)).unwrap_or(0)),
            // Around the longest name, the longest tag, and far beyond.
            3 => {
                let count = [40, 49, 50, 51, 120, 127, 128, 129, 230, 231, 5000][self.below(11)];
                input.splice(at..at, vec![b'a'; count]);
            }
            _ => {
                let piece = PIECES[self.below(PIECES.len())];
                input.splice(at..at, piece.iter().copied());
            }
        }
    }

    /// A request as it comes through the socket, with something wrong with it more often than not.
    fn request(&mut self) -> Vec<u8> {
        let command = String::from_utf8_lossy(&self.command()).into_owned();
        let key = ["null", "\"ci\"", "\"branch\"", "\"root\"", "7"][self.below(5)];
        let digest = if self.below(4) == 0 { format!("\"sha256:{}\"", "a".repeat(64)) } else { "null".to_owned() };
        let command = serde_json::to_string(&command).unwrap();
        let line = format!(r#"{{"command":{command},"key":{key},"digest":{digest},"token":true}}"#);
        let mut wire = format!("{line}\nuser:token\n").into_bytes();
        for _ in 0..self.below(3) {
            self.mutate(&mut wire);
        }
        wire
    }
}

/// The first of many inputs with which a parser does what it should not.
fn found(parse: Parser, count: u64) -> Option<String> {
    (0..count).find_map(|seed| examine(&Random(seed).command(), parse).err())
}

#[test]
fn of_eight_hundred_thousand_commands_none_is_taken_for_what_it_is_not() {
    assert_eq!(found(Target::parse, 800_000), None);
}

#[test]
fn of_two_hundred_thousand_requests_none_leads_to_what_is_not_declared() {
    (0..200_000).for_each(|seed| request(&Random(seed).request()));
}

#[test]
fn parsers_with_a_bug_are_found() {
    let planted: [(&str, Parser); 5] = [
        ("what is behind the first line is not looked at", |bytes| {
            Target::parse(bytes.split(|byte| *byte == b'\n').next().unwrap_or_default())
        }),
        ("white space is white space", |bytes| {
            let text = String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ");
            Target::parse(text.as_bytes())
        }),
        ("what is not UTF-8 is left out", |bytes| {
            Target::parse(&bytes.iter().copied().filter(u8::is_ascii).collect::<Vec<_>>())
        }),
        ("a tag may be as long as it likes", |bytes| {
            let end = bytes.len().min("shop prod ".len() + 128);
            Target::parse(&bytes[..end])
        }),
        ("a refusal repeats what came", |bytes| {
            Target::parse(bytes).map_err(|_| Refusal::Tag(String::from_utf8_lossy(bytes).into_owned()))
        }),
    ];
    for (bug, parse) in planted {
        assert!(found(parse, 20_000).is_some(), "not found: {bug}");
    }
}
