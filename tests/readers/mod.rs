//! Hostile bytes to everything that reads a disk: payloads, frames, segments, snapshots.
//!
//! As `fuzz` of the gateway's tests does for text: bytes of a corpus, changed by a seed that
//! is printed; a finding is written into `tests/corpus/NAME` and read first from then on.
//! Without `DAYBOOK_FUZZ_SECONDS` a fixed number of rounds with a fixed seed runs. The corpora
//! begin with what the tree has for ever: `schemas/golden` and `tests/fixtures`.
//!
//! Reading order: this file, `payloads` (with frames), `directories`.

mod payloads;
mod directories;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use daybook::demo::dice::Dice;

/// Numbers that break readers of lengths and counts.
const NUMBERS: [u64; 12] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

/// One input: which of the corpus it came from, and the bytes.
struct Input {
    name: String,
    bytes: Vec<u8>,
}

/// Draws inputs until the rounds or the time are over.
struct Mutator {
    target: &'static str,
    corpus: Vec<(String, Vec<u8>)>,
    dice: Dice,
    deadline: Option<Instant>,
    rounds: usize,
    round: usize,
}

fn tree() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of a folder by its name; empty without the folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            (name.to_string(), std::fs::read(&path).expect("readable"))
        })
        .collect();
    files.sort();
    files
}

impl Mutator {
    /// Of that corpus, and of what was found before: a name, a line feed, the bytes.
    fn new(target: &'static str, rounds: usize, seeds: Vec<(String, Vec<u8>)>) -> Mutator {
        let number = |name: &str| {
            let text = std::env::var(name).ok()?;
            Some(text.parse::<u64>().expect("a number"))
        };
        let seconds = number("DAYBOOK_FUZZ_SECONDS");
        let now = || SystemTime::now().duration_since(UNIX_EPOCH);
        let seed = number("DAYBOOK_FUZZ_SEED").unwrap_or(match seconds {
            Some(_) => now().map_or(1, |since| since.as_nanos() as u64),
            None => 1,
        });
        println!("{target}: seed {seed} (DAYBOOK_FUZZ_SEED)");
        let found = files(&tree().join("tests/corpus").join(target));
        let found = found.into_iter().map(|(_, kept)| {
            let end = kept.iter().position(|byte| *byte == b'\n').expect("a name");
            let name = String::from_utf8_lossy(&kept[..end]).to_string();
            (name, kept[end + 1..].to_vec())
        });
        let corpus: Vec<_> = found.chain(seeds).collect();
        assert!(!corpus.is_empty(), "the corpus of {target} is empty");
        Mutator {
            target,
            corpus,
            dice: Dice::new(seed),
            deadline: seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)),
            rounds,
            round: 0,
        }
    }

    /// The corpus as it is, then changed inputs.
    fn next(&mut self) -> Option<Input> {
        let is_over = match self.deadline {
            Some(deadline) => deadline <= Instant::now(),
            None => self.rounds.max(self.corpus.len()) <= self.round,
        };
        if is_over {
            println!("{}: {} inputs", self.target, self.round);
            return None;
        }
        let round = self.round;
        self.round += 1;
        let whole = self.corpus.get(round).cloned();
        let (name, mut bytes) = whole.unwrap_or_else(|| {
            let index = self.below(self.corpus.len());
            self.corpus[index].clone()
        });
        if self.corpus.len() <= round {
            for _ in 0..=self.below(4) {
                self.change(&mut bytes);
            }
        }
        Some(Input { name, bytes })
    }

    /// 0 <= result < `bound`; 0 for a bound of 0.
    fn below(&mut self, bound: usize) -> usize {
        self.dice.roll() as usize % bound.max(1)
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let end = (at + 1 + self.below(64)).min(bytes.len());
        match self.below(8) {
            0 | 1 if at < end => bytes[at] ^= 1 << self.below(8),
            2 if at < end => drop(bytes.drain(at..end)),
            3 if at < end => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            4 => bytes.truncate(at),
            5 => {
                let index = self.below(self.corpus.len());
                let from = self.below(self.corpus[index].1.len());
                let part = self.corpus[index].1[from..].iter().take(end - at.min(end));
                let part: Vec<u8> = part.copied().collect();
                bytes.splice(at.min(end)..end, part);
            }
            6 if at < end => bytes[at..end].fill(0),
            _ => {
                let number = NUMBERS[self.below(NUMBERS.len())].to_le_bytes();
                let width = [1, 2, 4, 8][self.below(4)];
                let end = (at + width).min(bytes.len());
                bytes[at..end].copy_from_slice(&number[..end - at]);
            }
        }
    }

    /// Keeps a finding in the corpus and fails.
    fn found(&self, input: &Input, what: &str) -> ! {
        let kept = [input.name.as_bytes(), b"\n", &input.bytes[..]].concat();
        let folder = tree().join("tests/corpus").join(self.target);
        std::fs::create_dir_all(&folder).expect("the corpus can be written");
        let path = folder.join(format!("found-{:08x}", crc32c::crc32c(&kept)));
        std::fs::write(&path, &kept).expect("the corpus can be written");
        panic!(
            "{}: {}: {what}; kept in {}",
            self.target,
            input.name,
            path.display()
        );
    }

    /// Runs a check; what it complains of and a panic are findings.
    fn check(&self, input: &Input, check: impl FnOnce() -> Result<(), String>) {
        match catch_unwind(AssertUnwindSafe(check)) {
            Ok(Ok(())) => {}
            Ok(Err(what)) => self.found(input, &what),
            Err(_) => self.found(input, "it panicked"),
        }
    }
}
