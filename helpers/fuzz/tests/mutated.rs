//! The targets in a loop over mutated seeds, for where there is no `cargo fuzz`. Ends with `N passed, N failed`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use fuzz::{TARGETS, Target, limits};

/// Longer than that is a hang.
const HANG: Duration = Duration::from_secs(2);
/// Longer inputs find nothing more, slower.
const LONGEST: usize = 16 * 1024;

/// Throw mutated seeds at every parser.
#[derive(Parser)]
struct Arguments {
    /// Seconds for each target
    #[arg(long, default_value_t = 1)]
    seconds: u64,
    /// Begin with this number, which is printed when something fails
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only the targets with one of these in their names
    targets: Vec<String>,
}

fn main() -> ExitCode {
    // What is meant for other tests of the same run says nothing to this one.
    let arguments = Arguments::try_parse().unwrap_or(Arguments { seconds: 1, seed: 1, targets: Vec::new() });
    let (mut passed, mut failed) = (0, 0);
    for (name, target) in TARGETS {
        if !arguments.targets.is_empty() && !arguments.targets.iter().any(|wanted| name.contains(wanted.as_str())) {
            continue;
        }
        match run(name, target, Duration::from_secs(arguments.seconds), arguments.seed) {
            Ok(count) => {
                passed += 1;
                println!("{name}: {count} inputs");
            }
            Err(reason) => {
                failed += 1;
                println!("{name}: FAILED: {reason}");
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files.iter().filter_map(|file| std::fs::read(file).ok()).collect()
}

fn run(name: &str, target: Target, time: Duration, seed: u64) -> Result<u64, String> {
    let seeds = seeds(name);
    if seeds.is_empty() {
        return Err("it has no seeds".to_owned());
    }
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < time {
        let mut random = Random(seed.wrapping_mul(0x1_0000_0001).wrapping_add(count));
        let own = usize::try_from(count).ok().and_then(|count| seeds.get(count));
        let input = own.map_or_else(|| random.mutated(&seeds), Clone::clone);
        one(target, &input).map_err(|reason| {
            let file = std::env::temp_dir().join(format!("fuzz-{name}-{count}"));
            let kept =
                std::fs::write(&file, &input).map_or_else(|error| error.to_string(), |()| file.display().to_string());
            format!("input {count}: {reason}; it is in {kept}")
        })?;
        count += 1;
    }
    Ok(count)
}

fn one(target: Target, input: &[u8]) -> Result<(), String> {
    let start = Instant::now();
    let ended = std::panic::catch_unwind(|| limits::memory_of(|| target(input)));
    let time = start.elapsed();
    let Ok(memory) = ended else { return Err("a panic".to_owned()) };
    if time > HANG {
        return Err(format!("{} ms for {} bytes", time.as_millis(), input.len()));
    }
    limits::enough(memory, input.len())
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap_or(0)
    }

    fn mutated(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(6) {
            self.mutate(&mut input, seeds);
        }
        input.truncate(LONGEST);
        input
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length);
        start..start + self.below((length - start).min(64) + 1)
    }

    fn mutate(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        const WORDS: [&[u8]; 26] = [
            b"\n",
            b" ",
            b"\t",
            b": ",
            b"- ",
            b"#",
            b"&a ",
            b"*a",
            b"<<: ",
            b"|",
            b">-\n",
            b"\"",
            b"'",
            b"{",
            b"}",
            b"[",
            b"]",
            b",",
            b"---\n",
            b"\\n",
            b"=",
            b"ENC[AES256_GCM,data:",
            b"__list_9__map_",
            b"null",
            b"9223372036854775808",
            b"\xff\xfe",
        ];
        let (at, length) = (self.below(input.len() + 1), input.len());
        match self.below(7) {
            0 if length > 0 => input[at.min(length - 1)] ^= 1 << self.below(8),
            1 => drop(input.drain(self.range(length))),
            2 => {
                let piece = input[self.range(length)].to_vec();
                input.splice(at..at, piece);
            }
            3 => {
                let other = &seeds[self.below(seeds.len())];
                let piece = other[self.range(other.len())].to_vec();
                input.splice(at..at, piece);
            }
            4 => {
                let word = WORDS[self.below(WORDS.len())].repeat(1 + self.below(3));
                input.splice(at..at, word);
            }
            5 => {
                let word = WORDS[self.below(WORDS.len())].repeat(1 + self.below(2000));
                input.splice(at..at, word);
            }
            _ => input.insert(at, self.next().to_le_bytes()[0]),
        }
    }
}
