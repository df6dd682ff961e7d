//! How futures spell what spot does not have, or spells otherwise.

use schemas::instrument::{OrderStatus, OrderType, TimeInForce};
use schemas::perpetual::{MarginType, PositionSide, PriceMatch, WorkingType};
use schemas::perpetual_report::{IncomeKind, PerpetualOrder};
use schemas::report::OrderReport;
use schemas::units::TimeNs;

use crate::wire::names::{Name, Spelled, names};

names!(PositionSide {
    Both = "BOTH",
    Long = "LONG",
    Short = "SHORT",
});
names!(WorkingType {
    ContractPrice = "CONTRACT_PRICE",
    MarkPrice = "MARK_PRICE",
});
names!(PriceMatch {
    None = "NONE",
    Opponent = "OPPONENT",
    Opponent5 = "OPPONENT_5",
    Opponent10 = "OPPONENT_10",
    Opponent20 = "OPPONENT_20",
    Queue = "QUEUE",
    Queue5 = "QUEUE_5",
    Queue10 = "QUEUE_10",
    Queue20 = "QUEUE_20",
});
names!(MarginType {
    Cross = "CROSSED",
    Isolated = "ISOLATED",
});
names!(IncomeKind {
    Transfer = "TRANSFER",
    RealisedProfit = "REALIZED_PNL",
    Funding = "FUNDING_FEE",
    Commission = "COMMISSION",
    InsuranceClear = "INSURANCE_CLEAR",
});

/// What the dialect calls a conditional order, and what it is here.
pub const CONDITIONAL: [(&str, OrderType); 5] = [
    ("STOP", OrderType::StopLossLimit),
    ("STOP_MARKET", OrderType::StopLoss),
    ("TAKE_PROFIT", OrderType::TakeProfitLimit),
    ("TAKE_PROFIT_MARKET", OrderType::TakeProfit),
    ("TRAILING_STOP_MARKET", OrderType::StopLoss),
];

/// The margin type in the small letters of positionRisk v2.
pub fn small_margin_type(margin: MarginType) -> &'static str {
    match margin {
        MarginType::Cross => "cross",
        MarginType::Isolated => "isolated",
    }
}

/// What the order was placed as.
pub fn placed_type(order_type: OrderType, callback: u32) -> &'static str {
    match order_type {
        OrderType::Limit | OrderType::LimitMaker => "LIMIT",
        OrderType::Market => "MARKET",
        OrderType::StopLoss if callback != 0 => "TRAILING_STOP_MARKET",
        OrderType::StopLoss => "STOP_MARKET",
        OrderType::StopLossLimit => "STOP",
        OrderType::TakeProfit => "TAKE_PROFIT_MARKET",
        OrderType::TakeProfitLimit => "TAKE_PROFIT",
    }
}

/// What it acts as in the book.
pub fn working_type(order_type: OrderType) -> &'static str {
    placed_type(order_type.working(), 0)
}

/// GTX is a maker-only order here, GTD one with an end.
pub fn time_in_force(
    order_type: OrderType,
    time_in_force: TimeInForce,
    good_till: TimeNs,
) -> &'static str {
    match (order_type, good_till) {
        (OrderType::LimitMaker, _) => "GTX",
        (_, TimeNs(0)) => time_in_force.text(),
        _ => "GTD",
    }
}

/// Where a conditional order stands.
pub fn algo_status(report: &OrderReport, order: &PerpetualOrder) -> &'static str {
    let was_set_off = order.triggered != TimeNs(0);
    match report.status {
        status if was_set_off && status.is_open() => "TRIGGERED",
        _ if was_set_off => "FINISHED",
        OrderStatus::Canceled => "CANCELED",
        OrderStatus::Expired | OrderStatus::ExpiredInMatch => "EXPIRED",
        _ => "NEW",
    }
}
