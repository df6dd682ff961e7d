//! Own trades on perpetuals on their way out.

use schemas::instrument::Side;
use schemas::perpetual::PositionSide;
use schemas::perpetual_report::TradeProfit;
use schemas::report::TradeReport;
use schemas::units::Amount;
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;
use crate::wire::names::Spelled;

/// One row of userTrades.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserTradeRow<'a> {
    buyer: bool,
    commission: Fixed,
    commission_asset: &'a str,
    id: u64,
    maker: bool,
    order_id: u64,
    price: Fixed,
    qty: Fixed,
    quote_qty: Fixed,
    realized_pnl: Fixed,
    side: &'static str,
    position_side: &'static str,
    symbol: &'a str,
    time: u64,
}

impl<'a> UserTradeRow<'a> {
    /// One side of a trade, with what it realised.
    pub fn new(
        grid: &'a Grid,
        unit: TimeUnit,
        (trade, is_maker): (&TradeReport, bool),
        profit: Option<TradeProfit>,
    ) -> UserTradeRow<'a> {
        let buyer = (trade.taker_side == Side::Buy) != is_maker;
        let (order, fee) = if is_maker {
            (trade.maker_order, trade.maker_fee)
        } else {
            (trade.taker_order, trade.taker_fee)
        };
        let realised = profit.map_or(Amount::ZERO, |profit| profit.realised);
        let position = profit.map_or(PositionSide::Both, |profit| profit.position);
        let side = if buyer { Side::Buy } else { Side::Sell };
        UserTradeRow {
            buyer,
            commission: grid.quote(fee),
            commission_asset: grid.quote.code.as_str(),
            id: trade.trade.0,
            maker: is_maker,
            order_id: order.0,
            price: grid.price(trade.price),
            qty: grid.qty(trade.qty),
            quote_qty: grid.quote(trade.quote),
            realized_pnl: grid.quote(realised),
            side: side.text(),
            position_side: position.text(),
            symbol: grid.name(),
            time: unit.print(trade.time),
        }
    }
}
