//! Processes that outlive us: started in a group of their own, found again by their id and
//! their folder, so that no stranger is ever stopped.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::child;

/// A stop of the terminal does not reach it.
pub fn own_group(command: &mut Command) {
    command.process_group(0);
}

/// Whether the process runs and its command line names the folder.
pub fn is_ours(id: u32, folder: &Path) -> bool {
    let Ok(line) = fs::read(format!("/proc/{id}/cmdline")) else {
        return false;
    };
    let folder = folder.to_string_lossy();
    String::from_utf8_lossy(&line).contains(folder.as_ref())
}

/// Asks it to stop, and kills it when it does not.
pub fn stop(id: u32, folder: &Path) {
    for signal in ["TERM", "KILL"] {
        if !is_ours(id, folder) {
            return;
        }
        child::signal(signal, &[id]);
        for _ in 0..200 {
            if !is_ours(id, folder) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}
