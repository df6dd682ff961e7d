//! Whole data directories with one file changed: segments, the mark, snapshots.
//!
//! Absent on purpose: forged state behind right sums. BLAKE3 vouches for a snapshot, and
//! what it vouches for is trusted; arrays by order number are as long as its numbers say.

use std::path::{Path, PathBuf};

use journal::reader::Reader;
use journal::writer::Settings;
use replay_tool::snapshot;
use schemas::command::Command;
use schemas::ids::Offset;

use crate::readers::{Mutator, files, tree};

const ROUNDS: usize = 150;
const SEGMENT_HEADER: usize = 64;
const FRAME_HEADER: usize = 32;
const SEGMENT: &str = "00000000000000000000.journal";
const SNAPSHOT: &str = "00000000000000000180";
const SETTINGS: Settings = Settings {
    segment_bytes: 65_536,
    max_lag: 64,
    segments_ahead: 1,
};

/// Kind, version, time and payload of every frame.
type Told = Vec<(u16, u16, u64, Vec<u8>)>;

fn fixture() -> PathBuf {
    tree().join("tests/fixtures/format-1/mixed")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for (name, bytes) in files(from) {
        std::fs::write(to.join(name), bytes).expect("written");
    }
}

/// Everything that can be read, and whether the end was reached without complaint.
fn read(dir: &Path) -> (Told, bool) {
    let mut told = Vec::new();
    let Ok(mut reader) = Reader::open(dir, Offset(0)) else {
        return (told, false);
    };
    loop {
        match reader.next() {
            Ok(Some(frame)) => {
                // Commands of another build may be no commands of ours; they never panic.
                drop(Command::decode(frame.kind, frame.ver, frame.payload));
                let payload = frame.payload.to_vec();
                told.push((frame.kind, frame.ver, frame.time.0, payload));
            }
            Ok(None) => return (told, true),
            Err(_) => return (told, false),
        }
    }
}

/// Makes the sums of all frames right again, as far as their lengths lead.
fn reseal(bytes: &mut [u8]) {
    let number = |bytes: &[u8], at: usize| {
        u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize
    };
    if bytes.len() < SEGMENT_HEADER {
        return;
    }
    let seed = crc32c::crc32c(&bytes[16..32]);
    let mut at = SEGMENT_HEADER;
    while at + FRAME_HEADER <= bytes.len() {
        let length = number(bytes, at);
        if length < FRAME_HEADER || bytes.len() - at < length {
            return;
        }
        let sum = crc32c::crc32c_append(seed, &bytes[at + 8..at + length]);
        bytes[at + 4..at + 8].copy_from_slice(&sum.to_le_bytes());
        at += length.next_multiple_of(16);
    }
}

/// The used part of a segment: what is behind it is empty anyway.
fn used(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    bytes.truncate((end + 64).min(bytes.len()));
    bytes
}

/// What is read is a beginning of what was written, and a start agrees with a look.
fn judge(dir: &Path, written: &Told) -> Result<bool, String> {
    let inspected = journal::recovery::inspect(dir);
    let (told, is_whole) = read(dir);
    if !written.starts_with(&told) {
        return Err(format!(
            "{} frames are not those that were written",
            told.len()
        ));
    }
    let accepted = inspected.is_ok_and(|found| found.finding.is_none());
    let opened = journal::open::open(dir, &SETTINGS);
    if accepted != opened.is_ok() {
        return Err(format!(
            "a look says {accepted}, a start {}",
            opened.is_ok()
        ));
    }
    let Ok(opened) = opened else {
        return Ok(false);
    };
    let next = opened.recovered.next.0 as usize;
    drop(opened);
    // The mark of the fixture vouches for all of it.
    if next != written.len() || !is_whole {
        return Err(format!("a start takes {next} of {} frames", written.len()));
    }
    Ok(true)
}

#[test]
fn fuzz_segments_of_the_journal() {
    let folder = fixture().join("journal");
    let (written, is_whole) = read_copy(&folder);
    assert!(is_whole && 100 < written.len());
    let seeds = files(&folder)
        .into_iter()
        .map(|(name, bytes)| (name, used(bytes)));
    let mut mutator = Mutator::new("segments", ROUNDS, seeds.collect());
    let (mut started, mut refused) = (0, 0);
    while let Some(mut input) = mutator.next() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let journal = dir.path().join("journal");
        copy(&folder, &journal);
        let is_sealed = input.name == SEGMENT && mutator.below(3) == 0;
        if is_sealed {
            reseal(&mut input.bytes);
        }
        let whole = files(&folder)
            .into_iter()
            .find(|(name, _)| *name == input.name);
        let mut bytes = input.bytes.clone();
        if mutator.below(4) != 0 {
            bytes.resize(whole.map_or(0, |(_, whole)| whole.len()), 0);
        }
        std::fs::write(journal.join(&input.name), bytes).expect("written");
        mutator.check(&input, || {
            if is_sealed {
                // Whoever forges sums may write what he likes; nothing panics.
                drop(journal::recovery::inspect(dir.path()));
                drop(read(dir.path()));
                drop(journal::open::open(dir.path(), &SETTINGS));
                return Ok(());
            }
            match judge(dir.path(), &written)? {
                true => started += 1,
                false => refused += 1,
            }
            Ok(())
        });
    }
    println!("segments: {started} started, {refused} refused");
    assert!(0 < started && 0 < refused);
}

fn read_copy(folder: &Path) -> (Told, bool) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    copy(folder, &dir.path().join("journal"));
    read(dir.path())
}

#[test]
fn fuzz_snapshots() {
    let folder = fixture().join("snapshots").join(SNAPSHOT);
    let whole = files(&folder);
    let mut mutator = Mutator::new("snapshots", ROUNDS, whole.clone());
    let mut refused = 0;
    while let Some(input) = mutator.next() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let target = dir.path().join("snapshots").join(SNAPSHOT);
        copy(&folder, &target);
        std::fs::write(target.join(&input.name), &input.bytes).expect("written");
        let is_as_it_was = whole.contains(&(input.name.clone(), input.bytes.clone()));
        mutator.check(&input, || {
            let loaded = snapshot::load(dir.path(), Offset(180));
            refused += usize::from(loaded.is_err());
            if loaded.is_ok() != is_as_it_was {
                return Err(format!(
                    "changed: {}, it loads: {}",
                    !is_as_it_was,
                    loaded.is_ok()
                ));
            }
            Ok(())
        });
    }
    println!("snapshots: {refused} refused");
    assert!(0 < refused);
}
