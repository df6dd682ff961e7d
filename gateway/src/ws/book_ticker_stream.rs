//! `SYMBOL@bookTicker`: best bid and ask, whenever one of them changes.

use schemas::report::MarketUpdate;
use serde::Serialize;

use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;
use crate::wire::market::best;

/// One message; a side without orders is all zeros.
#[derive(Serialize)]
pub struct BookTickerEvent<'a> {
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
    pub fn new(grid: &'a Grid, update: &MarketUpdate) -> BookTickerEvent<'a> {
        let (b, bid_qty) = best(grid, update.best_bid);
        let (a, ask_qty) = best(grid, update.best_ask);
        BookTickerEvent {
            u: update.last_update,
            s: grid.name(),
            b,
            bid_qty,
            a,
            ask_qty,
        }
    }
}
