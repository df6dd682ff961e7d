//! `cargo xtask fuzz`: mutated requests, frames, FIX messages, journals and snapshots for a
//! while.
//!
//! The targets are tests, of the gateway (`gateway/tests/contract/fuzz`) and of what reads a
//! disk (`tests/readers`), so that they compile with the stable toolchain and run a fixed
//! number of rounds in every test run, too.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use crate::libtest;
use crate::report::{Report, Tally};
use crate::workspace::Workspace;

/// Say hostile input to edges and readers of the disk; findings are kept in the corpus
#[derive(clap::Args)]
pub struct Fuzz {
    /// How long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The same inputs again; without it another seed each time
    #[arg(long)]
    seed: Option<u64>,
}

impl Fuzz {
    /// # Errors
    /// None of its own; the step reports its own.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        let mut report = Report::new(workspace.ci);
        report.step("hostile input", || {
            targets(workspace, self.seconds, self.seed)
        });
        Ok(report.finish())
    }
}

/// Every target of a program at once, each so long; one program after the other.
///
/// # Errors
/// When cargo cannot be started.
pub fn targets(workspace: &Workspace, seconds: u64, seed: Option<u64>) -> Result<Tally> {
    let mut cargo = workspace.cargo(&["test", "--workspace"]);
    cargo.args(["--test", "contract", "--test", "system"]);
    cargo.args(["--", "--show-output", "fuzz_"]);
    cargo.env("DAYBOOK_FUZZ_SECONDS", seconds.to_string());
    if let Some(seed) = seed {
        cargo.env("DAYBOOK_FUZZ_SEED", seed.to_string());
    }
    libtest::run(&mut cargo, Duration::from_secs(2 * seconds + 15 * 60))
}
