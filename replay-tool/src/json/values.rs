//! Numbers, names, texts and the words of enumerations.

use schemas::command::{OrderRef, RequestDigest};
use schemas::ids::{AccountId, AssetId, Offset, OrderId, OrderListId, SymbolId, Text, TradeId};
use schemas::instrument::{
    AccountState, CancelReplaceMode, CancelRestriction, ContingencyType, ExpiryReason, Filter,
    LotSize, NotionalFilter, OrderStage, OrderStatus, OrderType, PercentPrice, PriceFilter,
    SelfTradePrevention, Side, SymbolKind, SymbolState, TimeInForce, TrailingDelta, VenueLimits,
    VenueState,
};
use schemas::order_command::OrderTerms;
use schemas::peg::PegPriceType;
use schemas::protection::Protection;
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

use crate::json::{Fields, Json, Show, shown, words};

macro_rules! numbers {
    ($($type:ident),*) => {$(
        impl Show for $type {
            fn show(&self, out: &mut Json<'_>) {
                out.number(self.0);
            }
        }
    )*};
}
numbers!(
    Price,
    Qty,
    Amount,
    Rate,
    TimeNs,
    Offset,
    AccountId,
    OrderId,
    TradeId,
    OrderListId
);

macro_rules! plain {
    ($($type:ident),*) => {$(
        impl Show for $type {
            fn show(&self, out: &mut Json<'_>) {
                out.number(self);
            }
        }
    )*};
}
plain!(u8, u16, u32, u64, i64, i128, bool);

impl Show for str {
    fn show(&self, out: &mut Json<'_>) {
        out.string(self);
    }
}

impl Show for SymbolId {
    fn show(&self, out: &mut Json<'_>) {
        match out.names.of_symbol(*self) {
            Some(name) => out.string(name),
            None => out.number(self.0),
        }
    }
}

impl Show for AssetId {
    fn show(&self, out: &mut Json<'_>) {
        match out.names.of_asset(*self) {
            Some(code) => out.string(code),
            None => out.number(self.0),
        }
    }
}

impl<const N: usize> Show for Text<N> {
    /// Bytes that are not UTF-8 appear as replacement characters.
    fn show(&self, out: &mut Json<'_>) {
        out.string(&String::from_utf8_lossy(self.as_bytes()));
    }
}

impl Show for RequestDigest {
    fn show(&self, out: &mut Json<'_>) {
        let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        out.string(&hex);
    }
}

shown! {
    OrderRef { order, client_order }
    PriceFilter { min, max, tick }
    LotSize { min, max, step }
    NotionalFilter { min, max, apply_min_to_market, apply_max_to_market }
    PercentPrice { bid_up, bid_down, ask_up, ask_down, minutes }
    TrailingDelta { min_above, max_above, min_below, max_below }
    OrderTerms { stop_price, iceberg_qty, strategy_id, strategy_type, trailing_delta }
    Protection { band, market_depth, breaker, auction_ms }
    VenueLimits { weight_per_minute, orders_per_10s, orders_per_day }
}

impl Show for Filter {
    fn show(&self, out: &mut Json<'_>) {
        out.object(|out| {
            out.field("filter", filter_name(self));
            match self {
                Filter::Price(filter) => filter.fields(out),
                Filter::LotSize(filter) | Filter::MarketLotSize(filter) => filter.fields(out),
                Filter::Notional(filter) => filter.fields(out),
                Filter::PercentPrice(filter) => filter.fields(out),
                Filter::TrailingDelta(filter) => filter.fields(out),
                Filter::Protection(protection) => protection.fields(out),
                Filter::MaxPosition(qty) => out.field("qty", qty),
                Filter::MaxNumOrders(count)
                | Filter::IcebergParts(count)
                | Filter::MaxNumAlgoOrders(count)
                | Filter::MaxNumIcebergOrders(count)
                | Filter::MaxNumOrderLists(count)
                | Filter::MaxNumOrderAmends(count) => out.field("count", count),
            }
        });
    }
}

