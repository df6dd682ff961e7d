//! What can be traded and under which rules: enumerations and filters.
//!
//! All of it enters by commands and leaves by events; nothing is configuration.

use crate::protection::Protection;
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
    /// How the order prices itself. The last four are *contingent*: they sleep until the
    /// last price reaches their trigger, then the plain ones act as a market order and the
    /// `…Limit` ones as a limit order.
    OrderType {
        Limit = 0,
        LimitMaker = 1,
        Market = 2,
        StopLoss = 3,
        StopLossLimit = 4,
        TakeProfit = 5,
        TakeProfitLimit = 6,
    }
}

impl OrderType {
    /// Whether it waits for a trigger (the dialect's "algo" orders).
    #[inline]
    pub const fn is_contingent(self) -> bool {
        matches!(
            self,
            OrderType::StopLoss
                | OrderType::StopLossLimit
                | OrderType::TakeProfit
                | OrderType::TakeProfitLimit
        )
    }

    /// What it acts as once it works: LIMIT, LIMIT_MAKER or MARKET.
    #[inline]
    pub const fn working(self) -> OrderType {
        match self {
            OrderType::StopLoss | OrderType::TakeProfit | OrderType::Market => OrderType::Market,
            OrderType::StopLossLimit | OrderType::TakeProfitLimit | OrderType::Limit => {
                OrderType::Limit
            }
            OrderType::LimitMaker => OrderType::LimitMaker,
        }
    }

    /// Whether its trigger lies above the market: a price that *rises* to it sets it off.
    /// Only for contingent types.
    #[inline]
    pub const fn triggers_above(self, side: Side) -> bool {
        let stop = matches!(self, OrderType::StopLoss | OrderType::StopLossLimit);
        stop == matches!(side, Side::Buy)
    }
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
        /// As DECREMENT between orders of one account, the only ones that meet it here:
        /// trade groups of several accounts are not set up.
        Transfer = 5,
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
        /// Orders are collected without matching, until an auction reopens it.
        Auction = 5,
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
        /// A pending order of a list whose working order is not filled yet.
        PendingNew = 6,
    }
}

impl OrderStatus {
    /// Whether the order can still trade.
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            OrderStatus::New | OrderStatus::PartiallyFilled | OrderStatus::PendingNew
        )
    }
}

numbered! {
    /// Where an accepted order with terms stands.
    OrderStage {
        /// It acts at once: it walks, rests or ends in the same command.
        Working = 0,
        /// It sleeps until its trigger is reached (status NEW, isWorking false).
        Waiting = 1,
        /// It waits for the working order of its list to be filled (PENDING_NEW).
        Pending = 2,
    }
}

numbered! {
    /// How the orders of a list depend on each other.
    ContingencyType {
        /// One cancels the other: above and below.
        Oco = 0,
        /// One triggers the other: working and pending.
        Oto = 1,
        /// One triggers a one-cancels-the-other: working, pending above, pending below.
        /// The dialect's `contingencyType` calls it OTO, too.
        Otoco = 2,
    }
}

impl ContingencyType {
    /// How many orders such a list has.
    #[inline]
    pub const fn legs(self) -> usize {
        match self {
            ContingencyType::Oco | ContingencyType::Oto => 2,
            ContingencyType::Otoco => 3,
        }
    }
}

numbered! {
    /// A cancel that is only wanted while the order has this status.
    CancelRestriction { Any = 0, OnlyNew = 1, OnlyPartiallyFilled = 2 }
}

numbered! {
    /// Why an order expired, where its type and time in force do not say it (the dialect's
    /// `expiryReason`).
    ExpiryReason {
        None = 0,
        /// A pending order could not be placed when its time came.
        Rejected = 1,
        /// The venue ended it.
        ExchangeCanceled = 2,
        /// The other order of its pair traded or was set off.
        OcoTrigger = 3,
        /// The working order of its list ended without being filled.
        OtoPhaseOneExpired = 4,
        /// It was set off and its owner could not pay, or nobody stood on the other side.
        InsufficientLiquidity = 5,
        /// It would have traded beyond the band, the breaker or the depth of market orders.
        PriceRange = 6,
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

/// TRAILING_DELTA in BIPS (1e-4); all zero disables the filter. "Above" binds orders whose
/// trigger lies above the market ([`OrderType::triggers_above`]).
#[derive(
    rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default,
)]
pub struct TrailingDelta {
    pub min_above: u32,
    pub max_above: u32,
    pub min_below: u32,
    pub max_below: u32,
}
wire_struct!(TrailingDelta {
    min_above,
    max_above,
    min_below,
    max_below
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
    TrailingDelta(TrailingDelta),
    /// Most parts of an iceberg order, ceil(qty / icebergQty); 0 = 100.
    IcebergParts(u32),
    /// Most open contingent orders of an account on the symbol; 0 = no bound.
    MaxNumAlgoOrders(u32),
    /// Most open iceberg orders of an account on the symbol; 0 = no bound.
    MaxNumIcebergOrders(u32),
    /// Most open order lists of an account on the symbol; 0 = no bound.
    MaxNumOrderLists(u32),
    /// Most amendments of one order; 0 = no bound.
    MaxNumOrderAmends(u32),
    Protection(Protection),
}

impl crate::wire::Wire for Filter {
    fn put(&self, out: &mut impl crate::wire::Sink) {
        match self {
            Filter::Price(filter) => (out.push(0), filter.put(out)).1,
            Filter::LotSize(filter) => (out.push(1), filter.put(out)).1,
            Filter::MarketLotSize(filter) => (out.push(2), filter.put(out)).1,
            Filter::Notional(filter) => (out.push(3), filter.put(out)).1,
            Filter::PercentPrice(filter) => (out.push(4), filter.put(out)).1,
            Filter::MaxNumOrders(count) => (out.push(5), count.put(out)).1,
            Filter::MaxPosition(qty) => (out.push(6), qty.put(out)).1,
            Filter::TrailingDelta(filter) => (out.push(7), filter.put(out)).1,
            Filter::IcebergParts(count) => (out.push(8), count.put(out)).1,
            Filter::MaxNumAlgoOrders(count) => (out.push(9), count.put(out)).1,
            Filter::MaxNumIcebergOrders(count) => (out.push(10), count.put(out)).1,
            Filter::MaxNumOrderLists(count) => (out.push(11), count.put(out)).1,
            Filter::MaxNumOrderAmends(count) => (out.push(12), count.put(out)).1,
            Filter::Protection(protection) => (out.push(80), protection.put(out)).1,
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
            7 => Filter::TrailingDelta(Wire::take(input)?),
            8 => Filter::IcebergParts(Wire::take(input)?),
            9 => Filter::MaxNumAlgoOrders(Wire::take(input)?),
            10 => Filter::MaxNumIcebergOrders(Wire::take(input)?),
            11 => Filter::MaxNumOrderLists(Wire::take(input)?),
            12 => Filter::MaxNumOrderAmends(Wire::take(input)?),
            80 => Filter::Protection(Wire::take(input)?),
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
