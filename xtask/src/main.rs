//! The one tool of the workspace: every chore of a developer is a verb of `cargo xtask`.
//!
//! It sets up what a verb needs, says what it does, and can be run again. It never asks,
//! never reads standard input and never calls sudo. Absent on purpose: any crate of the
//! venue. xtask starts the programs of the workspace, it does not link them.
//!
//! Reading order: `workspace`, `child`, `report`, `setup`, then one file per verb.

#![forbid(unsafe_code)]

mod workspace;
mod child;
mod report;
mod libtest;
mod pytest;
mod setup;
mod node;
mod clients;
mod go_client;
mod npm_client;
mod run;
mod check;
mod test;
mod bench;
mod miri;
mod loom;
mod fuzz;
mod sim;
mod trials;
mod architectures;
mod maven;
mod services;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Daybook's chores: run the venue, check it, test it, measure it.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Run(run::Run),
    Check(check::Check),
    Test(test::Test),
    Bench(bench::Bench),
    Clients(clients::Clients),
    Miri(miri::Miri),
    #[command(subcommand)]
    Services(services::Services),
    Loom(loom::Loom),
    Fuzz(fuzz::Fuzz),
    Sim(sim::Sim),
    Trials(trials::Trials),
    Architectures(architectures::Architectures),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = Workspace::find().and_then(|workspace| match cli.verb {
        Verb::Run(verb) => verb.run(&workspace),
        Verb::Check(verb) => verb.run(&workspace),
        Verb::Test(verb) => verb.run(&workspace),
        Verb::Bench(verb) => verb.run(&workspace),
        Verb::Clients(verb) => verb.run(&workspace),
        Verb::Miri(verb) => verb.run(&workspace),
        Verb::Services(verb) => verb.run(&workspace),
        Verb::Loom(verb) => verb.run(&workspace),
        Verb::Fuzz(verb) => verb.run(&workspace),
        Verb::Sim(verb) => verb.run(&workspace),
        Verb::Trials(verb) => verb.run(&workspace),
        Verb::Architectures(verb) => verb.run(&workspace),
    });
    outcome.unwrap_or_else(|error| {
        eprintln!("cargo xtask: {error:#}");
        ExitCode::FAILURE
    })
}
