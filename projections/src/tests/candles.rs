//! Candles from real trades, against candles that others made of them.
//!
//! `oracles/klines` under `DAYBOOK_SHARED` (or `DAYBOOK_ORACLES`) holds the data; without it
//! the test says so and passes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemas::ids::{AccountId, Offset, OrderId, TradeId};
use schemas::instrument::Side;
use schemas::market::Interval;
use schemas::report::TradeReport;
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::projection::Projection;
use crate::reads;
use crate::sql::candles::{opened, span_name};
use crate::sql::database::{Database, Statement};
use crate::sql::shard::Shard;
use crate::sql::sink::SqlProjection;
use crate::tests::fake::{ACCOUNTS, Fake};
use crate::tests::{SYMBOL, batch, folder, open};

/// Open, high, low, close, quantity, trades by span and start.
type Candles = BTreeMap<(String, i64), [i128; 6]>;

async fn candles(database: &Database) -> Candles {
    let text = "SELECT span, open_ns, open, high, low, close, qty, trades FROM candles";
    let rows = database.rows(Statement::new(text)).await.expect("read");
    rows.iter()
        .map(|row| {
            let whole = |column| i128::from(row.whole(column).expect("a number"));
            let key = (
                row.text("span").expect("text"),
                row.whole("open_ns").expect("a number"),
            );
            let qty = row.text("qty").expect("text").parse().expect("decimal");
            let numbers = [
                whole("open"),
                whole("high"),
                whole("low"),
                whole("close"),
                qty,
                whole("trades"),
            ];
            (key, numbers)
        })
        .collect()
}

/// From the trades alone, without any of the code under test but the calendar's.
fn naive(trades: &[TradeReport]) -> Candles {
    let mut made: Candles = BTreeMap::new();
    for trade in trades {
        for interval in Interval::ALL {
            let start = opened(interval, trade.time).0 as i64;
            let key = (span_name(interval).to_string(), start);
            let (price, qty) = (i128::from(trade.price.0), i128::from(trade.qty.0));
            let candle = made
                .entry(key)
                .or_insert([price, price, price, price, 0, 0]);
            candle[1] = candle[1].max(price);
            candle[2] = candle[2].min(price);
            candle[3] = price;
            candle[4] += qty;
            candle[5] += 1;
        }
    }
    made
}

#[tokio::test]
async fn a_late_start_gives_the_candles_of_an_early_one() {
    let dirs = [folder(), folder()];
    let mut fake = Fake::new(77);
    let commands: Vec<_> = (0..3_000)
        .map(|offset| {
            let mut answered = fake.step(offset);
            // 97 s apart, so that every span but the month closes now and then.
            answered.time = TimeNs(1_700_000_000_000_000_000 + offset * 97_000_000_000);
            answered
        })
        .collect();
    let times: BTreeMap<_, _> = fake.trades.iter().map(|trade| (trade.time, ())).collect();
    assert!(times.len() > 100, "the fake trades");
    let mut databases = Vec::new();
    for (dir, most) in dirs.iter().zip([commands.len(), 13]) {
        let database = open(dir.path()).await;
        let mut sink = SqlProjection::embedded(database.clone());
        for piece in commands.chunks(most) {
            // A new sink remembers nothing: it begins in the middle of every candle.
            if most == 13 {
                sink = SqlProjection::embedded(database.clone());
            }
            sink.commit(&batch(piece)).await.expect("it commits");
        }
        databases.push(database);
    }
    let mut trades = fake.trades.clone();
    for trade in &mut trades {
        let offset = (trade.time.0 - Fake::time(0).0) / 1_000_000;
        trade.time = TimeNs(1_700_000_000_000_000_000 + offset * 97_000_000_000);
    }
    let expected = naive(&trades);
    assert_eq!(candles(&databases[0]).await, expected);
    assert_eq!(candles(&databases[1]).await, expected);
    assert_rankings(&databases[1], &trades).await;
}

