//! Why a command was refused: a user's mistake, never ours.
//!
//! The gateway's one table turns a reason into a code and a text of the dialect.

use crate::wire::numbered;

numbered! {
    /// A reason to refuse. Numbers are for ever.
    RejectReason {
        UnknownSymbol = 1,
        UnknownAccount = 2,
        UnknownAsset = 3,
        /// Pre-trading, cancel-only, halt, delisted, or the venue is not open.
        MarketClosed = 4,
        AccountFrozen = 5,
        PriceFilter = 6,
        LotSize = 7,
        MarketLotSize = 8,
        Notional = 9,
        PercentPrice = 10,
        MaxNumOrders = 11,
        MaxPosition = 12,
        /// Orders per 10 s or per day used up.
        TooManyOrders = 13,
        /// The client order id is open already, or the same signed request came again.
        DuplicateOrder = 14,
        InsufficientBalance = 15,
        /// A LIMIT_MAKER would take.
        WouldMatch = 16,
        /// A market order by quote met an empty book.
        NoLiquidity = 17,
        /// The frame's time is past the request's window.
        TooLate = 18,
        /// No such open order of this account.
        UnknownOrder = 19,
        /// Order id and client order id name different orders.
        OrderIdMismatch = 20,
        /// An amendment must lower the quantity and stay above what is executed.
        AmendNotSmaller = 21,
        /// The combination of type, time in force, price and quantities makes no sense.
        InvalidOrder = 22,
        /// Bounded work of an earlier command is still going on; try again.
        Busy = 23,
        /// A broken invariant was noticed before the point of no return; the symbol is halted.
        SymbolFault = 24,
        WithdrawalsOff = 25,
        AmountNotPositive = 26,
        /// The asset's total would leave the range of the ledger.
        SupplyLimit = 27,
        NameTaken = 28,
        InvalidName = 29,
        /// Scales, or price scale + quantity scale beyond the quote's scale.
        InvalidScale = 30,
        /// Bounds out of order, or finer than the symbol's units.
        InvalidFilter = 31,
        /// |rate| too large, or maker + taker below zero.
        InvalidFees = 32,
        /// The state cannot follow the present one.
        InvalidState = 33,
        UnknownFormat = 34,
        /// The account belongs to the venue.
        VenueAccount = 35,
        /// The offset to skip was applied already.
        TooLateToSkip = 36,
        /// No room for another asset, symbol or account.
        NoMoreIds = 37,
    }
}
