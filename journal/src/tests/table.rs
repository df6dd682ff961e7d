//! Every row of recovery's table, and what is refused before it.

use std::fs;
use std::path::{Path, PathBuf};

use schemas::ids::Offset;

use crate::error::{Damage, JournalError};
use crate::frame::JournalId;
use crate::lock::{self, DirectoryLock};
use crate::mark::MarkFile;
use crate::open::{self, create, open};
use crate::reader::Reader;
use crate::recovery::{folder_in, inspect};
use crate::segment::{self, Header, Magic, name_of};
use crate::tests::life::{append, fresh, read_all, small, wait_durable};
use crate::writer::Settings;

/// A closed journal of `count` frames.
pub(super) fn closed(dir: &Path, count: u64) {
    let mut opened = fresh(dir);
    append(&mut opened.writer, count);
    wait_durable(&opened.writer);
    opened.writer.close().expect("the disk is sound");
}

pub(super) fn segments(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder_in(dir)).expect("the folder exists");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.retain(|path| segment::first_of(path).is_some());
    paths.sort();
    paths
}

/// The mark forgets everything: recovery has the frames alone.
pub(super) fn blank_mark(dir: &Path) {
    let folder = folder_in(dir);
    let id = inspect(dir).expect("a journal").recovery.id;
    MarkFile::create(&folder, id).expect("space is left");
}

fn change(path: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("it exists");
    edit(&mut bytes);
    fs::write(path, &bytes).expect("space is left");
}

/// Where the frame with this offset starts, in a journal of one segment.
fn position_of(dir: &Path, offset: u64) -> usize {
    let mut reader = Reader::open(dir, Offset(0)).expect("whole");
    let mut at = segment::HEADER_BYTES;
    while let Some(frame) = reader.next().expect("whole") {
        if frame.offset.0 == offset {
            return at;
        }
        at += frame.span();
    }
    panic!("no frame {offset}");
}

fn refusal(dir: &Path) -> JournalError {
    let before = listing(dir);
    let error = open(dir, &small())
        .map(|_| ())
        .expect_err("it must be refused");
    assert_eq!(before, listing(dir), "a refused start changes nothing");
    let said = match inspect(dir) {
        Err(error) => error,
        Ok(inspection) => inspection
            .finding
            .expect("an inspection finds what a start refuses"),
    };
    assert_eq!(said.to_string(), error.to_string());
    assert!(!error.to_string().contains('\n'));
    error
}

fn listing(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let read = |path: PathBuf| {
        fs::read(&path)
            .map(|bytes| (path, bytes))
            .expect("readable")
    };
    let mut paths = segments(dir);
    paths.push(open::mark_path(dir));
    paths.retain(|path| path.exists());
    paths.into_iter().map(read).collect()
}

fn reason_of(error: JournalError) -> Damage {
    match error {
        JournalError::Damaged { reason, .. } => reason,
        other => panic!("not damage: {other}"),
    }
}

#[test]
fn accept_only_zeros_behind_the_last_frame() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 50);
    let opened = open(dir.path(), &small()).expect("it was closed cleanly");
    assert_eq!(
        (opened.recovered.next, opened.recovered.torn),
        (Offset(50), None)
    );
    assert_eq!(opened.durable.get(), 50);
}

#[test]
fn cut_a_tail_nobody_was_promised_and_say_where() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 50);
    blank_mark(dir.path());
    let at = position_of(dir.path(), 49);
    change(&segments(dir.path())[0], |bytes| {
        bytes[at + 40] ^= 1;
        bytes[at + 5_000] = 77;
    });
    let torn = inspect(dir.path())
        .expect("a journal")
        .recovery
        .torn
        .expect("it is torn");
    assert_eq!(
        (torn.offset, torn.from, torn.to),
        (Offset(49), at as u64, at as u64 + 5_001)
    );
    assert!(torn.to_string().contains("offset 49"));
    let mut opened = open(dir.path(), &small()).expect("a torn tail is cut");
    assert_eq!(opened.recovered.torn, Some(torn));
    append(&mut opened.writer, 10);
    opened.writer.close().expect("the disk is sound");
    assert_eq!(read_all(dir.path(), 0), 59);
    assert_eq!(inspect(dir.path()).expect("a journal").recovery.torn, None);
}

