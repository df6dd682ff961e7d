//! Orders on perpetuals on their way out: plain ones, and conditional ones as "algo" orders.

use schemas::perpetual::PerpetualTerms;
use schemas::perpetual_report::{ModificationReport, PerpetualOrder};
use schemas::report::OrderReport;
use schemas::units::{Price, TimeNs};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::futures::names::{algo_status, placed_type, time_in_force, working_type};
use crate::wire::grid::Grid;
use crate::wire::names::Spelled;

/// Every answer that shows an order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FuturesOrderAnswer<'a> {
    order_id: u64,
    symbol: &'a str,
    status: &'static str,
    client_order_id: &'a str,
    price: Fixed,
    avg_price: Fixed,
    orig_qty: Fixed,
    executed_qty: Fixed,
    cum_qty: Fixed,
    cum_quote: Fixed,
    time_in_force: &'static str,
    #[serde(rename = "type")]
    order_type: &'static str,
    reduce_only: bool,
    close_position: bool,
    side: &'static str,
    position_side: &'static str,
    stop_price: Fixed,
    working_type: &'static str,
    price_protect: bool,
    orig_type: &'static str,
    price_match: &'static str,
    self_trade_prevention_mode: &'static str,
    good_till_date: u64,
    time: u64,
    update_time: u64,
}

impl<'a> FuturesOrderAnswer<'a> {
    /// An order as it stands.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        (report, order): (&'a OrderReport, &PerpetualOrder),
    ) -> FuturesOrderAnswer<'a> {
        let PerpetualTerms { good_till, .. } = order.terms;
        let tif = time_in_force(report.order_type, report.time_in_force, good_till);
        FuturesOrderAnswer {
            order_id: report.order.0,
            symbol: grid.name(),
            status: report.status.text(),
            client_order_id: report.client_order.as_str(),
            price: grid.price(report.price),
            avg_price: average_price(grid, report),
            orig_qty: grid.qty(report.qty),
            executed_qty: grid.qty(report.executed),
            cum_qty: grid.qty(report.executed),
            cum_quote: grid.quote(report.quote),
            time_in_force: tif,
            order_type: working_type(report.order_type),
            reduce_only: order.terms.reduce_only,
            close_position: order.terms.close_position,
            side: report.side.text(),
            position_side: order.terms.position_side.text(),
            stop_price: grid.price(order.stop_price),
            working_type: order.terms.working_type.text(),
            price_protect: order.terms.price_protect,
            orig_type: placed_type(report.order_type, order.callback),
            price_match: order.terms.price_match.text(),
            self_trade_prevention_mode: report.self_trade.text(),
            good_till_date: date(unit, good_till),
            time: unit.print(report.created),
            update_time: unit.print(report.updated),
        }
    }
}

/// Every answer that shows a conditional order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlgoOrderAnswer<'a> {
    algo_id: u64,
    client_algo_id: &'a str,
    algo_type: &'static str,
    order_type: &'static str,
    symbol: &'a str,
    side: &'static str,
    position_side: &'static str,
    time_in_force: &'static str,
    quantity: Fixed,
    algo_status: &'static str,
    /// The number of the order that it became; empty before.
    actual_order_id: String,
    actual_price: Fixed,
    trigger_price: Fixed,
    price: Fixed,
    iceberg_quantity: Option<Fixed>,
    self_trade_prevention_mode: &'static str,
    working_type: &'static str,
    price_match: &'static str,
    close_position: bool,
    price_protect: bool,
    reduce_only: bool,
    /// Of a trailing order alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    activate_price: Option<Fixed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_rate: Option<Fixed>,
    create_time: u64,
    update_time: u64,
    trigger_time: u64,
    good_till_date: u64,
}

impl<'a> AlgoOrderAnswer<'a> {
    /// A conditional order as it stands.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        (report, order): (&'a OrderReport, &PerpetualOrder),
    ) -> AlgoOrderAnswer<'a> {
        let PerpetualTerms { good_till, .. } = order.terms;
        let is_trailing = order.callback != 0;
        let trigger = if is_trailing {
            Price::ZERO
        } else {
            order.stop_price
        };
        let was_set_off = order.triggered != TimeNs(0);
        AlgoOrderAnswer {
            algo_id: report.order.0,
            client_algo_id: report.client_order.as_str(),
            algo_type: "CONDITIONAL",
            order_type: placed_type(report.order_type, order.callback),
            symbol: grid.name(),
            side: report.side.text(),
            position_side: order.terms.position_side.text(),
            time_in_force: time_in_force(report.order_type, report.time_in_force, good_till),
            quantity: grid.qty(report.qty),
            algo_status: algo_status(report, order),
            actual_order_id: match was_set_off {
                true => report.order.0.to_string(),
                false => String::new(),
            },
            actual_price: average_price(grid, report),
            trigger_price: grid.price(trigger),
            price: grid.price(report.price),
            iceberg_quantity: None,
            self_trade_prevention_mode: report.self_trade.text(),
            working_type: order.terms.working_type.text(),
            price_match: order.terms.price_match.text(),
            close_position: order.terms.close_position,
            price_protect: order.terms.price_protect,
            reduce_only: order.terms.reduce_only,
            activate_price: is_trailing.then(|| grid.price(order.stop_price)),
            callback_rate: is_trailing.then(|| Fixed::new(i128::from(order.callback), 2)),
            create_time: unit.print(report.created),
            update_time: unit.print(report.updated),
            trigger_time: date(unit, order.triggered),
            good_till_date: date(unit, good_till),
        }
    }
}

/// One modification of an order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModificationAnswer<'a> {
    amendment_id: u64,
    symbol: &'a str,
    pair: &'a str,
    order_id: u64,
    client_order_id: &'a str,
    time: u64,
    amendment: Amendment,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Amendment {
    price: Change,
    orig_qty: Change,
    count: u32,
}

#[derive(Serialize)]
struct Change {
    before: Fixed,
    after: Fixed,
}

impl<'a> ModificationAnswer<'a> {
    /// A modification as it was.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        change: &'a ModificationReport,
    ) -> ModificationAnswer<'a> {
        ModificationAnswer {
            amendment_id: change.id.0,
            symbol: grid.name(),
            pair: grid.name(),
            order_id: change.order.0,
            client_order_id: change.client_order.as_str(),
            time: unit.print(change.time),
            amendment: Amendment {
                price: Change {
                    before: grid.price(change.old_price),
                    after: grid.price(change.new_price),
                },
                orig_qty: Change {
                    before: grid.qty(change.old_qty),
                    after: grid.qty(change.new_qty),
                },
                count: change.count,
            },
        }
    }
}

/// What was paid for a lot so far; zero before the first trade.
pub fn average_price(grid: &Grid, report: &OrderReport) -> Fixed {
    let quote = (report.quote.0, grid.quote.scale);
    let qty = (i128::from(report.executed.0), grid.symbol.qty_scale);
    Fixed::ratio(quote, qty).unwrap_or(Fixed::ZERO)
}

/// A time that may not have come: zero then.
fn date(unit: TimeUnit, time: TimeNs) -> u64 {
    match time {
        TimeNs(0) => 0,
        time => unit.print(time),
    }
}
