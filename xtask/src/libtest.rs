//! Runs `cargo test` and counts what it says.
//!
//! A Rust test cannot report that it was skipped. By agreement one that lacks something
//! prints one line `SKIPPED what: why` and passes; it is counted as skipped here.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::child::{self, Ending};
use crate::report::Tally;

/// Reads the output of test programs line by line.
#[derive(Default)]
pub struct Reading {
    tally: Tally,
    inside_successes: bool,
}

impl Reading {
    /// Counts one line; true if a person should see it.
    pub fn line(&mut self, line: &str) -> bool {
        if line.starts_with("SKIPPED") {
            self.tally.skipped += 1;
            return true;
        }
        if line.starts_with("test result: ") {
            self.inside_successes = false;
            self.tally.passed += count_before(line, " passed");
            self.tally.failed += count_before(line, " failed");
            return !line.contains(" 0 passed; 0 failed");
        }
        match line {
            "successes:" => self.inside_successes = true,
            "failures:" => self.inside_successes = false,
            _ => (),
        }
        let dull = line.is_empty() || line.ends_with(" ... ok") || line.starts_with("running ");
        !self.inside_successes && !dull
    }

    /// The sums; what said that it skipped did not pass.
    pub fn tally(&self) -> Tally {
        let passed = self.tally.passed.saturating_sub(self.tally.skipped);
        Tally {
            passed,
            ..self.tally
        }
    }
}

/// The number that stands before `word`: 12 in `ok. 12 passed; 0 failed`.
fn count_before(line: &str, word: &str) -> u64 {
    let before = line.split(word).next().unwrap_or_default();
    before
        .rsplit(' ')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

/// Runs a `cargo test` command to its end. A run that fails without a failed test (it did
/// not build, or was ended by a signal or the limit) counts as one failure.
///
/// # Errors
/// When cargo cannot be started.
pub fn run(command: &mut Command, limit: Duration) -> Result<Tally> {
    let mut reading = Reading::default();
    let ending = child::run(command, limit, |line| {
        if reading.line(line) {
            println!("{line}");
        }
    })?;
    let mut tally = reading.tally();
    match ending {
        Ending::Clean => (),
        Ending::Failed(_) if tally.failed > 0 => (),
        Ending::Failed(code) => {
            println!("cargo test failed without a failed test, exit code {code:?}");
            tally.add(Tally::FAILED);
        }
        Ending::OutOfTime => {
            println!("ended after {} s", limit.as_secs());
            tally.add(Tally::FAILED);
        }
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::Reading;

    const OUTPUT: &str = "\
running 3 tests
test a ... ok
test b ... ok
test c ... FAILED

successes:

---- b stdout ----
some talk
SKIPPED b: no such folder

successes:
    a
    b

failures:

---- c stdout ----
assertion failed

failures:
    c

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out
test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out";

    #[test]
    fn results_are_summed_and_only_what_matters_is_shown() {
        let mut reading = Reading::default();
        let shown: Vec<&str> = OUTPUT.lines().filter(|line| reading.line(line)).collect();
        assert_eq!(reading.tally().to_string(), "6 passed, 1 failed, 1 skipped");
        assert!(!shown.contains(&"some talk"));
        assert!(shown.contains(&"SKIPPED b: no such folder"));
        assert!(shown.contains(&"assertion failed"));
    }
}
