//! `cargo xtask check`: what can be said of the tree without running the venue.

use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Result;

use crate::child::{self, Ending};
use crate::report::{Report, Tally};
use crate::workspace::Workspace;
use crate::{libtest, setup};

const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Formatting, clippy without a warning, the layering and the house rules
#[derive(clap::Args)]
pub struct Check {}

impl Check {
    /// Runs the four checks; a failure of one does not stop the others.
    ///
    /// # Errors
    /// None of its own; every step reports its own.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        let mut report = Report::new(workspace.ci);
        lints(workspace, &mut report);
        report.step("layering and house rules", || {
            let words = ["test", "--test", "system", "--", "tidy::", "layering::"];
            libtest::run(&mut workspace.cargo(&words), LIMIT)
        });
        Ok(report.finish())
    }
}

/// The two checks that are no tests.
pub fn lints(workspace: &Workspace, report: &mut Report) {
    report.step("format", || {
        component(workspace, "fmt", "rustfmt");
        clean(workspace, &["fmt", "--all", "--check"])
    });
    report.step("clippy", || {
        component(workspace, "clippy", "clippy");
        let features = "--features=kafka,search";
        let words = [
            "clippy",
            "--workspace",
            "--all-targets",
            features,
            "--",
            "-D",
        ];
        clean(workspace, &[&words, ["warnings"].as_slice()].concat())
    });
}

/// A toolchain of the minimal profile has neither; rustup adds it. Without rustup the check
/// itself says what is missing.
fn component(workspace: &Workspace, verb: &str, component: &str) {
    let there = workspace.cargo(&[verb, "--version"]).output();
    if there.is_ok_and(|output| output.status.success()) {
        return;
    }
    let mut rustup = Command::new("rustup");
    let added = setup::do_it(rustup.args(["component", "add", component]));
    if let Err(error) = added {
        println!("{component} is not there and cannot be added: {error:#}");
    }
}

/// One cargo command that passes when it ends with 0.
///
/// # Errors
/// When cargo cannot be started.
pub fn clean(workspace: &Workspace, words: &[&str]) -> Result<Tally> {
    let ending = child::pass(&mut workspace.cargo(words), LIMIT)?;
    if ending == Ending::Clean {
        return Ok(Tally::PASSED);
    }
    println!("cargo {}: {ending:?}", words.join(" "));
    Ok(Tally::FAILED)
}
