//! Amendments and prevented matches on their way out.

use schemas::instrument::SelfTradePrevention;
use schemas::order_change::{AmendmentReport, PreventedReport};
use schemas::units::Qty;
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;
use crate::wire::names::Spelled;

/// tradeGroupId of an account that is in none.
const NO_GROUP: i64 = -1;

/// tradeGroupId of an account.
pub fn trade_group_id(group: u32) -> i64 {
    match group {
        0 => NO_GROUP,
        group => i64::from(group),
    }
}

/// One amendment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AmendmentAnswer<'a> {
    symbol: &'a str,
    order_id: u64,
    execution_id: u64,
    orig_client_order_id: &'a str,
    new_client_order_id: &'a str,
    orig_qty: Fixed,
    new_qty: Fixed,
    time: u64,
}

impl<'a> AmendmentAnswer<'a> {
    /// An amendment on the symbol of that grid.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        amendment: &'a AmendmentReport,
    ) -> AmendmentAnswer<'a> {
        AmendmentAnswer {
            symbol: grid.name(),
            order_id: amendment.order.0,
            execution_id: amendment.id.0,
            orig_client_order_id: amendment.old_client.as_str(),
            new_client_order_id: amendment.new_client.as_str(),
            orig_qty: grid.qty(amendment.old_qty),
            new_qty: grid.qty(amendment.new_qty),
            time: unit.print(amendment.time),
        }
    }
}

/// One prevented match; a side that lost nothing is not told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PreventedAnswer<'a> {
    symbol: &'a str,
    prevented_match_id: u64,
    taker_order_id: u64,
    maker_symbol: &'a str,
    maker_order_id: u64,
    trade_group_id: i64,
    self_trade_prevention_mode: &'static str,
    price: Fixed,
    #[serde(skip_serializing_if = "Option::is_none")]
    taker_prevented_quantity: Option<Fixed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maker_prevented_quantity: Option<Fixed>,
    transact_time: u64,
}

impl<'a> PreventedAnswer<'a> {
    /// A match on the symbol of that grid, of an account of that trade group.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        (met, group): (&PreventedReport, u32),
    ) -> PreventedAnswer<'a> {
        // Of a match within a trade group the other account's part is its own business.
        let told = |qty: Qty, spared| {
            let is_own = met.mode != spared && qty != Qty::ZERO;
            is_own.then(|| grid.qty(qty))
        };
        PreventedAnswer {
            symbol: grid.name(),
            prevented_match_id: met.id.0,
            taker_order_id: met.taker_order.0,
            maker_symbol: grid.name(),
            maker_order_id: met.maker_order.0,
            trade_group_id: trade_group_id(group),
            self_trade_prevention_mode: met.mode.text(),
            price: grid.price(met.price),
            taker_prevented_quantity: told(met.taker_prevented, SelfTradePrevention::ExpireMaker),
            maker_prevented_quantity: told(met.maker_prevented, SelfTradePrevention::ExpireTaker),
            transact_time: unit.print(met.time),
        }
    }
}
