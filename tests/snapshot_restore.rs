//! Snapshots beside a running node, restores, and everything derived thrown away.

use std::fs;
use std::path::Path;

use crate::venue::client::Client;
use crate::venue::{Start, Trader, administer};

/// A venue with two traders, closed and open orders and trades; the ids of all orders.
struct Used {
    ann: Trader,
    bob: Trader,
    orders: Vec<(String, u64)>,
}

fn trade(http: &str, used: &mut Used, round: usize) {
    let (ann, bob) = (Client::new(http, &used.ann), Client::new(http, &used.bob));
    for count in 0..10 {
        let id = format!("a{round}-{count}");
        let placed = ann.limit("SELL", "0.002", "50000", &id).expect("answered");
        assert_eq!(placed.status, 200, "{placed:?}");
        used.orders
            .push((id, placed.body["orderId"].as_u64().expect("an id")));
        let id = format!("b{round}-{count}");
        let placed = bob.limit("BUY", "0.001", "50000", &id).expect("answered");
        assert_eq!(placed.body["status"], "FILLED", "{placed:?}");
        used.orders
            .push((id, placed.body["orderId"].as_u64().expect("an id")));
    }
}

/// Every acknowledged order answers by id and by client order id.
fn all_orders_answer(http: &str, used: &Used) {
    for (id, order) in &used.orders {
        let trader = if id.starts_with('a') {
            &used.ann
        } else {
            &used.bob
        };
        let client = Client::new(http, trader);
        let by_client = client.order(id).expect("answered");
        assert_eq!(
            by_client.body["orderId"].as_u64(),
            Some(*order),
            "{id}: {by_client:?}"
        );
        let number = order.to_string();
        let parameters = [("symbol", "BTCUSDT"), ("orderId", number.as_str())];
        let by_id = client
            .signed("GET", "/api/v3/order", &parameters)
            .expect("answered");
        assert_eq!(by_id.body["clientOrderId"], id.as_str(), "{by_id:?}");
    }
    let client = Client::new(http, &used.bob);
    let parameters = [("symbol", "BTCUSDT"), ("limit", "1000")];
    let trades = client
        .signed("GET", "/api/v3/myTrades", &parameters)
        .expect("answered");
    let trades = trades.body.as_array().expect("a list").clone();
    let own = used
        .orders
        .iter()
        .filter(|(id, _)| id.starts_with('b'))
        .count();
    assert_eq!(trades.len(), own, "each buy is one trade");
    let ids: Vec<_> = trades
        .iter()
        .map(|trade| trade["id"].as_u64().expect("an id"))
        .collect();
    assert!(
        ids.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "trade ids without a gap"
    );
}

fn used(dir: &Path) -> Used {
    let node = start().node(dir);
    let ann = node.trader("ann", &["BTC=10", "USDT=100000"]);
    let bob = node.trader("bob", &["BTC=10", "USDT=100000"]);
    let mut used = Used {
        ann,
        bob,
        orders: Vec::new(),
    };
    trade(&node.http, &mut used, 0);
    let taken = administer(dir, &["snapshot", "take"]).expect("a snapshot beside a running node");
    assert!(taken["next"].as_u64() > Some(0), "{taken}");
    trade(&node.http, &mut used, 1);
    assert_eq!(node.terminate().code, Some(0));
    used
}

fn start() -> Start {
    Start {
        segment_bytes: Some(65_536),
        ..Start::default()
    }
}

/// Chain and root of a clean directory.
fn verify(dir: &Path) -> (u64, [u8; 32]) {
    match replay_tool::commands::verify::verify(dir) {
        Ok(report) => (report.chain, report.root),
        Err(unclean) => panic!("{} is not clean: {unclean}", dir.display()),
    }
}

#[test]
fn a_start_from_a_snapshot_answers_for_every_order() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let used = used(dir.path());
    let listed = administer(dir.path(), &["snapshot", "list"]).expect("a list");
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    administer(dir.path(), &["snapshot", "verify"]).expect("it verifies");
    let node = start().node(dir.path());
    all_orders_answer(&node.http, &used);
    assert_eq!(node.terminate().code, Some(0));
    verify(dir.path());
}

