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
        /// The stop price is reached by the last price already.
        WouldTrigger = 38,
        TrailingDelta = 39,
        IcebergParts = 40,
        MaxNumAlgoOrders = 41,
        MaxNumIcebergOrders = 42,
        MaxNumOrderLists = 43,
        MaxNumOrderAmends = 44,
        /// icebergQty is not below the order's quantity.
        IcebergTooLarge = 45,
        /// The prices of an OCO do not enclose the last price, or stand the wrong way.
        ListPrices = 46,
        /// A list of that client id is open.
        DuplicateList = 47,
        /// No such open list of this account.
        UnknownList = 48,
        /// The order's status is not the one that the cancel asks for.
        CancelRestricted = 49,
        /// An order of a list cannot be amended or replaced by itself.
        InOrderList = 50,
        /// No index price was set yet, or the symbol is no perpetual under rules.
        NoIndexPrice = 51,
        /// The futures wallet does not cover the margin.
        InsufficientMargin = 52,
        /// The position would be larger than the brackets let the leverage be.
        LeverageLimit = 53,
        /// Below 1, or above what the brackets allow.
        InvalidLeverage = 54,
        /// A reduce-only order would open or turn a position, or there is none.
        ReduceOnly = 55,
        MarginTypeUnchanged = 56,
        /// Open orders stand in the way of another margin type.
        MarginTypeOrders = 57,
        /// A position stands in the way of another margin type.
        MarginTypePosition = 58,
        PositionModeUnchanged = 59,
        PositionModeOrders = 60,
        PositionModePosition = 61,
        /// The order's position side does not fit the account's mode.
        PositionSide = 62,
        /// Margin is put beside isolated positions only.
        NotIsolated = 63,
        NoPosition = 64,
        /// Open interest or position beyond the contract's bound.
        MaxOpenInterest = 65,
        /// Nobody stands where the order was to take its price from.
        NoPriceMatch = 66,
        /// Neither price nor quantity would change.
        Unmodified = 67,
        /// A contract or a bracket table that makes no sense.
        InvalidContract = 68,
        /// The account is being liquidated.
        Liquidating = 69,
        /// Not above zero, or out of range.
        InvalidPrice = 70,
        /// The position needs the margin that was to be taken back.
        MarginNeeded = 71,
        /// A modification must leave something above what is executed.
        QtyExecuted = 72,
        /// The modified side is not the order's.
        SideMismatch = 73,
        /// The book lacks the level that the peg names.
        PegLiquidity = 74,
        /// Such an order has no price that could be pegged.
        PegOrderType = 75,
        /// Such an order may not be pegged to that side.
        PegPriceType = 76,
    }
}
