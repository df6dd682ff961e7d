//! `cargo xtask loom`: the journal's event count, in every order of its threads' steps.
//!
//! The model needs its own build (`--cfg loom`), in a folder of its own so that it does
//! not throw away the ordinary one.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use crate::libtest;
use crate::report::{Report, Tally};
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(10 * 60);
/// The folder under the build output.
const TARGET: &str = "loom";
/// By agreement the models lie in modules whose names end like this.
const TESTS: &str = "_model::";

/// Go through every order of steps of the event count (loom)
#[derive(clap::Args)]
pub struct Loom {}

impl Loom {
    /// # Errors
    /// None of its own; the step reports its own.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        let mut report = Report::new(workspace.ci);
        report.step("event count under loom", || models(workspace));
        Ok(report.finish())
    }
}

/// Builds and runs the models.
///
/// # Errors
/// When cargo cannot be started.
pub fn models(workspace: &Workspace) -> Result<Tally> {
    let mut cargo = workspace.cargo(&["test", "-p", "journal", "--lib", TESTS]);
    cargo.env("RUSTFLAGS", "--cfg loom");
    cargo.env("CARGO_TARGET_DIR", workspace.target.join(TARGET));
    libtest::run(&mut cargo, LIMIT)
}
