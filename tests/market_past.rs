//! A market's past on a node: what is older than the views remember is answered whole from
//! the read models, across a restart. The journal is written here, so that it reaches months
//! back; what is expected is added up from its trades, without any code of the venue's.

use daybook::demo::dice::Dice;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{BusinessId, SymbolId};
use schemas::instrument::Side;
use schemas::perpetual::PriceSource;
use schemas::perpetual_command::{RunFundingV1, SetIndexPriceV1};
use schemas::units::Price;
use serde_json::Value;

use crate::metrics::samples;
use crate::venue::client::{Client, atoms, now_millis};
use crate::venue::written::{Fill, Written};
use crate::venue::{Node, Start};

const MINUTE_MS: i64 = 60_000;
/// More traded seconds, quarters and so on than the views keep, half a year in all.
const ROUNDS: i64 = 4_300;
const PAGE_MAX: usize = 1_000;

/// Half a year of trades: alone, two of one taker, two takers at one moment.
fn trade(written: &mut Written) {
    let (ann, bob) = (written.fund("ann"), written.fund("bob"));
    for round in 0..ROUNDS {
        written.pass((16 + round * 7_919 % 100) * MINUTE_MS + round * 613 % 997);
        if round % 401 == 400 {
            written.pass(5 * 1_440 * MINUTE_MS);
        }
        let price = 40_000_000 + (round * 37 % 2_001 - 1_000) * 100;
        let (makes, takes) = match round % 2 {
            0 => (Side::Sell, Side::Buy),
            _ => (Side::Buy, Side::Sell),
        };
        let more = round % 13;
        let both = 300 + more;
        let (made, taken) = match round % 10 {
            0 | 5 => (vec![200, 100 + more], vec![both]),
            3 => (vec![both], vec![120, 180 + more]),
            _ => (vec![both], vec![both]),
        };
        for qty in made {
            written.order(ann, makes, (price, qty));
        }
        for qty in taken {
            written.order(bob, takes, (price, qty));
        }
        if round % 11 == 0 {
            written.pass(300);
            written.order(ann, makes, (price + 100, 150));
            written.order(bob, takes, (price + 100, 150));
        }
    }
}

/// A public read.
fn get(node: &Node, path_and_query: &str) -> Value {
    let url = format!("http://{}{path_and_query}", node.http);
    let answer = ureq::get(&url).call();
    let mut answer = answer.unwrap_or_else(|error| panic!("{path_and_query}: {error}"));
    let text = answer.body_mut().read_to_string().expect("text");
    serde_json::from_str(&text).expect("JSON")
}

fn rows(answer: &Value) -> &[Value] {
    answer.as_array().expect("rows")
}

/// How many reads the file has answered.
fn reads_of_file(node: &Node) -> u64 {
    samples(node)["daybook_history_reads_total{from=\"file\"}"]
}

/// An interval of a fixed length in a zone.
#[derive(Clone, Copy, Debug)]
struct Spans {
    interval: &'static str,
    ms: i64,
    zone: &'static str,
    shift_ms: i64,
}

const fn spans(interval: &'static str, minutes: i64) -> Spans {
    Spans {
        interval,
        ms: minutes * MINUTE_MS,
        zone: "0",
        shift_ms: 0,
    }
}

const fn zoned(spans: Spans, zone: &'static str, minutes: i64) -> Spans {
    Spans {
        zone,
        shift_ms: minutes * MINUTE_MS,
        ..spans
    }
}

const ALL_SPANS: [Spans; 12] = [
    Spans {
        ms: 1_000,
        ..spans("1s", 0)
    },
    spans("1m", 1),
    spans("3m", 3),
    spans("5m", 5),
    spans("15m", 15),
    spans("30m", 30),
    spans("2h", 120),
    spans("4h", 240),
    spans("1d", 1_440),
    zoned(spans("1d", 1_440), "5:45", 345),
    zoned(spans("12h", 720), "-3:30", -210),
    zoned(spans("4h", 240), "%2B9", 540),
];

/// `startTime`, `endTime`, `limit`.
type Page = (Option<i64>, Option<i64>, usize);

fn query(spans: Spans, (start, end, limit): Page) -> String {
    let Spans { interval, zone, .. } = spans;
    let mut query = format!("?symbol=BTCUSDT&interval={interval}&timeZone={zone}&limit={limit}");
    for (name, value) in [("startTime", start), ("endTime", end)] {
        if let Some(value) = value {
            query.push_str(&format!("&{name}={value}"));
        }
    }
    query
}

