//! Parse, dispatch, map the outcome to an exit code.

use std::process::ExitCode;

use clap::Parser;
use daybook::commands::Cli;
use daybook::failure::Exit;

fn main() -> ExitCode {
    daybook::logging::start();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistakes; printing them can only fail on a closed pipe.
            let _ = error.print();
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            };
            return ExitCode::from(exit as u8);
        }
    };
    match cli.run() {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(failure) => {
            eprintln!("daybook: {failure}");
            ExitCode::from(failure.exit as u8)
        }
    }
}
