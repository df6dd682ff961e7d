//! What protects a symbol from its own orders, and what is told of it (ADR 0025).
//!
//! A **band** bounds trades around the reference price: what would trade beyond expires. A
//! **breaker** does the same, and stops the symbol: it collects orders without matching and
//! reopens by a call auction. **Market depth** bounds how far a market order goes from the
//! first price that it meets. All of them take the limit when an order starts to walk.

use rkyv::{Archive, Deserialize, Serialize};

use crate::ids::{AccountId, OrderId, SymbolId};
use crate::instrument::Side;
use crate::units::{Price, Qty};
use crate::wire::wire_struct;

/// The protection of one symbol; a zero disables that part, all zero is none.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Protection {
    /// No trade farther than this from the reference price, in BIPS (1e-4).
    pub band: u32,
    /// A market order trades no farther than this from the best price that it meets first,
    /// in BIPS.
    pub market_depth: u32,
    /// No trade farther than this from the reference price, in BIPS; an order that would
    /// trade there starts an auction.
    pub breaker: u32,
    /// How long an auction collects orders, in milliseconds; zero = until an operator
    /// reopens the symbol.
    pub auction_ms: u32,
}
wire_struct!(Protection {
    band,
    market_depth,
    breaker,
    auction_ms
});

/// An order of the book was called to trade in an auction: it has left its level, and what
/// is left of it rests again in the same command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderCalled {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub side: Side,
    /// The level that it leaves, and what stood there of it.
    pub price: Price,
    pub open: Qty,
}
wire_struct!(OrderCalled {
    symbol,
    order,
    account,
    side,
    price,
    open
});

/// An order would have traded beyond the breaker: the symbol stops and calls an auction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BreakerTripped {
    pub symbol: SymbolId,
    pub order: OrderId,
    /// The last price that it could have traded at.
    pub bound: Price,
    /// The price that it met beyond.
    pub met: Price,
}
wire_struct!(BreakerTripped {
    symbol,
    order,
    bound,
    met
});

/// What an auction would give if it ended now. Price and quantity are zero when nothing
/// would trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuctionIndicative {
    pub symbol: SymbolId,
    pub price: Price,
    pub qty: Qty,
    /// What would be left at that price: positive of bids, negative of asks.
    pub surplus: i64,
}
wire_struct!(AuctionIndicative {
    symbol,
    price,
    qty,
    surplus
});

/// An auction is over and the symbol trades again. Price and quantity are zero when nothing
/// traded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuctionUncrossed {
    pub symbol: SymbolId,
    pub price: Price,
    pub qty: Qty,
}
wire_struct!(AuctionUncrossed { symbol, price, qty });
