//! `cargo xtask clients`: unmodified clients against a real node.
//!
//! First our own scenarios, then the conformance kit where it lies. Kit tests that need an
//! endpoint of a later step are named in `tests/clients/not_due.txt`, each with its reason;
//! they are neither run nor counted, but printed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child::{self, Ending};
use crate::node::{Node, Trader};
use crate::report::{Report, Tally, skipped};
use crate::workspace::Workspace;
use crate::{pytest, setup};

const LIMIT: Duration = Duration::from_secs(8 * 60);
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// One file of the kit is one client; `not_due.txt` speaks of the first.
const KIT_FILES: [&str; 2] = ["test_ccxt_spot.py", "test_python_binance_ws.py"];
/// QuickFIX, in a Python of its own: it has to be compiled.
const KIT_FIX_FILE: &str = "test_quickfix_fix44.py";
/// Enough for every test of the kit: one of them wants to sell more bitcoin than this.
const FUNDS: [&str; 2] = ["BTC=100", "USDT=5000000"];

/// Drive unmodified clients against a real node
#[derive(clap::Args)]
pub struct Clients {}

impl Clients {
    /// Builds the node and runs the clients alone.
    ///
    /// # Errors
    /// When cargo cannot be started.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        let mut report = Report::new(workspace.ci);
        report.step("build (release)", || {
            let mut cargo = workspace.cargo(&["build", "--release", "--bin", "daybook"]);
            match child::pass(&mut cargo, BUILD_LIMIT)? {
                Ending::Clean => Ok(Tally::default()),
                ending => bail!("cargo build: {ending:?}"),
            }
        });
        report.step("clients", || drive(workspace));
        Ok(report.finish())
    }
}

/// Prepares Python, starts a node and drives every client.
///
/// # Errors
/// When the node does not start or refuses the traders.
pub fn drive(workspace: &Workspace) -> Result<Tally> {
    let folder = workspace.root.join("tests/clients");
    let python = match setup::python(workspace, &folder.join("requirements.txt")) {
        Ok(python) => python,
        Err(error) => return Ok(skipped("clients", &format!("{error:#}"))),
    };
    let node = Node::start(workspace)?;
    let traders = [
        node.trader("kit-one", &FUNDS)?,
        node.trader("kit-two", &FUNDS)?,
    ];
    let run = Run {
        python,
        node,
        traders,
    };
    let mut tally = run.own(&folder)?;
    tally.add(run.kit(workspace, &folder)?);
    tally.add(run.kit_fix(workspace, &folder)?);
    tally.add(if run.node.stop()? {
        Tally::PASSED
    } else {
        println!("the node did not stop cleanly after SIGTERM");
        Tally::FAILED
    });
    Ok(tally)
}

struct Run {
    python: PathBuf,
    node: Node,
    traders: [Trader; 2],
}

impl Run {
    /// Our own scenarios. They leave the symbol traded at 50,000, as the kit wants it.
    fn own(&self, folder: &Path) -> Result<Tally> {
        pytest::run(&mut self.pytest(folder), LIMIT)
    }

    fn kit(&self, workspace: &Workspace, folder: &Path) -> Result<Tally> {
        let kit = workspace.shared.join("clients/kit");
        if !kit.join(KIT_FILES[0]).is_file() {
            return Ok(skipped("conformance kit", &format!("no {}", kit.display())));
        }
        let list = fs::read_to_string(folder.join("not_due.txt")).context("not_due.txt")?;
        let mut pytest = self.pytest(&kit);
        pytest.args(["-c", "pytest.ini"]).args(KIT_FILES);
        for NotDue { test, reason } in not_due(&list)? {
            println!("not due yet: {}::{test}: {reason}", KIT_FILES[0]);
            pytest.arg(format!("--deselect={}::{test}", KIT_FILES[0]));
        }
        pytest::run(&mut pytest, LIMIT)
    }

    fn kit_fix(&self, workspace: &Workspace, folder: &Path) -> Result<Tally> {
        let kit = workspace.shared.join("clients/kit");
        if !kit.join(KIT_FIX_FILE).is_file() {
            return Ok(skipped("FIX kit", &format!("no {}", kit.display())));
        }
        let python = match setup::python(workspace, &folder.join("fix-requirements.txt")) {
            Ok(python) => python,
            Err(error) => return Ok(skipped("FIX kit", &format!("{error:#}"))),
        };
        let Some((host, port)) = self.node.fix.rsplit_once(':') else {
            bail!("no FIX address but `{}`", self.node.fix);
        };
        let mut pytest = self.pytest_of(&python, &kit);
        pytest
            .args(["-c", "pytest.ini", KIT_FIX_FILE])
            .envs([("FIX_HOST", host), ("FIX_PORT", port)])
            .env("FIX_TARGET", "DAYBOOK");
        pytest::run(&mut pytest, LIMIT)
    }

    fn pytest(&self, folder: &Path) -> Command {
        self.pytest_of(&self.python, folder)
    }

    /// pytest in `folder`, which it must not write into.
    fn pytest_of(&self, python: &Path, folder: &Path) -> Command {
        let mut pytest = Command::new(python);
        let options = ["-q", "--timeout=60", "--tb=short", "-p", "no:cacheprovider"];
        pytest
            .args(["-m", "pytest"])
            .args(options)
            .current_dir(folder);
        pytest.env("PYTHONDONTWRITEBYTECODE", "1");
        pytest.env("BASE_URL", &self.node.public);
        pytest.env("WS_URL", self.node.public.replacen("http", "ws", 1));
        for (trader, number) in self.traders.iter().zip(["", "2"]) {
            pytest.env(format!("API_KEY{number}"), &trader.api_key);
            pytest.env(format!("API_SECRET{number}"), &trader.api_secret);
        }
        pytest
    }
}

/// One line of `not_due.txt`.
#[derive(PartialEq, Eq, Debug)]
struct NotDue<'a> {
    test: &'a str,
    reason: &'a str,
}

/// Reads `test: reason` lines; blank lines and those with `#` are for the reader.
fn not_due(list: &str) -> Result<Vec<NotDue<'_>>> {
    let lines = list.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_once(": ") {
            Some((test, reason)) => Ok(NotDue { test, reason }),
            None => bail!("not_due.txt: `{line}` is not `test: reason`"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{NotDue, not_due};

    #[test]
    fn every_test_that_is_left_out_has_a_reason() {
        let list = "# later\n\ntest_a: needs klines\n";
        let read = not_due(list).expect("a well-formed list");
        assert_eq!(
            read,
            [NotDue {
                test: "test_a",
                reason: "needs klines"
            }]
        );
        assert!(not_due("test_b").is_err());
    }
}
