//! The state before the oldest command that can still be made again: where a sink begins
//! when the history before is gone, as in a directory that was restored from a snapshot.

use schemas::ids::{Offset, SymbolId};
use schemas::market::Candle;
use schemas::report::{Level, OrderReport};
use schemas::units::Price;

/// What a sink of the present needs to know of the past.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Opening {
    /// The first command that is not in it; 0 at genesis, where nothing else is either.
    pub next: Offset,
    /// Every open order, ascending by symbol and id.
    pub orders: Vec<OpenOrder>,
    pub markets: Vec<OpenMarket>,
}

/// An order that can still trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenOrder {
    pub report: OrderReport,
    /// Whether it stands in the book.
    pub rested: bool,
}

/// One symbol.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenMarket {
    pub symbol: SymbolId,
    /// Of the newest trade; `None` when nobody traded.
    pub price: Option<Price>,
    /// What stands in the book, each side from the best price on.
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
    /// The minutes of the last day in which somebody traded, ascending.
    pub minutes: Vec<Candle>,
}
