//! Replay from a snapshot is replay from zero.

use replay_tool::error::{ReplayError, SnapshotFault};
use replay_tool::replay::{Replayer, collect_skips, start_state};
use replay_tool::snapshot;
use schemas::ids::Offset;

use crate::venue::{Plan, busy, files, flip, json, said, write};

fn at(snapshots: &[u64]) -> Plan {
    Plan {
        snapshots: snapshots.to_vec(),
        ..Plan::default()
    }
}

#[test]
fn a_snapshot_and_its_tail_give_the_root_of_zero() {
    let (dir, plain) = (
        tempfile::tempdir().expect("one"),
        tempfile::tempdir().expect("two"),
    );
    write(dir.path(), &busy(600), &at(&[100, 400]));
    write(plain.path(), &busy(600), &at(&[]));
    for offset in ["99", "100", "399", "400", "608"] {
        let root = json(&["root", "--at", offset], &[dir.path()]);
        assert_eq!(root.0, 0);
        assert_eq!(
            root,
            json(&["root", "--at", offset], &[plain.path()]),
            "{offset}"
        );
    }
    let start = start_state(dir.path(), Some(Offset(399))).expect("a start");
    assert_eq!(
        (start.snapshot, start.next),
        (Some(Offset(100)), Offset(100))
    );
    assert_eq!(start.views, b"views");
}

#[test]
fn a_damaged_section_falls_back_to_the_older_snapshot() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &busy(600), &at(&[100, 400]));
    let expected = said(&["root", "--at", "500"], &[dir.path()]);
    let newest = snapshot::path_of(dir.path(), Offset(400));
    let sections = files(&newest);
    let (section, bytes) = sections
        .iter()
        .max_by_key(|(_, bytes)| bytes.len())
        .expect("some");
    flip(section, bytes.len() / 2);
    let start = start_state(dir.path(), None).expect("a start");
    assert_eq!(start.snapshot, Some(Offset(100)));
    assert_eq!(start.refused.len(), 1, "{:?}", start.refused);
    assert_eq!(said(&["root", "--at", "500"], &[dir.path()]), expected);
    let (code, finding) = json(&["verify"], &[dir.path()]);
    assert_eq!(code, 1);
    assert_eq!(finding["finding"]["offset"], 400, "{finding}");
}

#[test]
fn without_a_good_snapshot_the_start_is_genesis() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &busy(200), &at(&[100]));
    flip(
        &snapshot::path_of(dir.path(), Offset(100)).join("manifest"),
        20,
    );
    let start = start_state(dir.path(), None).expect("a start");
    assert_eq!(
        (start.snapshot, start.next, start.refused.len()),
        (None, Offset(0), 1)
    );
}

#[test]
fn a_snapshot_of_another_journal_is_refused() {
    let (dir, other) = (
        tempfile::tempdir().expect("one"),
        tempfile::tempdir().expect("two"),
    );
    write(dir.path(), &busy(200), &at(&[100]));
    write(other.path(), &busy(200), &at(&[100]));
    let (mine, theirs) = (
        snapshot::path_of(dir.path(), Offset(100)),
        snapshot::path_of(other.path(), Offset(100)),
    );
    std::fs::remove_dir_all(&mine).expect("a folder");
    std::fs::rename(&theirs, &mine).expect("the same disk");
    let start = start_state(dir.path(), None).expect("a start");
    assert_eq!(start.next, Offset(0));
    let verified = snapshot::load_for(dir.path(), Offset(100), None);
    assert!(verified.is_ok(), "by itself it is whole");
    let (code, finding) = json(&["verify"], &[dir.path()]);
    assert_eq!(
        (code, finding["finding"]["offset"].as_u64()),
        (1, Some(100)),
        "{finding}"
    );
}

