//! The end of resting orders: one, all of a seat, all of a symbol.

use schemas::command::{CancelAllV1, CancelOrderV1, OrderRef};
use schemas::event::{CancelRejected, Event, OrderDone};
use schemas::ids::{AccountId, ClientOrderId, OrderId, SymbolId};
use schemas::instrument::{ExpiryReason, OrderStatus, Side};
use schemas::reject::RejectReason;
use schemas::units::{Qty, TimeNs};

use crate::apply::Engine;
use crate::book::order::Order;
use crate::matching::carried::Work;
use crate::trace::Trace;

/// How a resting order ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub status: OrderStatus,
    pub cancel_client: ClientOrderId,
}

impl Ending {
    #[inline]
    pub(crate) fn of(status: OrderStatus) -> Ending {
        Ending {
            status,
            cancel_client: ClientOrderId::EMPTY,
        }
    }

    /// By a cancel with that name; it may have none.
    #[inline]
    pub(crate) fn canceled(cancel_client: ClientOrderId) -> Ending {
        Ending {
            status: OrderStatus::Canceled,
            cancel_client,
        }
    }

    /// The end of an order that stood in the book.
    #[inline]
    pub(crate) fn of_resting(&self, order: &Order) -> OrderDone {
        OrderDone {
            symbol: order.symbol,
            order: order.id,
            account: order.account,
            side: order.side,
            status: self.status,
            price: order.price,
            open: order.open,
            prevented: match self.status {
                OrderStatus::ExpiredInMatch => order.open,
                _ => Qty::ZERO,
            },
            rested: true,
            cancel_client: self.cancel_client,
        }
    }
}

impl<T: Trace> Engine<T> {
    #[inline]
    pub(crate) fn cancel(&mut self, command: &CancelOrderV1) {
        let (account, symbol) = (command.account, command.symbol);
        let found = self
            .admit_cancel(account, symbol, command.valid_until)
            .and_then(|()| self.find_target(account, symbol, &command.target));
        match found {
            Ok(handle) => self.end_resting(handle, Ending::canceled(command.cancel_client)),
            Err(reason) => self.reject_cancel(account, symbol, reason),
        }
    }

    /// Cancels are possible in every state of symbol, venue and account.
    #[inline]
    pub(crate) fn admit_cancel(
        &self,
        account: AccountId,
        symbol: SymbolId,
        valid_until: TimeNs,
    ) -> Result<(), RejectReason> {
        self.check_window(valid_until)?;
        self.state
            .symbol(symbol)
            .ok_or(RejectReason::UnknownSymbol)?;
        self.state
            .account(account)
            .ok_or(RejectReason::UnknownAccount)?;
        Ok(())
    }

    /// The open order that is meant.
    ///
    /// # Errors
    /// UnknownOrder; OrderIdMismatch when both names are given and differ.
    #[inline]
    pub(crate) fn find_target(
        &self,
        account: AccountId,
        symbol: SymbolId,
        target: &OrderRef,
    ) -> Result<u32, RejectReason> {
        if target.order == OrderId(0) {
            return self.find_named(account, symbol, &target.client_order);
        }
        let orders = &self.state.books.orders;
        match self.state.books.find(symbol, target.order) {
            Some(handle) if orders.get(handle).account == account => {
                let named = &target.client_order;
                if !named.is_empty() && orders.details(handle).client_order != *named {
                    return Err(RejectReason::OrderIdMismatch);
                }
                Ok(handle)
            }
            _ => Err(RejectReason::UnknownOrder),
        }
    }

    #[inline(never)]
    fn find_named(
        &self,
        account: AccountId,
        symbol: SymbolId,
        named: &ClientOrderId,
    ) -> Result<u32, RejectReason> {
        let tag = self.client_tag(account, symbol, named);
        if tag == 0 {
            return Err(RejectReason::UnknownOrder);
        }
        self.find_client(tag, account, symbol, named)
            .ok_or(RejectReason::UnknownOrder)
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn reject_cancel(
        &mut self,
        account: AccountId,
        symbol: SymbolId,
        reason: RejectReason,
    ) {
        self.out.push(Event::CancelRejected(CancelRejected {
            account,
            symbol,
            reason,
        }));
    }

    /// Ends a resting order: hold back to its owner, event, out of the book.
    #[inline]
    pub(crate) fn end_resting(&mut self, handle: u32, ending: Ending) {
        let order = *self.state.books.orders.get(handle);
        if order.special {
            return self.end_special(handle, ending, ExpiryReason::None);
        }
        self.release(&order, order.open);
        self.out.push(Event::OrderDone(ending.of_resting(&order)));
        self.close(handle);
    }

    /// Takes an order out of seat, look-up and book; its hold is settled already.
    #[inline]
    pub(crate) fn close(&mut self, handle: u32) {
        let client_tag = self.state.books.orders.get(handle).client_tag;
        if client_tag != 0 {
            self.state.clients.remove(client_tag, handle);
        }
        let state = &mut self.state;
        state
            .seats
            .unlink(&state.tags, &mut state.books.orders, handle);
        state.books.remove(handle);
    }

    /// Every open order of the account on the symbol, in order of their numbers.
    pub(crate) fn cancel_all(&mut self, command: &CancelAllV1) {
        let (account, symbol) = (command.account, command.symbol);
        let admitted = self.admit_cancel(account, symbol, command.valid_until);
        let seat = self
            .state
            .seats
            .with_orders(&self.state.tags, account, symbol);
        let admitted = admitted.and(seat.ok_or(RejectReason::UnknownOrder));
        match admitted {
            Ok(_) => self.cancel_seat(account, symbol),
            Err(reason) => self.reject_cancel(account, symbol, reason),
        }
    }

    /// Cancels until the seat is free or the command has no events left.
    pub(crate) fn cancel_seat(&mut self, account: AccountId, symbol: SymbolId) {
        while let Some(seat) = self
            .state
            .seats
            .with_orders(&self.state.tags, account, symbol)
        {
            if self.is_full() {
                self.state
                    .work
                    .push_front(Work::CancelSeat { account, symbol });
                return;
            }
            self.steps += 1;
            let first = self.state.seats.get(seat).head;
            self.end_resting(first, Ending::of(OrderStatus::Canceled));
        }
    }

    /// Cancels every order of a delisted symbol, best first, bids before asks.
    pub(crate) fn cancel_symbol(&mut self, symbol: SymbolId) {
        for side in [Side::Buy, Side::Sell] {
            while let Some(handle) = self.state.books.best(symbol, side) {
                if self.is_full() {
                    self.state.work.push_front(Work::CancelSymbol { symbol });
                    return;
                }
                self.steps += 1;
                self.end_resting(handle, Ending::of(OrderStatus::Canceled));
            }
        }
        self.cancel_aside(symbol);
    }
}
