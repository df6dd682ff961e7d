//! What `explain` records: the engine's own steps, never a second formula.
//!
//! With [`NoTrace`] every call is compiled to nothing.

use schemas::ids::{AccountId, AssetId, SymbolId};
use schemas::units::{Amount, Price, Qty, Rate};

/// One step of a calculation or a decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Note {
    /// ticks x lots x quote_per_tick_lot = quote atoms.
    Notional {
        symbol: SymbolId,
        price: Price,
        qty: Qty,
        quote_per_tick_lot: u64,
        quote: Amount,
    },
    /// received x rate, rounded up to the atom (a rebate down).
    Fee {
        account: AccountId,
        received: Amount,
        rate: Rate,
        fee: Amount,
    },
    /// Put on hold (positive) or given back (negative).
    Hold {
        account: AccountId,
        asset: AssetId,
        amount: Amount,
    },
    /// Money moved from one account to another.
    Moved {
        asset: AssetId,
        from: AccountId,
        to: AccountId,
        amount: Amount,
    },
    /// A named rule was checked and held.
    Passed { rule: &'static str },
    /// A named rule was checked and did not hold.
    Failed { rule: &'static str },
    /// The price that percentages are taken of.
    Reference { symbol: SymbolId, price: Price },
    /// A position after a fill: exact size and cost, and what was realised.
    Position {
        account: AccountId,
        symbol: SymbolId,
        size: Qty,
        cost: Amount,
        realised: Amount,
    },
    /// Margin that position and orders would need, and what would be left of the wallet.
    Margin {
        account: AccountId,
        symbol: SymbolId,
        needed: Amount,
        left: Amount,
    },
    /// What a forced order is limited by: where the position leaves its pool with nothing,
    /// rounded to the tick that leaves it at zero or above.
    Bankruptcy {
        account: AccountId,
        symbol: SymbolId,
        size: Qty,
        cost: Amount,
        /// All else that backs the position.
        behind: Amount,
        quote_per_tick_lot: u64,
        price: Price,
    },
    /// value x rate, paid rounded up, received rounded down.
    Funding {
        account: AccountId,
        value: Amount,
        rate: Rate,
        payment: Amount,
    },
    /// The taker meets a maker at this price, for this quantity.
    Met {
        symbol: SymbolId,
        price: Price,
        qty: Qty,
    },
}

/// Hears every [`Note`].
pub trait Trace {
    /// Whether every step is to be told, also of a rule that is known to hold.
    const HEARS: bool = true;

    /// One step; nothing by default.
    #[inline(always)]
    fn note(&mut self, note: Note) {
        let _ = note;
    }
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    const HEARS: bool = false;
}

/// Keeps everything.
#[derive(Clone, Debug, Default)]
pub struct Notes(pub Vec<Note>);

impl Trace for Notes {
    fn note(&mut self, note: Note) {
        self.0.push(note);
    }
}
