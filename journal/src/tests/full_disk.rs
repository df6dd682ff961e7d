//! A disk that fills and is freed again, and what one append costs it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use schemas::units::TimeNs;

use crate::frame::Record;
use crate::open::{create, open};
use crate::prepare::Yard;
use crate::tests::life::{append, fresh, payload_of, read_all, small, wait_durable};
use crate::tests::table::closed;
use crate::writer::{AppendError, Class, Settings, Writer};

use schemas::ids::Offset;

fn fill(writer: &mut Writer, class: Class) -> AppendError {
    loop {
        let offset = writer.next().0;
        let payload = payload_of(offset);
        let record = Record {
            time: TimeNs(1_000 + offset),
            kind: 7,
            ver: 2,
            payload: &payload,
        };
        match writer.append(&record, class) {
            Ok(_) => writer.publish(),
            Err(AppendError::LagBound) => wait_durable(writer),
            Err(AppendError::NotReady) => wait_blocked(writer.yard()),
            Err(error) => return error,
        }
    }
}

fn wait_blocked(yard: &Yard) {
    while !yard.is_blocked() && yard.ready() == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_full_disk_refuses_orders_keeps_the_reserve_and_goes_on_by_itself() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut opened = fresh(dir.path());
    let writer = &mut opened.writer;
    assert!(writer.wait_prepared(2, Duration::from_secs(20)));
    writer.yard().refuse.store(true, Ordering::Release);
    assert_eq!(fill(writer, Class::Order), AppendError::Full);
    assert!(writer.is_full());
    let orders = writer.next().0;
    assert_eq!(fill(writer, Class::Reserved), AppendError::Full);
    let reserved = writer.next().0 - orders;
    assert!(20 < reserved, "{reserved} frames fit into the reserve");
    wait_durable(writer);
    writer.yard().refuse.store(false, Ordering::Release);
    assert!(writer.wait_prepared(1, Duration::from_secs(20)));
    assert!(!writer.is_full());
    append(writer, 100);
    wait_durable(writer);
    let next = writer.next().0;
    opened.writer.close().expect("the disk is sound");
    assert_eq!(read_all(dir.path(), 0), next);
}

#[test]
fn what_waits_for_the_disk_is_bounded() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let settings = Settings {
        max_lag: 10,
        ..small()
    };
    create(dir.path(), &settings, Offset(0)).expect("the folder is empty");
    let mut opened = open(dir.path(), &settings).expect("it was just made");
    let record = Record {
        time: TimeNs(1),
        kind: 1,
        ver: 1,
        payload: b"x",
    };
    for _ in 0..10 {
        opened
            .writer
            .append(&record, Class::Order)
            .expect("within the bound");
    }
    let refused = opened.writer.append(&record, Class::Reserved);
    assert_eq!(refused, Err(AppendError::LagBound));
    opened.writer.publish();
    wait_durable(&opened.writer);
    opened
        .writer
        .append(&record, Class::Order)
        .expect("the disk has caught up");
    let long = vec![0; 4096];
    let record = Record {
        payload: &long,
        ..record
    };
    let refused = opened.writer.append(&record, Class::Order);
    assert!(matches!(
        refused,
        Err(AppendError::TooLong { bytes: 4096, .. })
    ));
}

/// Bytes this process has sent to block devices.
fn written_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/io").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes: "))?;
    line.parse().ok()
}

/// Whether temporary folders lie on a disk that the counter sees.
fn counter_works(dir: &std::path::Path) -> bool {
    let Some(before) = written_bytes() else {
        return false;
    };
    let path = dir.join("probe");
    let synced = fs::write(&path, [1; 4096]).and_then(|()| fs::File::open(&path)?.sync_all());
    synced.is_ok() && written_bytes().is_some_and(|after| before < after)
}

#[test]
fn a_lone_append_writes_at_most_two_pages() {
    // Other tests of this process write too, so this one runs by itself in a child.
    if std::env::var_os("JOURNAL_LONE_APPEND").is_none() {
        let name = "tests::full_disk::a_lone_append_writes_at_most_two_pages";
        let this = std::env::current_exe().expect("a test is a program");
        let mut child = std::process::Command::new(this);
        child
            .args(["--exact", name, "--nocapture"])
            .env("JOURNAL_LONE_APPEND", "1");
        assert!(child.status().expect("it starts").success());
        return;
    }
    let this = std::env::current_exe().expect("a test is a program");
    let beside = this.parent().expect("a program lies in a folder");
    let dir = tempfile::tempdir_in(beside).expect("a folder on the disk");
    if !counter_works(dir.path()) {
        println!("SKIPPED: this system does not count written bytes");
        return;
    }
    let settings = Settings {
        segment_bytes: 4 << 20,
        segments_ahead: 1,
        ..small()
    };
    create(dir.path(), &settings, Offset(0)).expect("the folder is empty");
    let mut opened = open(dir.path(), &settings).expect("it was just made");
    assert!(opened.writer.wait_prepared(1, Duration::from_secs(20)));
    append(&mut opened.writer, 1);
    wait_durable(&opened.writer);
    let before = written_bytes().expect("it was there before");
    let appends = 200;
    for _ in 0..appends {
        append(&mut opened.writer, 1);
        wait_durable(&opened.writer);
    }
    let each = (written_bytes().expect("as before") - before) / appends;
    println!("{each} bytes written for each lone append");
    assert!(each <= 8192, "{each} bytes for each append");
}

#[test]
fn a_read_only_copy_is_read_and_inspected_without_a_trace() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    closed(dir.path(), 1_500);
    fs::remove_file(dir.path().join("lock")).expect("it exists");
    let folder = crate::recovery::folder_in(dir.path());
    let set = |mode: u32| {
        for path in [dir.path(), &folder] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("we own it");
        }
    };
    set(0o555);
    let names = || fs::read_dir(&folder).expect("readable").count();
    let before = names();
    assert_eq!(read_all(dir.path(), 0), 1_500);
    let inspection = crate::recovery::inspect(dir.path()).expect("readable");
    assert!(inspection.finding.is_none());
    assert_eq!(inspection.recovery.frames, 1_500);
    assert_eq!(names(), before);
    set(0o755);
}
