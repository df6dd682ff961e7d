//! `cargo bench --bench edges`: a node as its clients and its operator meet it.
//!
//! Signed POST orders over HTTP at a fixed rate (open loop), FIX orders sent ahead on one
//! session, and the node at rest: CPU and private memory. Prints one line of JSON.

#[path = "../tests/venue/mod.rs"]
#[expect(dead_code, reason = "the system tests use the rest")]
mod venue;
mod fix_flow;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::venue::client::Client;
use crate::venue::fix::{Fix, Numbers};
use crate::venue::{Node, Start};

/// Orders a second over all connections.
const RATE: u64 = 1_000;
/// Connections, each with a thread of its own.
const CLIENTS: u64 = 8;
/// How long orders are sent, and how long rest is watched.
const SECONDS: u64 = 10;
/// Orders sent ahead on one FIX session: each ends at once, so that the book stays small.
const FIX_ORDERS: usize = 90_000;

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a temporary directory");
    let node = Start::default().node(folder.path());
    let (cpu_percent, private_kib) = at_rest(&node);
    let orders = orders(&node);
    let fix = fix_orders_per_s(&node);
    let us = |quantile| orders.value_at_quantile(quantile) as f64 / 1_000.0;
    println!(
        "{{\"orders\":{},\"rate\":{RATE},\"p50_us\":{:.0},\"p99_us\":{:.0},\"p999_us\":{:.0},\
         \"fix_orders_per_s\":{fix:.0},\"idle_cpu_percent\":{cpu_percent:.2},\
         \"idle_rss_anon_mib\":{:.1}}}",
        orders.len(),
        us(0.5),
        us(0.99),
        us(0.999),
        private_kib as f64 / 1_024.0,
    );
    node.terminate();
}

/// Latencies of signed POST orders, from the moment each was due.
fn orders(node: &Node) -> Histogram<u64> {
    let trader = node.trader("bench", &["BTC=1000", "USDT=100000000"]);
    let started = Instant::now() + Duration::from_millis(200);
    let next = Arc::new(AtomicU64::new(0));
    let threads: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (client, next) = (Client::new(&node.http, &trader), next.clone());
            std::thread::spawn(move || {
                let mut taken = Vec::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= RATE * SECONDS {
                        return taken;
                    }
                    let due = started + Duration::from_nanos(index * 1_000_000_000 / RATE);
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let (side, price) = if index % 2 == 0 {
                        ("BUY", "49990")
                    } else {
                        ("SELL", "50010")
                    };
                    let placed = client.limit(side, "0.001", price, &format!("b{index}"));
                    let elapsed = Instant::now().saturating_duration_since(due);
                    assert_eq!(placed.expect("answered").status, 200);
                    // The first second warms connections and caches.
                    if index >= RATE {
                        taken.push(elapsed.as_nanos() as u64);
                    }
                }
            })
        })
        .collect();
    let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("right bounds");
    for thread in threads {
        for nanos in thread.join().expect("a client failed") {
            histogram.record(nanos.max(1)).expect("in range");
        }
    }
    histogram
}

/// Orders that one FIX session places and is told of in a second, none waited for.
fn fix_orders_per_s(node: &Node) -> f64 {
    let trader = node.trader("fix", &["BTC=1000", "USDT=100000000"]);
    let session = ("BENCH", Numbers::default());
    let mut fix = Fix::logon(&node.fix, &trader, session, &[]);
    fix.expect("A");
    let bytes: Vec<u8> = (0..FIX_ORDERS)
        .flat_map(|index| fix.immediate("BUY", ("0.001", "49000"), &format!("x{index}")))
        .collect();
    let mut writer = fix.writer();
    let started = Instant::now();
    let sending = std::thread::spawn(move || writer.write_all(&bytes));
    let accepted = fix.count_reports("0", FIX_ORDERS);
    let seconds = started.elapsed().as_secs_f64();
    let sent = sending.join().expect("no panic");
    sent.expect("the node reads");
    assert_eq!(accepted, FIX_ORDERS, "every order is reported");
    FIX_ORDERS as f64 / seconds
}

/// Share of one CPU, in percent, and private memory in KiB, of a node nobody talks to.
fn at_rest(node: &Node) -> (f64, u64) {
    std::thread::sleep(Duration::from_secs(2));
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", node.id())).expect("it runs");
        let after_name = stat.rsplit(')').next().expect("a name").to_string();
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let field = |index: usize| fields[index].parse::<u64>().expect("a number");
        field(11) + field(12)
    };
    let (before, started) = (ticks(), Instant::now());
    std::thread::sleep(Duration::from_secs(SECONDS));
    let used = (ticks() - before) as f64 / 100.0;
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.id())).expect("it runs");
    let line = status
        .lines()
        .find(|line| line.starts_with("RssAnon"))
        .expect("a line");
    let kib = line
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number");
    (100.0 * used / started.elapsed().as_secs_f64(), kib)
}
