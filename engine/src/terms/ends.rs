//! The end of special orders, wherever they are.

use schemas::event::{Event, OrderDone};
use schemas::ids::{AssetId, OrderId, SymbolId};
use schemas::instrument::{ExpiryReason, OrderStatus, Side, SymbolKind};
use schemas::order_event::OrderExpiring;
use schemas::units::{Amount, Qty};

use crate::apply::Engine;
use crate::book::order::Order;
use crate::matching::cancel::Ending;
use crate::matching::carried::Work;
use crate::matching::taker::Taker;
use crate::trace::Trace;

impl<T: Trace> Engine<T> {
    /// Ends an order that rests or lies aside, and with it what its list says.
    #[cold]
    #[inline(never)]
    pub(crate) fn end_special(&mut self, handle: u32, ending: Ending, reason: ExpiryReason) {
        let orders = &self.state.books.orders;
        let (order, total) = (*orders.get(handle), orders.total_open(handle));
        let extras = *self.state.books.orders.extras_mut(handle);
        if extras.aside {
            let asset = self.pays_with(&order);
            self.move_hold((order.account, asset), Amount(-extras.held.0));
        } else {
            self.release(&order, total);
        }
        self.tell_expiry(&order, reason);
        self.out.push(Event::OrderDone(OrderDone {
            open: total,
            prevented: match ending.status {
                OrderStatus::ExpiredInMatch => total,
                _ => Qty::ZERO,
            },
            rested: !extras.aside,
            ..ending.of_resting(&order)
        }));
        self.close_special(handle);
        if let Some(list) = extras.list {
            self.leg_ended(list, order.id, ending);
        }
    }

    /// Ends a taker that lies aside; its money is free.
    pub(crate) fn end_aside(&mut self, taker: &Taker, status: OrderStatus) {
        let handle = self.aside_handle(taker.market.symbol, taker);
        let list = self.state.books.orders.extras_mut(handle).list;
        self.end_taker(taker, status);
        self.close_special(handle);
        match (list, status) {
            (None, _) => (),
            (Some(list), OrderStatus::Filled) => self.leg_filled(list, taker.order),
            (Some(list), _) => self.leg_ended(list, taker.order, Ending::of(status)),
        }
    }

    /// Why the end that follows is an expiry, where the order's type does not say it.
    pub(crate) fn tell_expiry(&mut self, order: &Order, reason: ExpiryReason) {
        if reason != ExpiryReason::None {
            self.out.push(Event::OrderExpiring(OrderExpiring {
                symbol: order.symbol,
                order: order.id,
                account: order.account,
                reason,
            }));
        }
    }

    /// The asset that an order holds.
    pub(crate) fn pays_with(&self, order: &Order) -> AssetId {
        let market = &self.state.symbols[order.symbol.0 as usize].market;
        match order.side {
            Side::Buy => market.quote,
            Side::Sell => market.base,
        }
    }

    /// Takes a special order out of everything; its hold is settled already.
    pub(crate) fn close_special(&mut self, handle: u32) {
        let order = *self.state.books.orders.get(handle);
        let state = &mut self.state;
        let extras = state.books.orders.extras.remove(&(order.symbol, order.id));
        let extras = extras.expect("a special order has extras");
        if !state.pegs.is_empty() {
            state.pegs.remove(&(order.symbol, order.id));
        }
        if let Some(wait) = extras.wait {
            let book = state.terms.book(order.symbol);
            book.wake(wait, extras.terms.trailing_delta, extras.arrival);
        }
        state.terms.count((order.account, order.symbol), |counts| {
            counts.algo -= u32::from(order.order_type.is_contingent());
            counts.iceberg -= u32::from(extras.terms.iceberg_qty().is_some());
        });
        if state.symbols[order.symbol.0 as usize].kind == SymbolKind::Perpetual {
            self.forget_waiting(order.symbol, order.id, extras.terms.trailing_delta);
        }
        let state = &mut self.state;
        if order.client_tag != 0 {
            state.clients.remove(order.client_tag, handle);
        }
        if order.side == Side::Buy {
            state.seats.shrink_bids(order.seat, extras.hidden);
        }
        state
            .seats
            .unlink(&state.tags, &mut state.books.orders, handle);
        if extras.aside {
            state.books.remove_aside(handle);
        } else {
            state.books.remove(handle);
        }
    }

    /// Cancels what lies aside on a delisted symbol, by number; false when the command has
    /// no events left.
    pub(crate) fn cancel_aside(&mut self, symbol: SymbolId) -> bool {
        let range = (symbol, OrderId(0))..=(symbol, OrderId(u64::MAX));
        while let Some((key, _)) = self.state.books.orders.extras.range(range.clone()).next() {
            if self.is_full() {
                self.state.work.push_front(Work::CancelSymbol { symbol });
                return false;
            }
            self.steps += 1;
            let handle = self.state.books.find(key.0, key.1);
            let handle = handle.expect("an order with extras is in the index");
            let ending = Ending::of(OrderStatus::Canceled);
            self.end_special(handle, ending, ExpiryReason::None);
        }
        true
    }
}
