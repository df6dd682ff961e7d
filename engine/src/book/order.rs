//! One resting order: 64 bytes that matching reads, and the rest beside them.

use std::collections::BTreeMap;

use schemas::command::PlaceOrderV1;
use schemas::event::OrderRested;
use schemas::ids::{AccountId, ClientOrderId, OrderId, SymbolId};
use schemas::instrument::{OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::perpetual::PositionSide;
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::book::extras::Extras;
use crate::lookup::NIL;
use crate::matching::taker::Taker;

/// What matching reads of an order: one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Order {
    pub id: OrderId,
    pub price: Price,
    pub open: Qty,
    pub account: AccountId,
    pub symbol: SymbolId,
    /// Queue of the price level.
    pub prev: u32,
    pub next: u32,
    /// List of the owner's orders on the symbol, in order of their numbers.
    pub seat_prev: u32,
    pub seat_next: u32,
    pub seat: u32,
    /// Tag of the client order id in the look-up; zero when there is none.
    pub client_tag: u32,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTradePrevention,
    /// Something of it has traded.
    pub made: bool,
    /// It has extras.
    pub special: bool,
    /// On a perpetual: the position that it moves.
    pub position: PositionSide,
    /// On a perpetual: it only ever closes.
    pub reducing: bool,
}

const _: () = assert!(size_of::<Order>() == 64, "an order is one cache line");

/// What only answers and amendments need.
#[derive(Clone, Copy, Debug)]
pub struct Details {
    /// Executed quote amount.
    pub quote: Amount,
    /// origQty = executed + prevented + open.
    pub qty: Qty,
    pub prevented: Qty,
    pub created: TimeNs,
    pub client_order: ClientOrderId,
}

impl Order {
    /// Whether it is a limit order under no other terms: what it holds is what is open of it
    /// at its price, and its end concerns no other order. Only such an order is moved.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        !self.special && matches!(self.order_type, OrderType::Limit | OrderType::LimitMaker)
    }

    /// What is told when it rests as it is.
    pub(crate) fn rested(&self) -> OrderRested {
        OrderRested {
            symbol: self.symbol,
            order: self.id,
            account: self.account,
            side: self.side,
            price: self.price,
            open: self.open,
        }
    }

    /// A new order as it rests whole, not in any list yet.
    #[inline]
    pub(crate) fn new(order: &PlaceOrderV1, id: OrderId, client_tag: u32) -> Order {
        Order {
            id,
            price: order.price,
            open: order.qty,
            account: order.account,
            symbol: order.symbol,
            prev: NIL,
            next: NIL,
            seat_prev: NIL,
            seat_next: NIL,
            seat: NIL,
            client_tag,
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
            made: false,
            special: false,
            position: PositionSide::Both,
            reducing: false,
        }
    }

    /// What is left of a taker, as it rests.
    #[inline]
    pub(crate) fn of_taker(taker: &Taker) -> Order {
        Order {
            id: taker.order,
            price: taker.limit,
            open: taker.left,
            account: taker.account,
            symbol: taker.market.symbol,
            prev: NIL,
            next: NIL,
            seat_prev: NIL,
            seat_next: NIL,
            seat: NIL,
            client_tag: taker.client_tag,
            side: taker.side,
            order_type: taker.order_type,
            time_in_force: taker.time_in_force,
            self_trade: taker.self_trade,
            made: taker.executed != Qty::ZERO,
            special: false,
            position: PositionSide::Both,
            reducing: false,
        }
    }
}

impl Details {
    /// Of a new order as it rests whole.
    #[inline]
    pub(crate) fn new(order: &PlaceOrderV1, created: TimeNs) -> Details {
        Details {
            quote: Amount::ZERO,
            qty: order.qty,
            prevented: Qty::ZERO,
            created,
            client_order: order.client_order,
        }
    }
}

/// The slab; freed places are used again, last freed first.
#[derive(Default, Debug)]
pub struct Orders {
    hot: Vec<Order>,
    cold: Vec<Details>,
    /// Of special orders only.
    pub(crate) extras: BTreeMap<(SymbolId, OrderId), Extras>,
    /// First free place, linked by `next`.
    free: Option<u32>,
    count: usize,
}

impl Orders {
    /// How many orders rest.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The order in that place.
    #[inline]
    pub fn get(&self, handle: u32) -> &Order {
        &self.hot[handle as usize]
    }

    /// The order in that place, if there is such a place.
    #[inline]
    pub(crate) fn peek(&self, handle: u32) -> Option<&Order> {
        self.hot.get(handle as usize)
    }

    /// The order in that place.
    #[inline]
    pub fn get_mut(&mut self, handle: u32) -> &mut Order {
        &mut self.hot[handle as usize]
    }

    /// The rest of the order in that place.
    #[inline]
    pub fn details(&self, handle: u32) -> &Details {
        &self.cold[handle as usize]
    }

    /// The rest of the order in that place.
    #[inline]
    pub fn details_mut(&mut self, handle: u32) -> &mut Details {
        &mut self.cold[handle as usize]
    }

    /// What was executed of the order so far.
    #[inline]
    pub fn executed(&self, handle: u32) -> Qty {
        let details = self.details(handle);
        Qty(details.qty.0 - details.prevented.0 - self.total_open(handle).0)
    }

    #[inline]
    pub(crate) fn add(&mut self, order: Order, details: Details) -> u32 {
        self.count += 1;
        let Some(handle) = self.free else {
            let handle = u32::try_from(self.hot.len()).expect("four thousand million orders");
            assert!(handle != NIL, "the last handle means none");
            self.hot.push(order);
            self.cold.push(details);
            return handle;
        };
        let next = self.hot[handle as usize].next;
        self.free = (next != NIL).then_some(next);
        self.hot[handle as usize] = order;
        self.cold[handle as usize] = details;
        handle
    }

    #[inline]
    pub(crate) fn free(&mut self, handle: u32) {
        self.count -= 1;
        self.hot[handle as usize].next = self.free.unwrap_or(NIL);
        self.free = Some(handle);
    }
}
