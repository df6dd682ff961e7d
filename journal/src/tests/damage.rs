//! A segment of 64 KiB damaged at every byte: the exact prefix, or refused; never a panic.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::OnceLock;

use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::error::JournalError;
use crate::frame::Record;
use crate::open::{mark_path, open};
use crate::reader::Reader;
use crate::recovery::inspect;
use crate::tests::life::{fresh, payload_of, small, wait_durable};
use crate::tests::table::{blank_mark, closed, segments};
use crate::writer::{Class, Writer};

/// Frames that fill a segment of 64 KiB but for its last eighth.
const FRAMES: u64 = 42;

/// Payloads long enough that a full segment is walked quickly; lengths differ.
fn payloads() -> &'static [Vec<u8>] {
    static PAYLOADS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    PAYLOADS.get_or_init(|| {
        (0..FRAMES + 64)
            .map(|offset| payload_of(offset).repeat(15))
            .collect()
    })
}

fn append_long(writer: &mut Writer, count: u64) {
    for offset in writer.next().0..writer.next().0 + count {
        let payload = &payloads()[offset as usize];
        let record = Record {
            time: TimeNs(offset),
            kind: 7,
            ver: 2,
            payload,
        };
        writer.append(&record, Class::Order).expect("there is room");
    }
    writer.publish();
}

/// What a reader gets before its end or its refusal.
fn prefix(dir: &Path) -> Result<u64, JournalError> {
    let mut reader = Reader::open(dir, Offset(0))?;
    let mut count = 0;
    while let Some(frame) = reader.next()? {
        assert_eq!(frame.offset.0, count);
        assert!(frame.payload == payloads()[count as usize]);
        count += 1;
    }
    Ok(count)
}

/// Most of one segment: acknowledged frames, then a last one that vouches for them.
fn nearly_full(dir: &Path) -> u64 {
    let mut opened = fresh(dir);
    append_long(&mut opened.writer, FRAMES - 1);
    wait_durable(&opened.writer);
    append_long(&mut opened.writer, 1);
    wait_durable(&opened.writer);
    opened.writer.close().expect("the disk is sound");
    assert_eq!(segments(dir).len(), 1);
    FRAMES - 1
}

/// Whether the reader refuses; else it must give all `promised` frames.
fn refuses(dir: &Path, promised: u64, at: usize) -> bool {
    match prefix(dir) {
        Ok(count) => {
            assert!(promised <= count, "byte {at}: {count} of {promised}");
            false
        }
        Err(error) => {
            // An inspection says the same; asking each time would only take longer.
            if at.is_multiple_of(97) {
                let finding = match inspect(dir) {
                    Ok(inspection) => inspection.finding.expect("a reader refused"),
                    Err(finding) => finding,
                };
                assert_eq!(finding.to_string(), error.to_string());
            }
            true
        }
    }
}

/// Flips one bit in each byte in turn.
fn flips_refused(dir: &Path, promised: u64) -> usize {
    let path = segments(dir).remove(0);
    let whole = fs::read(&path).expect("readable");
    let file = OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("writable");
    let mut refused = 0;
    for (at, byte) in whole.iter().enumerate() {
        file.write_all_at(&[byte ^ (1 << (at % 8))], at as u64)
            .expect("it is allocated");
        refused += usize::from(refuses(dir, promised, at));
        file.write_all_at(&[*byte], at as u64)
            .expect("it is allocated");
    }
    refused
}

#[test]
fn one_bit_flipped_in_any_byte_never_loses_what_was_promised() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let sealed = nearly_full(dir.path());
    assert!(0 < flips_refused(dir.path(), sealed + 1));
}

#[test]
fn without_a_mark_a_flipped_bit_never_loses_what_the_last_frame_vouches_for() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let sealed = nearly_full(dir.path());
    blank_mark(dir.path());
    assert!(0 < flips_refused(dir.path(), sealed));
}

#[test]
fn zeros_from_any_byte_on_never_lose_what_was_promised() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let sealed = nearly_full(dir.path());
    let path = segments(dir.path()).remove(0);
    let bytes = fs::read(&path).expect("readable").len();
    let file = OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("writable");
    let mut refused = 0;
    for at in (0..bytes).rev() {
        file.write_all_at(&[0], at as u64).expect("it is allocated");
        refused += usize::from(refuses(dir.path(), sealed + 1, at));
    }
    assert!(0 < refused);
}

#[test]
fn a_cut_at_any_byte_never_loses_what_was_promised() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let sealed = nearly_full(dir.path());
    let path = segments(dir.path()).remove(0);
    let bytes = fs::read(&path).expect("readable").len();
    let file = OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("writable");
    let mut refused = 0;
    for at in (0..bytes).rev() {
        file.set_len(at as u64).expect("it may be cut");
        refused += usize::from(refuses(dir.path(), sealed + 1, at));
    }
    assert!(0 < refused);
}

