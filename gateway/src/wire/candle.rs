//! Candles and aggregate trades on their way out.

use schemas::instrument::Side;
use schemas::market::{AggregateTrade, Candle};
use schemas::price_candle::{PriceCandle, PriceSeries};
use schemas::units::{Price, Rate, TimeNs};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;

/// One row of klines: open time, open, high, low, close, volume, close time, quote volume,
/// trades, what takers bought in base and in quote, and a field without meaning.
#[derive(Serialize)]
pub struct CandleRow(
    u64,
    Fixed,
    Fixed,
    Fixed,
    Fixed,
    Fixed,
    u64,
    Fixed,
    u64,
    Fixed,
    Fixed,
    &'static str,
);

impl CandleRow {
    /// The candle that ends right before `next`.
    pub fn new(grid: &Grid, unit: TimeUnit, candle: &Candle, next: TimeNs) -> CandleRow {
        CandleRow(
            unit.print(candle.open_time),
            grid.price(candle.open),
            grid.price(candle.high),
            grid.price(candle.low),
            grid.price(candle.close),
            grid.volume(candle.volume),
            unit.print(next).saturating_sub(1),
            grid.quote(candle.quote),
            candle.count(),
            grid.volume(candle.taker_volume),
            grid.quote(candle.taker_quote),
            "0",
        )
    }
}

/// One row of the candles of a price: as [`CandleRow`], without anything traded.
#[derive(Serialize)]
pub struct PriceCandleRow(
    u64,
    Fixed,
    Fixed,
    Fixed,
    Fixed,
    &'static str,
    u64,
    &'static str,
    u64,
    &'static str,
    &'static str,
    &'static str,
);

impl PriceCandleRow {
    /// The candle that ends right before `next`.
    pub fn new(
        grid: &Grid,
        unit: TimeUnit,
        (series, candle): (PriceSeries, &PriceCandle),
        next: TimeNs,
    ) -> PriceCandleRow {
        let print = |value| match series {
            PriceSeries::Premium => Fixed::rate(Rate(value)),
            PriceSeries::Mark | PriceSeries::Index => grid.price(Price(value)),
        };
        PriceCandleRow(
            unit.print(candle.open_time),
            print(candle.open),
            print(candle.high),
            print(candle.low),
            print(candle.close),
            "0",
            unit.print(next).saturating_sub(1),
            "0",
            candle.count,
            "0",
            "0",
            "0",
        )
    }
}

/// One row of aggTrades.
#[derive(Serialize)]
pub struct AggregateRow {
    a: u64,
    p: Fixed,
    q: Fixed,
    f: u64,
    l: u64,
    #[serde(rename = "T")]
    time: u64,
    m: bool,
    /// Of spot alone.
    #[serde(rename = "M", skip_serializing_if = "Option::is_none")]
    best_match: Option<bool>,
}

impl AggregateRow {
    /// An aggregate trade.
    pub fn new(grid: &Grid, unit: TimeUnit, aggregate: &AggregateTrade) -> AggregateRow {
        AggregateRow {
            a: aggregate.id,
            p: grid.price(aggregate.price),
            q: grid.qty(aggregate.qty),
            f: aggregate.first.0,
            l: aggregate.last.0,
            time: unit.print(aggregate.time),
            m: aggregate.taker_side == Side::Sell,
            best_match: grid.is_spot().then_some(true),
        }
    }
}

/// The answer of avgPrice.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AverageAnswer {
    pub mins: u32,
    pub price: Fixed,
    pub close_time: u64,
}
