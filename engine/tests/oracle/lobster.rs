//! LOBSTER: a day of NASDAQ messages as commands, with the fills and the book each must give.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schemas::ids::SymbolId;
use schemas::instrument::{Side, TimeInForce};
use serde_json::Value;

use super::flow::{Fill, Flow, market};
use super::{file, files, side, text, whole};

/// How many lines of each kind were equal.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    book: u64,
    take: u64,
    limit: u64,
    fills: u64,
}

struct Replay {
    flow: Flow<u64>,
    symbol: SymbolId,
    /// Who stands where, so that SYNC can clear a queue.
    queues: BTreeMap<(Side, i64), BTreeSet<u64>>,
    /// Name for incoming orders that never rest.
    passing: u64,
    as_market: bool,
    counts: Counts,
}

impl Replay {
    fn new(as_market: bool) -> Replay {
        let mut flow = Flow::new();
        let symbol = flow.add_symbol("STOCK");
        Replay {
            flow,
            symbol,
            queues: BTreeMap::new(),
            passing: u64::MAX,
            as_market,
            counts: Counts::default(),
        }
    }

    fn line(&mut self, line: &Value) {
        match line[0].as_str().expect("a kind") {
            "SYNC" => self.sync(side(&line[1]), whole(&line[2]), &line[3]),
            "ADD" => {
                let fills = self.add(
                    id(&line[3]),
                    side(&line[4]),
                    (whole(&line[5]), whole(&line[6])),
                );
                assert!(fills.is_empty(), "an ADD never crosses: {line}");
            }
            "RED" | "XEXEC" => {
                let key = id(&line[3]);
                let place = self.place_of(key);
                self.flow.reduce(&key, whole(&line[4]));
                self.tidy(key, place);
            }
            "DEL" => self.delete(id(&line[3])),
            "TAKE" => self.take(line),
            "LIMIT" => {
                let at = (whole(&line[5]), whole(&line[6]));
                let fills = self.add(id(&line[3]), side(&line[4]), at);
                self.compare(&fills, &line[7], line);
                self.counts.limit += 1;
            }
            "BOOK" => self.book(line),
            "NOP" => {}
            other => panic!("unknown line: {other}"),
        }
    }

    fn place_of(&self, key: u64) -> (Side, i64) {
        let live = self
            .flow
            .live
            .get(&key)
            .unwrap_or_else(|| panic!("{key} does not rest"));
        (live.side, live.price)
    }

    /// Forgets the place of an order that rests no more.
    fn tidy(&mut self, key: u64, place: (Side, i64)) {
        if !self.flow.live.contains_key(&key) {
            self.queues
                .get_mut(&place)
                .expect("it stood there")
                .remove(&key);
        }
    }

    fn delete(&mut self, key: u64) {
        let place = self.place_of(key);
        self.flow.cancel(&key);
        self.tidy(key, place);
    }

    fn add(&mut self, key: u64, side: Side, at: (i64, i64)) -> Vec<Fill<u64>> {
        let order = self.flow.order(self.symbol, side, at);
        let fills = self
            .flow
            .place(key, &order)
            .unwrap_or_else(|why| panic!("{key}: {why:?}"));
        self.after(&fills, side.opposite());
        if self.flow.live.contains_key(&key) {
            self.queues.entry((side, at.0)).or_default().insert(key);
        }
        fills
    }

    fn after(&mut self, fills: &[Fill<u64>], side: Side) {
        for fill in fills {
            self.tidy(fill.maker, (side, fill.price));
        }
    }

    fn sync(&mut self, side: Side, price: i64, queue: &Value) {
        let present = self.queues.get(&(side, price)).cloned().unwrap_or_default();
        for key in present {
            self.delete(key);
        }
        for entry in queue.as_array().expect("a queue") {
            let key = id(&entry[0]);
            if self.flow.live.contains_key(&key) {
                self.delete(key);
            }
            let fills = self.add(key, side, (price, whole(&entry[1])));
            assert!(fills.is_empty(), "a SYNC never crosses");
        }
    }

