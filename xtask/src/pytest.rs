//! Runs pytest and counts what its last line says.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::child::{self, Ending};
use crate::report::Tally;

/// Runs a pytest command to its end, shows its output and sums its results.
///
/// # Errors
/// When it cannot be started.
pub fn run(command: &mut Command, limit: Duration) -> Result<Tally> {
    let mut last = String::new();
    let ending = child::run(command, limit, |line| {
        println!("{line}");
        if !line.trim().is_empty() {
            line.clone_into(&mut last);
        }
    })?;
    let mut tally = summary(&last);
    let silent = tally.failed == 0 && ending != Ending::Clean;
    if silent {
        println!("pytest ended without a failed test: {ending:?}");
        tally.add(Tally::FAILED);
    }
    Ok(tally)
}

/// Reads `3 failed, 20 passed, 1 skipped, 2 errors in 4.1s`, with or without a frame of `=`.
fn summary(line: &str) -> Tally {
    let mut tally = Tally::default();
    let words: Vec<&str> = line
        .split([' ', ',', '='])
        .filter(|word| !word.is_empty())
        .collect();
    for pair in words.windows(2) {
        let Ok(count) = pair[0].parse::<u64>() else {
            continue;
        };
        match pair[1] {
            "passed" => tally.passed += count,
            "failed" | "error" | "errors" => tally.failed += count,
            "skipped" => tally.skipped += count,
            _ => (),
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn the_last_line_of_pytest_is_read() {
        let line = "== 3 failed, 20 passed, 1 skipped, 4 deselected, 2 errors in 4.1s ==";
        assert_eq!(summary(line).to_string(), "20 passed, 5 failed, 1 skipped");
        assert_eq!(
            summary("7 passed in 0.02s").to_string(),
            "7 passed, 0 failed, 0 skipped"
        );
    }
}
