//! Directories in which nothing is wrong.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::venue::{Plan, busy, copy, files, json, said, skip, tool, write};

#[test]
fn a_clean_directory_verifies_and_is_not_touched() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(
        dir.path(),
        &busy(1_200),
        &Plan {
            snapshots: vec![200, 900],
            ..Plan::default()
        },
    );
    let before = files(dir.path());
    let (code, report) = json(&["verify"], &[dir.path()]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["frames"], 1_209);
    assert_eq!(report["first"], 0);
    assert_eq!(report["last"], 1_208);
    assert_eq!(report["chain"].as_str().map(str::len), Some(16));
    assert_eq!(report["root"].as_str().map(str::len), Some(64));
    assert_eq!(report["snapshots"], 2);
    assert_eq!(report["events"], 1_209);
    assert!(report["torn"].is_null());
    assert_eq!(
        json(&["verify"], &[dir.path()]),
        (0, report),
        "said twice, the same"
    );
    assert_eq!(files(dir.path()), before);
}

#[test]
fn a_copy_that_nobody_may_write_verifies() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(
        dir.path(),
        &busy(300),
        &Plan {
            snapshots: vec![100],
            ..Plan::default()
        },
    );
    let frozen = tempfile::tempdir().expect("a temporary directory");
    copy(dir.path(), frozen.path());
    set_modes(frozen.path(), 0o500, 0o400);
    let (code, report) = json(&["verify"], &[frozen.path()]);
    let root = said(&["root", "--at", "150"], &[frozen.path()]);
    let dump = said(&["dump", "--from", "5", "--to", "9"], &[frozen.path()]);
    set_modes(frozen.path(), 0o700, 0o600);
    assert_eq!((code, report), json(&["verify"], &[dir.path()]));
    assert_eq!(root, said(&["root", "--at", "150"], &[dir.path()]));
    assert_eq!(dump.0, 0);
    assert_eq!(dump.1.lines().count(), 5);
}

fn set_modes(folder: &Path, folders: u32, other: u32) {
    let set = |path: &Path, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, permissions).expect("our own file");
    };
    // Folders first on the way to writable, last on the way back.
    if folders & 0o200 != 0 {
        set(folder, folders);
    }
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            set_modes(&entry.path(), folders, other);
        } else {
            set(&entry.path(), other);
        }
    }
    set(folder, folders);
}

#[test]
fn an_empty_journal_is_clean() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &[], &Plan::default());
    let (code, report) = json(&["verify"], &[dir.path()]);
    assert_eq!((code, report["frames"].as_u64()), (0, Some(0)), "{report}");
    assert!(report["last"].is_null());
}

#[test]
fn without_an_event_log_the_rest_verifies() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(
        dir.path(),
        &busy(60),
        &Plan {
            without_events: true,
            ..Plan::default()
        },
    );
    let (code, report) = json(&["verify"], &[dir.path()]);
    assert_eq!((code, report["events"].as_u64()), (0, Some(0)), "{report}");
}

#[test]
fn a_skipped_command_happened_to_nobody() {
    let with = tempfile::tempdir().expect("a temporary directory");
    let mut commands = busy(30);
    commands.push(skip(10));
    write(
        with.path(),
        &commands,
        &Plan {
            snapshots: vec![20],
            ..Plan::default()
        },
    );
    let (code, report) = json(&["verify"], &[with.path()]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(
        (report["events"].as_u64(), report["snapshots"].as_u64()),
        (Some(40), Some(1))
    );
    let (code, lines) = said(&["dump", "--from", "10", "--to", "10"], &[with.path()]);
    assert_eq!(code, 0);
    assert!(
        lines.contains(r#""skipped":true,"events":[{"event":"CommandSkipped"}]"#),
        "{lines}"
    );
}

#[test]
fn nobody_could_look_is_2() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let missing = dir.path().join("nowhere");
    for words in [["verify", "--json"], ["dump", "--json"]] {
        assert_eq!(
            tool(&words, &[&missing]).status.code(),
            Some(2),
            "{words:?}"
        );
    }
    write(dir.path(), &busy(3), &Plan::default());
    let beyond = tool(&["root", "--at", "900"], &[dir.path()]);
    assert_eq!(beyond.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&beyond.stderr).contains("ends before offset 12"));
    assert_eq!(
        tool(&["verify", "--no-such-word"], &[dir.path()])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_closed_pipe_is_success() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &busy(3_000), &Plan::default());
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_replay-tool"))
        .arg("dump")
        .arg(dir.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the program is built beside its tests");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
