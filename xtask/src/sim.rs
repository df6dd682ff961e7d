//! `cargo xtask sim`: seeds of the simulator, as many as there is time for.
//!
//! The simulator is a test program (`tests/simulation`) and this starts it, in release. The
//! first line is the first seed, the last one the sums; a seed that fails is printed with
//! the few steps that are enough to fail.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::child::{self, Ending};
use crate::workspace::Workspace;

/// Seeds when neither their number nor a time is given.
const SEEDS: u64 = 1_000;
/// Building takes minutes; a number of seeds takes what it takes.
const LIMIT: Duration = Duration::from_secs(24 * 60 * 60);
const TEST: &str = "every_seed_keeps_what_was_promised";

/// Run the simulator: the node on a disk that forgets, tears, lies and fills up
#[derive(clap::Args)]
pub struct Sim {
    /// How many seeds; 1,000 when no time is given
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed
    #[arg(long, alias = "seed", default_value_t = 1)]
    from: u64,
    /// Stop after so many minutes (fractions allowed)
    #[arg(long)]
    minutes: Option<f64>,
}

impl Sim {
    /// Exit code 1 when a seed lost something.
    ///
    /// # Errors
    /// When cargo cannot be started, or the time is no time.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        let mut cargo = workspace.cargo(&["test", "--release", "--test", "simulation", TEST]);
        cargo.args(["--", "--nocapture"]);
        cargo.env("DAYBOOK_SIM_FROM", self.from.to_string());
        let seeds = self.seeds.or(self.minutes.is_none().then_some(SEEDS));
        if let Some(seeds) = seeds {
            cargo.env("DAYBOOK_SIM_SEEDS", seeds.to_string());
        }
        if let Some(minutes) = self.minutes {
            ensure!(
                minutes.is_finite() && minutes >= 0.0,
                "--minutes is no time"
            );
            cargo.env("DAYBOOK_SIM_MINUTES", minutes.to_string());
        }
        let mut sums = None;
        let ending = child::run(&mut cargo, LIMIT, |line| {
            if is_sums(line) {
                sums = Some(line.to_owned());
            } else if sums.is_none() && !is_talk(line) {
                println!("{line}");
            }
        })?;
        println!("{}", sums.as_deref().unwrap_or("the simulator did not end"));
        let clean = ending == Ending::Clean && sums.is_some();
        Ok(if clean {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// `20 seeds, 400 crashes, 0 violations`.
fn is_sums(line: &str) -> bool {
    line.contains(" seeds, ") && line.ends_with(" violations")
}

/// What the test harness says.
fn is_talk(line: &str) -> bool {
    line.is_empty() || line.starts_with("running ") || line.starts_with("test ")
}

#[cfg(test)]
mod tests {
    use super::{is_sums, is_talk};

    #[test]
    fn the_sums_are_told_from_the_talk() {
        assert!(is_sums("20 seeds, 400 crashes, 0 violations"));
        assert!(!is_sums("seed 7: 205 frames, only 204 were ever appended"));
        assert!(is_talk("running 1 test") && !is_talk("seed 1"));
    }
}
