//! go-binance, unmodified, against a real node: the kit's `go_binance` program.
//!
//! It is copied and built under the setup folder, because nothing is built where the kit
//! lies. The program prints `ok NAME` or `FAIL NAME why` for each call; calls of a later
//! step are named in `tests/clients/not_due_go.txt` with their reasons, printed, and
//! neither counted as passed nor as failed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child;
use crate::report::{Tally, skipped};
use crate::setup;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(2 * 60);
const PROGRAM: &str = "go_binance";
/// What the kit's folder holds.
const SOURCES: [&str; 3] = ["go.mod", "go.sum", "main.go"];

/// Builds the program once, then runs it with the environment that `prepare` sets.
///
/// # Errors
/// When the program cannot be started, or the list of what is not due is malformed.
pub fn drive(workspace: &Workspace, prepare: impl Fn(&mut Command)) -> Result<Tally> {
    let kit = workspace.shared.join("clients/kit").join(PROGRAM);
    if !kit.join("main.go").is_file() {
        return Ok(skipped(PROGRAM, &format!("no {}", kit.display())));
    }
    let program = match build(workspace, &kit) {
        Ok(program) => program,
        Err(error) => return Ok(skipped(PROGRAM, &format!("{error:#}"))),
    };
    let list = workspace.root.join("tests/clients/not_due_go.txt");
    let list = fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    let mut reading = Reading {
        later: not_due(&list)?,
        tally: Tally::default(),
        is_over: false,
    };
    let mut command = Command::new(program);
    prepare(&mut command);
    let ending = child::run(&mut command, LIMIT, |line| reading.line(line))?;
    if !reading.is_over {
        println!("{PROGRAM} broke off: {ending:?}");
        reading.tally.add(Tally::FAILED);
    }
    Ok(reading.tally)
}

/// The program, made from a copy of the kit's sources.
fn build(workspace: &Workspace, kit: &Path) -> Result<PathBuf> {
    let mut recipe = String::new();
    for name in SOURCES {
        let path = kit.join(name);
        recipe += &fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    }
    let folder = setup::folder(workspace, PROGRAM, &recipe, |folder| {
        for name in SOURCES {
            fs::copy(kit.join(name), folder.join(name))?;
        }
        let mut go = Command::new("go");
        go.args(["build", "-o", PROGRAM, "."]).current_dir(folder);
        setup::do_it(go.env("GOFLAGS", "-mod=mod"))
    })?;
    Ok(folder.join(PROGRAM))
}

/// One line of a list of what is not due.
#[derive(PartialEq, Eq, Debug)]
pub struct NotDue<'a> {
    pub test: &'a str,
    pub reason: &'a str,
}

/// Reads `NAME: reason` lines; blank lines and those with `#` are for the reader.
///
/// # Errors
/// For a line of another form.
pub fn not_due(list: &str) -> Result<Vec<NotDue<'_>>> {
    let lines = list.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_once(": ") {
            Some((test, reason)) => Ok(NotDue { test, reason }),
            None => bail!("what is not due: `{line}` is not `NAME: reason`"),
        })
        .collect()
}

/// Reads what the program prints.
struct Reading<'a> {
    later: Vec<NotDue<'a>>,
    tally: Tally,
    /// The program came to its last line.
    is_over: bool,
}

impl Reading<'_> {
    fn line(&mut self, line: &str) {
        if line.starts_with("ALL OK") || line.starts_with("FAILED ") {
            self.is_over = true;
        } else if line.starts_with("ok ") {
            self.tally.add(Tally::PASSED);
        } else if let Some(failure) = line.strip_prefix("FAIL ") {
            let named = |later: &&NotDue<'_>| failure.starts_with(later.test);
            match self.later.iter().find(named) {
                Some(later) => println!("not due yet: {PROGRAM}: {}: {}", later.test, later.reason),
                None => {
                    println!("{line}");
                    self.tally.add(Tally::FAILED);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NotDue, Reading, Tally, not_due};

    #[test]
    fn every_call_that_is_left_out_has_a_reason() {
        let read = not_due("# later\n\nleverage: perpetuals\n").expect("a well-formed list");
        let [only] = read.as_slice() else {
            panic!("{read:?}");
        };
        assert_eq!((only.test, only.reason), ("leverage", "perpetuals"));
        assert!(not_due("leverage").is_err());
    }

    #[test]
    fn a_failed_call_counts_unless_it_is_due_later() {
        let later = NotDue {
            test: "leverage",
            reason: "perpetual futures",
        };
        let mut reading = Reading {
            later: vec![later],
            tally: Tally::default(),
            is_over: false,
        };
        for line in [
            "ok   depth ",
            "     filters 1 2",
            "FAIL leverage <APIError> code=0",
            "FAIL klines <APIError> code=-1121",
            "FAILED 2",
        ] {
            reading.line(line);
        }
        assert_eq!(reading.tally.to_string(), "1 passed, 1 failed, 0 skipped");
        assert!(reading.is_over);
    }
}
