//! Candles, windows and aggregates against sums over all trades, made the slow way.

use proptest::prelude::*;
use schemas::ids::{AccountId, OrderId, SymbolId, TradeId};
use schemas::instrument::Side;
use schemas::market::{AggregatePage, AggregateTrade, Candle, CandlePage, Interval, ZoneShift};
use schemas::report::TradeReport;
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::Views;
use crate::aggregates::{Aggregates, MARK_EVERY};
use crate::candles::Candles;
use crate::saved::{FORMAT_WITHOUT_CANDLES, FORMAT_WITHOUT_CHANGES};
use crate::tests::fake::Fake;
use crate::tests::feed;

/// 2024-01-30 23:59:00 UTC, right before a day and near a month ends.
const BEGIN_NS: u64 = 1_706_659_140_000_000_000;
/// The slow way goes no further.
const ROWS_MAX: usize = 300;
const ZONES: [i16; 5] = [0, 540, -210, 345, 67];

fn trade(id: u64, time_ns: u64, price: i64, qty: i64) -> TradeReport {
    TradeReport {
        symbol: SymbolId(0),
        trade: TradeId(id),
        price: Price(price),
        qty: Qty(qty),
        quote: Amount(i128::from(price) * i128::from(qty)),
        time: TimeNs(time_ns),
        taker_side: if qty % 3 == 0 { Side::Buy } else { Side::Sell },
        taker_order: OrderId(id / 3),
        taker_account: AccountId(7),
        taker_fee: Amount::ZERO,
        maker_order: OrderId(0),
        maker_account: AccountId(8),
        maker_fee: Amount::ZERO,
    }
}

/// Trades with gaps from milliseconds to days between them.
fn trades() -> impl Strategy<Value = Vec<TradeReport>> {
    let gap = prop_oneof![
        4 => 0_u64..3_000_000,
        4 => 0_u64..2_000_000_000,
        2 => 0_u64..7_200_000_000_000,
        1 => 0_u64..400_000_000_000_000,
    ];
    prop::collection::vec((gap, 95_i64..105, 1_i64..50), 1..200).prop_map(|steps| {
        let mut time = BEGIN_NS;
        let mut made = Vec::new();
        for (index, (gap, price, qty)) in steps.into_iter().enumerate() {
            time += gap;
            made.push(trade(index as u64 + 1, time, price, qty));
        }
        made
    })
}

fn sum(open_time: TimeNs, trades: &[&TradeReport]) -> Option<Candle> {
    let (first, rest) = trades.split_first()?;
    let mut candle = Candle::new(open_time, first);
    rest.iter().for_each(|trade| candle.add(trade));
    Some(candle)
}

/// Every candle from the first trade to `now`, by a walk over all trades for each.
fn naive(trades: &[TradeReport], page: &CandlePage) -> Vec<Candle> {
    let mut rows: Vec<Candle> = Vec::new();
    let mut open_time = page.interval.start(trades[0].time, page.zone);
    while open_time <= page.now && rows.len() < ROWS_MAX {
        let next = page.interval.next(open_time, page.zone);
        let within = |trade: &&TradeReport| (open_time..next).contains(&trade.time);
        let own: Vec<&TradeReport> = trades.iter().filter(within).collect();
        let close = rows.last().map_or(Price::ZERO, |row| row.close);
        rows.push(sum(open_time, &own).unwrap_or_else(|| Candle::flat(open_time, close)));
        open_time = next;
    }
    rows
}

