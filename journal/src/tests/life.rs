//! A journal from its creation through appends, reads, a close and a start.

use std::path::Path;
use std::time::Duration;

use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::frame::Record;
use crate::open::{self, Opened};
use crate::reader::Reader;
use crate::writer::{AppendError, Class, Settings, Writer};

pub(super) fn small() -> Settings {
    Settings {
        segment_bytes: 64 << 10,
        max_lag: 4096,
        segments_ahead: 2,
    }
}

/// A payload that differs for each offset and has a length of its own.
pub(super) fn payload_of(offset: u64) -> Vec<u8> {
    let bytes = 40 + (offset * 7 % 90) as usize;
    (0..bytes as u64)
        .map(|index| (offset * 31 + index) as u8)
        .collect()
}

pub(super) fn append(writer: &mut Writer, count: u64) {
    for _ in 0..count {
        let offset = writer.next().0;
        let payload = payload_of(offset);
        let record = Record {
            time: TimeNs(1_000 + offset),
            kind: 7,
            ver: 2,
            payload: &payload,
        };
        loop {
            match writer.append(&record, Class::Order) {
                Ok(given) => break assert_eq!(given.0, offset),
                Err(AppendError::NotReady | AppendError::LagBound) => {
                    writer.publish();
                    assert!(writer.wait_prepared(1, Duration::from_secs(20)));
                    let durable = writer.durable();
                    durable.wait_past(durable.get(), Duration::from_millis(5));
                }
                Err(error) => panic!("append at {offset}: {error}"),
            }
        }
    }
    writer.publish();
}

pub(super) fn wait_durable(writer: &Writer) {
    let durable = writer.durable();
    while durable.get() < writer.next().0 {
        assert_eq!(durable.failed(), None);
        durable.wait_past(durable.get(), Duration::from_secs(1));
    }
}

pub(super) fn fresh(dir: &Path) -> Opened {
    open::create(dir, &small(), Offset(0)).expect("the folder is empty");
    open::open(dir, &small()).expect("it was just made")
}

/// Reads all there is and checks each frame against what `append` wrote.
pub(super) fn read_all(dir: &Path, from: u64) -> u64 {
    let mut reader = Reader::open(dir, Offset(from)).expect("the journal is whole");
    let mut expected = from;
    while let Some(frame) = reader.next().expect("the journal is whole") {
        assert_eq!(frame.offset.0, expected);
        assert_eq!(frame.time.0, 1_000 + expected);
        assert_eq!((frame.kind, frame.ver), (7, 2));
        assert_eq!(frame.payload, payload_of(expected));
        assert!((frame.payload.as_ptr() as usize).is_multiple_of(16));
        expected += 1;
    }
    expected
}

#[test]
fn what_was_appended_is_read_back_across_segments_and_starts() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut opened = fresh(dir.path());
    append(&mut opened.writer, 3_000);
    wait_durable(&opened.writer);
    opened.writer.close().expect("the disk is sound");
    assert_eq!(read_all(dir.path(), 0), 3_000);
    assert_eq!(read_all(dir.path(), 1_234), 3_000);

    let mut again = open::open(dir.path(), &small()).expect("it was closed cleanly");
    assert_eq!(again.recovered.next.0, 3_000);
    assert_eq!(again.recovered.torn, None);
    assert_eq!(again.recovered.last_time, Some(TimeNs(3_999)));
    append(&mut again.writer, 500);
    wait_durable(&again.writer);
    drop(again);
    assert_eq!(read_all(dir.path(), 0), 3_500);
}

#[test]
fn a_reader_beside_the_writer_stops_at_what_is_proven_durable() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut opened = fresh(dir.path());
    append(&mut opened.writer, 10);
    wait_durable(&opened.writer);
    // The eleventh frame proves the ten before it, not itself.
    append(&mut opened.writer, 1);
    wait_durable(&opened.writer);
    assert_eq!(read_all(dir.path(), 0), 10);
    opened.durable.write_mark().expect("the disk is sound");
    assert_eq!(read_all(dir.path(), 0), 11);
    let reader = Reader::open(dir.path(), Offset(0)).expect("whole");
    let mut own = reader.follow(opened.durable.clone());
    append(&mut opened.writer, 5_000);
    wait_durable(&opened.writer);
    let mut count = 0;
    while own.next().expect("whole").is_some() {
        count += 1;
    }
    assert_eq!(count, 5_011);
}
