//! How the dialect spells our enumerations. Case-sensitive, both ways.

use schemas::instrument::{
    ContingencyType, ExpiryReason, OrderStatus, OrderType, SelfTradePrevention, Side, SymbolState,
    TimeInForce, VenueState,
};
use schemas::market::Interval;
use schemas::peg::{Peg, PegPriceType};
use schemas::report::OrderReport;

/// A field-less enumeration with one spelling for each value.
pub trait Name: Copy + 'static {
    /// Each value and its spelling.
    const NAMES: &'static [(Self, &'static str)];

    /// The value with that spelling.
    fn parse(text: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(value, _)| *value)
    }
}

/// Declares the spellings of one enumeration.
macro_rules! names {
    ($type:ident { $($value:ident = $name:literal),* $(,)? }) => {
        impl Name for $type {
            const NAMES: &'static [($type, &'static str)] = &[$(($type::$value, $name)),*];
        }
        impl Spelled for $type {
            fn text(self) -> &'static str {
                match self { $($type::$value => $name),* }
            }
        }
    };
}

/// A value that has a spelling.
pub trait Spelled {
    /// The spelling.
    fn text(self) -> &'static str;
}

pub(crate) use names;

names!(Interval {
    Second = "1s",
    Minute = "1m",
    Minutes3 = "3m",
    Minutes5 = "5m",
    Minutes15 = "15m",
    Minutes30 = "30m",
    Hour = "1h",
    Hours2 = "2h",
    Hours4 = "4h",
    Hours6 = "6h",
    Hours8 = "8h",
    Hours12 = "12h",
    Day = "1d",
    Days3 = "3d",
    Week = "1w",
    Month = "1M",
});
names!(Side { Buy = "BUY", Sell = "SELL" });
names!(OrderType {
    Limit = "LIMIT",
    LimitMaker = "LIMIT_MAKER",
    Market = "MARKET",
    StopLoss = "STOP_LOSS",
    StopLossLimit = "STOP_LOSS_LIMIT",
    TakeProfit = "TAKE_PROFIT",
    TakeProfitLimit = "TAKE_PROFIT_LIMIT",
});
names!(TimeInForce { Gtc = "GTC", Ioc = "IOC", Fok = "FOK" });
names!(SelfTradePrevention {
    None = "NONE",
    ExpireTaker = "EXPIRE_TAKER",
    ExpireMaker = "EXPIRE_MAKER",
    ExpireBoth = "EXPIRE_BOTH",
    Decrement = "DECREMENT",
    Transfer = "TRANSFER",
});
names!(OrderStatus {
    New = "NEW",
    PartiallyFilled = "PARTIALLY_FILLED",
    Filled = "FILLED",
    Canceled = "CANCELED",
    Expired = "EXPIRED",
    ExpiredInMatch = "EXPIRED_IN_MATCH",
    PendingNew = "PENDING_NEW",
});

/// What the dialect calls a symbol's state under the venue's switch.
pub fn symbol_status(state: SymbolState, venue: Option<VenueState>) -> &'static str {
    match (state, venue) {
        (SymbolState::PreTrading | SymbolState::Delisted, _) => "BREAK",
        (SymbolState::Halt, _) | (_, Some(VenueState::Halt)) => "HALT",
        (SymbolState::CancelOnly, _) | (_, Some(VenueState::CancelOnly)) => "CANCEL_ONLY",
        (SymbolState::Auction, _) => "AUCTION_MATCH",
        (SymbolState::Trading, _) => "TRADING",
    }
}

/// How the dialect calls a list: it knows but two kinds.
pub fn contingency(contingency: ContingencyType) -> &'static str {
    match contingency {
        ContingencyType::Oco => "OCO",
        ContingencyType::Oto | ContingencyType::Otoco => "OTO",
    }
}

/// The only unit of a peg's offset.
pub const PEG_OFFSET_TYPE: &str = "PRICE_LEVEL";

/// How the dialect calls the side that gives a price.
pub fn peg_price_type(peg: Peg) -> &'static str {
    match peg.price_type {
        PegPriceType::Market => "MARKET_PEG",
        PegPriceType::Primary | PegPriceType::None => "PRIMARY_PEG",
    }
}

/// Why an order expired, where the dialect says so.
pub fn expiry_reason(report: &OrderReport) -> Option<&'static str> {
    if report.status != OrderStatus::Expired {
        return None;
    }
    let told = report
        .extras
        .map_or(ExpiryReason::None, |extras| extras.expiry);
    match (told, report.order_type.working(), report.time_in_force) {
        (ExpiryReason::Rejected, ..) => Some("REJECTED"),
        (ExpiryReason::ExchangeCanceled, ..) => Some("EXCHANGE_CANCELED"),
        (ExpiryReason::PriceRange, ..) => Some("EXECUTION_RULE_PRICE_RANGE_EXCEEDED"),
        (ExpiryReason::OcoTrigger, ..) => Some("OCO_TRIGGER"),
        (ExpiryReason::OtoPhaseOneExpired, ..) => Some("OTO_PHASE_ONE_EXPIRED"),
        (ExpiryReason::InsufficientLiquidity, ..) | (_, OrderType::Market, _) => {
            Some("INSUFFICIENT_LIQUIDITY")
        }
        (_, _, TimeInForce::Ioc) => Some("UNFILLED_IOC_QUANTITY_EXPIRED"),
        (_, _, TimeInForce::Fok) => Some("UNFILLED_FOK_ORDER_EXPIRED"),
        _ => None,
    }
}
