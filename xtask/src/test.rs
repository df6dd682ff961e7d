//! `cargo xtask test`: every check and every test, on a machine where nothing was prepared.
//!
//! A step's failure does not stop the next one. What cannot be had is skipped with a line
//! that begins with SKIPPED; with `CI=true` that is a failure.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use crate::report::Report;
use crate::workspace::Workspace;
use crate::{bench, check, clients, fuzz, libtest, loom, miri, services};

/// Modules of the system's tests that start nodes and break them: slow, so that they run
/// once, in release.
const FAULTS: [&str; 7] = [
    "restart::",
    "power_loss::",
    "full_disk::",
    "read_models::",
    "fix_sessions::",
    "outflow::",
    "outflow_redis::",
];
/// The targets run side by side; the budget of fuzzing and miri together is five minutes.
const FUZZ_SECONDS: u64 = 20;
/// A run that is to be told green or red says the same each time; `cargo xtask fuzz` does not.
const FUZZ_SEED: u64 = 2;
/// The sinks that take minutes to build.
const FEATURES: &str = "--features=kafka,search";

/// Every check and every test; the last line is `N passed, N failed, N skipped`
#[derive(clap::Args)]
pub struct Test {
    /// Build and test Kafka and search as well, against their real servers: about a quarter
    /// of an hour more on two cores
    #[arg(long)]
    outflow: bool,
}

impl Test {
    /// Runs all steps. Limits in minutes are about twice what two cores need.
    ///
    /// # Errors
    /// None of its own; every step reports its own.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        let mut report = Report::new(workspace.ci);
        check::lints(workspace, &mut report);
        let features: &[&str] = if self.outflow { &[FEATURES] } else { &[] };
        builds(workspace, features, &mut report);
        let mut running = None;
        report.step("servers of the tests", || {
            let (started, tally) = services::Running::start(workspace, self.outflow);
            running = Some(started);
            Ok(tally)
        });
        let environment = running.as_ref().map(|it| it.environment.as_slice());
        tests(
            &workspace.with(environment.unwrap_or_default()),
            features,
            &mut report,
        );
        drop(running);
        report.step("unmodified clients", || clients::drive(workspace, false));
        report.step("journal under miri", || miri::journal(workspace));
        report.step("hostile input", || {
            fuzz::targets(workspace, FUZZ_SECONDS, Some(FUZZ_SEED))
        });
        report.step("event count under loom", || loom::models(workspace));
        Ok(report.finish())
    }
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// Building apart, so that the time of a test is its own.
fn builds(workspace: &Workspace, features: &[&str], report: &mut Report) {
    if !features.is_empty() {
        // What a user builds who asks for nothing.
        report.step("check without Kafka and search", || {
            check::clean(workspace, &["check", "--workspace"])
        });
    }
    let steps: [(&str, &[&str]); 3] = [
        (
            "build of the tests (debug)",
            &["test", "--workspace", "--no-run"],
        ),
        ("build (release)", &["build", "--release"]),
        (
            "build of the tests (release)",
            &["test", "--release", "--no-run"],
        ),
    ];
    for (name, words) in steps {
        let words = [words, features].concat();
        report.step(name, || check::clean(workspace, &words));
    }
}

fn tests(workspace: &Workspace, features: &[&str], report: &mut Report) {
    report.step("tests (debug)", || {
        let mut cargo = workspace.cargo(&["test", "--workspace"]);
        cargo.args(features);
        cargo.args(["--no-fail-fast", "--", "--show-output"]);
        for module in FAULTS {
            cargo.args(["--skip", module]);
        }
        libtest::run(&mut cargo, minutes(15))
    });
    report.step("oracles (release)", || {
        let mut cargo = workspace.cargo(&["test", "--release"]);
        cargo.args(features);
        cargo.args(["--no-fail-fast", "oracle", "--", "--show-output"]);
        match bench::streams(workspace) {
            Ok(folder) => drop(cargo.env("XCS1_DIR", folder)),
            Err(error) => println!("no XCS1 streams: {error:#}"),
        }
        libtest::run(&mut cargo, minutes(15))
    });
    report.step("system and faults (release)", || {
        let mut cargo = workspace.cargo(&["test", "--release", "--test", "system"]);
        cargo.args(features);
        cargo.args(["--", "--show-output"]);
        // One at a time: each starts nodes of its own and fills, kills or cuts them.
        cargo.arg("--test-threads=1");
        for module in ["tidy::", "layering::", "oracle"] {
            cargo.args(["--skip", module]);
        }
        libtest::run(&mut cargo, minutes(35))
    });
}
