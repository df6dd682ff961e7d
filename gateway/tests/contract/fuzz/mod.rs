//! Hostile input by the thousand: mutated requests, frames and messages (PLAN, Hostile input).
//!
//! A target takes bytes, says them to the edge and checks what must always hold. Bytes come
//! from a corpus, changed by [`Mutator`]; the seed is printed, and a finding is written into
//! the corpus, where it is said first from then on. Without `DAYBOOK_FUZZ_SECONDS` a fixed
//! number of rounds with a fixed seed runs, so that the ordinary tests are the same each time.
//! No coverage guides it: what the edge understands is text, and the corpus names its words.
//!
//! Reading order: this file, `parameters`, `frames`, `messages`.

mod parameters;
mod frames;
mod messages;

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Once;
use std::time::{Duration, Instant};

/// Rounds of a run without a time.
const ROUNDS: u64 = 400;
/// Inputs are cut to this: what is larger is tested by bounds of its own.
const BYTES_MAX: usize = 4_096;

/// What often breaks readers of text and numbers.
const WORDS: [&str; 34] = [
    "",
    "0",
    "-0",
    "-1",
    "1e400",
    "NaN",
    "0x10",
    "+1",
    " 1",
    "1.",
    ".5",
    "00000000000000000000001",
    "0.000000001",
    "9223372036854775807",
    "9223372036854775808",
    "170141183460469231731687303715884105728",
    "99999999999999999999.99999999",
    "\u{661}\u{662}",
    "%00",
    "%",
    "%zz",
    "%F0%28%8C%28",
    "&",
    "=",
    "&symbol=ETHUSDT",
    "&signature=00",
    "\r\nX: y",
    "'; DROP TABLE orders; --",
    "null",
    "[[[[[[[[[[[[[[[[",
    "{\"id\":",
    "\u{1}10=000\u{1}",
    "\u{1}34=1\u{1}",
    "../../../etc/passwd",
];

thread_local! {
    /// Panics of this thread, those of the tasks that it runs included: to a client a task
    /// that panics is a connection that ends, which alone is no finding.
    static PANICS: Cell<u32> = const { Cell::new(0) };
}
static COUNTING: Once = Once::new();

/// Counts panics from now on, beside what was done with them before.
fn count_panics() {
    COUNTING.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            before(panic);
        }));
    });
    PANICS.set(0);
}

/// splitmix64.
pub struct Dice(u64);

impl Dice {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 <= result < `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        match bound {
            0 => 0,
            bound => (self.draw() % bound as u64) as usize,
        }
    }
}

/// Changes inputs of a corpus.
pub struct Mutator {
    name: &'static str,
    corpus: Vec<Vec<u8>>,
    pub dice: Dice,
    deadline: Option<Instant>,
    rounds: u64,
    said: Vec<u8>,
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(name)
}

impl Mutator {
    pub fn new(name: &'static str) -> Mutator {
        let number = |name: &str| {
            let text = std::env::var(name).ok()?;
            Some(text.parse::<u64>().expect("a number"))
        };
        let seconds = number("DAYBOOK_FUZZ_SECONDS");
        let seed = number("DAYBOOK_FUZZ_SEED").unwrap_or(match seconds {
            Some(_) => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(1, |since| since.as_nanos() as u64),
            None => 1,
        });
        println!("{name}: seed {seed} (DAYBOOK_FUZZ_SEED)");
        count_panics();
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder(name))
            .expect("the corpus")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        let read = |path: &PathBuf| std::fs::read(path).expect("a readable input");
        let corpus: Vec<Vec<u8>> = paths.iter().map(read).collect();
        assert!(!corpus.is_empty(), "the corpus of {name} is empty");
        Mutator {
            name,
            corpus,
            dice: Dice(seed),
            deadline: seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)),
            rounds: 0,
            said: Vec::new(),
        }
    }

    /// The corpus as it is, then changed inputs until the time is over.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        if PANICS.get() != 0 {
            self.found(
                &self.said,
                "a task panicked at this input or shortly before",
            );
        }
        let next = self.draw();
        self.said = next.clone().unwrap_or_default();
        next
    }

    fn draw(&mut self) -> Option<Vec<u8>> {
        let round = self.rounds;
        let is_over = match self.deadline {
            Some(deadline) => deadline <= Instant::now(),
            None => ROUNDS <= round,
        };
        if is_over {
            println!("{}: {round} inputs", self.name);
            return None;
        }
        self.rounds += 1;
        if let Some(input) = self.corpus.get(round as usize) {
            return Some(input.clone());
        }
        let index = self.dice.below(self.corpus.len());
        let mut input = self.corpus[index].clone();
        for _ in 0..=self.dice.below(4) {
            self.change(&mut input);
        }
        input.truncate(BYTES_MAX);
        Some(input)
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.dice.below(input.len() + 1);
        let end = (at + 1 + self.dice.below(12)).min(input.len());
        match self.dice.below(7) {
            0 if at < input.len() => input[at] ^= 1 << self.dice.below(8),
            1 if at < end => drop(input.drain(at..end)),
            2 if at < end => {
                let part = input[at..end].to_vec();
                input.splice(at..at, part);
            }
            3 => {
                let word = WORDS[self.dice.below(WORDS.len())];
                input.splice(at..end.max(at), word.bytes());
            }
            4 => self.replace_value(input),
            5 => {
                let other = &self.corpus[self.dice.below(self.corpus.len())];
                let from = self.dice.below(other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => input.insert(at, self.dice.below(256) as u8),
        }
    }

    /// One value of `name=value` or `"name":value` becomes a word; `|` stands for SOH.
    fn replace_value(&mut self, input: &mut Vec<u8>) {
        let starts: Vec<usize> = (0..input.len())
            .filter(|at| matches!(input[*at], b'=' | b':'))
            .collect();
        let Some(start) = starts.get(self.dice.below(starts.len())) else {
            return;
        };
        let start = start + 1;
        let is_end = |byte: &u8| matches!(byte, b'&' | b',' | b'}' | b'|' | 1);
        let length = input[start..].iter().position(is_end);
        let end = length.map_or(input.len(), |length| start + length);
        let word = WORDS[self.dice.below(WORDS.len())];
        input.splice(start..end, word.bytes());
    }

    /// Keeps a finding in the corpus and fails.
    pub fn found(&self, input: &[u8], what: &str) -> ! {
        let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        });
        let path = folder(self.name).join(format!("found-{hash:016x}"));
        std::fs::write(&path, input).expect("the corpus can be written");
        panic!(
            "{}: {what}; kept in {}: {:?}",
            self.name,
            path.display(),
            String::from_utf8_lossy(input)
        );
    }
}

#[test]
fn inputs_differ_and_a_seed_gives_the_same_again() {
    let draw = |seed| {
        let mut mutator = Mutator::new("parameters");
        mutator.dice = Dice(seed);
        mutator.deadline = None;
        std::iter::from_fn(move || mutator.next()).collect::<Vec<_>>()
    };
    let (one, same, other) = (draw(7), draw(7), draw(8));
    assert_eq!(one, same);
    assert_ne!(one, other);
    let distinct: std::collections::BTreeSet<_> = one.iter().collect();
    assert!(distinct.len() > one.len() / 2, "{} differ", distinct.len());
}
