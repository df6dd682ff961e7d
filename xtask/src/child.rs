//! Runs one program to its end: reads its lines, and ends it when its time is over.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// How a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Exit code 0.
    Clean,
    /// Another exit code, or `None` after a signal.
    Failed(Option<i32>),
    /// It ran over its limit and was ended.
    OutOfTime,
}

/// Runs `command` without standard input, hands each line of its output to `on_line`, and
/// ends it with all its children after `limit`. Standard error goes where ours goes.
///
/// # Errors
/// When the program cannot be started or its output not be read.
pub fn run(
    command: &mut Command,
    limit: Duration,
    mut on_line: impl FnMut(&str),
) -> Result<Ending> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let output = child.stdout.take().expect("the output is piped");
    let id = child.id();
    let (ended, wait) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let late = wait.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        if late {
            end_tree(id);
        }
        late
    });
    for line in BufReader::new(output).split(b'\n') {
        let line = line.with_context(|| format!("reading from {name}"))?;
        on_line(&String::from_utf8_lossy(&line));
    }
    let status = child
        .wait()
        .with_context(|| format!("waiting for {name}"))?;
    drop(ended);
    if watch.join().expect("the watch does not panic") {
        return Ok(Ending::OutOfTime);
    }
    Ok(if status.success() {
        Ending::Clean
    } else {
        Ending::Failed(status.code())
    })
}

/// The same for a program whose output is only passed on.
///
/// # Errors
/// As [`run`].
pub fn pass(command: &mut Command, limit: Duration) -> Result<Ending> {
    run(command, limit, |line| println!("{line}"))
}

/// Asks a process to stop as an operator would.
pub fn terminate(child: &Child) {
    signal("TERM", &[child.id()]);
}

/// Kills a process and everything it started. Only Linux tells who started whom; elsewhere
/// the process alone is killed.
fn end_tree(id: u32) {
    let mut tree = vec![id];
    let mut at = 0;
    while let Some(parent) = tree.get(at).copied() {
        tree.extend(children_of(parent));
        at += 1;
    }
    signal("KILL", &tree);
}

fn children_of(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id| parent_of(*id) == Some(parent))
        .collect()
}

/// The fourth field of `/proc/ID/stat`; the second, a name in brackets, may hold anything.
fn parent_of(id: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, behind_name) = text.rsplit_once(')')?;
    behind_name.split_whitespace().nth(1)?.parse().ok()
}

/// Sends a signal. `kill` is built into every shell, and the standard library has none.
pub fn signal(name: &str, ids: &[u32]) {
    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
    let script = format!("kill -{name} {} 2>/dev/null", ids.join(" "));
    // Who is gone already needs no signal, so that the answer does not matter.
    drop(
        Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::null())
            .status(),
    );
}

#[cfg(test)]
mod tests {
    use super::{Ending, run};
    use std::process::Command;
    use std::time::{Duration, Instant};

    const MINUTE: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn lines_and_exit_code_are_handed_on() {
        let mut lines = Vec::new();
        let ending = run(&mut shell("echo one; printf two; exit 3"), MINUTE, |line| {
            lines.push(line.to_owned());
        });
        assert_eq!(ending.expect("a shell exists"), Ending::Failed(Some(3)));
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_program_and_its_children_are_ended_after_the_limit() {
        let start = Instant::now();
        let mut command = shell("sleep 50 & sleep 50; wait");
        let ending = run(&mut command, Duration::from_millis(200), |_| ());
        assert_eq!(ending.expect("a shell exists"), Ending::OutOfTime);
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "a child kept the output open"
        );
    }
}
