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
    #[serde(flatten)]
    times: Option<DepthTimes>,
    bids: Pairs,
    asks: Pairs,
}

impl DepthAnswer {
    /// The book's best levels.
    pub fn new(grid: &Grid, depth: &Depth) -> DepthAnswer {
        DepthAnswer {
            last_update_id: depth.last_update,
            times: None,
            bids: pairs(grid, &depth.bids),
            asks: pairs(grid, &depth.asks),
        }
    }

    /// The same with when it was read, as futures have it.
    pub fn read_at(mut self, time: u64) -> DepthAnswer {
        self.times = Some(DepthTimes {
            sent: time,
            read: time,
        });
        self
    }
}

/// When a book was told and when it stood like that: one moment here.
#[derive(Serialize)]
struct DepthTimes {
    #[serde(rename = "E")]
    sent: u64,
    #[serde(rename = "T")]
    read: u64,
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
    /// Of spot alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_best_match: Option<bool>,
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
            is_best_match: grid.is_spot().then_some(true),
        }
    }
}

/// The answer of ticker/price.
#[derive(Serialize)]
pub struct PriceAnswer<'a> {
    symbol: &'a str,
    price: Fixed,
    /// When it traded; of futures alone, 0 before the first trade.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<u64>,
}

impl<'a> PriceAnswer<'a> {
    /// The last price.
    pub fn new(grid: &'a Grid, price: Price) -> PriceAnswer<'a> {
        PriceAnswer {
            symbol: grid.name(),
            price: grid.price(price),
            time: None,
        }
    }

    /// The same with the time of its trade.
    pub fn traded_at(mut self, time: u64) -> PriceAnswer<'a> {
        self.time = Some(time);
        self
    }
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
    #[serde(flatten)]
    state: Option<BookState>,
}

/// What the best prices of futures tell besides: when they were read, and of which book.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BookState {
    last_update_id: u64,
    time: u64,
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
            state: None,
        }
    }

    /// The same with what futures tell besides.
    pub fn read_at(mut self, top: &Top, time: u64) -> BookTickerAnswer<'a> {
        self.state = Some(BookState {
            last_update_id: top.last_update,
            time,
        });
        self
    }
}

/// A best level, or zeros.
pub fn best(grid: &Grid, level: Option<Level>) -> (Fixed, Fixed) {
    let (price, qty) = level.unwrap_or((Price::ZERO, Qty::ZERO));
    (grid.price(price), grid.qty(qty))
}
