//! `cargo bench --bench peers`: a node's edges beside servers that do nothing.
//!
//! The same generator sends the same requests to a node and to a bare server in turn: signed
//! POST orders against a bare POST handler, orders over the WebSocket API against a bare
//! echo. Then orders at a fixed rate, and the same with thousands of sockets on one depth
//! stream. Node and bare server are processes of their own. Prints one line of JSON.
//!
//! `DAYBOOK_BENCH_SOCKETS=10000` and `DAYBOOK_BENCH_RATE=5000` set the sizes.

#[path = "../tests/venue/mod.rs"]
#[expect(dead_code, reason = "the system tests use the rest")]
mod venue;
mod bare;

use std::time::Duration;

use daybook::load::Orders;
use daybook::load::fix::Fix;
use daybook::load::rest::Rest;
use daybook::load::run::{Connection, Measured, Run};
use daybook::load::schedule::{Arrival, due};
use daybook::load::socket::Socket;
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;

use crate::bare::Bare;
use crate::venue::{Node, Start};

const CONNECTIONS: u32 = 16;
/// Of node and bare server in turn.
const ROUNDS: usize = 3;
const SECONDS: u64 = 4;
const OPEN_LOOP_SECONDS: u64 = 10;
const WARMUP: Duration = Duration::from_secs(1);
const REST: &str = "/api/v3/order";
const SOCKET: &str = "/ws-api/v3";
/// Sockets are opened so many at a time.
const OPENED_AT_ONCE: usize = 100;

fn main() -> anyhow::Result<()> {
    if std::env::var_os(bare::VARIABLE).is_some() {
        return bare::serve();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(measure())
}

async fn measure() -> anyhow::Result<()> {
    raise_descriptors();
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR"))?;
    let node = Start::default().node(folder.path());
    let trader = node.trader("bench", &["BTC=1000", "USDT=100000000"]);
    let orders = Orders {
        key: trader.key.clone(),
        secret: trader.secret.clone(),
        symbol: "BTCUSDT".to_owned(),
        qty: "0.001".to_owned(),
        prices: ("40000".to_owned(), "60000".to_owned()),
    };
    let host = node.http.trim_start_matches("http://").to_owned();
    let bare = Bare::start()?;
    let (rest, bare_rest, socket, bare_socket) = in_turn(&host, &bare.host, &orders).await?;
    let fix = closed(
        try_join_all((0..CONNECTIONS).map(|number| Fix::open(&node.fix, number, &orders))).await?,
    );
    let fix = per_second(&fix.await);
    let rate = number("DAYBOOK_BENCH_RATE", 5_000);
    let alone = open_loop(&host, &orders, rate).await?;
    let sockets = number("DAYBOOK_BENCH_SOCKETS", 10_000) as usize;
    let crowded = crowded(&node, (&host, sockets), (&orders, rate)).await?;
    let facts = json!({
        "post_per_s": rest, "bare_post_per_s": bare_rest, "post_share": rest / bare_rest,
        "socket_orders_per_s": socket, "bare_echo_per_s": bare_socket,
        "socket_share": socket / bare_socket,
        "fix_orders_per_s_one_at_a_time": fix,
        "rate": rate, "p50_us": micros(&alone, 0.5), "p99_us": micros(&alone, 0.99),
        "refused": alone.refused,
        "sockets": crowded,
    });
    println!("{facts}");
    node.terminate();
    Ok(())
}

/// Median answers a second of node and bare server, by POST and by socket.
async fn in_turn(node: &str, bare: &str, orders: &Orders) -> anyhow::Result<(f64, f64, f64, f64)> {
    let mut measured: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        for (index, host) in [node, bare].into_iter().enumerate() {
            let open = (0..CONNECTIONS).map(|_| Rest::open(host, REST, orders));
            let rest = closed(try_join_all(open).await?).await;
            measured[index].push(per_second(&rest));
            let open = (0..CONNECTIONS).map(|_| Socket::open(host, SOCKET, orders));
            let socket = closed(try_join_all(open).await?).await;
            measured[2 + index].push(per_second(&socket));
        }
    }
    let [rest, bare_rest, socket, bare_socket] = measured.map(median);
    Ok((rest, bare_rest, socket, bare_socket))
}

