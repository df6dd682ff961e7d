//! What can be traded and under which rules: enumerations and filters.
//!
//! All of it enters by commands and leaves by events; nothing is configuration.

use crate::units::{Amount, Price, Qty};
use crate::wire::{numbered, wire_struct};

numbered! {
    /// Which way the client trades.
    Side { Buy = 0, Sell = 1 }
}

impl Side {
    /// The other side.
    #[inline]
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

numbered! {
    /// How the order prices itself. Triggers and lists come later with new numbers.
    OrderType { Limit = 0, LimitMaker = 1, Market = 2 }
}

numbered! {
    /// How long the order lives.
    TimeInForce {
        /// Until cancelled.
        Gtc = 0,
        /// Immediate or cancel: what does not trade now expires.
        Ioc = 1,
        /// Fill or kill: all now, or nothing.
        Fok = 2,
    }
}

numbered! {
    /// Self-trade prevention; the taker's mode decides (RULES, Spot).
    SelfTradePrevention {
        /// Own orders trade with each other.
        None = 0,
        /// The taker expires at the first own order met.
        ExpireTaker = 1,
        /// Each own maker met expires; the taker goes on.
        ExpireMaker = 2,
        /// Both expire.
        ExpireBoth = 3,
        /// The smaller open quantity is taken off both without a trade.
        Decrement = 4,
    }
}

numbered! {
    /// Where a symbol stands in its life.
    SymbolState {
        /// Listed, not yet open: queries only.
        PreTrading = 0,
        /// Open.
        Trading = 1,
        /// Only cancels and queries.
        CancelOnly = 2,
        /// Stopped; cancels and queries only.
        Halt = 3,
        /// Gone for good; every order was cancelled.
        Delisted = 4,
    }
}

numbered! {
    /// What kind of product a symbol is.
    SymbolKind { Spot = 0, Perpetual = 1 }
}

numbered! {
    /// The switch over the whole venue.
    VenueState { Open = 0, CancelOnly = 1, Halt = 2 }
}

numbered! {
    /// Whether an account may trade.
    AccountState { Active = 0, Frozen = 1 }
}

numbered! {
    /// What a client sees of an order's progress (the dialect's `status`).
    OrderStatus {
        New = 0,
        PartiallyFilled = 1,
        Filled = 2,
        Canceled = 3,
        Expired = 4,
        ExpiredInMatch = 5,
    }
}

impl OrderStatus {
    /// Whether the order can still trade.
    pub const fn is_open(self) -> bool {
        matches!(self, OrderStatus::New | OrderStatus::PartiallyFilled)
    }
}

numbered! {
    /// What a cancel-replace does when the cancel fails.
    CancelReplaceMode { StopOnFailure = 0, AllowFailure = 1 }
}

/// PRICE_FILTER: bounds and tick in price units; a zero disables that part.
#[derive(
    rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default,
)]
pub struct PriceFilter {
    pub min: Price,
    pub max: Price,
    pub tick: Price,
}
wire_struct!(PriceFilter { min, max, tick });

/// LOT_SIZE and MARKET_LOT_SIZE: bounds and step in quantity units; a zero disables that part.
#[derive(
    rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default,
)]
pub struct LotSize {
    pub min: Qty,
    pub max: Qty,
    pub step: Qty,
}
wire_struct!(LotSize { min, max, step });

/// NOTIONAL in quote atoms; a zero disables that bound.
#[derive(
    rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default,
)]
pub struct NotionalFilter {
    pub min: Amount,
    pub max: Amount,
    pub apply_min_to_market: bool,
    pub apply_max_to_market: bool,
}
wire_struct!(NotionalFilter {
    min,
    max,
    apply_min_to_market,
    apply_max_to_market
});

/// PERCENT_PRICE_BY_SIDE: multipliers of the reference price in 1e-4 (5 is 50,000;
/// 0.2 is 2,000); all zero disables the filter.
#[derive(
    rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default,
)]
pub struct PercentPrice {
    pub bid_up: u32,
    pub bid_down: u32,
    pub ask_up: u32,
    pub ask_down: u32,
    /// Minutes of the volume-weighted reference price; 0 = the last trade.
    pub minutes: u32,
}
wire_struct!(PercentPrice {
    bid_up,
    bid_down,
    ask_up,
    ask_down,
    minutes
});

/// One filter of one symbol, as a command sets it and an event tells it.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filter {
    Price(PriceFilter),
    LotSize(LotSize),
    MarketLotSize(LotSize),
    Notional(NotionalFilter),
    PercentPrice(PercentPrice),
    /// Most open orders of an account on the symbol; 0 = no bound.
    MaxNumOrders(u32),
    /// Most base an account may own plus bid for, in quantity units; 0 = no bound.
    MaxPosition(Qty),
}

impl crate::wire::Wire for Filter {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Filter::Price(filter) => (out.push(0), filter.put(out)).1,
            Filter::LotSize(filter) => (out.push(1), filter.put(out)).1,
            Filter::MarketLotSize(filter) => (out.push(2), filter.put(out)).1,
            Filter::Notional(filter) => (out.push(3), filter.put(out)).1,
            Filter::PercentPrice(filter) => (out.push(4), filter.put(out)).1,
            Filter::MaxNumOrders(count) => (out.push(5), count.put(out)).1,
            Filter::MaxPosition(qty) => (out.push(6), qty.put(out)).1,
        }
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        use crate::wire::Wire;
        Some(match u8::take(input)? {
            0 => Filter::Price(Wire::take(input)?),
            1 => Filter::LotSize(Wire::take(input)?),
            2 => Filter::MarketLotSize(Wire::take(input)?),
            3 => Filter::Notional(Wire::take(input)?),
            4 => Filter::PercentPrice(Wire::take(input)?),
            5 => Filter::MaxNumOrders(Wire::take(input)?),
            6 => Filter::MaxPosition(Wire::take(input)?),
            _ => return None,
        })
    }
}

/// Limits of the whole venue, shown in exchangeInfo and counted in headers.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct VenueLimits {
    /// Request weight per minute and IP address.
    pub weight_per_minute: u32,
    /// Orders per 10 seconds and account.
    pub orders_per_10s: u32,
    /// Orders per day and account.
    pub orders_per_day: u32,
}
wire_struct!(VenueLimits {
    weight_per_minute,
    orders_per_10s,
    orders_per_day
});

impl Default for VenueLimits {
    /// RULES, "A new data directory".
    fn default() -> Self {
        VenueLimits {
            weight_per_minute: 6_000_000,
            orders_per_10s: 1_000_000,
            orders_per_day: 100_000_000,
        }
    }
}
