//! What is told at once: trades, aggregate trades, the best bid and ask.

use schemas::instrument::Side;
use schemas::market::AggregateTrade;
use schemas::report::{MarketUpdate, TradeReport};
use schemas::units::TimeNs;
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;
use crate::wire::market::best;

/// One message of `SYMBOL@trade`.
#[derive(Serialize)]
pub struct TradeEvent<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    t: u64,
    p: Fixed,
    q: Fixed,
    #[serde(rename = "T")]
    trade_time: u64,
    m: bool,
    /// Of spot alone.
    #[serde(rename = "M", skip_serializing_if = "Option::is_none")]
    best_match: Option<bool>,
}

impl<'a> TradeEvent<'a> {
    /// A trade of a command at `time`.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        time: TimeNs,
        trade: &TradeReport,
    ) -> TradeEvent<'a> {
        TradeEvent {
            e: "trade",
            event_time: unit.print(time),
            s: grid.name(),
            t: trade.trade.0,
            p: grid.price(trade.price),
            q: grid.qty(trade.qty),
            trade_time: unit.print(trade.time),
            m: trade.taker_side == Side::Sell,
            best_match: grid.is_spot().then_some(true),
        }
    }
}

/// One message of `SYMBOL@aggTrade`.
#[derive(Serialize)]
pub struct AggregateEvent<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    a: u64,
    p: Fixed,
    q: Fixed,
    f: u64,
    l: u64,
    #[serde(rename = "T")]
    trade_time: u64,
    m: bool,
    /// Of spot alone.
    #[serde(rename = "M", skip_serializing_if = "Option::is_none")]
    best_match: Option<bool>,
}

impl<'a> AggregateEvent<'a> {
    /// An aggregate of a command at `time`.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        time: TimeNs,
        aggregate: &AggregateTrade,
    ) -> AggregateEvent<'a> {
        AggregateEvent {
            e: "aggTrade",
            event_time: unit.print(time),
            s: grid.name(),
            a: aggregate.id,
            p: grid.price(aggregate.price),
            q: grid.qty(aggregate.qty),
            f: aggregate.first.0,
            l: aggregate.last.0,
            trade_time: unit.print(aggregate.time),
            m: aggregate.taker_side == Side::Sell,
            best_match: grid.is_spot().then_some(true),
        }
    }
}

/// The trades of one command as aggregates, the first of which has that id.
pub fn aggregate(trades: &[TradeReport], first_id: u64) -> Vec<AggregateTrade> {
    let mut aggregates: Vec<AggregateTrade> = Vec::new();
    for trade in trades {
        let taken = aggregates.last_mut().is_some_and(|last| last.take(trade));
        if !taken {
            let id = first_id + aggregates.len() as u64;
            aggregates.push(AggregateTrade::new(id, trade));
        }
    }
    aggregates
}

/// What a bookTicker of futures has before all.
#[derive(Serialize)]
struct FuturesHead {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    #[serde(rename = "T")]
    transaction_time: u64,
}

/// One message of `SYMBOL@bookTicker`; a side without orders is all zeros.
#[derive(Serialize)]
pub struct BookTickerEvent<'a> {
    #[serde(flatten)]
    head: Option<FuturesHead>,
    u: u64,
    s: &'a str,
    b: Fixed,
    #[serde(rename = "B")]
    bid_qty: Fixed,
    a: Fixed,
    #[serde(rename = "A")]
    ask_qty: Fixed,
}

impl<'a> BookTickerEvent<'a> {
    /// The best of both sides after a command.
    pub fn new(grid: &'a Grid, unit: TimeUnit, update: &MarketUpdate) -> BookTickerEvent<'a> {
        let time = unit.print(update.time);
        let (b, bid_qty) = best(grid, update.best_bid);
        let (a, ask_qty) = best(grid, update.best_ask);
        BookTickerEvent {
            head: (!grid.is_spot()).then_some(FuturesHead {
                e: "bookTicker",
                event_time: time,
                transaction_time: time,
            }),
            u: update.last_update,
            s: grid.name(),
            b,
            bid_qty,
            a,
            ask_qty,
        }
    }
}
