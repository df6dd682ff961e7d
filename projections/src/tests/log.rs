//! Catching up from a real event log.

use journal::event_log::EventLog;
use journal::event_reader::EventReader;
use journal::frame::JournalId;
use schemas::event::encode_events;
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::error::SinkError;
use crate::projection::{Answered, next_batch, same_past};
use crate::tests::fake::Fake;
use crate::tests::folder;

fn write(log: &mut EventLog, commands: &[Answered]) {
    for answered in commands {
        let mut payload = Vec::new();
        encode_events(&answered.events, &mut payload);
        log.append(answered.offset, answered.time, &payload)
            .expect("appended");
    }
    log.flush().expect("flushed");
}

/// An event log of these commands, those from `from` on a nanosecond later.
pub(crate) fn write_shifted(dir: &std::path::Path, commands: &[Answered], from: usize) {
    let mut commands = commands.to_vec();
    for answered in &mut commands[from..] {
        answered.time.0 += 1;
    }
    let mut log = EventLog::open(dir, ID, Offset(0)).expect("a new log");
    write(&mut log, &commands);
}

#[test]
fn batches_hold_whole_commands_in_order_up_to_the_end() {
    let dir = folder();
    let mut fake = Fake::new(4);
    let commands: Vec<_> = (0..50).map(|offset| fake.step(offset)).collect();
    let mut log = EventLog::open(dir.path(), ID, Offset(0)).expect("a new log");
    write(&mut log, &commands[..30]);
    let mut reader = EventReader::open(dir.path(), Offset(0));
    let mut read = Vec::new();
    let mut written = 30;
    while read.len() < commands.len() {
        let from = Offset(read.len() as u64);
        match next_batch(&mut reader, from, 7).expect("it reads") {
            Some(batch) => {
                assert!(batch.commands.len() <= 7);
                assert_eq!(batch.from, from);
                assert_eq!(batch.next.0, from.0 + batch.commands.len() as u64);
                read.extend(batch.commands);
            }
            None => {
                assert_eq!(read.len(), written, "nothing new only at the end");
                write(&mut log, &commands[written..]);
                written = commands.len();
            }
        }
    }
    assert_eq!(read, commands);
}

#[test]
fn a_log_that_begins_after_the_cursor_is_a_gap() {
    let dir = folder();
    let mut fake = Fake::new(4);
    let commands: Vec<_> = (10..20).map(|offset| fake.step(offset)).collect();
    let mut log = EventLog::open(dir.path(), ID, Offset(10)).expect("a new log");
    write(&mut log, &commands);
    let mut reader = EventReader::open(dir.path(), Offset(4));
    let gap = next_batch(&mut reader, Offset(4), 7);
    let (begins, cursor) = (Offset(10), Offset(4));
    assert!(
        matches!(gap, Err(SinkError::Gap { begins: b, cursor: c }) if (b, c) == (begins, cursor)),
        "{gap:?}"
    );
}

#[test]
fn a_journal_that_went_on_differently_after_a_restore_is_noticed() {
    let dir = folder();
    let mut fake = Fake::new(5);
    let commands: Vec<_> = (10..20).map(|offset| fake.step(offset)).collect();
    let mut log = EventLog::open(dir.path(), ID, Offset(10)).expect("a new log");
    write(&mut log, &commands);
    let same = |cursor, time| same_past(dir.path(), Offset(cursor), time);
    let last = commands[4].time;
    assert!(same(15, Some(last)).is_ok());
    let other = TimeNs(last.0 + 1);
    let parted = same(15, Some(other));
    assert!(
        matches!(parted, Err(SinkError::Parted { .. })),
        "{parted:?}"
    );
    assert!(parted.expect_err("parted").to_string().contains("rebuild"));
    // Nothing is there yet, an older build wrote it, or the log was cut away.
    assert!(same(0, Some(other)).is_ok());
    assert!(same(15, None).is_ok());
    assert!(same(5, Some(other)).is_ok());
}

const ID: JournalId = JournalId([7; 16]);
