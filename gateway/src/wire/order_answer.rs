//! Orders on their way out: every answer of the dialect that shows one.
//!
//! Field names and their order are Binance's, `cummulativeQuoteQty` included.

use schemas::event::Trade;
use schemas::ids::{ClientOrderId, OrderListId};
use schemas::instrument::{OrderStatus, Side};
use schemas::order_command::OrderTerms;
use schemas::report::OrderReport;
use schemas::units::{Price, Qty, TimeNs};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;
use crate::wire::names::{PEG_OFFSET_TYPE, Spelled, expiry_reason, peg_price_type};
use crate::wire::new_order::Detail;
use crate::wire::order_events::Placed;

/// orderListId of an order that belongs to none, and times that have not come.
const NONE: i64 = -1;

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
    stop_price: Option<Fixed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iceberg_qty: Option<Fixed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_trade_prevention_mode: Option<&'static str>,
    #[serde(flatten)]
    conditional: Conditional,
    #[serde(skip_serializing_if = "Option::is_none")]
    fills: Option<Vec<FillAnswer<'a>>>,
}

/// The part that RESULT and a cancel share.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    price: Fixed,
    /// `None` while it waits to be told what the working order of its list bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    orig_qty: Option<Fixed>,
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
    trailing_delta: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trailing_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy_type: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prevented_match_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prevented_quantity: Option<Fixed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peg_price_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peg_offset_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peg_offset_value: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pegged_price: Option<Fixed>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_price: Option<Fixed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iceberg_qty: Option<Fixed>,
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
    working_time: i64,
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
    working_time: i64,
    self_trade_prevention_mode: &'static str,
}

