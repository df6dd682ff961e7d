//! `cargo bench --bench peers [-- --row NAME]`: a node's edges beside servers that do nothing.
//!
//! | row | what |
//! |---|---|
//! | `post` | signed POST orders against a bare POST handler, in turn |
//! | `socket` | orders over the WebSocket API against a bare echo, in turn |
//! | `fix` | orders on sixteen FIX sessions, one at a time on each |
//! | `fix-ahead` | orders sent ahead on one FIX session |
//! | `rate` | POST orders at a fixed rate |
//! | `sockets` | the same with thousands of sockets on one depth stream |
//!
//! Each row has a node of its own and prints one line of JSON as soon as it is measured, or
//! why it was not: a row that is not over within its time is given up. Node and bare server
//! are processes of their own. All rows together end within six minutes.
//!
//! `DAYBOOK_BENCH_SOCKETS=10000` and `DAYBOOK_BENCH_RATE=5000` set the sizes.

#[path = "../tests/venue/mod.rs"]
#[expect(dead_code, reason = "the system tests use the rest")]
mod venue;
mod bare;
mod fix_flow;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use daybook::load::Orders;
use daybook::load::fix::Fix;
use daybook::load::rest::Rest;
use daybook::load::run::{Connection, Measured, Run};
use daybook::load::schedule::{Arrival, due};
use daybook::load::socket::Socket;
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;

use crate::bare::Bare;
use crate::venue::fix::{Fix as Session, Numbers};
use crate::venue::{Node, Start, Trader};

const ROWS: [&str; 6] = ["post", "socket", "fix", "fix-ahead", "rate", "sockets"];
/// A row that takes longer is given up; six of them stay below six minutes.
const ROW_MOST: Duration = Duration::from_secs(55);
/// Nobody waits longer for one connection.
const CONNECT_MOST: Duration = Duration::from_secs(10);
const CONNECTIONS: u32 = 16;
/// Of node and bare server in turn.
const ROUNDS: usize = 3;
const SECONDS: u64 = 4;
const OPEN_LOOP_SECONDS: u64 = 10;
const WARMUP: Duration = Duration::from_secs(1);
/// Orders sent ahead on one session; each ends at once, so that the book stays small.
const AHEAD: usize = 90_000;
const REST: &str = "/api/v3/order";
const SOCKET: &str = "/ws-api/v3";
/// Sockets are opened so many at a time.
const OPENED_AT_ONCE: usize = 100;

fn main() -> anyhow::Result<()> {
    if std::env::var_os(bare::VARIABLE).is_some() {
        return bare::serve();
    }
    raise_descriptors();
    for row in wanted()? {
        let started = Instant::now();
        let told = match measure(row) {
            Ok(facts) => json!({ "row": row, "measured": facts }),
            Err(error) => json!({ "row": row, "failed": format!("{error:#}") }),
        };
        let seconds = started.elapsed().as_secs_f64();
        println!("{told}");
        eprintln!("{row}: {seconds:.0} s");
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// The rows to be measured: all, or the one that `--row` names.
fn wanted() -> anyhow::Result<Vec<&'static str>> {
    let mut arguments = std::env::args().skip(1);
    let mut rows = ROWS.to_vec();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--row" => {
                let name = arguments.next().context("--row names a row")?;
                rows.retain(|row| *row == name);
                ensure!(!rows.is_empty(), "no row {name}; there are {ROWS:?}");
            }
            // What cargo says to every benchmark.
            "--bench" => {}
            other => bail!("no argument {other}; --row NAME is one"),
        }
    }
    Ok(rows)
}

/// One row on a node of its own, which is killed at the end, whatever happened.
fn measure(row: &str) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR"))?;
    let node = Start::default().node(folder.path());
    let trader = node.trader("bench", &["BTC=1000", "USDT=100000000"]);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let measured = runtime.block_on(async {
        let facts = timeout(ROW_MOST, of_row(row, &node, &trader)).await;
        facts.unwrap_or_else(|_| Err(anyhow::anyhow!("not over after {ROW_MOST:?}")))
    });
    // First the node, so that whoever waits for it is told that nobody is there any more.
    node.kill();
    runtime.shutdown_timeout(Duration::from_secs(1));
    measured
}

async fn of_row(row: &str, node: &Node, trader: &Trader) -> anyhow::Result<Value> {
    let orders = Orders {
        key: trader.key.clone(),
        secret: trader.secret.clone(),
        symbol: "BTCUSDT".to_owned(),
        qty: "0.001".to_owned(),
        prices: ("40000".to_owned(), "60000".to_owned()),
    };
    let host = node.http.trim_start_matches("http://").to_owned();
    let rate = number("DAYBOOK_BENCH_RATE", 5_000);
    match row {
        "post" => {
            let [node, bare] = in_turn(&host, |host| open_rest(host, CONNECTIONS, &orders)).await?;
            Ok(json!({ "per_s": node, "bare_per_s": bare, "share": node / bare }))
        }
        "socket" => {
            let [node, bare] = in_turn(&host, |host| open_sockets(host, &orders)).await?;
            Ok(json!({ "per_s": node, "bare_per_s": bare, "share": node / bare }))
        }
        "fix" => {
            let open = (0..CONNECTIONS).map(|number| Fix::open(&node.fix, number, &orders));
            let measured = closed(soon(try_join_all(open)).await?).await?;
            Ok(json!({ "per_s": per_second(&measured), "sessions": CONNECTIONS }))
        }
        "fix-ahead" => ahead(node, trader).await,
        "rate" => {
            let measured = open_loop(&host, &orders, rate).await?;
            Ok(spread(&measured, rate))
        }
        "sockets" => {
            let sockets = number("DAYBOOK_BENCH_SOCKETS", 10_000) as usize;
            crowded(node, (&host, sockets), (&orders, rate)).await
        }
        other => bail!("no row {other}"),
    }
}

