//! What a perpetual contract is and how a position in it is held: enumerations and rules.
//!
//! Amounts are atoms of the symbol's quote asset, in which margin, profit, fees and funding
//! are kept. Absent on purpose: margin in several assets. A futures wallet is kept by asset
//! already, so that it can come without another kind of account.

use crate::units::{Amount, Price, Qty, Rate, TimeNs};
use crate::wire::{Wire, numbered, wire_struct};

numbered! {
    /// What stands behind a position.
    MarginType {
        /// The whole futures wallet, shared by all cross positions.
        Cross = 0,
        /// What was put beside this position, no more.
        Isolated = 1,
    }
}

numbered! {
    /// Which of an account's positions on a symbol. One-way: `Both`, signed. Hedge: `Long`
    /// (never below zero) and `Short` (never above zero).
    PositionSide { Both = 0, Long = 1, Short = 2 }
}

numbered! {
    /// Which price sets a conditional order off.
    WorkingType { ContractPrice = 0, MarkPrice = 1 }
}

numbered! {
    /// Takes the order's price from the book: the n-th best of the other side (opponent) or
    /// of the own one (queue).
    PriceMatch {
        None = 0,
        Opponent = 1,
        Opponent5 = 2,
        Opponent10 = 3,
        Opponent20 = 4,
        Queue = 5,
        Queue5 = 6,
        Queue10 = 7,
        Queue20 = 8,
    }
}

numbered! {
    /// Which way a transfer between the two wallets of an account goes.
    WalletDirection { ToFutures = 0, ToSpot = 1 }
}

numbered! {
    /// Who says what the index price is.
    PriceSource {
        /// An operator; never stale.
        Operator = 0,
        /// The role `index`, from several venues.
        Sources = 1,
    }
}

numbered! {
    /// Why a position changed hands outside the book.
    TakeoverCause {
        /// The insurance account takes what a liquidation could not sell.
        Insurance = 0,
        /// The insurance account could not; the best ranked opposite position is closed.
        Deleveraging = 1,
        /// The contract ended at its final price.
        Settlement = 2,
    }
}

/// The most brackets of a symbol.
pub const BRACKETS_MAX: usize = 16;

/// One step of the leverage table. It holds from above `floor` to the floor of the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bracket {
    /// In quote atoms; zero for the first.
    pub floor: Amount,
    /// Maintenance margin rate, below 1.
    pub maintenance: Rate,
    /// The highest leverage at which a position may reach into it, at least 1.
    pub max_leverage: u32,
}
wire_struct!(Bracket {
    floor,
    maintenance,
    max_leverage
});

/// What a perpetual is beside a symbol.
#[derive(
    rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default,
)]
pub struct ContractSpec {
    /// Quote atoms whose average price on each side of the book are the impact prices.
    pub impact_notional: Amount,
    /// Most lots long (and so short) of all accounts; zero = no bound.
    pub max_open_interest: Qty,
    /// Most lots of one account's position; zero = no bound.
    pub max_position: Qty,
    /// Interest part of the funding rate, each interval.
    pub interest: Rate,
    /// Part of the notional filled in a liquidation.
    pub liquidation_fee: Rate,
    /// Funding is due at whole multiples of it since 1970, in nanoseconds.
    pub funding_interval_ns: u64,
    /// The premium is sampled at whole multiples of it since 1970, in nanoseconds.
    pub premium_interval_ns: u64,
    /// Leverage of an account that never chose one.
    pub default_leverage: u32,
}
wire_struct!(ContractSpec {
    impact_notional,
    max_open_interest,
    max_position,
    interest,
    liquidation_fee,
    funding_interval_ns,
    premium_interval_ns,
    default_leverage
});

/// What an order on a perpetual has beyond a plain one. GTX is LIMIT_MAKER here, GTD is GTC
/// with `good_till`.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct PerpetualTerms {
    /// The order expires then; zero = never.
    pub good_till: TimeNs,
    pub position_side: PositionSide,
    pub working_type: WorkingType,
    pub price_match: PriceMatch,
    /// It only ever makes the position smaller; it is clipped when the position shrinks.
    pub reduce_only: bool,
    /// It closes the whole position, whatever its size is then; only conditional orders.
    pub close_position: bool,
    /// It is not set off while last and mark price lie too far apart.
    pub price_protect: bool,
}
wire_struct!(PerpetualTerms {
    good_till,
    position_side,
    working_type,
    price_match,
    reduce_only,
    close_position,
    price_protect
});

impl PerpetualTerms {
    /// An order under no terms, of an account in one-way mode.
    pub const PLAIN: PerpetualTerms = PerpetualTerms {
        good_till: TimeNs(0),
        position_side: PositionSide::Both,
        working_type: WorkingType::ContractPrice,
        price_match: PriceMatch::None,
        reduce_only: false,
        close_position: false,
        price_protect: false,
    };

    /// When it expires, if ever.
    pub fn good_till(&self) -> Option<TimeNs> {
        (self.good_till != TimeNs(0)).then_some(self.good_till)
    }
}

/// A position: exact size and exact cost, never an average price.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Holding {
    /// In lots; negative is short.
    pub size: Qty,
    /// What was paid for it, in quote atoms; has the sign of `size`.
    pub cost: Amount,
    /// Margin put beside it; zero for a cross position.
    pub isolated: Amount,
}
wire_struct!(Holding {
    size,
    cost,
    isolated
});

impl Holding {
    /// Whether there is no position.
    #[inline]
    pub fn is_flat(&self) -> bool {
        self.size == Qty::ZERO
    }

    /// Average price of entry in price units, rounded toward zero; zero when flat.
    pub fn entry_price(&self, quote_per_tick_lot: u64) -> Price {
        let lots = i128::from(self.size.0) * i128::from(quote_per_tick_lot);
        match lots {
            0 => Price::ZERO,
            lots => Price(i64::try_from(self.cost.0 / lots).unwrap_or(i64::MAX)),
        }
    }
}

/// Reads a whole table of brackets; `None` unless the bytes mean one.
pub fn take_brackets(input: &mut &[u8]) -> Option<Vec<Bracket>> {
    let count = usize::from(u8::take(input)?);
    if count > BRACKETS_MAX {
        return None;
    }
    (0..count).map(|_| Bracket::take(input)).collect()
}

/// Writes a whole table of brackets.
pub fn put_brackets(brackets: &[Bracket], out: &mut Vec<u8>) {
    out.push(brackets.len() as u8);
    for bracket in brackets {
        bracket.put(out);
    }
}
