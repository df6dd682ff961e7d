//! An order made smaller; it keeps its place in the queue.

use schemas::command::AmendOrderV1;
use schemas::event::{CancelRejected, Event, OrderAmended};
use schemas::reject::RejectReason;
use schemas::units::Qty;

use crate::apply::Engine;
use crate::risk::filters::lot_holds;
use crate::trace::Trace;

/// An amendment that passed: which order, and the tag of its new client order id.
struct Admitted {
    handle: u32,
    /// `None` when the client order id stays.
    new_tag: Option<u32>,
}

impl<T: Trace> Engine<T> {
    #[inline]
    pub(crate) fn amend(&mut self, command: &AmendOrderV1) {
        match self.admit_amend(command) {
            Ok(admitted) => self.commit_amend(command, &admitted),
            Err(reason) => self.reject_amend(command, reason),
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn reject_amend(&mut self, command: &AmendOrderV1, reason: RejectReason) {
        self.out.push(Event::AmendRejected(CancelRejected {
            account: command.account,
            symbol: command.symbol,
            reason,
        }));
    }

    #[inline]
    fn admit_amend(&mut self, command: &AmendOrderV1) -> Result<Admitted, RejectReason> {
        let (account, symbol) = (command.account, command.symbol);
        self.check_window(command.valid_until)?;
        self.check_open(symbol, account)?;
        let handle = self.find_target(account, symbol, &command.target)?;
        let details = self.state.books.orders.details(handle);
        let executed = self.state.books.orders.executed(handle);
        let gone = executed.0 + details.prevented.0;
        if command.new_qty >= details.qty || command.new_qty.0 <= gone {
            return Err(RejectReason::AmendNotSmaller);
        }
        if !lot_holds(&self.state.symbols[symbol.0 as usize].lot, command.new_qty) {
            return Err(RejectReason::LotSize);
        }
        let renamed = !command.new_client.is_empty() && command.new_client != details.client_order;
        let new_tag = renamed.then(|| self.client_tag(account, symbol, &command.new_client));
        if let Some(tag) = new_tag
            && self
                .find_client(tag, account, symbol, &command.new_client)
                .is_some()
        {
            return Err(RejectReason::DuplicateOrder);
        }
        self.check_request(account, &command.request)?;
        Ok(Admitted { handle, new_tag })
    }

    #[inline]
    fn commit_amend(&mut self, command: &AmendOrderV1, admitted: &Admitted) {
        let handle = admitted.handle;
        self.remember_request(command.account, &command.request);
        let order = *self.state.books.orders.get(handle);
        let before = *self.state.books.orders.details(handle);
        let by = Qty(before.qty.0 - command.new_qty.0);
        self.release(&order, by);
        self.shrink_resting(handle, by);
        self.state.books.orders.details_mut(handle).qty = command.new_qty;
        if let Some(tag) = admitted.new_tag {
            if order.client_tag != 0 {
                self.state.clients.remove(order.client_tag, handle);
            }
            self.state.clients.insert(tag, handle);
            self.state.books.orders.get_mut(handle).client_tag = tag;
            self.state.books.orders.details_mut(handle).client_order = command.new_client;
        }
        let executed = self.state.books.orders.executed(handle);
        let after = self.state.books.orders.details(handle);
        self.out.push(Event::OrderAmended(OrderAmended {
            symbol: order.symbol,
            order: order.id,
            account: order.account,
            side: order.side,
            price: order.price,
            old_qty: before.qty,
            new_qty: command.new_qty,
            executed,
            quote: after.quote,
            open: Qty(order.open.0 - by.0),
            old_client: before.client_order,
            new_client: after.client_order,
        }));
    }
}