async fn open_rest(host: String, count: u32, orders: &Orders) -> anyhow::Result<Vec<Rest>> {
    soon(try_join_all(
        (0..count).map(|_| Rest::open(&host, REST, orders)),
    ))
    .await
}

async fn open_sockets(host: String, orders: &Orders) -> anyhow::Result<Vec<Socket>> {
    let open = (0..CONNECTIONS).map(|_| Socket::open(&host, SOCKET, orders));
    soon(try_join_all(open)).await
}

/// Connections are there soon, or not at all.
async fn soon<T>(opening: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let opened = timeout(CONNECT_MOST, opening).await;
    opened.context("a connection was not answered in time")?
}

/// Median answers a second of the node and of a bare server.
async fn in_turn<C, F>(node: &str, open: impl Fn(String) -> F) -> anyhow::Result<[f64; 2]>
where
    C: Connection,
    F: Future<Output = anyhow::Result<Vec<C>>>,
{
    let bare = Bare::start()?;
    let mut measured: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        for (host, rounds) in [node, &bare.host].into_iter().zip(&mut measured) {
            let connections = open(host.to_owned()).await?;
            rounds.push(per_second(&closed(connections).await?));
        }
    }
    Ok(measured.map(median))
}

/// As many requests as the connections carry.
async fn closed<C: Connection>(connections: Vec<C>) -> anyhow::Result<Measured> {
    let length = Duration::from_secs(SECONDS);
    let run = Run::new(Vec::new(), length, WARMUP);
    let measured = run.drive(connections).await;
    ensure!(
        measured.broken == 0,
        "{} connections broke",
        measured.broken
    );
    Ok(measured)
}

/// Orders on one FIX session, none waited for; the client is a blocking one.
async fn ahead(node: &Node, trader: &Trader) -> anyhow::Result<Value> {
    let session = ("AHEAD", Numbers::default());
    let mut fix = Session::logon(&node.fix, trader, session, &[]);
    fix.expect("A");
    let measured = tokio::task::spawn_blocking(move || -> anyhow::Result<(usize, f64)> {
        let bytes: Vec<u8> = (0..AHEAD)
            .flat_map(|index| fix.immediate("BUY", ("0.001", "49000"), &format!("x{index}")))
            .collect();
        let mut writer = fix.writer();
        let started = Instant::now();
        let sender = std::thread::spawn(move || writer.write_all(&bytes));
        let reported = fix.count_reports("0", AHEAD);
        let seconds = started.elapsed().as_secs_f64();
        ensure!(
            reported == AHEAD,
            "{reported} of {AHEAD} orders were reported"
        );
        // It has sent everything, since everything was reported.
        sender
            .join()
            .map_err(|_| anyhow::anyhow!("the sender panicked"))??;
        Ok((reported, seconds))
    });
    let (reported, seconds) = measured.await??;
    Ok(json!({ "per_s": reported as f64 / seconds, "orders": reported }))
}

/// Orders that arrive at a fixed rate. Those that are not answered in twice the time are
/// given up with the whole row.
async fn open_loop(host: &str, orders: &Orders, rate: u64) -> anyhow::Result<Measured> {
    let connections = open_rest(host.to_owned(), 4 * CONNECTIONS, orders).await?;
    let due = due(Arrival::Constant, rate, OPEN_LOOP_SECONDS, 1);
    let length = Duration::from_secs(OPEN_LOOP_SECONDS);
    let run = Run::new(due, length, WARMUP);
    let measured = timeout(2 * length, run.drive(connections)).await;
    let Ok(measured) = measured else {
        let (taken, of) = run.progress();
        bail!("{taken} of {of} orders were taken in twice the time of {rate} a second");
    };
    ensure!(
        measured.broken == 0,
        "{} connections broke",
        measured.broken
    );
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
        let opening = async { Ok(try_join_all(open).await?) };
        let opened = soon(opening).await;
        let opened = opened.with_context(|| format!("after {} sockets", readers.len()))?;
        for (mut socket, _) in opened {
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
    let open = readers.iter().filter(|reader| !reader.is_finished());
    let open = open.count();
    let mut facts = spread(&measured, rate);
    facts["sockets"] = json!({ "count": sockets, "still_open": open, "kib_each": kib });
    Ok(facts)
}

/// Places a resting order every 50 ms, so that each message of the stream has something. The
/// client is a blocking one; it ends with the node.
async fn keep_moving(http: String, orders: Orders) {
    let trader = Trader {
        key: orders.key.clone(),
        secret: orders.secret.clone(),
    };
    let client = std::sync::Arc::new(venue::client::Client::new(&http, &trader));
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

fn spread(measured: &Measured, rate: u64) -> Value {
    json!({
        "rate": rate, "p50_us": micros(measured, 0.5), "p99_us": micros(measured, 0.99),
        "refused": measured.refused,
    })
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
