//! `SYMBOL@trade`: every trade, at once.

use schemas::instrument::Side;
use schemas::report::TradeReport;
use schemas::units::TimeNs;
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;

/// One message.
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
    #[serde(rename = "M")]
    best_match: bool,
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
            best_match: true,
        }
    }
}
