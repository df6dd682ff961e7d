//! `cargo xtask miri`: the only crate with `unsafe`, under the interpreter.
//!
//! miri cannot map files, so the journal's tests run over the heap version of its region.

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::Result;

use crate::libtest;
use crate::report::{Report, Tally, skipped};
use crate::setup;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(10 * 60);
/// The folder under the build output; miri's output must not meet the compiler's.
const TARGET: &str = "miri";
/// By agreement the tests that miri can run lie in modules of this name.
const TESTS: &str = "heap";

/// Run the journal's heap tests under miri (nightly toolchain)
#[derive(clap::Args)]
pub struct Miri {}

impl Miri {
    /// # Errors
    /// None of its own; the step reports its own.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        let mut report = Report::new(workspace.ci);
        report.step("journal under miri", || journal(workspace));
        Ok(report.finish())
    }
}

/// Gets miri if rustup can, then runs the tests.
///
/// # Errors
/// When cargo cannot be started.
pub fn journal(workspace: &Workspace) -> Result<Tally> {
    if !is_there() {
        let parts = ["toolchain", "install", "nightly", "--profile", "minimal"];
        let mut rustup = Command::new("rustup");
        rustup
            .args(parts)
            .args(["--component", "miri", "--component", "rust-src"]);
        if let Err(error) = setup::do_it(&mut rustup) {
            return Ok(skipped("miri", &format!("{error:#}")));
        }
    }
    // The workspace's own cargo is of another toolchain; rustup picks the right one.
    let mut cargo = Command::new("rustup");
    cargo.args([
        "run", "nightly", "cargo", "miri", "test", "-p", "journal", "--lib", TESTS,
    ]);
    cargo
        .current_dir(&workspace.root)
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN");
    cargo.env("CARGO_TARGET_DIR", workspace.target.join(TARGET));
    libtest::run(&mut cargo, LIMIT)
}

fn is_there() -> bool {
    let mut look = Command::new("rustup");
    look.args(["run", "nightly", "cargo", "miri", "--version"]);
    look.stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    look.status().is_ok_and(|status| status.success())
}