/// Turnover since any moment, by the naive sum.
async fn assert_rankings(database: &Database, trades: &[TradeReport]) {
    let last = trades.last().expect("there are trades").time;
    for back in [0_u64, 1_799, 3_600, 86_400, 1_000_000] {
        let since = TimeNs(last.0 - back * 1_000_000_000);
        let ranked = reads::ranking(database, Shard::WHOLE, SYMBOL, since).await;
        let ranked = ranked.expect("read");
        let mut turnover: BTreeMap<u32, i128> = BTreeMap::new();
        for trade in trades.iter().filter(|trade| since <= trade.time) {
            for account in [trade.taker_account, trade.maker_account] {
                *turnover.entry(account.0).or_default() += trade.quote.0;
            }
        }
        let found: BTreeMap<u32, i128> = ranked
            .iter()
            .map(|it| (it.account.0, it.summary.turnover().0))
            .collect();
        assert_eq!(found, turnover, "{back} s back");
        assert!(ranked.is_sorted_by_key(|it| std::cmp::Reverse(it.summary.turnover())));
        assert!(ranked.len() <= ACCOUNTS.len());
    }
}

/// `oracles/klines`, if it is there.
fn oracle(name: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("DAYBOOK_SHARED").map(|path| root.join(path));
    let shared = shared.unwrap_or_else(|| root.join("../shared"));
    let folder = std::env::var_os("DAYBOOK_ORACLES").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| shared.join("oracles"));
    let path = folder.join("klines").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "no {}",
        path.display()
    );
    println!("SKIPPED {name}: no {}", path.display());
    None
}

/// A decimal text in 1e-8.
fn units(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let text = format!("{whole}{fraction:0<8}");
    text.parse().expect("a decimal of at most 8 places")
}

/// The trades of the file as trades of two orders that never end.
fn recorded_trades() -> Option<Vec<TradeReport>> {
    use std::io::Read;
    let path = oracle("xrpeth_trades.csv.gz")?;
    let file = std::fs::File::open(path).expect("it opens");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("it is gzip");
    let trades = text.lines().skip(1).enumerate().map(|(index, line)| {
        let fields: Vec<_> = line.split(',').collect();
        let [time_ms, _, side, price, qty] = fields[..] else {
            panic!("{line}");
        };
        TradeReport {
            symbol: SYMBOL,
            trade: TradeId(index as u64 + 1),
            price: Price(units(price)),
            qty: Qty(units(qty)),
            quote: Amount(i128::from(units(price)) * i128::from(units(qty))),
            time: TimeNs(time_ms.parse::<u64>().expect("a number") * 1_000_000),
            taker_side: if side == "buy" { Side::Buy } else { Side::Sell },
            taker_order: OrderId(1),
            taker_account: AccountId(ACCOUNTS[0]),
            taker_fee: Amount::ZERO,
            maker_order: OrderId(2),
            maker_account: AccountId(ACCOUNTS[1]),
            maker_fee: Amount::ZERO,
        }
    });
    Some(trades.collect())
}

#[tokio::test]
async fn recorded_trades_make_the_candles_of_the_oracle() {
    let Some(trades) = recorded_trades() else {
        return;
    };
    let mut fake = Fake::new(1);
    let mut commands = vec![fake.step(0), fake.accepted(1), fake.accepted(2)];
    for (index, trade) in trades.iter().enumerate() {
        commands.push(Fake::recorded(index as u64 + 3, trade));
    }
    let dir = folder();
    let database = open(dir.path()).await;
    let mut sink = SqlProjection::embedded(database.clone());
    for piece in commands.chunks(701) {
        sink.commit(&batch(piece)).await.expect("it commits");
    }
    assert_eq!(
        sink.cursor().await.expect("a cursor"),
        Offset(commands.len() as u64)
    );
    let made = candles(&database).await;
    assert_eq!(made, naive(&trades));
    for span in ["1m", "5m"] {
        let Some(path) = oracle(&format!("xrpeth_{span}.csv")) else {
            return;
        };
        let text = std::fs::read_to_string(path).expect("it reads");
        let mut rows = 0;
        for line in text.lines().skip(1) {
            let fields: Vec<_> = line.split(',').collect();
            let time_ms: i64 = fields[0].parse().expect("a number");
            let candle = made.get(&(span.to_string(), time_ms * 1_000_000));
            let expected: Vec<_> = fields[1..6]
                .iter()
                .map(|text| i128::from(units(text)))
                .collect();
            let candle = candle.unwrap_or_else(|| panic!("no {span} candle at {time_ms}"));
            assert_eq!(candle[..5], expected[..], "{span} at {time_ms}");
            rows += 1;
        }
        let count = made.keys().filter(|(name, _)| name == span).count();
        assert_eq!(count, rows, "no candle too many");
    }
}