#[test]
fn stop_when_a_later_frame_vouches_for_the_damaged_one() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut opened = fresh(dir.path());
    append(&mut opened.writer, 20);
    wait_durable(&opened.writer);
    // As a seal does: it is appended when all before it is durable.
    append(&mut opened.writer, 1);
    wait_durable(&opened.writer);
    opened.writer.close().expect("the disk is sound");
    blank_mark(dir.path());
    let at = position_of(dir.path(), 19);
    change(&segments(dir.path())[0], |bytes| bytes[at + 40] ^= 1);
    let reason = reason_of(refusal(dir.path()));
    assert!(matches!(reason, Damage::Frame(_)), "{reason}");
    assert!(Reader::open(dir.path(), Offset(0)).is_err());
}

#[test]
fn stop_below_the_mark_when_the_tail_was_lost() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 50);
    let at = position_of(dir.path(), 49);
    change(&segments(dir.path())[0], |bytes| bytes[at..].fill(0));
    assert_eq!(
        reason_of(refusal(dir.path())),
        Damage::BelowMark { mark: Offset(49) }
    );
    change(&segments(dir.path())[0], |bytes| bytes.truncate(at));
    assert_eq!(
        reason_of(refusal(dir.path())),
        Damage::BelowMark { mark: Offset(49) }
    );
}

#[test]
fn stop_when_the_frame_at_the_mark_is_another() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 50);
    blank_mark(dir.path());
    let at = position_of(dir.path(), 49);
    let old = fs::read(&segments(dir.path())[0]).expect("readable");
    change(&segments(dir.path())[0], |bytes| bytes[at..].fill(0));
    let mut opened = open(dir.path(), &small()).expect("nothing vouches for the last frame");
    append(&mut opened.writer, 1);
    wait_durable(&opened.writer);
    opened.writer.close().expect("the disk is sound");
    // The same record again is the same frame; with another lag it is another.
    let new = fs::read(&segments(dir.path())[0]).expect("readable");
    assert_ne!(old[at..at + 32], new[at..at + 32]);
    fs::write(&segments(dir.path())[0], &old).expect("space is left");
    let reason = reason_of(refusal(dir.path()));
    assert!(matches!(reason, Damage::MarkDiffers { .. }), "{reason}");
}

#[test]
fn stop_when_a_segment_is_missing() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 3_000);
    let paths = segments(dir.path());
    assert!(4 < paths.len());
    let whole = fs::read(&paths[2]).expect("readable");
    fs::remove_file(&paths[2]).expect("it exists");
    assert!(matches!(
        reason_of(refusal(dir.path())),
        Damage::MissingSegment { .. }
    ));
    fs::write(&paths[2], whole).expect("space is left");
    let last = paths.last().expect("there are several");
    fs::remove_file(last).expect("it exists");
    assert!(matches!(
        reason_of(refusal(dir.path())),
        Damage::BelowMark { .. }
    ));
    for path in segments(dir.path()) {
        fs::remove_file(path).expect("it exists");
    }
    assert!(matches!(
        reason_of(refusal(dir.path())),
        Damage::BelowMark { .. }
    ));
}

#[test]
fn stop_when_an_older_segment_ends_early() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 3_000);
    blank_mark(dir.path());
    let paths = segments(dir.path());
    change(&paths[1], |bytes| bytes.truncate(40_000));
    refusal(dir.path());
    change(&paths[1], |bytes| bytes.truncate(20));
    assert_eq!(reason_of(refusal(dir.path())), Damage::Short { bytes: 20 });
}

#[test]
fn stop_when_a_header_or_a_name_is_wrong() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 20);
    let path = segments(dir.path()).remove(0);
    for at in 0..segment::HEADER_BYTES {
        let whole = fs::read(&path).expect("readable");
        change(&path, |bytes| bytes[at] ^= 4);
        refusal(dir.path());
        fs::write(&path, whole).expect("space is left");
    }
    let other = path.with_file_name(name_of(Offset(3)));
    fs::rename(&path, &other).expect("same folder");
    assert!(matches!(reason_of(refusal(dir.path())), Damage::Gap { .. }));
}

#[test]
fn stop_on_a_foreign_segment_or_mark() {
    let (dir, other) = (
        tempfile::tempdir().expect("one"),
        tempfile::tempdir().expect("two"),
    );
    closed(dir.path(), 20);
    closed(other.path(), 20);
    fs::copy(open::mark_path(other.path()), open::mark_path(dir.path())).expect("space is left");
    assert!(matches!(refusal(dir.path()), JournalError::Foreign { .. }));
    fs::write(
        &segments(dir.path())[0],
        b"a letter to my aunt".repeat(1_000),
    )
    .expect("space");
    assert!(matches!(refusal(dir.path()), JournalError::Foreign { .. }));
    // A foreign frame inside an own segment is not even looked at as one.
    closed_again(dir.path());
    blank_mark(dir.path());
    let foreign = fs::read(&segments(other.path())[0]).expect("readable");
    change(&segments(dir.path())[0], |bytes| {
        bytes[64..].copy_from_slice(&foreign[64..])
    });
    let torn = inspect(dir.path()).expect("a journal").recovery;
    assert_eq!((torn.next, torn.proven), (Offset(0), Offset(0)));
}

