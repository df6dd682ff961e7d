//! `cargo xtask trials`: the fault tests, as often as there is time for, into a table.
//!
//! Each row of the table is one trial: a test of the system in release, or seeds of the
//! simulator, with its number in the plan, the day, seed, count and result. The tests are
//! those of `cargo xtask test`; only the counts differ.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::child::{self, Ending};
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(24 * 60 * 60);
/// Where the results stand.
const TABLE: &str = "docs/trials.md";
const HEAD: &str = "| fault | trial | day | seed | count | seconds | result |";

/// Run the fault trials with the counts you choose, and note the results in docs/trials.md
#[derive(clap::Args)]
pub struct Trials {
    /// Seeds of the simulator
    #[arg(long, default_value_t = 200)]
    simulated: u64,
    /// kill -9 at random instants
    #[arg(long, default_value_t = 20)]
    kills: u64,
    /// Power cuts of each kind
    #[arg(long, default_value_t = 5)]
    power: u64,
    /// Syncs that fail, the first to the n-th
    #[arg(long, default_value_t = 20)]
    syncs: u64,
    /// Rounds of servers of the read models that are killed
    #[arg(long, default_value_t = 3)]
    sinks: u64,
    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only trials whose name contains this
    #[arg(long, default_value = "")]
    only: String,
}

/// One test and how often it does its work.
struct Trial {
    fault: &'static str,
    name: &'static str,
    program: &'static str,
    /// The test's path in its program.
    test: &'static str,
    /// What carries the count into the test, when it has one.
    variable: Option<&'static str>,
    count: u64,
}

impl Trials {
    /// Exit code 1 when a trial failed.
    ///
    /// # Errors
    /// When cargo cannot be started or the table not be written.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        let mut failed = 0;
        for trial in self.list() {
            if !trial.name.contains(&self.only) {
                continue;
            }
            println!(
                "\n=== {} {}, {} times",
                trial.fault, trial.name, trial.count
            );
            let started = Instant::now();
            let result = self.one(workspace, &trial)?;
            failed += u64::from(result.starts_with("FAILED"));
            let row = format!(
                "| {} | {} | {} | {} | {} | {} | {result} |",
                trial.fault,
                trial.name,
                today(),
                self.seed,
                trial.count,
                started.elapsed().as_secs(),
            );
            println!("{row}");
            note(&workspace.root.join(TABLE), &row)?;
        }
        Ok(if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn list(&self) -> Vec<Trial> {
        let system = |fault, name, test, (variable, count)| Trial {
            fault,
            name,
            program: "system",
            test,
            variable,
            count,
        };
        let power = (Some("DAYBOOK_POWER_CYCLES"), self.power);
        vec![
            Trial {
                fault: "R2-R7",
                name: "simulated node",
                program: "simulation",
                test: "campaign::every_seed_keeps_what_was_promised",
                variable: Some("DAYBOOK_SIM_SEEDS"),
                count: self.simulated,
            },
            system(
                "R1",
                "kill -9",
                "restart::kill_9_loses_and_doubles_nothing",
                (Some("DAYBOOK_KILL_CYCLES"), self.kills),
            ),
            system(
                "R2",
                "power cut",
                "power_loss::a_power_cut_loses_nothing_that_was_acknowledged",
                power,
            ),
            system(
                "R2b",
                "torn power cut",
                "power_loss::a_power_cut_that_keeps_any_half_of_the_pages_loses_nothing",
                power,
            ),
            system(
                "R6",
                "failing syncs",
                "power_loss::a_failed_sync_ends_the_node_and_nothing_acknowledged_is_lost",
                (Some("DAYBOOK_SYNC_FAULTS"), self.syncs),
            ),
            system(
                "R7",
                "full disk",
                "full_disk::a_full_disk_refuses_orders_but_not_cancels_until_space_is_freed",
                (None, 1),
            ),
            system(
                "R13",
                "read models killed",
                "read_models::",
                (Some("DAYBOOK_SINK_ROUNDS"), self.sinks),
            ),
        ]
    }

    /// Runs one trial; what the table says of it.
    fn one(&self, workspace: &Workspace, trial: &Trial) -> Result<String> {
        let words = ["test", "--release", "--test", trial.program, trial.test];
        let mut cargo = workspace.cargo(&words);
        cargo.args(["--", "--nocapture", "--test-threads=1"]);
        cargo.env("DAYBOOK_SEED", self.seed.to_string());
        cargo.env("DAYBOOK_SIM_FROM", self.seed.to_string());
        if let Some(variable) = trial.variable {
            cargo.env(variable, trial.count.to_string());
        }
        let mut reading = Reading::default();
        let ending = child::run(&mut cargo, LIMIT, |line| {
            reading.line(line);
            println!("{line}");
        })?;
        Ok(reading.result(ending == Ending::Clean))
    }
}

/// What a trial says about itself.
#[derive(Default)]
struct Reading {
    skipped: Option<String>,
    sums: Option<String>,
    passed: bool,
}

impl Reading {
    fn line(&mut self, line: &str) {
        if let Some(why) = line.strip_prefix("SKIPPED ") {
            self.skipped = Some(why.to_owned());
        } else if line.contains(" 0 lost") || line.ends_with(" violations") {
            self.sums = Some(line.to_owned());
        } else if line.starts_with("test result: ok. ") && !line.contains(" ok. 0 passed") {
            self.passed = true;
        }
    }

    fn result(self, clean: bool) -> String {
        match (clean && self.passed, self.skipped, self.sums) {
            (false, _, sums) => format!("FAILED {}", sums.unwrap_or_default()),
            (true, Some(why), _) => format!("SKIPPED {why}"),
            (true, None, Some(sums)) => sums,
            (true, None, None) => "passed".to_owned(),
        }
    }
}

/// The day as programs of the system write it; xtask links no calendar.
fn today() -> String {
    let output = Command::new("date").args(["-u", "+%Y-%m-%d"]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_default()
}

/// Adds a row to the table.
fn note(path: &Path, row: &str) -> Result<()> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let text = with_row(&text, row);
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// The newest result stands first.
fn with_row(text: &str, row: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let head = lines.iter().position(|line| *line == HEAD);
    let rule = "|---|---|---|---|---|---|---|";
    match head {
        Some(at) => lines.insert((at + 2).min(lines.len()), row),
        None => lines.extend([HEAD, rule, row]),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::{HEAD, Reading, with_row};

    #[test]
    fn the_newest_row_stands_first_below_the_head() {
        let once = with_row("# Trials\n", "| 1 |");
        let twice = with_row(&once, "| 2 |");
        assert_eq!(
            twice,
            format!("# Trials\n{HEAD}\n|---|---|---|---|---|---|---|\n| 2 |\n| 1 |\n")
        );
    }

    #[test]
    fn a_trial_that_ran_no_test_has_failed() {
        let mut reading = Reading::default();
        reading.line("test result: ok. 0 passed; 0 failed; 0 ignored");
        assert!(reading.result(true).starts_with("FAILED"));
        let mut reading = Reading::default();
        reading.line("312 acknowledged, 0 lost");
        reading.line("test result: ok. 1 passed; 0 failed; 0 ignored");
        assert_eq!(reading.result(true), "312 acknowledged, 0 lost");
    }
}
