//! What happened to orders besides trading, as their owners read it afterwards: amendments,
//! and matches with oneself that were prevented.

use crate::event::{Event, OrderAmended, OrderDone, TradePrevented};
use crate::ids::{AccountId, ClientOrderId, EventId, OrderId, SymbolId};
use crate::instrument::{SelfTradePrevention, Side};
use crate::units::{Price, Qty, TimeNs};
use crate::wire::wire_struct;

/// One amendment that kept an order's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AmendmentReport {
    /// The dialect's executionId.
    pub id: EventId,
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub old_client: ClientOrderId,
    pub new_client: ClientOrderId,
    pub old_qty: Qty,
    pub new_qty: Qty,
    pub time: TimeNs,
}
wire_struct!(AmendmentReport {
    id,
    symbol,
    order,
    account,
    old_client,
    new_client,
    old_qty,
    new_qty,
    time
});

/// One match between two orders of the same owner that did not take place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PreventedReport {
    /// The dialect's preventedMatchId.
    pub id: EventId,
    pub symbol: SymbolId,
    pub account: AccountId,
    pub taker_order: OrderId,
    pub maker_order: OrderId,
    pub maker_side: Side,
    pub price: Price,
    /// What it took off each order, what ended with the order included.
    pub taker_prevented: Qty,
    pub maker_prevented: Qty,
    pub mode: SelfTradePrevention,
    pub time: TimeNs,
}
wire_struct!(PreventedReport {
    id,
    symbol,
    account,
    taker_order,
    maker_order,
    maker_side,
    price,
    taker_prevented,
    maker_prevented,
    mode,
    time
});

impl AmendmentReport {
    /// The amendment of that event, which happened at `time`.
    pub fn new((id, time): (EventId, TimeNs), amended: &OrderAmended) -> AmendmentReport {
        AmendmentReport {
            id,
            symbol: amended.symbol,
            order: amended.order,
            account: amended.account,
            old_client: amended.old_client,
            new_client: amended.new_client,
            old_qty: amended.old_qty,
            new_qty: amended.new_qty,
            time,
        }
    }
}

impl PreventedReport {
    /// The match of that event, which happened at `time`; ends that follow in the same
    /// command may belong to it ([`PreventedReport::take`]).
    pub fn new((id, time): (EventId, TimeNs), met: &TradePrevented) -> PreventedReport {
        PreventedReport {
            id,
            symbol: met.symbol,
            account: met.account,
            taker_order: met.taker_order,
            maker_order: met.maker_order,
            maker_side: met.maker_side,
            price: met.price,
            taker_prevented: met.taker_prevented,
            maker_prevented: met.maker_prevented,
            mode: met.mode,
            time,
        }
    }

    /// Takes an end that may be this match's: of one of its orders, with a quantity that
    /// self-trade prevention took. Of several matches in a command the newest is asked first.
    pub fn take(&mut self, done: &OrderDone) -> bool {
        let is_own = done.symbol == self.symbol && done.account == self.account;
        if !is_own || done.prevented == Qty::ZERO {
            return false;
        }
        let taken = match done.order {
            order if order == self.maker_order => &mut self.maker_prevented,
            order if order == self.taker_order => &mut self.taker_prevented,
            _ => return false,
        };
        taken.0 += done.prevented.0;
        true
    }

    /// Whether it is about this order, on either side.
    pub fn concerns(&self, order: OrderId) -> bool {
        self.taker_order == order || self.maker_order == order
    }
}

/// Whether an event makes or completes one of these.
#[inline]
pub fn is_change(event: &Event) -> bool {
    match event {
        Event::OrderAmended(_) | Event::TradePrevented(_) => true,
        Event::OrderDone(done) => done.prevented != Qty::ZERO,
        _ => false,
    }
}
