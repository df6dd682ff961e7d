//! S9: what cannot start says in one line where and what to do, with CONTRACT's code.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use journal::reader::Reader;
use schemas::ids::Offset;

use crate::faults::{self, Mount};
use crate::venue::client::Client;
use crate::venue::{Ended, Start, Trader, administer, binary};

/// The kind of a placed order's command.
const PLACE_ORDER: u16 = 40;

fn refused(start: &Start, dir: &Path) -> Ended {
    match start.try_node(dir) {
        Ok(node) => {
            node.kill();
            panic!("the node started");
        }
        Err(ended) => {
            assert_eq!(
                ended.stderr.trim_end().lines().count(),
                1,
                "{}",
                ended.stderr
            );
            ended
        }
    }
}

/// A directory with a few orders, stopped.
fn used_directory(dir: &Path) {
    let start = Start {
        segment_bytes: Some(65_536),
        ..Start::default()
    };
    let node = start.node(dir);
    let trader = node.trader("ann", &["BTC=1", "USDT=100000"]);
    let client = Client::new(&node.http, &trader);
    for count in 0..20 {
        let placed = client.limit("BUY", "0.001", "40000", &format!("o-{count}"));
        assert_eq!(placed.expect("answered").status, 200);
    }
    assert_eq!(node.terminate().code, Some(0));
}

fn first_segment(dir: &Path) -> PathBuf {
    let mut paths: Vec<_> = fs::read_dir(dir.join("journal"))
        .expect("a journal")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "journal")
        })
        .collect();
    paths.sort();
    paths.swap_remove(0)
}

fn damage(path: &Path, at: u64, bytes: &[u8]) {
    let file = fs::OpenOptions::new()
        .write(true)
        .open(path)
        .expect("the segment opens");
    file.write_all_at(bytes, at)
        .expect("the segment is written");
}

#[test]
fn a_damaged_journal_is_refused_with_segment_and_offset() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    used_directory(dir.path());
    let segment = first_segment(dir.path());
    damage(&segment, 400, &[0xff; 4]);
    // The snapshotless start reads from the first frame on.
    let ended = refused(&Start::default(), dir.path());
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    assert!(ended.stderr.contains(".journal"), "{}", ended.stderr);
    assert!(ended.stderr.contains("offset"), "{}", ended.stderr);
}

#[test]
fn a_foreign_and_a_newer_journal_are_refused() {
    let (one, two) = (
        tempfile::tempdir().expect("a dir"),
        tempfile::tempdir().expect("a dir"),
    );
    used_directory(one.path());
    used_directory(two.path());
    let segment = first_segment(one.path());
    fs::copy(first_segment(two.path()), &segment).expect("copied");
    let ended = refused(&Start::default(), one.path());
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    // The format number stands behind the magic; a newer one is named, never skipped.
    damage(&first_segment(two.path()), 8, &[9, 0, 0, 0]);
    let ended = refused(&Start::default(), two.path());
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
}

#[test]
fn a_directory_in_use_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let ended = refused(&Start::default(), dir.path());
    assert_eq!(ended.code, Some(75), "{}", ended.stderr);
    assert!(ended.stderr.contains("in use"), "{}", ended.stderr);
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn a_taken_port_is_named() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut command = Command::new(binary());
    command.args([
        "serve",
        "--admin-listen",
        "127.0.0.1:0",
        "--listen",
        &address,
    ]);
    let output = command
        .arg("--data-dir")
        .arg(dir.path())
        .output()
        .expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(98), "{stderr}");
    assert!(stderr.contains(&address), "{stderr}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
}

#[test]
fn a_wrong_configuration_is_named_with_key_and_line() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = dir.path().join("daybook.toml");
    fs::write(&config, "listen = \"127.0.0.1:0\"\nsegment_byte = 5\n").expect("written");
    let start = Start {
        config: Some(config.clone()),
        ..Start::default()
    };
    let ended = refused(&start, &dir.path().join("venue"));
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert!(ended.stderr.contains("line 2"), "{}", ended.stderr);
    assert!(ended.stderr.contains("segment_byte"), "{}", ended.stderr);
    fs::write(&config, "segment_bytes = 5\n").expect("written");
    let ended = refused(&start, &dir.path().join("venue"));
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
}

#[test]
fn a_wrong_flag_is_usage() {
    let mut command = Command::new(binary());
    command
        .args(["serve", "--no-such-flag"])
        .stdin(Stdio::null());
    assert_eq!(command.output().expect("it runs").status.code(), Some(64));
}

