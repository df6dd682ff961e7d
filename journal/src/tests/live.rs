//! Readers and inspections beside a writer, over many rolls, as another process would.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use schemas::ids::Offset;

use crate::frame::Frame;
use crate::open::open;
use crate::reader::Reader;
use crate::recovery::inspect;
use crate::tests::life::{append, fresh, payload_of, small, wait_durable};

#[test]
fn readers_see_each_frame_once_and_never_before_it_is_durable() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut opened = fresh(dir.path());
    let durable = opened.durable.clone();
    let done = AtomicBool::new(false);
    let total = 6_000;
    std::thread::scope(|scope| {
        for own in [false, true] {
            let (durable, done, dir) = (durable.clone(), &done, dir.path());
            scope.spawn(move || {
                let mut reader = Reader::open(dir, Offset(0)).expect("a journal");
                if own {
                    reader = reader.follow(durable.clone());
                }
                let mut expected = 0;
                while expected < total {
                    let over = done.load(Ordering::Acquire);
                    let Some(frame) = reader.next().expect("whole") else {
                        assert!(!over, "{expected} of {total} frames, and no more come");
                        std::thread::yield_now();
                        continue;
                    };
                    assert_eq!(frame.offset.0, expected);
                    assert_eq!(frame.payload, payload_of(expected));
                    assert!(expected < durable.get());
                    expected += 1;
                }
            });
        }
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let inspection = inspect(dir.path()).expect("a journal");
                assert!(inspection.finding.is_none(), "{:?}", inspection.finding);
            }
        });
        while opened.writer.next().0 < total {
            let left = total - opened.writer.next().0;
            append(&mut opened.writer, left.min(37));
        }
        wait_durable(&opened.writer);
        durable.write_mark().expect("the disk is sound");
        done.store(true, Ordering::Release);
    });
    opened.writer.close().expect("the disk is sound");
}

#[test]
fn an_idle_writer_marks_what_is_durable_within_seconds() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut opened = fresh(dir.path());
    append(&mut opened.writer, 9);
    wait_durable(&opened.writer);
    let mut reader = Reader::open(dir.path(), Offset(8)).expect("a journal");
    let mut tries = 0;
    while reader.next().expect("whole").is_none() {
        tries += 1;
        assert!(tries < 1_000, "the mark was not written");
        opened.durable.wait_past(9, Duration::from_millis(10));
    }
}

#[test]
fn a_killed_writer_leaves_a_journal_that_opens() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    drop(fresh(dir.path()));
    let mut least = 0;
    for _ in 0..12 {
        let mut opened = open(dir.path(), &small()).expect("nothing was lost");
        assert!(least <= opened.writer.next().0);
        append(&mut opened.writer, 300);
        least = opened.durable.get();
        // Dropped, not closed: the threads stop where they are.
    }
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_without_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        seed in any::<u32>(),
        length in 0..220u32,
    ) {
        let mut bytes = bytes;
        if 4 <= bytes.len() {
            bytes[..4].copy_from_slice(&length.to_le_bytes());
        }
        prop_assert!(Frame::decode(&bytes, seed).is_err());
    }
}
