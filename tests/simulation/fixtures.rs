//! Journals and snapshots of every released format, opened by this build: the same chain,
//! the same root, for ever. What a newer build wrote is refused, never skipped.
//!
//! `tests/fixtures/format-N/NAME` is a data directory as a node left it, `expected` beside it
//! says what it means. `DAYBOOK_WRITE_FIXTURES=1` writes those of the present format that
//! are missing; one that is there is never written again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use daybook::failure::{Exit, Failure};
use daybook::node::rebuild;
use daybook::pipeline::log::{CommandLog, LocalLog};
use engine::apply::Engine;
use journal::frame::JournalId;
use journal::writer::Settings;
use replay_tool::commands::verify::verify;
use schemas::command::Command;
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::naive::Naive;
use crate::swarm::{Swarm, Theme};

/// The format of journal and snapshots that this build writes.
const FORMAT: &str = "format-1";
const COMMANDS: usize = 260;
/// Commands before the snapshot of a fixture.
const SNAPSHOT_AT: usize = 180;

const SETTINGS: Settings = Settings {
    segment_bytes: 65_536,
    max_lag: 64,
    segments_ahead: 1,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every data directory under the folder.
fn fixtures() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for format in fs::read_dir(folder()).expect("fixtures are part of the tree") {
        let format = format.expect("readable").path();
        for fixture in fs::read_dir(format).expect("a folder of fixtures") {
            found.push(fixture.expect("readable").path());
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a temporary folder");
    for entry in fs::read_dir(from).expect("a folder of the fixture") {
        let path = entry.expect("readable").path();
        let target = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("space is left");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a directory means to the auditor: frames, chain, commitment, root.
fn meaning(dir: &Path) -> String {
    let report = verify(dir).unwrap_or_else(|unclean| panic!("{}: {unclean:?}", dir.display()));
    format!(
        "frames {}\nsnapshots {}\nchain {:016x}\ncommitment {}\nroot {}\n",
        report.frames,
        report.snapshots,
        report.chain,
        hex(&report.commitment),
        hex(&report.root)
    )
}

/// A small venue as a node would have left it.
fn write(dir: &Path, (seed, theme): (u64, Theme)) {
    let mut id = [0xf1; 16];
    id[0] = seed as u8;
    let begun = (Offset(0), JournalId(id));
    journal::open::create_named(dir, &SETTINGS, begun).expect("an empty folder");
    let opened = journal::open::open(dir, &SETTINGS).expect("it was just made");
    let mut log = LocalLog::new(opened.writer);
    let mut swarm = Swarm::new(seed, theme);
    let mut naive = Naive::new();
    let mut engine = Engine::new(seed);
    let mut now = crate::venue::START.0;
    let mut waiting: Vec<Command> = swarm.opening();
    waiting.reverse();
    for count in 0..COMMANDS {
        let command = if engine.more() {
            Command::Continue
        } else {
            now += swarm.pause();
            waiting.pop().unwrap_or_else(|| swarm.next(&naive))
        };
        let offset = log
            .append(TimeNs(now), &command)
            .expect("room for a few hundred commands");
        let stamp = engine::apply::Stamp {
            offset,
            time: TimeNs(now),
        };
        engine.apply(stamp, &command, &mut Vec::new());
        naive.apply(offset, TimeNs(now), &command);
        log.publish();
        let mut durable = log.durable().get();
        while durable <= offset.0 {
            durable = log.durable().wait_past(durable, Duration::from_secs(1));
        }
        if count + 1 == SNAPSHOT_AT {
            let live = log.durable();
            let taken = daybook::follower::take(daybook::follower::Take {
                dir,
                live: Some(&live),
                history: Offset(0),
                stop: None,
                copy: None,
            });
            taken.expect("a snapshot");
        }
    }
    Box::new(log).close().expect("the disk is sound");
    for entry in fs::read_dir(dir.join("journal")).expect("a journal") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|ending| ending == "spare") {
            fs::remove_file(path).expect("a spare is nobody's");
        }
    }
    fs::remove_file(dir.join("lock")).expect("the node made one");
}

fn write_missing() {
    let themes = [
        ("mixed", 1, Theme::Mixed),
        ("rules", 2, Theme::Rules),
        ("dust", 3, Theme::Dust),
    ];
    for (name, seed, theme) in themes {
        let dir = folder().join(FORMAT).join(name);
        if !dir.exists() {
            write(&dir, (seed, theme));
            let text = meaning(&dir);
            fs::write(dir.join("expected"), text).expect("space is left");
        }
    }
}

#[test]
fn every_released_format_opens_to_the_same_chain_and_root() {
    if std::env::var_os("DAYBOOK_WRITE_FIXTURES").is_some() {
        write_missing();
    }
    let fixtures = fixtures();
    assert!(!fixtures.is_empty());
    for fixture in fixtures {
        let expected = fs::read_to_string(fixture.join("expected")).expect("what it means");
        // An auditor reads it where it lies.
        assert_eq!(meaning(&fixture), expected, "{}", fixture.display());
        // A node opens a copy, from the snapshot and, without it, from zero.
        for with_snapshot in [true, false] {
            let dir = tempfile::tempdir().expect("a temporary folder");
            copy(&fixture, dir.path());
            if !with_snapshot {
                fs::remove_dir_all(dir.path().join("snapshots")).expect("it has one");
            }
            let opened = journal::open::open(dir.path(), &SETTINGS).expect("a sound journal");
            let node = rebuild(dir.path(), &opened, Offset(0)).expect("a sound directory");
            let chain = format!("chain {:016x}\n", node.replayer.chain.value());
            let root = format!("root {}\n", hex(&node.replayer.engine.root()));
            assert!(expected.contains(&chain), "{}", fixture.display());
            assert!(expected.contains(&root), "{}", fixture.display());
        }
    }
}

/// Raises the format in a header whose checksum covers all but itself.
fn raise(path: &Path, at: usize) {
    let mut bytes = fs::read(path).expect("a file of the fixture");
    bytes[at + 8] += 1;
    let head = crc32c::crc32c(&bytes[at..at + 12]);
    let sum = crc32c::crc32c_append(head, &bytes[at + 16..at + 64]);
    bytes[at + 12..at + 16].copy_from_slice(&sum.to_le_bytes());
    fs::write(path, bytes).expect("space is left");
}

fn refused(dir: &Path) -> Failure {
    let opened = journal::open::open(dir, &SETTINGS).map_err(Failure::from);
    let Err(failure) = opened.and_then(|opened| rebuild(dir, &opened, Offset(0)).map(drop)) else {
        panic!("a newer format was opened")
    };
    failure
}

#[test]
fn a_newer_journal_or_mark_is_refused_and_a_newer_snapshot_is_not_used() {
    let fixture = folder().join(FORMAT).join("mixed");
    let fresh = || {
        let dir = tempfile::tempdir().expect("a temporary folder");
        copy(&fixture, dir.path());
        dir
    };
    for (name, places) in [
        ("00000000000000000000.journal", vec![0]),
        ("mark", vec![0, 4096]),
    ] {
        let dir = fresh();
        for at in places {
            raise(&dir.path().join("journal").join(name), at);
        }
        let failure = refused(dir.path());
        assert_eq!(failure.exit, Exit::Damaged, "{}", failure.line);
        assert!(failure.line.contains("format 2"), "{}", failure.line);
    }
    let dir = fresh();
    let snapshot = dir
        .path()
        .join(format!("snapshots/{SNAPSHOT_AT:020}/manifest"));
    let mut bytes = fs::read(&snapshot).expect("the fixture has a snapshot");
    bytes[8] += 1;
    let body = bytes.len() - 32;
    let hash = blake3::hash(&bytes[..body]);
    bytes[body..].copy_from_slice(hash.as_bytes());
    fs::write(&snapshot, bytes).expect("space is left");
    let opened = journal::open::open(dir.path(), &SETTINGS).expect("a sound journal");
    let node = rebuild(dir.path(), &opened, Offset(0)).expect("it begins at zero instead");
    let root = format!("root {}\n", hex(&node.replayer.engine.root()));
    let expected = fs::read_to_string(fixture.join("expected")).expect("what it means");
    assert!(expected.contains(&root));
}