/// What a page has to be: open time, open, high, low, close, quantity, close time, quote,
/// count, what takers bought of both; times in ms, all others in 1e-8.
fn expected(trades: &[Fill], spans: Spans, (start, end, limit): Page) -> Vec<[i128; 11]> {
    let bucket =
        |time: i64| (time + spans.shift_ms).div_euclid(spans.ms) * spans.ms - spans.shift_ms;
    let first = bucket(trades[0].time);
    let last = bucket(end.expect("a page of the past ends somewhere"));
    let begin = match start {
        Some(start) => bucket(start + spans.ms - 1),
        None => last - (limit as i64 - 1) * spans.ms,
    };
    let mut opens = begin.max(first);
    let mut made = Vec::new();
    while opens <= last && made.len() < limit {
        let closes = opens + spans.ms;
        let from = trades.partition_point(|trade| trade.time < opens);
        let to = trades.partition_point(|trade| trade.time < closes);
        let own = &trades[from..to];
        let before = trades[..from].last().map_or(0, |trade| trade.price);
        let price = |found: Option<i128>| found.unwrap_or(before) * 100_000;
        let sum = |of: &dyn Fn(&Fill) -> i128| own.iter().map(of).sum::<i128>();
        let bought = |trade: &Fill| i128::from(trade.taker_buys);
        made.push([
            opens.into(),
            price(own.first().map(|trade| trade.price)),
            price(own.iter().map(|trade| trade.price).max()),
            price(own.iter().map(|trade| trade.price).min()),
            price(own.last().map(|trade| trade.price)),
            sum(&|trade| trade.qty * 1_000),
            (closes - 1).into(),
            sum(&|trade| trade.qty * trade.price),
            own.len() as i128,
            sum(&|trade| bought(trade) * trade.qty * 1_000),
            sum(&|trade| bought(trade) * trade.qty * trade.price),
        ]);
        opens = closes;
    }
    made
}

fn candle(row: &Value) -> [i128; 11] {
    let value = |index: usize| match &row[index] {
        Value::String(text) => atoms(text),
        number => number.as_i64().expect("a number").into(),
    };
    std::array::from_fn(value)
}

fn candles(answer: &Value) -> Vec<[i128; 11]> {
    rows(answer).iter().map(candle).collect()
}

/// The page of a client that asks at random, by moments at and beside those of trades.
fn random_page(dice: &mut Dice, trades: &[Fill], spans: Spans) -> Page {
    let mut moment = || {
        let trade = trades[dice.between(0, trades.len() as i64 - 1) as usize];
        let at = trade.time.div_euclid(spans.ms) * spans.ms;
        match dice.between(0, 3) {
            0 => trade.time,
            1 => at,
            2 => at - 1,
            _ => at - spans.ms * dice.between(0, 900),
        }
    };
    let (one, other) = (moment(), moment());
    let limit = [1, 2, 7, 500, PAGE_MAX][dice.between(0, 4) as usize];
    match dice.between(0, 3) {
        0 => (None, Some(one), limit),
        // Backwards, too: such a page is empty.
        1 => (Some(one), Some(other), limit),
        _ => (Some(one.min(other)), Some(one.max(other)), limit),
    }
}

/// Asks for candles in every way; what was asked, and the answers.
fn ask_candles(node: &Node, trades: &[Fill], dice: &mut Dice) -> Vec<(String, Value)> {
    let mut told = Vec::new();
    for spans in ALL_SPANS {
        let end = trades[trades.len() - 1].time + 3 * spans.ms;
        let edges = [
            (Some(0), Some(end), 3),
            (None, Some(trades[0].time - spans.ms), 5),
            (None, Some(trades[0].time), 5),
            (None, Some(end), PAGE_MAX),
            (Some(trades[0].time), Some(trades[0].time), 1),
        ];
        let random = (0..14).map(|_| random_page(dice, trades, spans));
        for page in edges.into_iter().chain(random.collect::<Vec<_>>()) {
            let query = query(spans, page);
            let path = format!("/api/v3/klines{query}");
            let answer = get(node, &path);
            assert_eq!(candles(&answer), expected(trades, spans, page), "{query}");
            told.push((path, answer));
        }
    }
    told
}

