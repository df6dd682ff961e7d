//! An order made smaller; it keeps its place in the queue, also while an auction collects.

use schemas::command::AmendOrderV1;
use schemas::event::{CancelRejected, Event, OrderAmended};
use schemas::instrument::OrderStage;
use schemas::order_command::OrderTerms;
use schemas::reject::RejectReason;
use schemas::units::{Amount, Qty};

use crate::apply::Engine;
use crate::book::extras::Extras;
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
        self.check_changeable(symbol, account)?;
        let handle = self.find_target(account, symbol, &command.target)?;
        self.check_amends(handle)?;
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
        if order.special {
            self.release_special(handle, by);
            self.shrink_special(handle, by);
        } else {
            self.release(&order, by);
            self.shrink_resting(handle, by);
        }
        self.count_amend(handle);
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
            open: self.state.books.orders.total_open(handle),
            old_client: before.client_order,
            new_client: after.client_order,
        }));
    }

    /// An order of a list is not amended, and no order too often.
    #[inline]
    fn check_amends(&self, handle: u32) -> Result<(), RejectReason> {
        let orders = &self.state.books.orders;
        let Some(extras) = orders.extras(handle) else {
            return Ok(());
        };
        if extras.list.is_some() {
            return Err(RejectReason::InOrderList);
        }
        let symbol = orders.get(handle).symbol;
        let most = self.state.terms.rules[symbol.0 as usize].max_num_order_amends;
        if most != 0 && extras.amends >= most {
            return Err(RejectReason::MaxNumOrderAmends);
        }
        Ok(())
    }

    /// Where amendments are limited, a plain order that is amended becomes a special one.
    #[inline]
    fn count_amend(&mut self, handle: u32) {
        let order = self.state.books.orders.get(handle);
        let (symbol, id) = (order.symbol, order.id);
        if self.state.terms.rules[symbol.0 as usize].max_num_order_amends == 0 {
            return;
        }
        if !order.special {
            let extras = Extras {
                aside: false,
                ..Extras::new(OrderTerms::default(), None, OrderStage::Working)
            };
            self.state.books.orders.extras.insert((symbol, id), extras);
            self.state.books.orders.get_mut(handle).special = true;
        }
        self.state.books.orders.extras_mut(handle).amends += 1;
    }

    /// Gives back what an order holds for a part of it, wherever it is.
    fn release_special(&mut self, handle: u32, by: Qty) {
        let orders = &self.state.books.orders;
        let (order, total) = (*orders.get(handle), orders.total_open(handle));
        let extras = self.state.books.orders.extras_mut(handle);
        if !extras.aside {
            return self.release(&order, by);
        }
        // What it holds is a price times its quantity, so it divides.
        let amount = Amount(extras.held.0 / i128::from(total.0) * i128::from(by.0));
        extras.held.0 -= amount.0;
        let asset = self.pays_with(&order);
        self.move_hold((order.account, asset), Amount(-amount.0));
    }
}
