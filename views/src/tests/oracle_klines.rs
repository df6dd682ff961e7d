//! Candles of outside trades equal outside candles, every row.
//!
//! The data lies outside the repository: `DAYBOOK_ORACLES`, else `DAYBOOK_SHARED/oracles`
//! (by default `../shared/oracles` beside the workspace). Absent: said and skipped; with
//! `CI=true` that is a failure. What is expected is taken from the data itself.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use schemas::ids::{AccountId, OrderId, SymbolId, TradeId};
use schemas::instrument::Side;
use schemas::market::{Candle, CandlePage, Interval, Volume, ZoneShift};
use schemas::report::TradeReport;
use schemas::units::{Amount, Price, Qty, TimeNs};
use serde_json::Value;

use crate::candles::Candles;

/// Decimals of prices and quantities here; money has twice as many.
const SCALE: usize = 8;

fn files(ending: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace root");
    let named = std::env::var_os("DAYBOOK_SHARED").map_or("../shared".into(), PathBuf::from);
    let oracles = std::env::var_os("DAYBOOK_ORACLES")
        .map_or_else(|| root.join(named).join("oracles"), PathBuf::from);
    let folder = oracles.join("klines");
    let entries = std::fs::read_dir(&folder).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    found.sort();
    if found.is_empty() {
        eprintln!("SKIPPED: no oracle data: {}/*{ending}", folder.display());
        let must = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!must, "CI=true and no {}/*{ending}", folder.display());
    }
    found
}

fn decimal(text: &str, scale: usize) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    assert!(fraction.len() <= scale, "{text}");
    let digits = format!("{whole}{fraction:0<scale$}");
    digits.parse().expect("a decimal number")
}

fn small(text: &str) -> i64 {
    i64::try_from(decimal(text, SCALE)).expect("it fits")
}

fn trade(id: u64, time_ms: u64, (price, qty): (&str, &str), buyer_took: bool) -> TradeReport {
    let (price, qty) = (small(price), small(qty));
    TradeReport {
        symbol: SymbolId(0),
        trade: TradeId(id),
        price: Price(price),
        qty: Qty(qty),
        quote: Amount(i128::from(price) * i128::from(qty)),
        time: TimeNs(time_ms * 1_000_000),
        taker_side: if buyer_took { Side::Buy } else { Side::Sell },
        taker_order: OrderId(0),
        taker_account: AccountId(7),
        taker_fee: Amount::ZERO,
        maker_order: OrderId(0),
        maker_account: AccountId(8),
        maker_fee: Amount::ZERO,
    }
}

fn unzipped(path: &Path) -> String {
    let file = std::fs::File::open(path).expect("the file is there");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("a whole gzip file");
    text
}

/// `NAME_trades.csv.gz` beside `NAME_1m.csv` and `NAME_5m.csv`: candles of traded spans.
#[test]
fn oracle_candles_from_trades_are_equal() {
    for path in files("_trades.csv.gz") {
        let text = unzipped(&path);
        let mut candles = Candles::default();
        for (index, line) in text.lines().skip(1).enumerate() {
            let fields: Vec<&str> = line.split(',').collect();
            let time = fields[0].parse().expect("a time");
            let buyer_took = fields[2] == "buy";
            let numbers = (fields[3], fields[4]);
            candles.trade(&trade(index as u64 + 1, time, numbers, buyer_took));
        }
        for (name, interval) in [("1m", Interval::Minute), ("5m", Interval::Minutes5)] {
            let beside = path
                .to_string_lossy()
                .replace("trades.csv.gz", &format!("{name}.csv"));
            let Ok(rows) = std::fs::read_to_string(&beside) else {
                continue;
            };
            let count = compare(&candles, interval, &rows);
            println!("{beside}: {count} candles equal");
            assert_ne!(count, 0, "{beside}");
        }
    }
}