#[test]
fn a_restored_directory_goes_on_at_its_snapshot() {
    let (dir, new) = (
        tempfile::tempdir().expect("one"),
        tempfile::tempdir().expect("two"),
    );
    let commands = busy(600);
    write(dir.path(), &commands, &at(&[400]));
    write(
        new.path(),
        &commands,
        &Plan {
            first: 400,
            ..Plan::default()
        },
    );
    assert!(matches!(
        start_state(new.path(), None),
        Err(ReplayError::NoStart { .. })
    ));
    let copied = snapshot::copy(dir.path(), new.path(), Offset(400)).expect("a copy");
    assert!(copied.starts_with(new.path()));
    let start = start_state(new.path(), None).expect("a start");
    assert_eq!(start.next, Offset(400));
    let (code, report) = json(&["verify"], &[new.path()]);
    assert_eq!(code, 0, "{report}");
    let original = json(&["verify"], &[dir.path()]).1;
    for key in ["chain", "root", "commitment", "last"] {
        assert_eq!(report[key], original[key], "{key}");
    }
    assert_eq!(
        (report["first"].as_u64(), report["frames"].as_u64()),
        (Some(400), Some(209))
    );
    let (code, same) = json(&["diff"], &[dir.path(), new.path()]);
    assert_eq!((code, same["equal"].as_bool()), (0, Some(true)), "{same}");
}

#[test]
fn writing_the_same_snapshot_again_leaves_it() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &busy(50), &at(&[40]));
    let before = files(dir.path());
    let loaded = snapshot::load(dir.path(), Offset(40)).expect("a snapshot");
    let journal = loaded.manifest.journal;
    let taken = snapshot::Taken {
        engine: &loaded.engine,
        chain: &loaded.manifest.chain,
        views: &loaded.views,
        journal,
    };
    snapshot::write(dir.path(), &taken).expect("it is there");
    assert_eq!(files(dir.path()), before);
    flip(
        &snapshot::path_of(dir.path(), Offset(40)).join("views.section"),
        17,
    );
    assert!(snapshot::load(dir.path(), Offset(40)).is_err());
    snapshot::write(dir.path(), &taken).expect("the damaged one is replaced");
    assert!(snapshot::verify(dir.path(), Offset(40)).is_ok());
}

#[test]
fn a_replay_without_hashes_gives_the_same_root() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &busy(300), &at(&[]));
    let start = start_state(dir.path(), None).expect("a start");
    let skips = collect_skips(dir.path(), Offset(0), None).expect("no damage");
    let mut replayer = Replayer::new(start.engine, start.chain, skips).without_hashes();
    let mut reader = journal::reader::Reader::open(dir.path(), Offset(0)).expect("a reader");
    while let Some(frame) = reader.next().expect("no damage") {
        assert!(replayer.step(&frame).expect("a command").encoded.is_empty());
    }
    let root = blake3::Hash::from_bytes(replayer.engine.root()).to_hex();
    assert_eq!(json(&["verify"], &[dir.path()]).1["root"], root.as_str());
}

#[test]
fn a_promise_that_the_state_does_not_keep_is_named() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &busy(50), &at(&[40]));
    let loaded = snapshot::load(dir.path(), Offset(40)).expect("a snapshot");
    let mut bytes = loaded.manifest.encode();
    // The root stands behind format, next, time and journal.
    bytes[4 + 8 + 8 + 16] ^= 1;
    let store = journal::snapshot_store::SnapshotStore::new(dir.path());
    let sections: Vec<(String, Vec<u8>)> = {
        let old = store.open(Offset(40)).expect("it was just read");
        let names = old.sections().iter().map(|section| section.name.clone());
        let read = |name: String| {
            let bytes = old.read(&name).expect("it verifies").expect("it is there");
            (name, bytes)
        };
        names.map(read).collect()
    };
    store.remove(Offset(40)).expect("it is there");
    let mut writer = store.begin(Offset(40)).expect("it is gone");
    for (name, bytes) in &sections {
        writer.section(name, bytes).expect("a section");
    }
    writer.finish(&bytes).expect("a snapshot");
    let refused = snapshot::load(dir.path(), Offset(40))
        .err()
        .expect("another root");
    assert!(
        matches!(
            refused,
            ReplayError::Snapshot {
                reason: SnapshotFault::Root,
                ..
            }
        ),
        "{refused}"
    );
}