/// What a filter is called.
pub fn filter_name(filter: &Filter) -> &'static str {
    match filter {
        Filter::Price(_) => "PRICE_FILTER",
        Filter::LotSize(_) => "LOT_SIZE",
        Filter::MarketLotSize(_) => "MARKET_LOT_SIZE",
        Filter::Notional(_) => "NOTIONAL",
        Filter::PercentPrice(_) => "PERCENT_PRICE_BY_SIDE",
        Filter::MaxNumOrders(_) => "MAX_NUM_ORDERS",
        Filter::MaxPosition(_) => "MAX_POSITION",
        Filter::TrailingDelta(_) => "TRAILING_DELTA",
        Filter::IcebergParts(_) => "ICEBERG_PARTS",
        Filter::MaxNumAlgoOrders(_) => "MAX_NUM_ALGO_ORDERS",
        Filter::MaxNumIcebergOrders(_) => "MAX_NUM_ICEBERG_ORDERS",
        Filter::MaxNumOrderLists(_) => "MAX_NUM_ORDER_LISTS",
        Filter::MaxNumOrderAmends(_) => "MAX_NUM_ORDER_AMENDS",
        Filter::Protection(_) => "PROTECTION",
    }
}

words! {
    Side { Buy "BUY", Sell "SELL" }
    OrderType {
        Limit "LIMIT", LimitMaker "LIMIT_MAKER", Market "MARKET", StopLoss "STOP_LOSS",
        StopLossLimit "STOP_LOSS_LIMIT", TakeProfit "TAKE_PROFIT",
        TakeProfitLimit "TAKE_PROFIT_LIMIT",
    }
    OrderStage { Working "WORKING", Waiting "WAITING", Pending "PENDING" }
    PegPriceType { None "NONE", Primary "PRIMARY_PEG", Market "MARKET_PEG" }
    ContingencyType { Oco "OCO", Oto "OTO", Otoco "OTOCO" }
    CancelRestriction {
        Any "ANY", OnlyNew "ONLY_NEW", OnlyPartiallyFilled "ONLY_PARTIALLY_FILLED",
    }
    ExpiryReason {
        None "NONE", Rejected "REJECTED", ExchangeCanceled "EXCHANGE_CANCELED",
        OcoTrigger "OCO_TRIGGER", OtoPhaseOneExpired "OTO_PHASE_ONE_EXPIRED",
        InsufficientLiquidity "INSUFFICIENT_LIQUIDITY",
        PriceRange "EXECUTION_RULE_PRICE_RANGE_EXCEEDED",
    }
    TimeInForce { Gtc "GTC", Ioc "IOC", Fok "FOK" }
    SelfTradePrevention {
        None "NONE", ExpireTaker "EXPIRE_TAKER", ExpireMaker "EXPIRE_MAKER",
        ExpireBoth "EXPIRE_BOTH", Decrement "DECREMENT", Transfer "TRANSFER",
    }
    SymbolState {
        PreTrading "PRE_TRADING", Trading "TRADING", CancelOnly "CANCEL_ONLY", Halt "HALT",
        Delisted "DELISTED", Auction "AUCTION",
    }
    SymbolKind { Spot "SPOT", Perpetual "PERPETUAL" }
    VenueState { Open "OPEN", CancelOnly "CANCEL_ONLY", Halt "HALT" }
    AccountState { Active "ACTIVE", Frozen "FROZEN" }
    OrderStatus {
        New "NEW", PartiallyFilled "PARTIALLY_FILLED", Filled "FILLED", Canceled "CANCELED",
        Expired "EXPIRED", ExpiredInMatch "EXPIRED_IN_MATCH", PendingNew "PENDING_NEW",
    }
    CancelReplaceMode { StopOnFailure "STOP_ON_FAILURE", AllowFailure "ALLOW_FAILURE" }
    RejectReason {
        UnknownSymbol "UNKNOWN_SYMBOL",
        UnknownAccount "UNKNOWN_ACCOUNT",
        UnknownAsset "UNKNOWN_ASSET",
        MarketClosed "MARKET_CLOSED",
        AccountFrozen "ACCOUNT_FROZEN",
        PriceFilter "PRICE_FILTER",
        LotSize "LOT_SIZE",
        MarketLotSize "MARKET_LOT_SIZE",
        Notional "NOTIONAL",
        PercentPrice "PERCENT_PRICE",
        MaxNumOrders "MAX_NUM_ORDERS",
        MaxPosition "MAX_POSITION",
        TooManyOrders "TOO_MANY_ORDERS",
        DuplicateOrder "DUPLICATE_ORDER",
        InsufficientBalance "INSUFFICIENT_BALANCE",
        WouldMatch "WOULD_MATCH",
        NoLiquidity "NO_LIQUIDITY",
        TooLate "TOO_LATE",
        UnknownOrder "UNKNOWN_ORDER",
        OrderIdMismatch "ORDER_ID_MISMATCH",
        AmendNotSmaller "AMEND_NOT_SMALLER",
        InvalidOrder "INVALID_ORDER",
        Busy "BUSY",
        SymbolFault "SYMBOL_FAULT",
        WithdrawalsOff "WITHDRAWALS_OFF",
        AmountNotPositive "AMOUNT_NOT_POSITIVE",
        SupplyLimit "SUPPLY_LIMIT",
        NameTaken "NAME_TAKEN",
        InvalidName "INVALID_NAME",
        InvalidScale "INVALID_SCALE",
        InvalidFilter "INVALID_FILTER",
        InvalidFees "INVALID_FEES",
        InvalidState "INVALID_STATE",
        UnknownFormat "UNKNOWN_FORMAT",
        VenueAccount "VENUE_ACCOUNT",
        TooLateToSkip "TOO_LATE_TO_SKIP",
        NoMoreIds "NO_MORE_IDS",
        WouldTrigger "WOULD_TRIGGER",
        TrailingDelta "TRAILING_DELTA",
        IcebergParts "ICEBERG_PARTS",
        MaxNumAlgoOrders "MAX_NUM_ALGO_ORDERS",
        MaxNumIcebergOrders "MAX_NUM_ICEBERG_ORDERS",
        MaxNumOrderLists "MAX_NUM_ORDER_LISTS",
        MaxNumOrderAmends "MAX_NUM_ORDER_AMENDS",
        IcebergTooLarge "ICEBERG_TOO_LARGE",
        ListPrices "LIST_PRICES",
        DuplicateList "DUPLICATE_LIST",
        UnknownList "UNKNOWN_LIST",
        CancelRestricted "CANCEL_RESTRICTED",
        InOrderList "IN_ORDER_LIST",
        NoIndexPrice "NO_INDEX_PRICE",
        InsufficientMargin "INSUFFICIENT_MARGIN",
        LeverageLimit "LEVERAGE_LIMIT",
        InvalidLeverage "INVALID_LEVERAGE",
        ReduceOnly "REDUCE_ONLY",
        MarginTypeUnchanged "MARGIN_TYPE_UNCHANGED",
        MarginTypeOrders "MARGIN_TYPE_ORDERS",
        MarginTypePosition "MARGIN_TYPE_POSITION",
        PositionModeUnchanged "POSITION_MODE_UNCHANGED",
        PositionModeOrders "POSITION_MODE_ORDERS",
        PositionModePosition "POSITION_MODE_POSITION",
        PositionSide "POSITION_SIDE",
        NotIsolated "NOT_ISOLATED",
        NoPosition "NO_POSITION",
        MaxOpenInterest "MAX_OPEN_INTEREST",
        NoPriceMatch "NO_PRICE_MATCH",
        Unmodified "UNMODIFIED",
        InvalidContract "INVALID_CONTRACT",
        Liquidating "LIQUIDATING",
        InvalidPrice "INVALID_PRICE",
        MarginNeeded "MARGIN_NEEDED",
        QtyExecuted "QTY_EXECUTED",
        SideMismatch "SIDE_MISMATCH",
        PegLiquidity "PEG_LIQUIDITY",
        PegOrderType "PEG_ORDER_TYPE",
        PegPriceType "PEG_PRICE_TYPE",
    }
}

impl<T: Show> Show for [T; 3] {
    fn show(&self, out: &mut Json<'_>) {
        self.as_slice().show(out);
    }
}
