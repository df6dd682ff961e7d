//! R1: kill -9 at random instants. Every acknowledged order is there exactly once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use daybook::demo::dice::Dice;

use crate::venue::client::Client;
use crate::venue::{Node, Start, Trader};

/// What the clients of one run know: acknowledged ids with their order numbers, and ids
/// whose answer never came.
#[derive(Default)]
pub struct Ledger {
    pub acknowledged: Vec<(String, u64)>,
    pub unknown: Vec<String>,
}

/// Places orders until told to stop; every request and answer goes into the ledger.
pub fn trade_until_stopped(
    client: &Client,
    (name, cycle): (&str, usize),
    stop: &AtomicBool,
    ledger: &Mutex<Ledger>,
) {
    for count in 0.. {
        if stop.load(Ordering::Acquire) {
            return;
        }
        let id = format!("{name}-{cycle}-{count}");
        let price = if count % 3 == 0 { "50000" } else { "49999" };
        let side = if name.len() % 2 == 0 { "BUY" } else { "SELL" };
        match client.limit(side, "0.0002", price, &id) {
            Some(answer) if answer.status == 200 => {
                let order = answer.body["orderId"].as_u64().expect("an order id");
                ledger
                    .lock()
                    .expect("no thread panics")
                    .acknowledged
                    .push((id, order));
            }
            Some(answer) => panic!("{id}: {answer:?}"),
            None => {
                ledger.lock().expect("no thread panics").unknown.push(id);
                return;
            }
        }
    }
}

/// After a fault: acknowledged ids exist exactly once, unknown ones wholly or not at all,
/// and money adds up.
pub fn check_invariants(node: &Node, traders: &[Trader], ledger: &Ledger) {
    let clients: Vec<_> = traders
        .iter()
        .map(|trader| Client::new(&node.http, trader))
        .collect();
    let owner = |id: &str| &clients[id.as_bytes()[0] as usize % 2];
    for (id, order) in &ledger.acknowledged {
        let answer = owner(id).order(id).expect("answered");
        assert_eq!(
            answer.status, 200,
            "acknowledged order {id} is lost: {answer:?}"
        );
        assert_eq!(
            answer.body["orderId"].as_u64(),
            Some(*order),
            "{id} became another order"
        );
    }
    for id in &ledger.unknown {
        let answer = owner(id).order(id).expect("answered");
        assert!(
            answer.status == 200 || answer.body["code"] == -2013,
            "{id}: {answer:?}"
        );
    }
    let report = replay_tool::commands::verify::verify(&node.dir);
    assert!(
        report.is_ok(),
        "the journal does not verify: {:?}",
        report.err()
    );
}

#[test]
fn kill_9_loses_and_doubles_nothing() {
    let cycles: usize = std::env::var("DAYBOOK_KILL_CYCLES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20);
    let seed = std::env::var("DAYBOOK_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(11);
    println!("seed {seed}, {cycles} cycles");
    let mut dice = Dice::new(seed);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let start = Start {
        segment_bytes: Some(65_536),
        ..Start::default()
    };
    let mut node = start.node(dir.path());
    // The first letter of a client order id chooses its trader: `a` is odd, `b` is even.
    let bob = node.trader("bob", &["BTC=100", "USDT=5000000"]);
    let ann = node.trader("ann", &["BTC=100", "USDT=5000000"]);
    let traders = [bob, ann];
    let mut slowest = Duration::ZERO;
    let mut total = 0;
    for cycle in 0..cycles {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = ["aaa", "bb", "a", "bbbb"]
            .into_iter()
            .map(|name| {
                let trader = &traders[name.as_bytes()[0] as usize % 2];
                let client = Client::new(&node.http, trader);
                let (stop, ledger) = (stop.clone(), ledger.clone());
                std::thread::spawn(move || {
                    trade_until_stopped(&client, (name, cycle), &stop, &ledger);
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(dice.between(20, 300) as u64));
        node.kill();
        stop.store(true, Ordering::Release);
        for thread in threads {
            thread.join().expect("a client failed");
        }
        node = start.node(dir.path());
        slowest = slowest.max(node.ready_after);
        let ledger = ledger.lock().expect("no thread panics");
        total += ledger.acknowledged.len();
        check_invariants(&node, &traders, &ledger);
    }
    println!("{total} acknowledged, 0 lost, slowest restart {slowest:?}");
    assert!(total > cycles, "the clients hardly traded");
    assert!(
        slowest < Duration::from_secs(10),
        "a restart took {slowest:?}"
    );
    assert_eq!(node.terminate().code, Some(0));
}
