//! Orders on their way out: every answer of the dialect that shows one.
//!
//! Field names and their order are Binance's, `cummulativeQuoteQty` included.

use schemas::event::Trade;
use schemas::ids::ClientOrderId;
use schemas::instrument::Side;
use schemas::report::OrderReport;
use schemas::units::Qty;
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;
use crate::wire::names::{Spelled, expiry_reason};
use crate::wire::new_order::{Detail, NewOrder};
use crate::wire::order_events::Placed;

/// Our orders never belong to a list.
const NO_LIST: i64 = -1;

/// The answer to a new order, in any of its three details.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewOrderAnswer<'a> {
    symbol: &'a str,
    order_id: u64,
    order_list_id: i64,
    client_order_id: &'a str,
    transact_time: u64,
    #[serde(flatten)]
    numbers: Option<Numbers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_trade_prevention_mode: Option<&'static str>,
    #[serde(flatten)]
    conditional: Conditional,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy_type: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fills: Option<Vec<FillAnswer<'a>>>,
}

/// The part that RESULT and a cancel share.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    price: Fixed,
    orig_qty: Fixed,
    executed_qty: Fixed,
    orig_quote_order_qty: Fixed,
    cummulative_quote_qty: Fixed,
    status: &'static str,
    time_in_force: &'static str,
    #[serde(rename = "type")]
    order_type: &'static str,
    side: &'static str,
}

/// Fields that appear only when they say something.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Conditional {
    #[serde(skip_serializing_if = "Option::is_none")]
    prevented_match_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prevented_quantity: Option<Fixed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_reason: Option<&'static str>,
}

/// One fill of a FULL answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FillAnswer<'a> {
    price: Fixed,
    qty: Fixed,
    commission: Fixed,
    commission_asset: &'a str,
    trade_id: u64,
}

/// The answer to a cancel.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelAnswer<'a> {
    symbol: &'a str,
    orig_client_order_id: &'a str,
    order_id: u64,
    order_list_id: i64,
    client_order_id: &'a str,
    transact_time: u64,
    #[serde(flatten)]
    numbers: Numbers,
    self_trade_prevention_mode: &'static str,
    #[serde(flatten)]
    conditional: Conditional,
}

/// An order that was looked up.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderAnswer<'a> {
    symbol: &'a str,
    order_id: u64,
    order_list_id: i64,
    client_order_id: &'a str,
    price: Fixed,
    orig_qty: Fixed,
    executed_qty: Fixed,
    cummulative_quote_qty: Fixed,
    status: &'static str,
    time_in_force: &'static str,
    #[serde(rename = "type")]
    order_type: &'static str,
    side: &'static str,
    stop_price: Fixed,
    iceberg_qty: Fixed,
    time: u64,
    update_time: u64,
    is_working: bool,
    working_time: u64,
    orig_quote_order_qty: Fixed,
    self_trade_prevention_mode: &'static str,
    #[serde(flatten)]
    conditional: Conditional,
}

/// The answer to an amendment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AmendAnswer<'a> {
    pub transact_time: u64,
    pub execution_id: u64,
    pub amended_order: AmendedOrder<'a>,
}

/// The order after an amendment; its names differ from everywhere else.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AmendedOrder<'a> {
    symbol: &'a str,
    order_id: u64,
    order_list_id: i64,
    orig_client_order_id: &'a str,
    client_order_id: &'a str,
    price: Fixed,
    qty: Fixed,
    executed_qty: Fixed,
    prevented_qty: Fixed,
    quote_order_qty: Fixed,
    cumulative_quote_qty: Fixed,
    status: &'static str,
    time_in_force: &'static str,
    #[serde(rename = "type")]
    order_type: &'static str,
    side: &'static str,
    working_time: u64,
    self_trade_prevention_mode: &'static str,
}

impl<'a> NewOrderAnswer<'a> {
    /// The answer of the detail that the client chose.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        request: &NewOrder,
        placed: &'a Placed,
    ) -> NewOrderAnswer<'a> {
        let report = &placed.report;
        let full = request.detail == Detail::Full;
        let told = request.detail != Detail::Ack;
        let conditional = Conditional::of(grid, report, placed.prevented_match);
        NewOrderAnswer {
            symbol: grid.name(),
            order_id: report.order.0,
            order_list_id: NO_LIST,
            client_order_id: report.client_order.as_str(),
            transact_time: unit.print(report.created),
            numbers: told.then(|| Numbers::of(grid, report)),
            working_time: told.then(|| unit.print(report.created)),
            self_trade_prevention_mode: told.then(|| report.self_trade.text()),
            conditional: if told {
                conditional
            } else {
                Conditional::default()
            },
            strategy_id: request.strategy_id,
            strategy_type: request.strategy_type,
            fills: full.then(|| {
                placed
                    .fills
                    .iter()
                    .map(|fill| fill_answer(grid, fill))
                    .collect()
            }),
        }
    }
}

