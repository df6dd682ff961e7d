//! A sync that fails, and waiters that must not be forgotten.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use schemas::units::TimeNs;

use crate::bell::Bell;
use crate::files::File;
use crate::frame::Record;
use crate::open::open;
use crate::sync::Target;
use crate::tests::life::{append, fresh, read_all, small, wait_durable};
use crate::writer::{AppendError, Class};

/// A file that cannot be synced.
fn pipe() -> File {
    let (reader, _writer) = std::io::pipe().expect("descriptors are left");
    File::System(OwnedFd::from(reader).into())
}

#[test]
fn the_first_failed_sync_is_final() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut opened = fresh(dir.path());
    append(&mut opened.writer, 30);
    wait_durable(&opened.writer);
    let path = opened.writer.folder().join("a pipe");
    let target = Target {
        file: Arc::new(pipe()),
        path,
        spare: None,
    };
    opened.durable.shared.set_target(target);
    append(&mut opened.writer, 5);
    assert_eq!(opened.durable.wait_past(30, Duration::from_secs(20)), 30);
    let failure = opened.durable.failed().expect("a pipe cannot be synced");
    assert!(
        failure.to_string().starts_with("could not sync "),
        "{failure}"
    );
    let record = Record {
        time: TimeNs(1),
        kind: 1,
        ver: 1,
        payload: b"x",
    };
    assert_eq!(
        opened.writer.append(&record, Class::Reserved),
        Err(AppendError::Broken)
    );
    assert_eq!(opened.durable.write_mark(), Err(failure.clone()));
    assert_eq!(opened.durable.get(), 30);
    assert_eq!(opened.writer.close(), Err(failure));
    // Nobody was promised the five, but they may be there: all or a prefix of them.
    let again = open(dir.path(), &small()).expect("a failed sync is no damage");
    let next = again.writer.next().0;
    assert!((30..=35).contains(&next));
    drop(again);
    assert_eq!(read_all(dir.path(), 0), next);
}

#[test]
fn bell_wakes_every_waiter_every_time() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let (there, back) = (Bell::new(), Bell::new());
    let (ping, pong) = (AtomicU64::new(0), AtomicU64::new(0));
    let deadline = || Some(Instant::now() + Duration::from_secs(20));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=rounds {
                assert!(there.wait(deadline(), || round <= ping.load(Ordering::Acquire)));
                pong.store(round, Ordering::Release);
                back.ring();
            }
        });
        for round in 1..=rounds {
            ping.store(round, Ordering::Release);
            there.ring();
            assert!(back.wait(deadline(), || round <= pong.load(Ordering::Acquire)));
        }
    });
}

#[test]
fn waiting_ends_when_the_time_is_over() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let opened = fresh(dir.path());
    assert_eq!(opened.durable.wait_past(0, Duration::from_millis(1)), 0);
    assert_eq!(opened.durable.failed(), None);
}