#[test]
fn everything_derived_can_be_thrown_away() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let used = used(dir.path());
    for name in [
        "read-models.sqlite",
        "read-models.sqlite-wal",
        "read-models.sqlite-shm",
    ] {
        // The -wal and -shm files are gone after a clean stop.
        let _ = fs::remove_file(dir.path().join(name));
    }
    fs::remove_dir_all(dir.path().join("events")).expect("the event log can go");
    let node = start().node(dir.path());
    wait_caught_up(dir.path());
    all_orders_answer(&node.http, &used);
    assert_eq!(node.terminate().code, Some(0));
    fs::remove_dir_all(dir.path().join("snapshots")).expect("the snapshots can go");
    fs::remove_dir_all(dir.path().join("events")).expect("the event log can go");
    let node = start().node(dir.path());
    all_orders_answer(&node.http, &used);
    node.administer(&["projection", "rebuild", "sql"])
        .expect("a rebuild");
    wait_caught_up(dir.path());
    all_orders_answer(&node.http, &used);
    assert_eq!(node.terminate().code, Some(0));
    verify(dir.path());
}

pub fn wait_caught_up(dir: &Path) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let status = administer(dir, &["projection", "status"]).expect("a status");
        if status[0]["lag"] == 0 {
            return;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "it does not catch up: {status}"
        );
    }
}

#[test]
fn a_damaged_snapshot_is_passed_over() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let used = used(dir.path());
    let snapshots = fs::read_dir(dir.path().join("snapshots")).expect("snapshots");
    let snapshot = snapshots
        .map(|entry| entry.expect("an entry").path())
        .next()
        .expect("one");
    let section = fs::read_dir(&snapshot)
        .expect("sections")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "section")
        })
        .expect("a section");
    let mut bytes = fs::read(&section).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&section, bytes).expect("written");
    let refused = administer(dir.path(), &["snapshot", "verify"]).expect_err("it is damaged");
    assert_eq!(refused.code, Some(65), "{refused:?}");
    let node = start().node(dir.path());
    all_orders_answer(&node.http, &used);
    let ended = node.terminate();
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stderr.contains("snapshot"),
        "the start says so: {}",
        ended.stderr
    );
}

/// Restore onto an empty directory: with the tail it stands where the source stood, to the
/// same root; without it, it goes on at the snapshot.
#[test]
fn a_restored_directory_goes_on() {
    let source = tempfile::tempdir().expect("a temporary directory");
    let mut used = used(source.path());
    let folder = tempfile::tempdir().expect("a temporary directory");
    let from = source.path().display().to_string();

    let whole = folder.path().join("whole");
    let arguments = ["snapshot", "restore", "--from", &from, "--tail", &from];
    let restored = administer(&whole, &arguments).expect("it restores");
    let (original, copy) = (verify(source.path()), verify(&whole));
    assert_eq!(original, copy, "{restored}");
    let node = start().node(&whole);
    wait_caught_up(&whole);
    all_orders_answer(&node.http, &used);
    trade(&node.http, &mut used, 2);
    assert_eq!(node.terminate().code, Some(0));

    let early = folder.path().join("early");
    let arguments = ["snapshot", "restore", "--from", &from];
    let restored = administer(&early, &arguments).expect("it restores");
    assert_eq!(restored["snapshot"], restored["next"], "{restored}");
    let node = start().node(&early);
    let client = Client::new(&node.http, &used.ann);
    assert_eq!(
        client.order("a0-0").expect("answered").status,
        200,
        "an open order of then"
    );
    assert_eq!(
        client.order("a1-0").expect("answered").body["code"],
        -2013,
        "not yet then"
    );
    let placed = client
        .limit("BUY", "0.001", "40000", "after")
        .expect("answered");
    assert_eq!(placed.status, 200, "{placed:?}");
    assert_eq!(node.terminate().code, Some(0));
    let again = administer(&early, &arguments).expect_err("it is not empty");
    assert_eq!(again.code, Some(64), "{again:?}");
}
