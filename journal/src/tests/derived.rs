//! The event log and the snapshot store: what can be made again, and never lies.

use std::fs;
use std::io::Write;
use std::path::Path;

use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::error::JournalError;
use crate::event_log::{self, EventLog};
use crate::event_reader::EventReader;
use crate::frame::JournalId;
use crate::snapshot_store::SnapshotStore;
use crate::tests::life::payload_of;

const FAR: Offset = Offset(u64::MAX);

fn id() -> JournalId {
    JournalId([7; 16])
}

fn write_events(dir: &Path, from: u64, to: u64) {
    let mut log = EventLog::open(dir, id(), FAR).expect("it opens");
    log.set_file_bytes(8 << 10);
    for offset in from..to {
        log.append(Offset(offset), TimeNs(offset), &payload_of(offset))
            .expect("space is left");
    }
}

fn read_events(dir: &Path, from: u64) -> u64 {
    let mut reader = EventReader::open(dir, Offset(from));
    let mut expected = from;
    while let Some(frame) = reader.next().expect("the log is whole") {
        assert_eq!(
            (frame.offset.0, frame.payload),
            (expected, &payload_of(expected)[..])
        );
        assert!((frame.payload.as_ptr() as usize).is_multiple_of(16));
        expected += 1;
    }
    expected
}

#[test]
fn events_are_read_back_across_files_and_starts() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(read_events(dir.path(), 0), 0);
    write_events(dir.path(), 0, 500);
    assert_eq!(read_events(dir.path(), 0), 500);
    write_events(dir.path(), 500, 900);
    assert_eq!(read_events(dir.path(), 321), 900);
    let log = EventLog::open(dir.path(), id(), Offset(100)).expect("it opens");
    assert_eq!(
        log.next(),
        Some(Offset(100)),
        "nothing past the journal is kept"
    );
    drop(log);
    assert_eq!(read_events(dir.path(), 0), 100);
    let mut log = EventLog::open(dir.path(), id(), FAR).expect("it opens");
    log.restart().expect("files can be removed");
    log.append(Offset(700), TimeNs(700), &payload_of(700))
        .expect("it takes any offset now");
    drop(log);
    assert_eq!(read_events(dir.path(), 700), 701);
    let before = EventReader::open(dir.path(), Offset(99)).next().map(|_| ());
    assert!(matches!(
        before,
        Err(JournalError::BeforeStart {
            first: Offset(700),
            ..
        })
    ));
    let other = EventLog::open(dir.path(), JournalId([8; 16]), FAR).expect("it opens");
    assert_eq!(other.next(), None, "a cache of another journal is dropped");
}

#[test]
fn a_tailing_reader_sees_what_was_flushed_and_waits_for_the_rest() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut reader = EventReader::open(dir.path(), Offset(5));
    assert!(reader.next().expect("no log yet").is_none());
    let mut log = EventLog::open(dir.path(), id(), FAR).expect("it opens");
    let long = vec![3; 3 << 20];
    for offset in 5..9 {
        assert!(reader.next().expect("not flushed").is_none());
        log.append(Offset(offset), TimeNs(1), &long)
            .expect("space is left");
        log.flush().expect("space is left");
        let frame = reader.next().expect("it is there").expect("it was flushed");
        assert_eq!((frame.offset.0, frame.payload.len()), (offset, long.len()));
    }
}

#[test]
fn an_event_file_damaged_at_any_byte_is_cut_to_a_true_prefix() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    {
        let mut log = EventLog::open(dir.path(), id(), FAR).expect("it opens");
        for offset in 0..30 {
            log.append(Offset(offset), TimeNs(offset), &payload_of(offset))
                .expect("space");
        }
    }
    let path = event_log::folder_in(dir.path()).join(event_log::name_of(Offset(0)));
    let whole = fs::read(&path).expect("it was written");
    for at in (0..whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        if at % 2 == 0 {
            bytes[at] ^= 1 << (at % 8);
        } else {
            bytes.truncate(at);
        }
        fs::write(&path, &bytes).expect("space is left");
        let next = EventLog::open(dir.path(), id(), FAR)
            .expect("it opens")
            .next();
        let read = read_events(dir.path(), 0);
        assert_eq!(next.map_or(0, |next| next.0), read, "damaged at {at}");
        assert!(read <= 30);
        fs::create_dir_all(event_log::folder_in(dir.path())).expect("it exists");
    }
}

#[test]
fn a_snapshot_is_read_back_listed_and_pruned() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = SnapshotStore::new(dir.path());
    assert_eq!(store.list().expect("nothing there"), vec![]);
    let large: Vec<u8> = (0..3_000_000u32).map(|index| (index / 7) as u8).collect();
    for offset in [10, 20, 30] {
        let mut writer = store.begin(Offset(offset)).expect("it is new");
        writer.section("orders", &large).expect("space is left");
        let mut section = writer.begin_section("views-24h").expect("space is left");
        section.write_all(b"last trade").expect("space is left");
        section.finish().expect("space is left");
        writer.section("empty", b"").expect("space is left");
        writer.finish(b"root and chain").expect("space is left");
        store.verify(Offset(offset)).expect("just written");
    }
    drop(store.begin(Offset(40)).expect("it is new"));
    assert_eq!(store.list().expect("readable"), [10, 20, 30].map(Offset));
    let again = store.begin(Offset(20)).map(|_| ());
    assert!(matches!(again, Err(JournalError::Exists { .. })));
    let snapshot = store.open(Offset(20)).expect("it verifies");
    assert_eq!(snapshot.opaque(), b"root and chain");
    assert_eq!(snapshot.read("orders").expect("it verifies"), Some(large));
    assert_eq!(
        snapshot.read("views-24h").expect("whole"),
        Some(b"last trade".to_vec())
    );
    assert_eq!(
        snapshot.read("empty").expect("it verifies"),
        Some(Vec::new())
    );
    assert_eq!(snapshot.read("absent").expect("no such section"), None);
    assert_eq!(store.prune(2).expect("allowed"), [Offset(10)]);
    assert_eq!(store.list().expect("readable"), [20, 30].map(Offset));
}

#[test]
fn a_snapshot_with_any_byte_changed_or_cut_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = SnapshotStore::new(dir.path());
    let mut writer = store.begin(Offset(7)).expect("it is new");
    writer
        .section("state", &payload_of(3).repeat(40))
        .expect("space is left");
    let folder = writer.finish(b"opaque").expect("space is left");
    for file in ["manifest", "state.section"] {
        let path = folder.join(file);
        let whole = fs::read(&path).expect("it was written");
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            for bytes in [&flipped[..], &whole[..at]] {
                fs::write(&path, bytes).expect("space is left");
                assert!(store.verify(Offset(7)).is_err(), "{file} at {at}");
            }
        }
        fs::write(&path, &whole).expect("space is left");
    }
    store.verify(Offset(7)).expect("it is whole again");
}