/// Every candle of an interval, a page after the other.
fn walk(node: &Node, trades: &[Fill], spans: Spans) {
    let end = trades[trades.len() - 1].time;
    let whole = expected(trades, spans, (Some(0), Some(end), usize::MAX));
    let (mut found, mut start) = (Vec::new(), 0);
    loop {
        let page = query(spans, (Some(start), Some(end), PAGE_MAX));
        let page = candles(&get(node, &format!("/api/v3/uiKlines{page}")));
        let Some(last) = page.last() else { break };
        start = last[6] as i64 + 1;
        found.extend(page);
    }
    assert!(
        whole == found,
        "{spans:?}: {} of {}",
        found.len(),
        whole.len()
    );
}

/// Chart libraries ask in seconds, for a span or for so many before its end.
fn ask_charts(node: &Node, trades: &[Fill]) {
    let half = spans("30m", 30);
    let from = trades[40].time / 1_000;
    let to = trades[240].time / 1_000;
    let page = (Some(from * 1_000), Some(to * 1_000 - 1), 5_000);
    let whole = expected(trades, half, page);
    let query = format!("symbol=BTCUSDT&resolution=30&from={from}&to={to}");
    for (more, wanted) in [
        ("", &whole[..]),
        ("&countback=9", &whole[whole.len() - 9..]),
    ] {
        let answer = get(node, &format!("/api/v1/udf/history?{query}{more}"));
        let column = |name: &str| rows(&answer[name]).to_vec();
        let closes = column("c");
        let opened: Vec<i128> = column("t")
            .iter()
            .map(|time| i128::from(time.as_i64().expect("seconds")) * 1_000)
            .collect();
        let starts: Vec<i128> = wanted.iter().map(|row| row[0]).collect();
        assert_eq!(opened, starts);
        let close = |value: &Value| atoms(&value.to_string());
        let closed: Vec<i128> = closes.iter().map(close).collect();
        assert_eq!(closed, wanted.iter().map(|row| row[4]).collect::<Vec<_>>());
    }
}

/// Id, price, quantity, first and last trade, time, whether the buyer made.
type Aggregate = (i64, i128, i128, i64, i64, i64, bool);

/// Trades of one taker at one price and moment, joined.
fn aggregates(trades: &[Fill]) -> Vec<Aggregate> {
    let mut made: Vec<(u64, Aggregate)> = Vec::new();
    for trade in trades {
        let (price, qty) = (trade.price * 100_000, trade.qty * 1_000);
        if let Some((taker, last)) = made.last_mut()
            && (*taker, last.1, last.5) == (trade.taker, price, trade.time)
        {
            (last.2, last.4) = (last.2 + qty, trade.id);
            continue;
        }
        let id = made.len() as i64 + 1;
        let (first, time) = (trade.id, trade.time);
        made.push((
            trade.taker,
            (id, price, qty, first, first, time, !trade.taker_buys),
        ));
    }
    made.into_iter().map(|(_, made)| made).collect()
}

fn aggregate(row: &Value) -> Aggregate {
    let number = |name: &str| row[name].as_i64().expect("a number");
    let decimal = |name: &str| atoms(row[name].as_str().expect("a text"));
    let made = row["m"].as_bool().expect("yes or no");
    let ends = (number("f"), number("l"));
    (
        number("a"),
        decimal("p"),
        decimal("q"),
        ends.0,
        ends.1,
        number("T"),
        made,
    )
}

