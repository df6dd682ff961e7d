//! Verbs whose names are promised and whose work is not there yet.

use std::process::ExitCode;

use clap::Subcommand;

/// The exit code for a command that cannot be used like this.
const USAGE: u8 = 64;

/// Each says which step brings it.
#[derive(Subcommand)]
pub enum Later {
    /// One journal, one root on three architectures (not yet)
    Architectures(Anything),
}

/// Whatever stands behind the verb.
#[derive(clap::Args)]
pub struct Anything {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<String>,
}

impl Later {
    /// One honest line.
    pub fn run(self) -> ExitCode {
        let Later::Architectures(given) = self;
        let (verb, what) = ("architectures", "builds for other architectures");
        let arguments = given.arguments;
        let called = [&[verb.to_owned()], arguments.as_slice()]
            .concat()
            .join(" ");
        eprintln!("cargo xtask {called}: not there yet; a later step of the plan brings {what}");
        ExitCode::from(USAGE)
    }
}
