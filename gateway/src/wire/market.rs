//! Market data on its way out; REST and streams print the same texts.

use schemas::instrument::Side;
use schemas::report::Top;
use schemas::report::{Depth, Level, TradeReport};
use schemas::units::{Price, Qty};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;

/// Levels as pairs of price and quantity.
pub type Pairs = Vec<(Fixed, Fixed)>;

/// Levels on a symbol's grid.
pub fn pairs(grid: &Grid, levels: &[Level]) -> Pairs {
    levels
        .iter()
        .map(|(price, qty)| (grid.price(*price), grid.qty(*qty)))
        .collect()
}

/// The answer of depth.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DepthAnswer {
    last_update_id: u64,
    bids: Pairs,
    asks: Pairs,
}

impl DepthAnswer {
    /// The book's best levels.
    pub fn new(grid: &Grid, depth: &Depth) -> DepthAnswer {
        DepthAnswer {
            last_update_id: depth.last_update,
            bids: pairs(grid, &depth.bids),
            asks: pairs(grid, &depth.asks),
        }
    }
}

/// One row of trades.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TradeAnswer {
    id: u64,
    price: Fixed,
    qty: Fixed,
    quote_qty: Fixed,
    time: u64,
    is_buyer_maker: bool,
    is_best_match: bool,
}

impl TradeAnswer {
    /// A public trade.
    pub fn new(grid: &Grid, unit: TimeUnit, trade: &TradeReport) -> TradeAnswer {
        TradeAnswer {
            id: trade.trade.0,
            price: grid.price(trade.price),
            qty: grid.qty(trade.qty),
            quote_qty: grid.quote(trade.quote),
            time: unit.print(trade.time),
            is_buyer_maker: trade.taker_side == Side::Sell,
            is_best_match: true,
        }
    }
}

/// The answer of ticker/price.
#[derive(Serialize)]
pub struct PriceAnswer<'a> {
    pub symbol: &'a str,
    pub price: Fixed,
}

/// The answer of ticker/bookTicker; a side without orders is all zeros.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BookTickerAnswer<'a> {
    symbol: &'a str,
    bid_price: Fixed,
    bid_qty: Fixed,
    ask_price: Fixed,
    ask_qty: Fixed,
}

impl<'a> BookTickerAnswer<'a> {
    /// The best of both sides.
    pub fn new(grid: &'a Grid, top: &Top) -> BookTickerAnswer<'a> {
        let (bid_price, bid_qty) = best(grid, top.bid);
        let (ask_price, ask_qty) = best(grid, top.ask);
        BookTickerAnswer {
            symbol: grid.name(),
            bid_price,
            bid_qty,
            ask_price,
            ask_qty,
        }
    }
}

/// A best level, or zeros.
pub fn best(grid: &Grid, level: Option<Level>) -> (Fixed, Fixed) {
    let (price, qty) = level.unwrap_or((Price::ZERO, Qty::ZERO));
    (grid.price(price), grid.qty(qty))
}