/// Aggregates by id from the first to the last, and by time from anywhere.
fn ask_aggregates(node: &Node, trades: &[Fill], dice: &mut Dice) {
    let all = aggregates(trades);
    let ask = |query: &str| -> Vec<Aggregate> {
        let answer = get(node, &format!("/api/v3/aggTrades?symbol=BTCUSDT&{query}"));
        rows(&answer).iter().map(aggregate).collect()
    };
    let mut found = Vec::new();
    loop {
        let page = ask(&format!("fromId={}&limit={PAGE_MAX}", found.len() + 1));
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert!(found == all, "{} of {} by id", found.len(), all.len());
    for _ in 0..24 {
        let (mut from, mut to) = (0, 0);
        for bound in [&mut from, &mut to] {
            *bound = dice.between(0, all.len() as i64 - 1) as usize;
        }
        let (from, to) = (from.min(to), from.max(to));
        let (start, end) = (all[from].5, all[to].5);
        let limit = [1, 3, 100][dice.between(0, 2) as usize];
        let within = |aggregate: &&Aggregate| (start..=end).contains(&aggregate.5);
        let wanted: Vec<Aggregate> = all.iter().filter(within).take(limit).copied().collect();
        let query = format!("startTime={start}&endTime={end}&limit={limit}");
        assert_eq!(ask(&query), wanted, "{query}");
        let until = all.partition_point(|aggregate| aggregate.5 <= end);
        let query = format!("endTime={end}&limit={limit}");
        assert_eq!(
            ask(&query),
            all[until.saturating_sub(limit)..until],
            "{query}"
        );
        let query = format!("fromId={}&limit={limit}", from + 1);
        assert_eq!(
            ask(&query),
            all[from..all.len().min(from + limit)],
            "{query}"
        );
    }
}

/// Trades by id from the first to the last.
fn ask_trades(node: &Node, trades: &[Fill]) {
    let mut found = 0;
    loop {
        let query = format!("symbol=BTCUSDT&fromId={}&limit={PAGE_MAX}", found + 1);
        let answer = get(node, &format!("/api/v3/historicalTrades?{query}"));
        let page = rows(&answer);
        if page.is_empty() {
            break;
        }
        for (row, trade) in page.iter().zip(&trades[found..]) {
            let decimal = |name: &str| atoms(row[name].as_str().expect("a text"));
            let numbers = (row["id"].as_i64(), row["time"].as_i64());
            assert_eq!(numbers, (Some(trade.id), Some(trade.time)));
            let told = [decimal("price"), decimal("qty"), decimal("quoteQty")];
            let (price, qty) = (trade.price, trade.qty);
            assert_eq!(told, [price * 100_000, qty * 1_000, price * qty]);
            assert_eq!(row["isBuyerMaker"], !trade.taker_buys);
        }
        found += page.len();
    }
    assert_eq!(found, trades.len());
    let edge = trades.len() - PAGE_MAX - 1;
    let query = format!("symbol=BTCUSDT&fromId={edge}&limit=3");
    let answer = get(node, &format!("/api/v3/historicalTrades?{query}"));
    let ids: Vec<i64> = rows(&answer)
        .iter()
        .filter_map(|row| row["id"].as_i64())
        .collect();
    assert_eq!(ids, [0, 1, 2].map(|more| edge as i64 + more));
}

/// One trade more, now: the newest candle has it beside those of months ago.
fn trade_now(node: &Node, trades: &[Fill]) {
    let deposits = ["BTC=1", "USDT=100000"];
    let clients = ["eve", "joe"].map(|name| Client::new(&node.http, &node.trader(name, &deposits)));
    for (client, side) in clients.iter().zip(["SELL", "BUY"]) {
        let answer = client.limit(side, "0.5", "40000", side).expect("answered");
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let query = "?symbol=BTCUSDT&interval=1d&timeZone=5:45&startTime=0&limit=1000";
    let days = candles(&get(node, &format!("/api/v3/klines{query}")));
    assert!(days.is_sorted_by_key(|row| row[0]) && days.len() < PAGE_MAX);
    let sum = |index: usize| days.iter().map(|row| row[index]).sum::<i128>();
    let qty: i128 = trades.iter().map(|trade| trade.qty * 1_000).sum();
    assert_eq!(sum(5), qty + atoms("0.50000000"));
    assert_eq!(sum(8), trades.len() as i128 + 1);
    let last = days[days.len() - 1];
    let ends = i128::try_from(now_millis()).expect("small");
    assert!(
        last[0] <= ends && ends <= last[6] + 1,
        "the newest is running"
    );
}

#[test]
fn candles_and_trades_older_than_the_views_are_answered_across_a_restart() {
    let seed = std::env::var("DAYBOOK_SEED");
    let seed = seed.ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    println!("seed {seed}");
    let mut dice = Dice::new(seed);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let start = i64::try_from(now_millis()).expect("small") - 300 * 1_440 * MINUTE_MS;
    let mut written = Written::new(dir.path(), start);
    trade(&mut written);
    let trades = written.close();
    // Its clock stands months behind.
    let accepting = Start {
        arguments: vec!["--accept-time".to_string()],
        ..Start::default()
    };
    let node = accepting.node(dir.path());
    crate::snapshot_restore::wait_caught_up(dir.path());
    let before = reads_of_file(&node);
    let told = ask_candles(&node, &trades, &mut dice);
    let of_candles = reads_of_file(&node);
    assert!(before + 50 < of_candles, "SQL was asked");
    walk(&node, &trades, spans("30m", 30));
    walk(&node, &trades, zoned(spans("1d", 1_440), "5:45", 345));
    ask_charts(&node, &trades);
    node.kill();
    let node = accepting.node(dir.path());
    for (path, answer) in told.iter().step_by(5) {
        assert_eq!(get(&node, path), *answer, "{path} after a restart");
    }
    // Now the views have forgotten what SQL has.
    let before = reads_of_file(&node);
    ask_trades(&node, &trades);
    ask_aggregates(&node, &trades, &mut dice);
    assert!(before < reads_of_file(&node), "SQL was asked");
    trade_now(&node, &trades);
    assert_eq!(node.terminate().code, Some(0));
}

/// Symbol, time in ms, mark in 1e-8.
type Slot = (String, i64, i128);

#[test]
fn funding_older_than_the_views_is_answered() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let now = i64::try_from(now_millis()).expect("small");
    let mut written = Written::new(dir.path(), now - 3_600_000);
    let mut slots: Vec<Slot> = Vec::new();
    for round in 0..1_150_i64 {
        written.pass(1_000);
        for (symbol, name, every) in [(2, "BTCUSDT", 1), (3, "ETHUSDT", 50)] {
            if round % every != 0 {
                continue;
            }
            let symbol = SymbolId(symbol);
            let business = |what: &str| {
                let text = format!("{what}-{}-{round}", symbol.0);
                BusinessId::new(&text).expect("short enough")
            };
            written.apply(&Command::SetIndexPrice(SetIndexPriceV1 {
                price: Price(5_000_000_000 + round * 10_000),
                symbol,
                business: business("index"),
                source: PriceSource::Operator,
            }));
            let events = written.apply(&Command::RunFunding(RunFundingV1 {
                symbol,
                business: business("run"),
            }));
            let fixed = events.iter().find_map(|event| match event {
                Event::FundingFixed(fixed) => Some(*fixed),
                _ => None,
            });
            let fixed = fixed.unwrap_or_else(|| panic!("{events:?}"));
            let mark = i128::from(fixed.mark.0) * 1_000;
            slots.push((name.to_string(), (fixed.slot.0 / 1_000_000) as i64, mark));
        }
    }
    written.close();
    let node = Start::default().node(dir.path());
    crate::snapshot_restore::wait_caught_up(dir.path());
    let ask = |query: &str| -> Vec<Slot> {
        let answer = get(&node, &format!("/fapi/v1/fundingRate?{query}"));
        let slot = |row: &Value| {
            let text = |name: &str| row[name].as_str().expect("a text").to_string();
            let time = row["fundingTime"].as_i64().expect("a time");
            (text("symbol"), time, atoms(&text("markPrice")))
        };
        rows(&answer).iter().map(slot).collect()
    };
    let of_btc: Vec<Slot> = slots
        .iter()
        .filter(|slot| slot.0 == "BTCUSDT")
        .cloned()
        .collect();
    let (first, last) = (of_btc[0].1, of_btc[30].1);
    assert_eq!(ask("symbol=BTCUSDT&startTime=0&limit=70"), of_btc[..70]);
    let query = format!("symbol=BTCUSDT&startTime={first}&endTime={last}&limit=1000");
    assert_eq!(ask(&query), of_btc[..=30]);
    let query = format!("symbol=BTCUSDT&endTime={last}&limit=3");
    assert_eq!(ask(&query), of_btc[28..=30]);
    assert_eq!(ask("symbol=BTCUSDT&limit=1000"), of_btc[150..]);
    assert_eq!(ask("startTime=0&limit=100"), slots[..100], "of both");
    let query = format!("endTime={last}&limit=1000");
    let until = slots.iter().filter(|slot| slot.1 <= last).count();
    assert_eq!(ask(&query), slots[..until]);
    assert_eq!(ask("symbol=ETHUSDT&limit=1000").len(), 23);
    node.terminate();
}