#[test]
fn administration_without_a_node_or_a_token_says_so() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let ended = administer(dir.path(), &["venue", "halt"]).expect_err("there is no node");
    assert!(matches!(ended.code, Some(69 | 74 | 77)), "{ended:?}");
    let node = Start::default().node(dir.path());
    fs::write(dir.path().join("admin.token"), "wrong").expect("written");
    let ended = administer(dir.path(), &["venue", "halt"]).expect_err("the token is wrong");
    assert_eq!(ended.code, Some(77), "{ended:?}");
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn a_full_disk_at_the_start_is_refused() {
    if !faults::can_mount() {
        return faults::skipped("full disk at the start", "needs root to mount a tmpfs");
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mount = Mount::tmpfs(&folder.path().join("small"), 4).expect("a tmpfs");
    let ended = refused(&Start::default(), &mount.path.join("venue"));
    assert_eq!(ended.code, Some(73), "{}", ended.stderr);
}

#[test]
fn a_directory_without_permission_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return faults::skipped("missing permission", "needs root to become someone else");
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let program = folder.path().join("daybook");
    fs::copy(binary(), &program).expect("copied");
    let allow = |path: &Path, mode| {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    };
    allow(folder.path(), 0o755);
    allow(&program, 0o755);
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program);
    command.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ]);
    command.arg("--data-dir").arg(folder.path().join("venue"));
    let output = command.stdin(Stdio::null()).output().expect("setpriv runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(77), "{stderr}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
}

/// A planted fault of ours: exit 70 with the offset, administration and reads only, an
/// audited skip, trading again.
#[test]
fn a_fault_of_ours_is_stepped_over_by_an_audited_skip() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let trader = node.trader("ann", &["BTC=1", "USDT=100000"]);
    let client = Client::new(&node.http, &trader);
    let placed = client
        .limit("BUY", "0.001", "40000", "before")
        .expect("answered");
    let offset = placed.offset.expect("the answer names its offset");
    assert_eq!(node.terminate().code, Some(0));

    // A seal may come between; the fault is planted a little further on.
    let mut planted = Start::default();
    let fault = offset + 6;
    planted.environment = vec![("DAYBOOK_PLANT_FAULT_AT".to_string(), fault.to_string())];
    let node = planted.node(dir.path());
    let client = Client::new(&node.http, &trader);
    let mut broken = None;
    for count in 0..20 {
        let id = format!("f-{count}");
        if client
            .limit("BUY", "0.001", "40000", &id)
            .is_none_or(|answer| answer.status != 200)
        {
            broken = Some(id);
            break;
        }
    }
    let broken = broken.expect("one of twenty orders meets the fault");
    let ended = node.wait(std::time::Duration::from_secs(10));
    assert_eq!(ended.code, Some(70), "{}", ended.stderr);
    assert!(
        ended.stderr.contains(&format!("offset {fault}")),
        "{}",
        ended.stderr
    );

    let node = Start::default().node(dir.path());
    let client = Client::new(&node.http, &trader);
    assert_eq!(client.order("before").expect("reads work").status, 200);
    let refused = client
        .limit("BUY", "0.001", "40000", "later")
        .expect("answered");
    assert_eq!(refused.status, 503, "{refused:?}");
    let wrong = node
        .administer(&["skip", "0"])
        .expect_err("the fault stands elsewhere");
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    node.administer(&["skip", &fault.to_string()])
        .expect("the skip is taken");
    assert_eq!(node.terminate().code, Some(0));

    let node = Start::default().node(dir.path());
    let client = Client::new(&node.http, &trader);
    let placed = client
        .limit("BUY", "0.001", "40000", "later")
        .expect("answered");
    assert_eq!(placed.status, 200, "{placed:?}");
    // What stood there may have been a seal or the clock; then the order was before it, or
    // was never taken.
    if kind_at(dir.path(), fault) == PLACE_ORDER {
        let order = client.order(&broken).expect("answered");
        assert_eq!(order.body["code"], -2013, "stepped over");
    }
    assert_eq!(node.terminate().code, Some(0));
    a_settled_fault_stops_no_other_start(dir.path(), &trader);
}

/// The kind of the frame at an offset.
fn kind_at(dir: &Path, offset: u64) -> u16 {
    let mut reader = Reader::open(dir, Offset(offset)).expect("the journal");
    let frame = reader.next().expect("a whole journal");
    frame.expect("the frame is there").kind
}

/// A snapshot behind the skip: the fault is settled and never stops another start.
fn a_settled_fault_stops_no_other_start(dir: &Path, trader: &Trader) {
    administer(dir, &["snapshot", "take"]).expect("a snapshot");
    let node = Start::default().node(dir);
    let client = Client::new(&node.http, trader);
    assert_eq!(
        client.order("later").expect("answered").status,
        200,
        "still there"
    );
    let placed = client
        .limit("BUY", "0.001", "40000", "last")
        .expect("answered");
    assert_eq!(placed.status, 200, "{placed:?}");
    assert_eq!(node.terminate().code, Some(0));
}

#[test]
fn a_stop_asked_for_right_after_ready_is_a_clean_one() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for _ in 0..5 {
        let node = Start::default().node(folder.path());
        assert_eq!(node.terminate().code, Some(0));
    }
}

#[test]
fn a_node_ends_with_a_test_that_fails() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(folder.path());
    let id = rustix::process::Pid::from_raw(node.id() as i32).expect("an id");
    let failing = std::thread::spawn(move || {
        let _still_here = node;
        panic!("as a failing test does");
    });
    failing.join().expect_err("it panicked");
    rustix::process::test_kill_process(id).expect_err("it is gone");
}