#[test]
fn without_a_mark_a_cut_gives_the_exact_prefix() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    nearly_full(dir.path());
    blank_mark(dir.path());
    let path = segments(dir.path()).remove(0);
    let whole = fs::read(&path).expect("readable");
    let mut counts = Vec::new();
    for at in (64..whole.len()).step_by(61) {
        fs::write(&path, &whole[..at]).expect("space is left");
        counts.push(prefix(dir.path()).expect("a torn tail is no damage"));
    }
    assert!(counts.is_sorted());
    assert_eq!((counts.first(), counts.last()), (Some(&0), Some(&FRAMES)));
}

#[test]
fn blocks_zeroed_swapped_or_misdirected_are_noticed() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let promised = nearly_full(dir.path()) + 1;
    let path = segments(dir.path()).remove(0);
    let whole = fs::read(&path).expect("readable");
    let block = |index: usize| index * 4096..(index + 1) * 4096;
    for left in 0..13 {
        for right in 0..13 {
            let (mut swapped, mut copied, mut zeroed) =
                (whole.clone(), whole.clone(), whole.clone());
            swapped.copy_within(block(left), right * 4096);
            swapped[block(left)].copy_from_slice(&whole[block(right)]);
            copied.copy_within(block(left), right * 4096);
            zeroed[block(left)].fill(0);
            for bytes in [swapped, copied, zeroed] {
                let same = bytes == whole;
                fs::write(&path, &bytes).expect("space is left");
                match prefix(dir.path()) {
                    Ok(count) => assert!(same && count == promised, "{left} and {right}"),
                    Err(_) => assert!(!same),
                }
            }
        }
    }
}

#[test]
fn a_start_on_a_damaged_journal_serves_a_true_prefix_and_goes_on() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let sealed = nearly_full(dir.path());
    let path = segments(dir.path()).remove(0);
    let whole = fs::read(&path).expect("readable");
    let mark = fs::read(mark_path(dir.path())).expect("readable");
    blank_mark(dir.path());
    let blank = fs::read(mark_path(dir.path())).expect("readable");
    let (mut cut, mut refused) = (0, 0);
    for at in (64..whole.len()).step_by(1_021) {
        for (mark, promised) in [(&mark, sealed + 1), (&blank, sealed)] {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(&path, &bytes).expect("space is left");
            fs::write(mark_path(dir.path()), mark).expect("space is left");
            let Ok(mut opened) = open(dir.path(), &small()) else {
                refused += 1;
                continue;
            };
            cut += u32::from(opened.recovered.torn.is_some());
            assert!(promised <= opened.writer.next().0);
            append_long(&mut opened.writer, 3);
            let next = opened.writer.next().0;
            opened.writer.close().expect("the disk is sound");
            assert_eq!(prefix(dir.path()).expect("it was repaired"), next);
            for later in segments(dir.path()).drain(1..) {
                fs::remove_file(later).expect("it exists");
            }
        }
    }
    assert!(0 < cut);
    assert!(0 < refused);
}

#[test]
fn a_stale_tail_of_the_same_journal_is_not_taken_for_new() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    nearly_full(dir.path());
    blank_mark(dir.path());
    let path = segments(dir.path()).remove(0);
    let whole = fs::read(&path).expect("readable");
    // A crash lost the frames from the middle on; the node started again and went on.
    let half = whole.len() / 2;
    fs::write(&path, &whole[..half]).expect("space is left");
    let mut opened = open(dir.path(), &small()).expect("a torn tail is cut");
    let first = opened.writer.next().0;
    append_long(&mut opened.writer, 4);
    wait_durable(&opened.writer);
    opened.writer.close().expect("the disk is sound");
    blank_mark(dir.path());
    // Then a block of before the crash comes back behind the new end.
    let mut bytes = fs::read(&path).expect("readable");
    bytes[half + 4096..].copy_from_slice(&whole[half + 4096..]);
    fs::write(&path, &bytes).expect("space is left");
    match prefix(dir.path()) {
        // Its frames prove what was durable then, and that is gone: refused.
        Err(JournalError::Damaged { offset, .. }) => assert_eq!(offset.0, first + 4),
        Err(error) => panic!("{error}"),
        Ok(count) => assert_eq!(count, first + 4),
    }
}

#[test]
fn damage_in_an_older_segment_is_found_by_whoever_reads_it() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 2_000);
    let paths = segments(dir.path());
    let whole = fs::read(&paths[1]).expect("readable");
    let mut refused = 0;
    for at in (64..whole.len()).step_by(509) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        fs::write(&paths[1], &bytes).expect("space is left");
        let mut reader = Reader::open(dir.path(), Offset(0)).expect("the newest is whole");
        let ended = loop {
            match reader.next() {
                Ok(Some(frame)) => assert_eq!(frame.payload, payload_of(frame.offset.0)),
                Ok(None) => break Ok(reader.position()),
                Err(error) => break Err(error.to_string()),
            }
        };
        let finding = inspect(dir.path()).expect("a journal").finding;
        match ended {
            // Padding, or the unused end.
            Ok(next) => assert!(next == Offset(2_000) && finding.is_none()),
            Err(said) => {
                refused += 1;
                assert!(
                    said.contains(paths[1].to_str().expect("a plain path")),
                    "{said}"
                );
                assert!(finding.is_some());
            }
        }
    }
    assert!(90 < refused, "{refused}");
}
