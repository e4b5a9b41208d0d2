//! Both ways with the real sops: what one encrypts the other decrypts to the same, to the last byte, and a flipped bit
//! is refused by both.
//!
//! `cargo test -p sops --test both_ways -- --long` does 1,000 documents of each format, without `--long` 20.
//! `--seed N` begins with that document, `--count N` does so many, `--format NAME` only that format. The program is
//! `SOPS_BINARY`, or built with Go into the build folder; without either the test says so and passes.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};

use random::Random;
use sops::{CreationRules, Document, Format, Identities, Plaintext};

mod generate;
mod operations;
mod random;
mod yaml;

/// The version that is built and compared with.
const SOPS: &str = "github.com/getsops/sops/v3/cmd/sops@v3.13.3";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<usize>().ok()
    };
    let count = if arguments.iter().any(|argument| argument == "--long") { 1000 } else { 20 };
    let program = program();
    test_needs::is_met(program.is_some(), "no sops to compare with: set SOPS_BINARY, or install Go");
    let Some(program) = program else { return ExitCode::SUCCESS };
    let first = number("--seed").unwrap_or(1);
    let wanted = number("--count").unwrap_or(count);
    let mut wrong = operations::run(&program);
    let only = arguments.iter().position(|argument| argument == "--format").and_then(|at| arguments.get(at + 1));
    for format in Format::ALL.into_iter().filter(|format| only.is_none_or(|name| name == format.name())) {
        let both = Both::new(&program, format);
        wrong += both.run(first..first + wanted);
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The sops to compare with.
fn program() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("SOPS_BINARY") {
        return Some(path.into());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-bin");
    let program = folder.join("sops");
    if !program.is_file() {
        let mut go = Command::new("go");
        go.args(["install", SOPS]).env("GOBIN", &folder).env("GOFLAGS", "-mod=mod");
        println!("building {SOPS}, once");
        go.status().ok().filter(std::process::ExitStatus::success)?;
    }
    program.is_file().then_some(program)
}

struct Both {
    program: PathBuf,
    format: Format,
    folder: tempfile::TempDir,
    identities: Identities,
    recipient: String,
    refused_by_sops: AtomicUsize,
    flips: Flips,
}

/// What became of flipped bits.
#[derive(Default)]
struct Flips {
    refused: AtomicUsize,
    refused_by_us: AtomicUsize,
    harmless: AtomicUsize,
    uncovered: AtomicUsize,
}

/// How the values that are encrypted are chosen: sops' flag and text.
const RULES: [(&str, &str); 5] = [
    ("unencrypted_suffix", "_unencrypted"),
    ("encrypted_suffix", "data_"),
    ("encrypted_regex", "^(data|k)"),
    ("unencrypted_regex", "^(x1|.*ü)"),
    ("encrypted_comment_regex", "word"),
];

impl Both {
    fn new(program: &Path, format: Format) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/TEST-ONLY-a.key");
        let mut identities = Identities::default();
        identities.add_age_file(&key).unwrap();
        let recipient = identities.iter().next().unwrap().recipient().to_owned();
        Self {
            program: program.to_owned(),
            format,
            folder,
            identities,
            recipient,
            refused_by_sops: AtomicUsize::new(0),
            flips: Flips::default(),
        }
    }

    /// How many documents went wrong.
    fn run(&self, seeds: std::ops::Range<usize>) -> usize {
        let next = AtomicUsize::new(seeds.start);
        let wrong = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds.end {
                            return;
                        }
                        if let Err(reason) = self.one(seed) {
                            println!("{} --seed {seed} --count 1: {reason}\n", self.format.name());
                            wrong.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let load = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        let (wrong, refused, count) = (load(&wrong), load(&self.refused_by_sops), seeds.len());
        println!(
            "{:6}: {count} documents both ways, {wrong} wrong, {refused} that sops itself does not read; bits flipped: {} refused by both, {} only by Hearth, {} change nothing, {} change what no MAC covers",
            self.format.name(),
            load(&self.flips.refused),
            load(&self.flips.refused_by_us),
            load(&self.flips.harmless),
            load(&self.flips.uncovered),
        );
        // A test in which sops refuses everything would pass.
        if refused * 5 > count { wrong.max(1) } else { wrong }
    }

    fn one(&self, seed: usize) -> Result<(), String> {
        let mut random = Random::new(seed as u64);
        let clear = generate::document(self.format, &mut random);
        let rule = if random.once_in(2) { RULES[0] } else { *random.pick(&RULES) };
        let mac_only = random.once_in(6);
        let show = |what: &str| format!("{what}\n--- in clear\n{}", String::from_utf8_lossy(&clear));

        let theirs = self.sops_encrypt(&clear, rule, mac_only, seed);
        let (theirs, expected) = match theirs.and_then(|theirs| Ok((self.sops_decrypt(&theirs, seed)?, theirs))) {
            Ok((expected, theirs)) => (theirs, expected),
            Err(reason) => {
                if std::env::var_os("HEARTH_VERBOSE").is_some() {
                    println!("{} {seed}: sops refuses: {}", self.format.name(), reason.trim());
                }
                self.refused_by_sops.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
        };
        let ours = self.encrypt(&clear, rule, mac_only).map_err(|error| show(&error))?;
        let by_sops = self.sops_decrypt(&ours, seed).map_err(|said| {
            show(&format!("sops does not read what Hearth wrote: {said}\n--- ours\n{}", String::from_utf8_lossy(&ours)))
        })?;
        let differ = |what: &str, is: &[u8]| {
            show(&format!(
                "{what} differs\n--- is\n{}\n--- sops has\n{}",
                String::from_utf8_lossy(is),
                String::from_utf8_lossy(&expected)
            ))
        };
        if by_sops != expected {
            return Err(differ("what sops makes of a file of Hearth's", &by_sops));
        }
        let by_us =
            self.decrypt(&theirs).map_err(|error| show(&format!("Hearth does not read sops' file: {error}")))?;
        if by_us != expected && !lost_comments(&by_us, &expected) {
            return Err(differ("what Hearth makes of a file of sops'", &by_us));
        }
        let own = self.decrypt(&ours).map_err(|error| show(&format!("Hearth does not read its own file: {error}")))?;
        if own != expected && !lost_comments(&own, &expected) {
            return Err(differ("what Hearth makes of its own file", &own));
        }
        self.flip(&ours, &expected, &mut random, seed).map_err(|error| show(&error))
    }

    /// One bit in an encrypted value is refused by both. One anywhere else may change what no MAC covers (the name of a
    /// key whose value is in clear, a comment, a recipient's name), but nothing that sops would refuse.
    fn flip(&self, file: &[u8], expected: &[u8], random: &mut Random, seed: usize) -> Result<(), String> {
        let anywhere = (random.below(file.len()), random.below(8));
        let starts = file.windows(6).enumerate().filter(|(_, window)| *window == b",data:").map(|(at, _)| at + 6);
        // sops reads the metadata of the first document only.
        let copies = file.windows(5).any(|window| window == b"\n---\n");
        let value = |at: &usize| {
            let comment = file[*at..].split(|byte| *byte == b']').next().unwrap().ends_with(b"comment");
            let copy = copies && file[..*at].ends_with(b"    mac: ENC[AES256_GCM,data:");
            !(comment || copy)
        };
        let values: Vec<usize> = starts.filter(value).collect();
        let within = (!values.is_empty()).then(|| (*random.pick(&values), 0));
        for ((at, bit), must) in within.map(|flip| (flip, true)).into_iter().chain([(anywhere, false)]) {
            let mut flipped = file.to_vec();
            flipped[at] ^= 1 << bit;
            let ours = self.decrypt(&flipped).ok();
            let theirs = self.sops_decrypt(&flipped, seed).ok();
            let counter = match (&ours, &theirs) {
                (None, None) => &self.flips.refused,
                (None, Some(_)) if !must => &self.flips.refused_by_us,
                (Some(ours), _) if !must && ours == expected => &self.flips.harmless,
                (Some(_), Some(_)) if !must => &self.flips.uncovered,
                _ => {
                    let file = String::from_utf8_lossy(&flipped);
                    let does = |read: &Option<Vec<u8>>| if read.is_some() { "accepts" } else { "refuses" };
                    return Err(format!("byte {at} flipped: Hearth {}, sops {}\n{file}", does(&ours), does(&theirs)));
                }
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn encrypt(&self, clear: &[u8], rule: (&str, &str), mac_only: bool) -> Result<Vec<u8>, String> {
        let text = self.configuration(rule, mac_only);
        let rules =
            CreationRules::parse(text.as_bytes(), Path::new(".sops.yaml")).map_err(|error| error.to_string())?;
        let rule = rules.rule_for(Path::new("clear")).ok_or("no rule")?;
        let plain = Plaintext::parse(clear, self.format, Path::new("clear")).map_err(|error| error.to_string())?;
        let open = sops::OpenDocument::create(plain, rule).map_err(|error| error.to_string())?;
        let text = open.encrypt(std::time::SystemTime::now()).map_err(|error| error.to_string())?;
        Ok(text.expose().to_vec())
    }

    fn decrypt(&self, file: &[u8]) -> Result<Vec<u8>, String> {
        let document = Document::parse(file, self.format, Path::new("file")).map_err(|error| error.to_string())?;
        let plain = document.decrypt(&self.identities).map_err(|error| error.to_string())?;
        let text = plain.write(self.format).map_err(|error| error.to_string())?;
        Ok(text.expose().to_vec())
    }

    /// Through a `.sops.yaml`, which Hearth reads too.
    fn configuration(&self, (field, text): (&str, &str), mac_only: bool) -> String {
        let recipient = &self.recipient;
        format!("creation_rules:\n  - age: {recipient}\n    {field}: '{text}'\n    mac_only_encrypted: {mac_only}\n")
    }

    fn sops_encrypt(&self, clear: &[u8], rule: (&str, &str), mac_only: bool, seed: usize) -> Result<Vec<u8>, String> {
        let configuration = self.folder.path().join(format!("{seed}.sops.yaml"));
        std::fs::write(&configuration, self.configuration(rule, mac_only)).unwrap();
        self.sops(&["--config", configuration.to_str().unwrap(), "encrypt"], clear, seed)
    }

    fn sops_decrypt(&self, file: &[u8], seed: usize) -> Result<Vec<u8>, String> {
        self.sops(&["decrypt"], file, seed)
    }

    fn sops(&self, arguments: &[&str], input: &[u8], seed: usize) -> Result<Vec<u8>, String> {
        let path = self.folder.path().join(format!("{seed}"));
        std::fs::write(&path, input).unwrap();
        let name = self.format.name();
        // starts: sops
        let output = Command::new(&self.program)
            .args(arguments)
            .args(["--input-type", name, "--output-type", name])
            .arg(&path)
            .env("SOPS_AGE_KEY_FILE", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/TEST-ONLY-a.key"))
            .env("SOPS_DISABLE_VERSION_CHECK", "1")
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

/// Whether sops wrote the same but for comments that it lost: of two at the beginning of a list in an element, one.
fn lost_comments(ours: &[u8], sops: &[u8]) -> bool {
    let mut theirs = sops.split(|byte| *byte == b'\n').peekable();
    let kept = ours.split(|byte| *byte == b'\n').all(|line| {
        let same = theirs.peek() == Some(&line);
        if same {
            theirs.next();
        }
        same || line.trim_ascii_start().starts_with(b"#")
    });
    kept && theirs.next().is_none()
}