fn closed_again(dir: &Path) {
    fs::remove_dir_all(folder_in(dir)).expect("it exists");
    closed(dir, 20);
}

#[test]
fn stop_on_a_newer_format() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 20);
    change(&segments(dir.path())[0], |bytes| {
        bytes[8] = 2;
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..64]);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    });
    assert!(matches!(
        refusal(dir.path()),
        JournalError::Newer {
            found: 2,
            known: 1,
            ..
        }
    ));
}

#[test]
fn stop_when_the_mark_is_gone_or_both_its_slots_are_bad() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 20);
    let path = open::mark_path(dir.path());
    let whole = fs::read(&path).expect("readable");
    fs::remove_file(&path).expect("it exists");
    assert_eq!(reason_of(refusal(dir.path())), Damage::NoMark);
    for slot in [0, 4096] {
        fs::write(&path, &whole).expect("space is left");
        change(&path, |bytes| bytes[slot + 41] ^= 1);
        open(dir.path(), &small()).expect("one good slot is enough");
    }
    change(&path, |bytes| (bytes[41], bytes[4096 + 41]) = (0xff, 0xff));
    assert_eq!(reason_of(refusal(dir.path())), Damage::NoMark);
}

#[test]
fn absent_is_told_apart_from_damaged_and_nothing_is_made_twice() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let absent = |dir: &Path| open(dir, &small()).map(|_| ());
    assert!(matches!(
        absent(dir.path()),
        Err(JournalError::Absent { .. })
    ));
    assert!(!open::exists(dir.path()).expect("readable"));
    // A crash between the mark and the first segment leaves nothing that counts.
    fs::create_dir_all(folder_in(dir.path())).expect("space is left");
    MarkFile::create(&folder_in(dir.path()), JournalId([1; 16])).expect("space is left");
    assert!(matches!(
        absent(dir.path()),
        Err(JournalError::Absent { .. })
    ));
    create(dir.path(), &small(), Offset(77)).expect("still nothing there");
    let again = create(dir.path(), &small(), Offset(77));
    assert!(matches!(again, Err(JournalError::Exists { .. })));
    let opened = open(dir.path(), &small()).expect("it was just made");
    assert_eq!(opened.writer.next(), Offset(77));
    let before = Reader::open(dir.path(), Offset(5)).map(|_| ());
    assert!(matches!(
        before,
        Err(JournalError::BeforeStart {
            first: Offset(77),
            ..
        })
    ));
}

#[test]
fn a_directory_in_use_is_refused_and_free_again_afterwards() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let opened = fresh(dir.path());
    assert!(lock::is_held(dir.path()));
    let second = open(dir.path(), &small()).map(|_| ());
    assert!(matches!(second, Err(JournalError::InUse { .. })));
    assert!(matches!(
        DirectoryLock::take(dir.path()),
        Err(JournalError::InUse { .. })
    ));
    drop(opened);
    assert!(!lock::is_held(dir.path()));
    open(dir.path(), &small()).expect("the first writer is gone");
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let cases = [
        (
            Settings {
                segment_bytes: 65_535,
                ..small()
            },
            "segment_bytes",
        ),
        (
            Settings {
                segment_bytes: 4096,
                ..small()
            },
            "segment_bytes",
        ),
        (
            Settings {
                max_lag: 0,
                ..small()
            },
            "max_lag",
        ),
        (
            Settings {
                segments_ahead: 0,
                ..small()
            },
            "segments_ahead",
        ),
    ];
    for (settings, wanted) in cases {
        let made = create(dir.path(), &settings, Offset(0));
        assert!(matches!(made, Err(JournalError::Setting { name, .. }) if name == wanted));
    }
}

#[test]
fn a_header_names_its_kind_of_file() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 1);
    let path = segments(dir.path()).remove(0);
    let bytes = fs::read(&path).expect("readable");
    let header = Header::decode(&bytes, Magic::Events, &path);
    assert!(matches!(header, Err(JournalError::Foreign { .. })));
}