impl<'a> NewOrderAnswer<'a> {
    /// The answer of the detail that the client chose.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        detail: Detail,
        placed: &'a Placed,
    ) -> NewOrderAnswer<'a> {
        let report = &placed.report;
        let full = detail == Detail::Full;
        let told = detail != Detail::Ack;
        let conditional = Conditional::of(grid, unit, report, placed.prevented_match);
        NewOrderAnswer {
            symbol: grid.name(),
            order_id: report.order.0,
            order_list_id: list_id(report),
            client_order_id: report.client_order.as_str(),
            transact_time: unit.print(report.created),
            numbers: told.then(|| Numbers::of(grid, report)),
            stop_price: stop_price(grid, report).filter(|_| told),
            iceberg_qty: iceberg_qty(grid, report).filter(|_| told),
            working_time: told.then(|| moment(unit, report.working_time())),
            self_trade_prevention_mode: told.then(|| report.self_trade.text()),
            conditional: if told {
                conditional
            } else {
                conditional.labels()
            },
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

fn list_id(report: &OrderReport) -> i64 {
    let known = |list: OrderListId| i64::try_from(list.0).unwrap_or(NONE);
    report.list().map_or(NONE, known)
}

/// A time, or -1 for one that has not come.
fn moment(unit: TimeUnit, time: Option<TimeNs>) -> i64 {
    let known = |time| i64::try_from(unit.print(time)).unwrap_or(i64::MAX);
    time.map_or(NONE, known)
}

fn terms(report: &OrderReport) -> OrderTerms {
    report
        .extras
        .map_or_else(OrderTerms::default, |extras| extras.terms)
}

/// Of a contingent order alone; zero when it only trails.
fn stop_price(grid: &Grid, report: &OrderReport) -> Option<Fixed> {
    let contingent = report.order_type.is_contingent();
    contingent.then(|| grid.price(terms(report).stop_price))
}

/// Of an iceberg alone.
fn iceberg_qty(grid: &Grid, report: &OrderReport) -> Option<Fixed> {
    terms(report).iceberg_qty().map(|qty| grid.qty(qty))
}

impl Numbers {
    fn of(grid: &Grid, report: &OrderReport) -> Numbers {
        let is_pending = report.status == OrderStatus::PendingNew;
        let is_unsized = is_pending && report.qty == Qty::ZERO;
        Numbers {
            price: grid.price(report.written_price()),
            orig_qty: (!is_unsized).then(|| grid.qty(report.qty)),
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
    fn of(
        grid: &Grid,
        unit: TimeUnit,
        report: &OrderReport,
        prevented_match: Option<u64>,
    ) -> Conditional {
        let prevented = report.prevented != Qty::ZERO;
        let terms = terms(report);
        let trailing = terms.trailing_delta();
        let since = report.extras.and_then(|extras| extras.trailing_time());
        let pegged = report.extras.and_then(|extras| extras.pegged);
        let offset = pegged.map(|it| it.peg.offset).filter(|levels| *levels != 0);
        let price = pegged.map(|it| it.price);
        Conditional {
            trailing_delta: trailing,
            trailing_time: trailing.map(|_| moment(unit, since)),
            strategy_id: terms.strategy_id(),
            strategy_type: terms.strategy_type(),
            prevented_match_id: prevented_match.filter(|_| prevented),
            prevented_quantity: prevented.then(|| grid.qty(report.prevented)),
            expiry_reason: expiry_reason(report),
            peg_price_type: pegged.map(|it| peg_price_type(it.peg)),
            peg_offset_type: offset.map(|_| PEG_OFFSET_TYPE),
            peg_offset_value: offset,
            pegged_price: price
                .filter(|price| *price != Price::ZERO)
                .map(|price| grid.price(price)),
        }
    }

    /// The client's own labels alone.
    fn labels(self) -> Conditional {
        Conditional {
            strategy_id: self.strategy_id,
            strategy_type: self.strategy_type,
            ..Conditional::default()
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
    /// The cancelled order, under the name and at the time of its cancel.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        report: &'a OrderReport,
        (cancel_client, time): (&'a ClientOrderId, TimeNs),
    ) -> CancelAnswer<'a> {
        CancelAnswer {
            symbol: grid.name(),
            orig_client_order_id: report.client_order.as_str(),
            order_id: report.order.0,
            order_list_id: list_id(report),
            client_order_id: cancel_client.as_str(),
            transact_time: unit.print(time),
            numbers: Numbers::of(grid, report),
            stop_price: stop_price(grid, report),
            iceberg_qty: iceberg_qty(grid, report),
            self_trade_prevention_mode: report.self_trade.text(),
            conditional: Conditional::of(grid, unit, report, None),
        }
    }
}

impl<'a> OrderAnswer<'a> {
    /// The order as it stands.
    pub fn new(grid: &'a Grid, unit: TimeUnit, report: &'a OrderReport) -> OrderAnswer<'a> {
        OrderAnswer {
            symbol: grid.name(),
            order_id: report.order.0,
            order_list_id: list_id(report),
            client_order_id: report.client_order.as_str(),
            price: grid.price(report.written_price()),
            orig_qty: grid.qty(report.qty),
            executed_qty: grid.qty(report.executed),
            cummulative_quote_qty: grid.quote(report.quote),
            status: report.status.text(),
            time_in_force: report.time_in_force.text(),
            order_type: report.order_type.text(),
            side: report.side.text(),
            stop_price: stop_price(grid, report).unwrap_or(Fixed::ZERO),
            iceberg_qty: iceberg_qty(grid, report).unwrap_or(Fixed::ZERO),
            time: unit.print(report.created),
            update_time: unit.print(report.updated),
            is_working: report.is_working(),
            working_time: moment(unit, report.working_time()),
            orig_quote_order_qty: grid.quote(report.quote_qty),
            self_trade_prevention_mode: report.self_trade.text(),
            conditional: Conditional::of(grid, unit, report, None),
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
            order_list_id: list_id(report),
            orig_client_order_id: old_client.as_str(),
            client_order_id: report.client_order.as_str(),
            price: grid.price(report.written_price()),
            qty: grid.qty(report.qty),
            executed_qty: grid.qty(report.executed),
            prevented_qty: grid.qty(report.prevented),
            quote_order_qty: grid.quote(report.quote_qty),
            cumulative_quote_qty: grid.quote(report.quote),
            status: report.status.text(),
            time_in_force: report.time_in_force.text(),
            order_type: report.order_type.text(),
            side: report.side.text(),
            working_time: moment(unit, report.working_time()),
            self_trade_prevention_mode: report.self_trade.text(),
        }
    }
}
