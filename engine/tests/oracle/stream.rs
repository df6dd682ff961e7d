//! `bench/*.csv.gz`: a day of plain commands, compared by the hashes of its fills and book.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use schemas::ids::SymbolId;
use schemas::instrument::{Side, TimeInForce};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::flow::Flow;
use super::{file, files, text};

/// What the engine made of a stream.
struct Result {
    fills: u64,
    fills_sha256: String,
    book_sha256: String,
}

fn hex(digest: Sha256) -> String {
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn run(path: &Path) -> Result {
    let mut flow: Flow<(String, u64)> = Flow::new();
    let mut symbols: BTreeMap<String, SymbolId> = BTreeMap::new();
    let (mut fills, mut digest) = (0, Sha256::new());
    for line in text(path).lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [_, _, name, act, id, side, price, qty] = fields[..] else {
            panic!("eight fields: {line}");
        };
        let symbol = *symbols
            .entry(name.to_owned())
            .or_insert_with(|| flow.add_symbol(name));
        let id: u64 = id.parse().expect("an id");
        let key = (name.to_owned(), id);
        let number = |text: &str| text.parse::<i64>().expect("a whole number");
        match act {
            "NEW" | "IOC" => {
                let side = if side == "B" { Side::Buy } else { Side::Sell };
                let mut order = flow.order(symbol, side, (number(price), number(qty)));
                if act == "IOC" {
                    order.time_in_force = TimeInForce::Ioc;
                }
                for fill in flow.place(key, &order).expect("nothing is refused") {
                    let (maker, price, qty) = (fill.maker.1, fill.price, fill.qty);
                    digest.update(format!("{name},{id},{maker},{price},{qty}\n"));
                    fills += 1;
                }
            }
            "CANCEL" => flow.cancel(&key),
            "REDUCE" => flow.reduce(&key, number(qty)),
            other => panic!("unknown act: {other}"),
        }
    }
    flow.venue.engine.check_invariants().expect("a sound state");
    let mut book = Sha256::new();
    book.update(book_text(&flow, &symbols));
    Result {
        fills,
        fills_sha256: hex(digest),
        book_sha256: hex(book),
    }
}

/// Compact JSON, symbols sorted, best level first.
fn book_text(flow: &Flow<(String, u64)>, symbols: &BTreeMap<String, SymbolId>) -> String {
    let levels = |symbol: SymbolId, side: Side| -> Vec<Value> {
        flow.levels(symbol, side)
            .iter()
            .map(|level| json!([level.0, level.1]))
            .collect()
    };
    let rows: Vec<String> = symbols
        .iter()
        .map(|(name, symbol)| {
            let (bids, asks) = (levels(*symbol, Side::Buy), levels(*symbol, Side::Sell));
            format!("\"{name}\":{{\"B\":{},\"S\":{}}}", json!(bids), json!(asks))
        })
        .collect();
    format!("{{{}}}", rows.join(","))
}

/// Bids and asks: price -> (id, open quantity), front first.
type PlainBook = [BTreeMap<i64, VecDeque<(u64, i64)>>; 2];

/// The same stream through queues in maps, as `tools/replay_reference.py` does it.
fn reference(path: &Path) -> (String, String) {
    let mut books: BTreeMap<String, PlainBook> = BTreeMap::new();
    let mut digest = Sha256::new();
    for line in text(path).lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [_, _, name, act, id, side, price, qty] = fields[..] else {
            panic!("eight fields: {line}");
        };
        let id: u64 = id.parse().expect("an id");
        let number = |text: &str| text.parse::<i64>().unwrap_or(i64::MAX);
        let book = books.entry(name.to_owned()).or_default();
        if matches!(act, "CANCEL" | "REDUCE") {
            let cut = number(qty);
            for levels in book.iter_mut() {
                for queue in levels.values_mut() {
                    for order in queue.iter_mut().filter(|order| order.0 == id) {
                        order.1 = if act == "CANCEL" { 0 } else { order.1 - cut };
                    }
                    queue.retain(|order| order.1 > 0);
                }
                levels.retain(|_, queue| !queue.is_empty());
            }
            continue;
        }
        let buys = side == "B";
        let (limit, mut left) = (number(price), number(qty));
        let others = &mut book[usize::from(buys)];
        while left > 0 {
            let best = if buys {
                others.first_entry()
            } else {
                others.last_entry()
            };
            let Some(mut level) = best else { break };
            let at = *level.key();
            if (buys && at > limit) || (!buys && at < limit) {
                break;
            }
            let queue = level.get_mut();
            let maker = queue.front_mut().expect("no level is empty");
            let traded = left.min(maker.1);
            digest.update(format!("{name},{id},{},{at},{traded}\n", maker.0));
            (left, maker.1) = (left - traded, maker.1 - traded);
            if maker.1 == 0 {
                queue.pop_front();
            }
            if queue.is_empty() {
                level.remove();
            }
        }
        if act == "NEW" && left > 0 {
            book[usize::from(!buys)]
                .entry(limit)
                .or_default()
                .push_back((id, left));
        }
    }
    let mut book = Sha256::new();
    book.update(plain_text(&books));
    (hex(digest), hex(book))
}

fn plain_text(books: &BTreeMap<String, PlainBook>) -> String {
    let sum = |queue: &VecDeque<(u64, i64)>| queue.iter().map(|order| order.1).sum::<i64>();
    let rows: Vec<String> = books
        .iter()
        .map(|(name, [bids, asks])| {
            let bids: Vec<_> = bids
                .iter()
                .rev()
                .map(|level| json!([level.0, sum(level.1)]))
                .collect();
            let asks: Vec<_> = asks
                .iter()
                .map(|level| json!([level.0, sum(level.1)]))
                .collect();
            format!("\"{name}\":{{\"B\":{},\"S\":{}}}", json!(bids), json!(asks))
        })
        .collect();
    format!("{{{}}}", rows.join(","))
}

#[test]
fn oracle_stream_ends_in_the_published_hashes() {
    let published: Value = file("expected.json").map_or(Value::Null, |path| {
        serde_json::from_str(&text(&path)).expect("JSON")
    });
    for path in files("bench", ".csv.gz") {
        let name = path
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .into_owned();
        let found = run(&path);
        println!(
            "{name}: {} fills {} {}",
            found.fills, found.fills_sha256, found.book_sha256
        );
        let expected = &published[format!("bench/{name}")];
        if expected.is_null() {
            println!("{name} is not in expected.json: compared with queues in maps");
            let slow = reference(&path);
            assert_eq!(slow, (found.fills_sha256, found.book_sha256), "{name}");
        } else {
            assert_eq!(
                expected["fills_sha256"],
                json!(found.fills_sha256),
                "{name}"
            );
            assert_eq!(
                expected["final_book_sha256"],
                json!(found.book_sha256),
                "{name}"
            );
        }
    }
}