fn compare(candles: &Candles, interval: Interval, rows: &str) -> usize {
    let all = CandlePage {
        symbol: SymbolId(0),
        interval,
        zone: ZoneShift::UTC,
        start: Some(TimeNs(0)),
        end: None,
        now: TimeNs(i64::MAX as u64),
        limit: 20_000,
    };
    let mut ours: BTreeMap<u64, Candle> = BTreeMap::new();
    for candle in candles.page(&all) {
        if candle.count() != 0 {
            ours.insert(candle.open_time.as_millis(), candle);
        }
    }
    let mut count = 0;
    for line in rows.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let time: u64 = fields[0].parse().expect("a time");
        let ours = ours
            .remove(&time)
            .unwrap_or_else(|| panic!("no candle at {time}"));
        let found = [ours.open, ours.high, ours.low, ours.close].map(|price| price.0);
        let expected = [1, 2, 3, 4].map(|column| small(fields[column]));
        assert_eq!(found, expected, "{interval:?} {line}");
        assert_eq!(
            ours.volume,
            Volume(decimal(fields[5], SCALE)),
            "{interval:?} {line}"
        );
        count += 1;
    }
    assert_eq!(ours.len(), 0, "{interval:?}: candles that nobody else has");
    count
}

/// Recorded klines: each equals the sum of exactly its trade ids, or what its minute's
/// first update told plus the trades since.
#[test]
fn oracle_recorded_klines_are_equal() {
    for path in files("ws_klines.jsonl") {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let mut equal = 0;
        for line in text.lines() {
            let capture: Value = serde_json::from_str(line).expect("JSON");
            equal += check_capture(&capture);
        }
        println!("{}: {equal} klines equal", path.display());
        assert_ne!(equal, 0, "{}", path.display());
    }
}

fn check_capture(capture: &Value) -> usize {
    let field = "trades_f_l_price_qty_buyerIsMaker_time";
    let aggregates = capture[field].as_array().expect("a list of trades");
    let mut first_of: BTreeMap<u64, Candle> = BTreeMap::new();
    let mut equal = 0;
    for kline in capture["klines"].as_array().expect("a list of klines") {
        let told = read_kline(kline);
        let (first, last) = told.trades.expect("a traded minute");
        let base = first_of.get(&told.open_time.0).copied();
        let from = base.map_or(first.0, |base| base.trades.expect("traded").1.0 + 1);
        let summed = add_up(aggregates, (from, last.0), base, told.open_time);
        // Where the capture cuts an aggregate in two, nothing can be said.
        if let Some(mut summed) = summed {
            summed.taker_quote = Amount::ZERO;
            assert_eq!(summed, told, "{kline}");
            equal += 1;
        }
        first_of.entry(told.open_time.0).or_insert(told);
    }
    equal
}

/// The trades of those ids, all of them, on top of what was before.
fn add_up(
    aggregates: &[Value],
    (from, to): (u64, u64),
    base: Option<Candle>,
    open_time: TimeNs,
) -> Option<Candle> {
    let mut candle = base;
    let mut next = from;
    for aggregate in aggregates {
        let number = |column: usize| aggregate[column].as_u64().expect("a number");
        let (first, last) = (number(0), number(1));
        if first != next || to < last {
            continue;
        }
        let text = |column: usize| aggregate[column].as_str().expect("a text");
        let buyer_made = aggregate[4].as_bool().expect("a flag");
        let one = trade(first, number(5), (text(2), text(3)), !buyer_made);
        let mut joined = Candle::new(open_time, &one);
        joined.trades = Some((TradeId(first), TradeId(last)));
        match &mut candle {
            Some(candle) => candle.join(&joined),
            None => candle = Some(joined),
        }
        next = last + 1;
    }
    candle.filter(|_| next == to + 1 && (from <= to || base.is_some()))
}

fn read_kline(kline: &Value) -> Candle {
    let text = |name: &str| kline[name].as_str().expect("a text");
    let number = |name: &str| kline[name].as_u64().expect("a number");
    let candle = Candle {
        open_time: TimeNs(number("t") * 1_000_000),
        open: Price(small(text("o"))),
        high: Price(small(text("h"))),
        low: Price(small(text("l"))),
        close: Price(small(text("c"))),
        volume: Volume(decimal(text("v"), SCALE)),
        quote: Amount(decimal(text("q"), 2 * SCALE)),
        taker_volume: Volume(decimal(text("V"), SCALE)),
        // The recordings do not have it.
        taker_quote: Amount::ZERO,
        trades: Some((TradeId(number("f")), TradeId(number("L")))),
    };
    assert_eq!(candle.count(), number("n"));
    candle
}
