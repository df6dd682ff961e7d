//! What was done, how long it took and how it ended: one line a step, one line at the end.

use std::fmt;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;

/// Results of tests.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Tally {
    /// One thing that passed.
    pub const PASSED: Tally = Tally {
        passed: 1,
        failed: 0,
        skipped: 0,
    };
    /// One thing that failed.
    pub const FAILED: Tally = Tally {
        passed: 0,
        failed: 1,
        skipped: 0,
    };
    /// One thing that could not be had.
    pub const SKIPPED: Tally = Tally {
        passed: 0,
        failed: 0,
        skipped: 1,
    };

    /// Adds another step's results.
    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            passed,
            failed,
            skipped,
        } = self;
        write!(out, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Collects the steps of one run.
pub struct Report {
    ci: bool,
    total: Tally,
    lines: Vec<String>,
    start: Instant,
}

impl Report {
    /// An empty report; with `ci` whatever is skipped is a failure.
    pub fn new(ci: bool) -> Report {
        Report {
            ci,
            total: Tally::default(),
            lines: Vec::new(),
            start: Instant::now(),
        }
    }

    /// Does one step and notes its result and time. A step that cannot even be tried counts
    /// as one failure, and the next steps are done all the same.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Tally>) {
        println!("\n=== {name}");
        let start = Instant::now();
        let mut tally = work().unwrap_or_else(|error| {
            println!("error: {error:#}");
            Tally::FAILED
        });
        if self.ci && tally.skipped > 0 {
            println!("CI=true: what is skipped is a failure");
            tally.failed += tally.skipped;
            tally.skipped = 0;
        }
        let line = format!("{:>7.1} s  {name}: {tally}", start.elapsed().as_secs_f64());
        println!("--- {}", line.trim_start());
        self.lines.push(line);
        self.total.add(tally);
    }

    /// Prints the steps and, last, the sum; the exit code is 1 when anything failed.
    pub fn finish(self) -> ExitCode {
        println!();
        for line in &self.lines {
            println!("{line}");
        }
        println!("{:>7.1} s  in all", self.start.elapsed().as_secs_f64());
        println!("{}", self.total);
        if self.total.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// The loud line of something that cannot be had.
pub fn skipped(what: &str, why: &str) -> Tally {
    println!("SKIPPED {what}: {why}");
    Tally::SKIPPED
}

#[cfg(test)]
mod tests {
    use super::{Report, Tally};

    #[test]
    fn a_skipped_step_fails_in_ci_only() {
        for (ci, expected) in [
            (false, "2 passed, 0 failed, 1 skipped"),
            (true, "2 passed, 1 failed, 0 skipped"),
        ] {
            let mut report = Report::new(ci);
            report.step("one", || {
                Ok(Tally {
                    passed: 2,
                    ..Tally::default()
                })
            });
            report.step("two", || Ok(Tally::SKIPPED));
            assert_eq!(report.total.to_string(), expected);
        }
    }

    #[test]
    fn a_step_that_cannot_be_tried_fails_and_the_next_is_done() {
        let mut report = Report::new(false);
        report.step("one", || anyhow::bail!("no such program"));
        report.step("two", || Ok(Tally::PASSED));
        assert_eq!(report.total.to_string(), "1 passed, 1 failed, 0 skipped");
    }
}