fn page(interval: Interval, zone: i16, now: TimeNs) -> CandlePage {
    CandlePage {
        symbol: SymbolId(0),
        interval,
        zone: ZoneShift(zone),
        start: None,
        end: None,
        now,
        limit: 100_000,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn candles_are_sums_of_their_trades(trades in trades(), idle in 0_u64..90_000_000_000) {
        let mut candles = Candles::default();
        trades.iter().for_each(|trade| candles.trade(trade));
        let now = TimeNs(trades.last().expect("one at least").time.0 + idle);
        for interval in Interval::ALL {
            for zone in ZONES {
                let whole = page(interval, zone, now);
                let expected = naive(&trades, &whole);
                let mut first = whole;
                (first.start, first.limit) = (Some(TimeNs(0)), expected.len());
                prop_assert_eq!(candles.page(&first), expected.clone(), "{:?} {}", interval, zone);
                if ROWS_MAX <= expected.len() {
                    continue;
                }
                let mut newest = whole;
                newest.limit = 7;
                let cut = expected.len().saturating_sub(7);
                prop_assert_eq!(candles.page(&newest), &expected[cut..]);
                let middle = expected[expected.len() / 2].open_time;
                let (mut from, mut until) = (whole, newest);
                (from.start, from.limit) = (Some(middle), 3);
                until.end = Some(middle);
                let at = expected.len() / 2;
                let to = expected.len().min(at + 3);
                prop_assert_eq!(candles.page(&from), &expected[at..to]);
                prop_assert_eq!(candles.page(&until), &expected[(at + 1).saturating_sub(7)..=at]);
            }
        }
    }

    #[test]
    fn windows_count_every_trade_since_a_minute(trades in trades(), back in 0_u64..10_080) {
        let mut candles = Candles::default();
        trades.iter().for_each(|trade| candles.trade(trade));
        let now = trades.last().expect("one at least").time;
        let opens = TimeNs(now.0 - back * 60_000_000_000);
        let opens = Interval::Minute.start(opens, ZoneShift::UTC);
        let (before, since): (Vec<_>, Vec<_>) = trades.iter().partition(|t| t.time < opens);
        prop_assert_eq!(candles.since(opens), sum(opens, &since));
        let close = before.last().map(|trade| trade.price);
        prop_assert_eq!(candles.close_before_minute(opens), close);
    }

    #[test]
    fn aggregates_join_one_takers_trades_at_one_price(trades in trades()) {
        let mut aggregates = Aggregates::default();
        let mut expected: Vec<AggregateTrade> = Vec::new();
        for trade in &trades {
            aggregates.trade(trade, 0);
            let joins = expected.last().is_some_and(|last| {
                let same = (last.taker_order, last.price, last.time);
                same == (trade.taker_order, trade.price, trade.time)
            });
            match expected.last_mut() {
                Some(last) if joins => {
                    last.qty.0 += trade.qty.0;
                    last.last = trade.trade;
                }
                _ => expected.push(AggregateTrade::new(expected.len() as u64 + 1, trade)),
            }
        }
        let all = AggregatePage {
            symbol: SymbolId(0),
            from: Some(1),
            start: None,
            end: None,
            limit: usize::MAX,
        };
        prop_assert_eq!(aggregates.page(&all), expected.clone());
        let newest = AggregatePage { from: None, limit: 5, ..all };
        prop_assert_eq!(aggregates.page(&newest), &expected[expected.len().saturating_sub(5)..]);
        for aggregate in &expected {
            let mark = aggregates.mark_before(aggregate.id).expect("a mark at the first");
            prop_assert!(mark.id <= aggregate.id && aggregate.id < mark.id + MARK_EVERY);
            prop_assert_eq!(expected[mark.id as usize - 1].first, mark.first);
            prop_assert_eq!(aggregates.mark_before_trade(aggregate.last), Some(mark));
        }
    }
}

#[test]
fn a_symbol_that_never_traded_has_no_candles_and_costs_nothing() {
    let candles = Candles::default();
    let (_, series) = candles.parts();
    assert_eq!(series.len(), 0);
    assert_eq!(candles.page(&page(Interval::Day, 0, TimeNs(BEGIN_NS))), []);
    assert_eq!(
        candles.since(Interval::Minute.start(TimeNs(BEGIN_NS), ZoneShift::UTC)),
        None
    );
}

#[test]
fn what_is_kept_is_bounded_and_at_least_a_thousand_rows() {
    let mut candles = Candles::default();
    for second in 0..20_000 {
        candles.trade(&trade(
            second + 1,
            BEGIN_NS + second * 61_000_000_000,
            100,
            1,
        ));
    }
    let (_, series) = candles.parts();
    for (interval, series) in Interval::ALL.iter().zip(series) {
        assert!(series.len() <= 10_200, "{interval:?}: {}", series.len());
    }
    let now = TimeNs(BEGIN_NS + 20_000 * 61_000_000_000);
    for interval in [Interval::Second, Interval::Minute, Interval::Minutes15] {
        let mut thousand = page(interval, 0, now);
        thousand.limit = 1_000;
        assert_eq!(candles.page(&thousand).len(), 1_000, "{interval:?}");
    }
}

/// What the first format does not have follows from the trades that it has; a snapshot and
/// the rest of the way give the same as the whole way.
#[test]
fn older_saved_views_open_and_a_late_start_equals_an_early_one() {
    let mut fake = Fake::new(5);
    let early = Views::new();
    let listing = fake.listing();
    feed(&early, 0, &listing);
    let mut late = None;
    for step in 1..400 {
        let events = fake.step(Fake::time(step));
        feed(&early, step, &events);
        if let Some(late) = &late {
            feed(late, step, &events);
        } else if step == 150 {
            late = Views::load(&early.save_as(FORMAT_WITHOUT_CANDLES));
            assert!(late.is_some());
        }
    }
    let late = late.expect("the first format loads");
    // What changed orders before is in SQL alone.
    let without = FORMAT_WITHOUT_CHANGES;
    assert_eq!(late.save_as(without), early.save_as(without));
    let first = TimeNs(Fake::time(0).0 / 60_000_000_000 * 60_000_000_000);
    let window = early.window(SymbolId(0), first);
    let trades = fake.trades_of(SymbolId(0));
    assert_eq!(window.last, trades.last().copied());
    let count = window.traded.map_or(0, |candle| candle.count());
    assert_eq!(count, trades.len() as u64);
    assert_ne!(count, 0);
}
