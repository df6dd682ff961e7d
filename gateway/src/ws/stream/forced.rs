//! `SYMBOL@forceOrder`: orders by which positions were liquidated, as each command left them.

use schemas::report::{MarketUpdate, OrderReport};
use schemas::units::{Qty, TimeNs};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::futures::order::average_price;
use crate::wire::grid::Grid;
use crate::wire::names::Spelled;

/// One message.
#[derive(Serialize)]
pub struct ForcedOrderEvent<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    o: ForcedOrder<'a>,
}

#[derive(Serialize)]
struct ForcedOrder<'a> {
    s: &'a str,
    #[serde(rename = "S")]
    side: &'static str,
    o: &'static str,
    f: &'static str,
    q: Fixed,
    p: Fixed,
    ap: Fixed,
    #[serde(rename = "X")]
    status: &'static str,
    l: Fixed,
    z: Fixed,
    #[serde(rename = "T")]
    time: u64,
}

impl<'a> ForcedOrderEvent<'a> {
    /// An order of a command at that time, with the trades of the same command.
    pub fn new(
        grid: &'a Grid,
        (unit, time): (TimeUnit, TimeNs),
        (order, update): (&OrderReport, &MarketUpdate),
    ) -> ForcedOrderEvent<'a> {
        let mut fills = update.trades.iter().rev();
        let last = fills.find(|trade| trade.taker_order == order.order);
        ForcedOrderEvent {
            e: "forceOrder",
            event_time: unit.print(time),
            o: ForcedOrder {
                s: grid.name(),
                side: order.side.text(),
                o: order.order_type.text(),
                f: order.time_in_force.text(),
                q: grid.qty(order.qty),
                p: grid.price(order.price),
                ap: average_price(grid, order),
                status: order.status.text(),
                l: grid.qty(last.map_or(Qty::ZERO, |trade| trade.qty)),
                z: grid.qty(order.executed),
                time: unit.print(order.updated),
            },
        }
    }
}
