//! The auditor's and operator's program.

use std::io::BufWriter;
use std::process::ExitCode;

use clap::Parser;
use replay_tool::commands::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.run(&mut BufWriter::new(std::io::stdout().lock()))
}