    fn take(&mut self, line: &Value) {
        let (side, price, qty) = (side(&line[3]), whole(&line[4]), whole(&line[5]));
        let mut order = self.flow.order(self.symbol, side, (price, qty));
        order.account = self.flow.second;
        order.time_in_force = TimeInForce::Ioc;
        if self.as_market {
            order = market(order);
        }
        self.passing -= 1;
        let fills = self.flow.place(self.passing, &order).unwrap_or_else(|why| {
            panic!("refused {why:?}: {line}");
        });
        self.after(&fills, side.opposite());
        assert_eq!(
            fills.iter().map(|fill| fill.qty).sum::<i64>(),
            qty,
            "left over: {line}"
        );
        self.compare(&fills, &line[6], line);
        self.counts.take += 1;
    }

    fn compare(&mut self, fills: &[Fill<u64>], expected: &Value, line: &Value) {
        let expected: Vec<(u64, i64, i64)> = expected
            .as_array()
            .expect("a list of fills")
            .iter()
            .map(|fill| (id(&fill[0]), whole(&fill[1]), whole(&fill[2])))
            .collect();
        let found: Vec<(u64, i64, i64)> = fills
            .iter()
            .map(|fill| (fill.maker, fill.price, fill.qty))
            .collect();
        assert_eq!(found, expected, "{line}");
        self.counts.fills += found.len() as u64;
    }

    fn book(&mut self, line: &Value) {
        for (side, rows) in [(Side::Sell, &line[2]), (Side::Buy, &line[3])] {
            let rows = rows.as_array().expect("levels");
            let found = self.flow.levels(self.symbol, side);
            let expected: Vec<(i64, i64)> = rows
                .iter()
                .map(|row| (whole(&row[0]), whole(&row[1])))
                .collect();
            let top: Vec<(i64, i64)> = found
                .iter()
                .take(rows.len())
                .map(|level| (level.0, level.1))
                .collect();
            assert_eq!(top, expected, "{side:?} after message {}", line[1]);
        }
        self.counts.book += 1;
    }
}

fn id(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no id: {value}"))
}

/// Every TAKE, LIMIT and BOOK line of a file is equal.
fn replay(path: &Path, as_market: bool) -> Counts {
    let mut replay = Replay::new(as_market);
    for line in text(path).lines() {
        replay.line(&serde_json::from_str(line).expect("a JSON line"));
    }
    replay
        .flow
        .venue
        .engine
        .check_invariants()
        .expect("a sound state");
    assert!(
        replay.counts.book > 0,
        "{} holds nothing to compare",
        path.display()
    );
    replay.counts
}

/// Nothing was passed over, where `expected.json` knows the file.
fn compare_counts(path: &Path, counts: &Counts) {
    let Some(expected) = file("expected.json") else {
        return;
    };
    let expected: Value = serde_json::from_str(&text(&expected)).expect("JSON");
    let name = path.file_name().expect("a file").to_string_lossy();
    let published = &expected[format!("lobster/{name}")]["counts"];
    if published.is_null() {
        return println!("{name} is not in expected.json");
    }
    let count = |kind: &str| published[kind].as_u64().unwrap_or(0);
    let published = Counts {
        book: count("BOOK"),
        take: count("TAKE"),
        limit: count("LIMIT"),
        fills: count("fills"),
    };
    assert_eq!(*counts, published, "{name}");
}

#[test]
fn oracle_lobster_every_take_limit_and_book_line_is_equal() {
    for path in files("lobster", ".jsonl.gz") {
        let counts = replay(&path, false);
        println!("{}: {counts:?}", path.display());
        compare_counts(&path, &counts);
    }
}

#[test]
fn oracle_lobster_single_takes_are_equal_as_market_orders() {
    for path in files("lobster", ".single.jsonl.gz") {
        let counts = replay(&path, true);
        println!("{} as MARKET: {counts:?}", path.display());
    }
}
