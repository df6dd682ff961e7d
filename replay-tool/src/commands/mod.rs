//! One file per subcommand; doc comments are the `--help`.
//!
//! Facts go to stdout, talk to stderr. Exit codes: 0 clean, 1 a finding, 2 could not look.
//! A closed pipe is success. Nothing here writes into what it reads.
//!
//! Reading order: this file, `verify`, `root`, `dump`, `state`, `explain`, `diff`.

pub mod verify;
pub mod root;
pub mod dump;
pub mod state;
pub mod explain;
pub mod diff;

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::finding::Finding;
use crate::walk::Walk;

/// Recompute what a venue did from its journal; change nothing.
#[derive(clap::Parser)]
#[command(name = "replay-tool", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Subcommand,
}

#[derive(clap::Subcommand)]
enum Subcommand {
    Verify(verify::Verify),
    Root(root::Root),
    Dump(dump::Dump),
    State(state::State),
    Explain(explain::Explain),
    Diff(diff::Diff),
}

/// How a look ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing is wrong.
    Clean,
    /// Something is, and stdout says what.
    Finding,
}

impl Cli {
    /// Runs the command; facts go to `out`.
    pub fn run(&self, out: &mut impl Write) -> ExitCode {
        let (ran, json) = match &self.command {
            Subcommand::Verify(verify) => (verify.run(out), verify.json),
            Subcommand::Root(root) => (root.run(out), root.json),
            Subcommand::Dump(dump) => (dump.run(out), true),
            Subcommand::State(state) => (state.run(out), state.json),
            Subcommand::Explain(explain) => (explain.run(out), explain.json),
            Subcommand::Diff(diff) => (diff.run(out), diff.json),
        };
        let told = ran.and_then(|outcome| {
            out.flush()?;
            Ok(outcome)
        });
        match told.or_else(|error| tell_finding(error, json, out)) {
            Ok(Outcome::Clean) => ExitCode::SUCCESS,
            Ok(Outcome::Finding) => ExitCode::from(1),
            Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("replay-tool: {error:#}");
                ExitCode::from(2)
            }
        }
    }
}

/// A finding that stopped a command is a fact for stdout.
fn tell_finding(error: anyhow::Error, json: bool, out: &mut impl Write) -> anyhow::Result<Outcome> {
    let finding = error.downcast::<Finding>()?;
    if json {
        writeln!(out, "{}", json!({"finding": finding_json(&finding)}))?;
    } else {
        writeln!(out, "finding: {finding}")?;
    }
    out.flush()?;
    Ok(Outcome::Finding)
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "segment": finding.segment.display().to_string(),
        "offset": finding.offset.0,
        "position": finding.position,
        "reason": finding.reason,
    })
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = error
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}

/// Snapshots that were passed over are talk: the answer does not depend on them.
fn tell_refused(walk: &Walk) {
    for line in &walk.refused {
        eprintln!("{line}; an older state is used");
    }
}

/// Bytes as hex digits.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text
}
