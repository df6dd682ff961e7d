//! `cargo xtask run`: from a fresh clone to a venue that trades.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::child::{self, Ending};
use crate::workspace::Workspace;

const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);

/// Build the venue and start the demo in `target/demo`; needs Rust and a C compiler only
#[derive(clap::Args)]
pub struct Run {
    /// Handed to `daybook demo` as they are
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Run {
    /// Builds, then becomes `daybook demo`: the same process, so that every signal reaches it.
    ///
    /// # Errors
    /// When the build fails or the program cannot be started.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        eprintln!("building (a few minutes the first time, seconds after)");
        let words = ["build", "--profile", "quick", "--bin", "daybook"];
        match child::pass(&mut workspace.cargo(&words), BUILD_LIMIT)? {
            Ending::Clean => (),
            ending => bail!("cargo build: {ending:?}"),
        }
        let program = workspace.built("quick", "daybook");
        let mut demo = Command::new(&program);
        demo.arg("demo")
            .arg("--data-dir")
            .arg(workspace.target.join("demo"));
        let error = demo.args(self.arguments).exec();
        bail!("cannot start {}: {error}", program.display());
    }
}
