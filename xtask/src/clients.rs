//! `cargo xtask clients`: unmodified clients against a real node.
//!
//! First our own scenarios, then the conformance kit where it lies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child::{self, Ending};
use crate::go_client::NotDue;
use crate::node::{Node, Trader};
use crate::report::{Report, Tally, skipped};
use crate::workspace::Workspace;
use crate::{go_client, npm_client, pytest, setup};

const LIMIT: Duration = Duration::from_secs(8 * 60);
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// One file of the kit is one client.
const KIT_FILES: [&str; 3] = [
    "test_ccxt_spot.py",
    KIT_SWAP_FILE,
    "test_python_binance_ws.py",
];
const KIT_SWAP_FILE: &str = "test_ccxt_swap.py";
/// QuickFIX, in a Python of its own: it has to be compiled.
const KIT_FIX_FILE: &str = "test_quickfix_fix44.py";
/// Enough for every test of the kit: one of them wants to sell more bitcoin than this.
const FUNDS: [&str; 2] = ["BTC=100", "USDT=5000000"];
/// Enough for a position of some contracts, and too little for 999 of them.
const FUTURES: &str = "USDT=1000000";
/// The index price by hand: where the kit trades.
const INDEX: [&str; 2] = ["BTCUSDT", "50000"];

/// Drive unmodified clients against a real node
#[derive(clap::Args)]
pub struct Clients {
    /// Drive freqtrade as well; its packages take minutes to install
    #[arg(long)]
    freqtrade: bool,
}

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
        report.step("clients", || drive(workspace, self.freqtrade));
        Ok(report.finish())
    }
}

/// Prepares Python, starts a node and drives every client; freqtrade only if it is wanted.
///
/// # Errors
/// When the node does not start or refuses the traders.
pub fn drive(workspace: &Workspace, freqtrade: bool) -> Result<Tally> {
    let folder = workspace.root.join("tests/clients");
    let python = match setup::python(workspace, &folder.join("requirements.txt")) {
        Ok(python) => python,
        Err(error) => return Ok(skipped("clients", &format!("{error:#}"))),
    };
    let node = Node::start(workspace)?;
    let traders = [
        node.trader("kit-one", &FUNDS, FUTURES)?,
        node.trader("kit-two", &FUNDS, FUTURES)?,
    ];
    node.index_price(INDEX)?;
    let run = Run {
        python,
        node,
        traders,
    };
    let mut tally = run.own(&folder)?;
    tally.add(run.kit(workspace)?);
    tally.add(run.kit_fix(workspace, &folder)?);
    tally.add(go_client::drive(workspace, |go| run.environment(go))?);
    tally.add(npm_client::drive(workspace, |node| run.environment(node))?);
    if freqtrade {
        tally.add(run.freqtrade(workspace, &folder.join("freqtrade"))?);
    }
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
        let mut pytest = self.pytest(folder);
        pytest.arg("--ignore=freqtrade");
        pytest::run(&mut pytest, LIMIT)
    }

    fn kit(&self, workspace: &Workspace) -> Result<Tally> {
        let kit = workspace.shared.join("clients/kit");
        if !kit.join(KIT_FILES[0]).is_file() {
            return Ok(skipped("conformance kit", &format!("no {}", kit.display())));
        }
        let mut pytest = self.pytest(&kit);
        pytest.args(["-c", "pytest.ini"]).args(KIT_FILES);
        let path = workspace.root.join("tests/clients/not_due_swap.txt");
        let list = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        for NotDue { test, reason } in go_client::not_due(&list)? {
            println!("not due yet: {KIT_SWAP_FILE}: {test}: {reason}");
            pytest.args(["--deselect", &format!("{KIT_SWAP_FILE}::{test}")]);
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

    fn freqtrade(&self, workspace: &Workspace, folder: &Path) -> Result<Tally> {
        let python = match setup::python(workspace, &folder.join("requirements.txt")) {
            Ok(python) => python,
            Err(error) => return Ok(skipped("freqtrade", &format!("{error:#}"))),
        };
        pytest::run(&mut self.pytest_of(&python, folder), LIMIT)
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
        self.environment(&mut pytest);
        pytest
    }

    /// Where the node is and who trades, as the kit's clients read it.
    fn environment(&self, client: &mut Command) {
        client.env("BASE_URL", &self.node.public);
        client.env("WS_URL", self.node.public.replacen("http", "ws", 1));
        for (trader, number) in self.traders.iter().zip(["", "2"]) {
            client.env(format!("API_KEY{number}"), &trader.api_key);
            client.env(format!("API_SECRET{number}"), &trader.api_secret);
        }
    }
}