/// As many requests as the connections carry.
async fn closed<C: Connection>(connections: Vec<C>) -> Measured {
    let length = Duration::from_secs(SECONDS);
    let measured = Run::new(Vec::new(), length, WARMUP)
        .drive(connections)
        .await;
    assert_eq!(measured.broken, 0, "no connection breaks");
    measured
}

/// Orders that arrive at a fixed rate.
async fn open_loop(host: &str, orders: &Orders, rate: u64) -> anyhow::Result<Measured> {
    let open = (0..4 * CONNECTIONS).map(|_| Rest::open(host, REST, orders));
    let due = due(Arrival::Constant, rate, OPEN_LOOP_SECONDS, 1);
    let length = Duration::from_secs(OPEN_LOOP_SECONDS);
    let measured = Run::new(due, length, WARMUP)
        .drive(try_join_all(open).await?)
        .await;
    assert_eq!(measured.broken, 0, "no connection breaks");
    Ok(measured)
}

/// The same with `sockets` readers of one depth stream whose book changes all the time.
async fn crowded(
    node: &Node,
    (host, sockets): (&str, usize),
    (orders, rate): (&Orders, u64),
) -> anyhow::Result<Value> {
    let before = private_kib(node);
    let url = format!("ws://{host}/ws/btcusdt@depth");
    let mut readers = Vec::new();
    while readers.len() < sockets {
        let count = OPENED_AT_ONCE.min(sockets - readers.len());
        let open = (0..count).map(|_| connect_async(&url));
        for (mut socket, _) in try_join_all(open).await? {
            readers.push(tokio::spawn(async move {
                let mut heard = 0_u64;
                while let Some(Ok(_)) = socket.next().await {
                    heard += 1;
                }
                heard
            }));
        }
    }
    // A first message has passed through every socket.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let kib = private_kib(node).saturating_sub(before) as f64 / sockets as f64;
    let mut moving = orders.clone();
    moving.prices = ("49990".to_owned(), "50010".to_owned());
    let mover = tokio::spawn(keep_moving(node.http.clone(), moving));
    let measured = open_loop(host, orders, rate).await?;
    mover.abort();
    let open = readers
        .iter()
        .filter(|reader| !reader.is_finished())
        .count();
    Ok(json!({
        "count": sockets, "still_open": open, "kib_each": kib,
        "p50_us": micros(&measured, 0.5), "p99_us": micros(&measured, 0.99),
    }))
}

/// Places a resting order every 50 ms, so that each message of the stream has something.
async fn keep_moving(http: String, orders: Orders) {
    let client = venue::client::Client::new(
        &http,
        &venue::Trader {
            key: orders.key.clone(),
            secret: orders.secret.clone(),
        },
    );
    let client = std::sync::Arc::new(client);
    for index in 0_u64.. {
        let side = orders.side(index);
        let name = if side.is_buy { "BUY" } else { "SELL" };
        let (client, price) = (client.clone(), side.price.to_owned());
        let placed = tokio::task::spawn_blocking(move || {
            client.limit(name, "0.001", &price, &format!("m{index}"))
        });
        drop(placed.await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn per_second(measured: &Measured) -> f64 {
    (measured.accepted + measured.refused) as f64 / measured.elapsed.as_secs_f64()
}

fn micros(measured: &Measured, quantile: f64) -> f64 {
    measured.latency.value_at_quantile(quantile) as f64 / 1_000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Private memory of the node, in KiB.
fn private_kib(node: &Node) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.id()));
    let status = status.expect("the node runs");
    let line = status.lines().find(|line| line.starts_with("RssAnon"));
    let words = line.expect("a line").split_whitespace();
    words
        .filter_map(|word| word.parse().ok())
        .next()
        .expect("a number")
}

/// As many descriptors as the system allows; the node inherits it.
fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: now.maximum,
        maximum: now.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        println!("descriptors stay at {:?}: {error}", now.current);
    }
}
