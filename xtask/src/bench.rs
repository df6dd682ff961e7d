//! `cargo xtask bench`: the benches, and exchange-core on the same streams beside them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child::{self, Ending};
use crate::report::{Report, Tally, skipped};
use crate::setup;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(30 * 60);
const ROUNDS: u32 = 3;

/// A stream of the shared benchmark: file name and the arguments of its generator.
struct Stream {
    file: &'static str,
    arguments: [&'static str; 5],
}

const PAIRED: [Stream; 2] = [
    Stream {
        file: "S1.bin",
        arguments: ["1", "1000", "1000", "3000000", "1"],
    },
    Stream {
        file: "S100.bin",
        arguments: ["100", "10000", "10000", "3000000", "1"],
    },
];
const MANY_BOOKS: Stream = Stream {
    file: "M10K.bin",
    arguments: ["10000", "300000", "1000000", "3000000", "1"],
};

/// Measure: engine beside exchange-core on the same streams, pipeline, edges
#[derive(clap::Args)]
pub struct Bench {}

impl Bench {
    /// Ratios need one run: ours and theirs alternate.
    ///
    /// # Errors
    /// None of its own; every step reports its own.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        let mut report = Report::new(workspace.ci);
        report.step("engine beside exchange-core", || paired(workspace));
        report.step("ten thousand books", || many_books(workspace));
        report.step("pipeline", || pipeline(workspace));
        report.step("edges", || ours(workspace, "edges", None));
        Ok(report.finish())
    }
}

/// The folder with S1.bin and S100.bin, made once by the shared generator.
///
/// # Errors
/// When the generator is not there or does not build.
pub fn streams(workspace: &Workspace) -> Result<PathBuf> {
    setup::folder(workspace, "streams", "xcs1 S1 S100", |beside| {
        generate(workspace, beside, &PAIRED)
    })
}

fn paired(workspace: &Workspace) -> Result<Tally> {
    let folder = match streams(workspace) {
        Ok(folder) => folder,
        Err(error) => return Ok(skipped("streams", &format!("{error:#}"))),
    };
    let mut tally = Tally::default();
    for Stream { file, .. } in &PAIRED {
        for _ in 0..ROUNDS {
            tally.add(ours(workspace, "engine", Some(&folder.join(file)))?);
            tally.add(exchange_core(workspace, &folder.join(file))?);
        }
    }
    Ok(tally)
}

fn pipeline(workspace: &Workspace) -> Result<Tally> {
    match streams(workspace) {
        Ok(folder) => ours(workspace, "pipeline", Some(&folder.join(PAIRED[0].file))),
        Err(error) => Ok(skipped("streams", &format!("{error:#}"))),
    }
}

fn many_books(workspace: &Workspace) -> Result<Tally> {
    let made = setup::folder(workspace, "streams", "xcs1 M10K", |beside| {
        generate(workspace, beside, &[MANY_BOOKS])
    });
    match made {
        Ok(folder) => ours(workspace, "engine", Some(&folder.join(MANY_BOOKS.file))),
        Err(error) => Ok(skipped("streams", &format!("{error:#}"))),
    }
}

fn ours(workspace: &Workspace, bench: &str, stream: Option<&Path>) -> Result<Tally> {
    if !workspace.root.join(format!("benches/{bench}.rs")).is_file() {
        return Ok(skipped(bench, "there is no such bench yet"));
    }
    let mut cargo = workspace.cargo(&["bench", "--bench", bench]);
    if let Some(stream) = stream {
        cargo.env("XCS1", stream);
    }
    counted(&mut cargo)
}

/// The harness needs a JDK and Maven; it keeps what it fetches and builds in `OUT`.
fn exchange_core(workspace: &Workspace, stream: &Path) -> Result<Tally> {
    for (program, argument) in [("java", "-version"), ("mvn", "-v")] {
        let mut look = Command::new(program);
        if !look
            .arg(argument)
            .output()
            .is_ok_and(|output| output.status.success())
        {
            return Ok(skipped("exchange-core", &format!("no {program}")));
        }
    }
    let harness = workspace.shared.join("bench/exchange-core/run.sh");
    let mut command = Command::new("bash");
    command.arg(harness).arg("single").arg(stream).arg("3");
    counted(command.env("OUT", workspace.cache.join("exchange-core")))
}

fn counted(command: &mut Command) -> Result<Tally> {
    let ending = child::pass(command, LIMIT)?;
    if ending == Ending::Clean {
        return Ok(Tally::PASSED);
    }
    println!("{command:?}: {ending:?}");
    Ok(Tally::FAILED)
}

/// Builds the generator from a copy, since nothing is ever built where it lies.
fn generate(workspace: &Workspace, into: &Path, streams: &[Stream]) -> Result<()> {
    let source = workspace.shared.join("bench/xcs1");
    if !source.is_dir() {
        bail!("no {}", source.display());
    }
    let copy = into.join("source");
    copy_tree(&source, &copy)?;
    let built = into.join("built");
    let mut cargo = workspace.cargo(&["build", "--release", "--bin", "gen"]);
    setup::do_it(cargo.current_dir(&copy).env("CARGO_TARGET_DIR", &built))?;
    for Stream { file, arguments } in streams {
        let mut generator = Command::new(built.join("release/gen"));
        setup::do_it(generator.arg(into.join(file)).args(arguments))?;
    }
    fs::remove_dir_all(&built).context("removing the generator's build")
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            // Not `fs::copy`: the copy has to be writable whatever the original is.
            fs::write(&target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}
