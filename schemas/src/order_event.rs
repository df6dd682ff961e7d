//! What happened to orders with terms and to lists.
//!
//! A plain order has none of these events; what it does have ([`crate::event`]) orders with
//! terms have, too: `OrderAccepted` first and `OrderTermsAccepted` right behind it, trades,
//! a rest, an end. Icebergs: `OrderRested.open` is the part that stands in the book,
//! `Trade.maker_open` and `OrderDone.open` count the hidden part with it; the level shrinks
//! by what trades and, at the end, by what is not hidden.

use crate::event::Event;
use crate::ids::{AccountId, ClientOrderId, OrderId, OrderListId, SymbolId};
use crate::instrument::{ContingencyType, ExpiryReason, OrderStage, Side};
use crate::order_command::OrderTerms;
use crate::reject::RejectReason;
use crate::units::{Price, Qty};
use crate::wire::wire_struct;

/// The order whose step an event of this module tells.
#[inline]
pub fn step_of(event: &Event) -> Option<(SymbolId, OrderId)> {
    match event {
        Event::OrderTermsAccepted(step) => Some((step.symbol, step.order)),
        Event::TrailingStarted(step) | Event::OrderTriggered(step) => {
            Some((step.symbol, step.order))
        }
        Event::OrderActivated(step) => Some((step.symbol, step.order)),
        Event::IcebergRefilled(step) => Some((step.symbol, step.order)),
        Event::OrderPegged(step) => Some((step.symbol, step.order)),
        Event::OrderSized(step) => Some((step.symbol, step.order)),
        Event::OrderExpiring(step) => Some((step.symbol, step.order)),
        _ => None,
    }
}

/// Follows the `OrderAccepted` of an order with terms or in a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderTermsAccepted {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub terms: OrderTerms,
    pub list: Option<OrderListId>,
    pub stage: OrderStage,
}
wire_struct!(OrderTermsAccepted {
    symbol,
    order,
    account,
    terms,
    list,
    stage
});

/// A step in the life of one order with terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderStep {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    /// The price that caused it, as the event says.
    pub price: Price,
}
wire_struct!(OrderStep {
    symbol,
    order,
    account,
    price
});

/// A pending order was placed: its status is NEW from here on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderActivated {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    /// `Waiting` for its trigger, or `Working`.
    pub stage: OrderStage,
}
wire_struct!(OrderActivated {
    symbol,
    order,
    account,
    stage
});

/// A pending order that came without a quantity got one: what its working order bought. It is
/// placed, or expires, right behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderSized {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    /// Its quantity from here on; zero before.
    pub qty: Qty,
}
wire_struct!(OrderSized {
    symbol,
    order,
    account,
    qty
});

/// The next part of an iceberg stands in the book, last at its price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IcebergRefilled {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub side: Side,
    pub price: Price,
    /// What stands in the book now; the level grows by it.
    pub shown: Qty,
}
wire_struct!(IcebergRefilled {
    symbol,
    order,
    account,
    side,
    price,
    shown
});

/// Says why the `OrderDone` right behind it is an expiry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderExpiring {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub reason: ExpiryReason,
}
wire_struct!(OrderExpiring {
    symbol,
    order,
    account,
    reason
});

/// A list was accepted; its orders follow as `OrderAccepted`, in the order of `orders`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderListAccepted {
    pub symbol: SymbolId,
    pub list: OrderListId,
    pub account: AccountId,
    pub list_client: ClientOrderId,
    pub contingency: ContingencyType,
    /// As in the command; 0 beyond [`ContingencyType::legs`].
    pub orders: [OrderId; 3],
}
wire_struct!(OrderListAccepted {
    symbol,
    list,
    account,
    list_client,
    contingency,
    orders
});

/// The last order of a list has ended: ALL_DONE.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderListDone {
    pub symbol: SymbolId,
    pub list: OrderListId,
    pub account: AccountId,
}
wire_struct!(OrderListDone {
    symbol,
    list,
    account
});

/// A list was refused; nothing else happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderListRejected {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub list_client: ClientOrderId,
    pub reason: RejectReason,
}
wire_struct!(OrderListRejected {
    account,
    symbol,
    list_client,
    reason
});