impl Numbers {
    fn of(grid: &Grid, report: &OrderReport) -> Numbers {
        Numbers {
            price: grid.price(report.price),
            orig_qty: grid.qty(report.qty),
            executed_qty: grid.qty(report.executed),
            orig_quote_order_qty: grid.quote(report.quote_qty),
            cummulative_quote_qty: grid.quote(report.quote),
            status: report.status.text(),
            time_in_force: report.time_in_force.text(),
            order_type: report.order_type.text(),
            side: report.side.text(),
        }
    }
}

impl Conditional {
    fn of(grid: &Grid, report: &OrderReport, prevented_match: Option<u64>) -> Conditional {
        let prevented = report.prevented != Qty::ZERO;
        Conditional {
            prevented_match_id: prevented_match.filter(|_| prevented),
            prevented_quantity: prevented.then(|| grid.qty(report.prevented)),
            expiry_reason: expiry_reason(report.status, report.order_type, report.time_in_force),
        }
    }
}

fn fill_answer<'a>(grid: &'a Grid, fill: &Trade) -> FillAnswer<'a> {
    let is_buyer = fill.taker_side == Side::Buy;
    let (commission, commission_asset) = grid.received(is_buyer, fill.taker_fee);
    FillAnswer {
        price: grid.price(fill.price),
        qty: grid.qty(fill.qty),
        commission,
        commission_asset,
        trade_id: fill.trade.0,
    }
}

impl<'a> CancelAnswer<'a> {
    /// The cancelled order, under the name of its cancel.
    pub fn new(
        grid: &'a Grid,
        report: &'a OrderReport,
        cancel_client: &'a ClientOrderId,
        transact_time: u64,
    ) -> CancelAnswer<'a> {
        CancelAnswer {
            symbol: grid.name(),
            orig_client_order_id: report.client_order.as_str(),
            order_id: report.order.0,
            order_list_id: NO_LIST,
            client_order_id: cancel_client.as_str(),
            transact_time,
            numbers: Numbers::of(grid, report),
            self_trade_prevention_mode: report.self_trade.text(),
            conditional: Conditional::of(grid, report, None),
        }
    }
}

impl<'a> OrderAnswer<'a> {
    /// The order as it stands.
    pub fn new(grid: &'a Grid, unit: TimeUnit, report: &'a OrderReport) -> OrderAnswer<'a> {
        OrderAnswer {
            symbol: grid.name(),
            order_id: report.order.0,
            order_list_id: NO_LIST,
            client_order_id: report.client_order.as_str(),
            price: grid.price(report.price),
            orig_qty: grid.qty(report.qty),
            executed_qty: grid.qty(report.executed),
            cummulative_quote_qty: grid.quote(report.quote),
            status: report.status.text(),
            time_in_force: report.time_in_force.text(),
            order_type: report.order_type.text(),
            side: report.side.text(),
            stop_price: Fixed::ZERO,
            iceberg_qty: Fixed::ZERO,
            time: unit.print(report.created),
            update_time: unit.print(report.updated),
            // Without triggers every accepted order works from its first moment.
            is_working: true,
            working_time: unit.print(report.created),
            orig_quote_order_qty: grid.quote(report.quote_qty),
            self_trade_prevention_mode: report.self_trade.text(),
            conditional: Conditional::of(grid, report, None),
        }
    }
}

impl<'a> AmendedOrder<'a> {
    /// The order after the amendment, which had that client order id before.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        report: &'a OrderReport,
        old_client: &'a ClientOrderId,
    ) -> AmendedOrder<'a> {
        AmendedOrder {
            symbol: grid.name(),
            order_id: report.order.0,
            order_list_id: NO_LIST,
            orig_client_order_id: old_client.as_str(),
            client_order_id: report.client_order.as_str(),
            price: grid.price(report.price),
            qty: grid.qty(report.qty),
            executed_qty: grid.qty(report.executed),
            prevented_qty: grid.qty(report.prevented),
            quote_order_qty: grid.quote(report.quote_qty),
            cumulative_quote_qty: grid.quote(report.quote),
            status: report.status.text(),
            time_in_force: report.time_in_force.text(),
            order_type: report.order_type.text(),
            side: report.side.text(),
            working_time: unit.print(report.created),
            self_trade_prevention_mode: report.self_trade.text(),
        }
    }
}
