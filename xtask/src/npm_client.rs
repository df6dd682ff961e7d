//! The npm packages `ccxt` and `binance`, unmodified, against a real node.
//!
//! Packages are installed once under the setup folder, by the lock file beside the tests;
//! the tests are copied there, because Node.js looks for packages beside the file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::child::{self, Ending};
use crate::report::{Tally, skipped};
use crate::setup;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(3 * 60);
/// What decides which packages there are.
const RECIPE: [&str; 2] = ["package.json", "package-lock.json"];
const TESTS: &str = "spot.test.mjs";

/// Installs the packages once, then runs the tests with the environment that `prepare` sets.
///
/// # Errors
/// When the tests cannot be copied or Node.js cannot be started.
pub fn drive(workspace: &Workspace, prepare: impl Fn(&mut Command)) -> Result<Tally> {
    let sources = workspace.root.join("tests/clients/npm");
    let folder = match packages(workspace, &sources) {
        Ok(folder) => folder,
        Err(error) => return Ok(skipped("npm clients", &format!("{error:#}"))),
    };
    fs::copy(sources.join(TESTS), folder.join(TESTS)).context("copying the tests")?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=tap", TESTS])
        .current_dir(folder);
    prepare(&mut node);
    let mut tally = Tally::default();
    let ending = child::run(&mut node, LIMIT, |line| {
        println!("{line}");
        count(line, &mut tally);
    })?;
    if tally.failed == 0 && (tally.passed == 0 || ending != Ending::Clean) {
        println!("the npm clients broke off: {ending:?}");
        tally.add(Tally::FAILED);
    }
    Ok(tally)
}

/// The folder that has the packages.
fn packages(workspace: &Workspace, sources: &Path) -> Result<PathBuf> {
    let mut recipe = String::new();
    for name in RECIPE {
        let path = sources.join(name);
        recipe += &fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    }
    setup::folder(workspace, "npm", &recipe, |folder| {
        for name in RECIPE {
            fs::copy(sources.join(name), folder.join(name))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        setup::do_it(npm.current_dir(folder))
    })
}

/// Reads the two lines that end a report: `# pass 4`, `# fail 0`.
fn count(line: &str, tally: &mut Tally) {
    let count = |name: &str| line.strip_prefix(name)?.trim().parse::<u64>().ok();
    tally.passed += count("# pass ").unwrap_or(0);
    for name in ["# fail ", "# cancelled "] {
        tally.failed += count(name).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::count;
    use crate::report::Tally;

    #[test]
    fn the_end_of_a_report_is_read() {
        let mut tally = Tally::default();
        let lines = [
            "ok 1 - sells",
            "# tests 7",
            "# pass 4",
            "# fail 2",
            "# cancelled 1",
        ];
        for line in lines {
            count(line, &mut tally);
        }
        assert_eq!(tally.to_string(), "4 passed, 3 failed, 0 skipped");
    }
}
