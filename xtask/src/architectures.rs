//! `cargo xtask architectures`: one journal, one chain and root, on three architectures.
//!
//! `replay-tool` is built for aarch64 and for the big-endian s390x and run by qemu over the
//! fixtures of the tree, whose meaning is written beside them. What is missing is installed
//! (as root) or skipped with a line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::report::{Report, Tally, skipped};
use crate::setup;
use crate::workspace::Workspace;

/// Data directories with what they mean, written by a test of the system.
const FIXTURES: &str = "tests/fixtures";
/// The folder under the build output.
const TARGET: &str = "architectures";

/// One machine that this one can imitate.
struct Machine {
    triple: &'static str,
    compiler: &'static str,
    emulator: &'static str,
    /// Where its C library lies.
    system: &'static str,
    packages: [&'static str; 3],
}

const MACHINES: [Machine; 2] = [
    Machine {
        triple: "aarch64-unknown-linux-gnu",
        compiler: "aarch64-linux-gnu-gcc",
        emulator: "qemu-aarch64",
        system: "/usr/aarch64-linux-gnu",
        packages: [
            "qemu-user",
            "gcc-aarch64-linux-gnu",
            "libc6-dev-arm64-cross",
        ],
    },
    Machine {
        triple: "s390x-unknown-linux-gnu",
        compiler: "s390x-linux-gnu-gcc",
        emulator: "qemu-s390x",
        system: "/usr/s390x-linux-gnu",
        packages: ["qemu-user", "gcc-s390x-linux-gnu", "libc6-dev-s390x-cross"],
    },
];

/// Replay the fixtures on aarch64 and on the big-endian s390x (qemu), to one chain and root
#[derive(clap::Args)]
pub struct Architectures {}

impl Architectures {
    /// # Errors
    /// None of its own; every step reports its own.
    pub fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        let mut report = Report::new(workspace.ci);
        for machine in &MACHINES {
            report.step(machine.triple, || replay(workspace, machine));
        }
        Ok(report.finish())
    }
}

fn replay(workspace: &Workspace, machine: &Machine) -> Result<Tally> {
    if let Err(error) = prepare(machine) {
        return Ok(skipped(machine.triple, &format!("{error:#}")));
    }
    let program = build(workspace, machine)?;
    let mut tally = Tally::default();
    for fixture in fixtures(&workspace.root.join(FIXTURES))? {
        let found = meaning(machine, &program, &fixture)?;
        let expected = fs::read_to_string(fixture.join("expected"))
            .with_context(|| format!("reading what {} means", fixture.display()))?;
        let same = found
            .iter()
            .all(|line| expected.lines().any(|it| it == line));
        println!("{}: {}", fixture.display(), found.join(", "));
        if same {
            tally.add(Tally::PASSED);
        } else {
            println!("expected:\n{expected}");
            tally.add(Tally::FAILED);
        }
    }
    ensure!(0 < tally.passed + tally.failed, "{FIXTURES} holds nothing");
    Ok(tally)
}

/// Compiler, emulator and Rust's library for the machine.
fn prepare(machine: &Machine) -> Result<()> {
    if !is_there(machine.compiler) || !is_there(machine.emulator) {
        setup::debian_packages(&machine.packages)?;
    }
    let mut rustup = Command::new("rustup");
    setup::do_it(rustup.args(["target", "add", machine.triple]))
}

fn is_there(program: &str) -> bool {
    let mut look = Command::new(program);
    look.arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    look.status().is_ok_and(|status| status.success())
}

fn build(workspace: &Workspace, machine: &Machine) -> Result<PathBuf> {
    let target = workspace.target.join(TARGET);
    let words = ["build", "-p", "replay-tool", "--bin", "replay-tool"];
    let mut cargo = workspace.cargo(&words);
    cargo.args(["--target", machine.triple]);
    let name = machine.triple.replace('-', "_");
    cargo.env(
        format!("CARGO_TARGET_{}_LINKER", name.to_uppercase()),
        machine.compiler,
    );
    cargo.env(format!("CC_{name}"), machine.compiler);
    cargo.env("CARGO_TARGET_DIR", &target);
    setup::do_it(&mut cargo)?;
    Ok(target.join(machine.triple).join("debug/replay-tool"))
}

/// Data directories, two folders down.
fn fixtures(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for format in entries(folder)? {
        found.extend(entries(&format)?);
    }
    found.sort();
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    read.map(|entry| Ok(entry?.path())).collect()
}

/// Lines as `expected` has them.
fn meaning(machine: &Machine, program: &Path, fixture: &Path) -> Result<Vec<String>> {
    let mut run = Command::new(machine.emulator);
    run.args(["-L", machine.system]).arg(program);
    run.arg("verify").arg(fixture).arg("--json");
    let output = run
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", machine.emulator))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        let talk = String::from_utf8_lossy(&output.stderr);
        bail!("{}: {}\n{said}{talk}", fixture.display(), output.status);
    }
    let report: Value = serde_json::from_slice(&output.stdout).context("verify prints JSON")?;
    lines_of(&report)
}

fn lines_of(report: &Value) -> Result<Vec<String>> {
    let text = |name: &str| {
        let value = report[name].as_str();
        value.with_context(|| format!("verify says no {name}: {report}"))
    };
    Ok(vec![
        format!("frames {}", report["frames"]),
        format!("chain {}", text("chain")?),
        format!("root {}", text("root")?),
    ])
}

#[cfg(test)]
mod tests {
    use super::lines_of;

    #[test]
    fn a_report_is_read_as_the_lines_beside_a_fixture() {
        let report = serde_json::json!({"frames": 3, "chain": "ab", "root": "cd"});
        let lines = lines_of(&report).expect("everything is there");
        assert_eq!(lines, ["frames 3", "chain ab", "root cd"]);
        assert!(lines_of(&serde_json::json!({"frames": 3})).is_err());
    }
}
