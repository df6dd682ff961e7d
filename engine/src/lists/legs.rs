//! What becomes of a list when something becomes of one of its orders.

use schemas::event::Event;
use schemas::ids::{OrderId, OrderListId, SymbolId};
use schemas::instrument::{ExpiryReason, OrderStage, OrderStatus, OrderType};
use schemas::order_command::CancelOrderListV1;
use schemas::order_event::{OrderActivated, OrderListDone};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price};

use crate::apply::Engine;
use crate::lists::OrderList;
use crate::matching::cancel::Ending;
use crate::trace::Trace;

impl<T: Trace> Engine<T> {
    fn list(&mut self, list: OrderListId) -> &mut OrderList {
        let list = self.state.terms.lists.get_mut(&list);
        list.expect("a leg's list is open")
    }

    /// An order traded, lost a part to self-trade prevention, or was set off.
    pub(crate) fn leg_touched(&mut self, id: OrderListId, order: OrderId) {
        let list = *self.list(id);
        if let Some(sibling) = list.sibling(list.index_of(order))
            && list.is_open(sibling)
        {
            let expired = Ending::of(OrderStatus::Expired);
            self.end_leg(id, sibling, (expired, ExpiryReason::OcoTrigger));
        }
    }

    /// An order was filled: its pending ones get their turn, its pair is over.
    pub(crate) fn leg_filled(&mut self, id: OrderListId, order: OrderId) {
        self.leg_touched(id, order);
        let list = self.list(id);
        let index = list.index_of(order);
        list.open &= !(1 << index);
        let list = *list;
        if list.has_working() && index == 0 {
            let first = (1..list.contingency.legs()).find(|leg| list.is_open(*leg));
            if let Some(first) = first {
                let pending = (list.orders[first], Price::ZERO);
                self.state.terms.book(list.symbol).fired.push_back(pending);
                self.wake_symbol(list.symbol);
            }
        }
        self.finish_list(id);
    }

    /// An order ended otherwise: so do the others.
    pub(crate) fn leg_ended(&mut self, id: OrderListId, order: OrderId, ending: Ending) {
        let Some(list) = self.state.terms.lists.get_mut(&id) else {
            return;
        };
        let index = list.index_of(order);
        if !list.is_open(index) {
            return;
        }
        list.open &= !(1 << index);
        let list = *list;
        for other in 0..list.contingency.legs() {
            if !self.list(id).is_open(other) {
                continue;
            }
            let reason = match (ending.status, index) {
                (OrderStatus::Canceled, _) => ExpiryReason::None,
                (_, 0) if list.has_working() => ExpiryReason::OtoPhaseOneExpired,
                _ => ExpiryReason::OcoTrigger,
            };
            let ending = match ending.status {
                OrderStatus::Canceled => ending,
                _ => Ending::of(OrderStatus::Expired),
            };
            self.end_leg(id, other, (ending, reason));
        }
        self.finish_list(id);
    }

    /// Ends one order for the list's sake; the list expects it.
    fn end_leg(&mut self, id: OrderListId, index: usize, (ending, why): (Ending, ExpiryReason)) {
        let list = self.list(id);
        list.open &= !(1 << index);
        let (symbol, order) = (list.symbol, list.orders[index]);
        let handle = self.state.books.find(symbol, order);
        let handle = handle.expect("an open leg is in the index");
        self.end_special(handle, ending, why);
    }

    /// Forgets a list whose orders have all ended.
    fn finish_list(&mut self, id: OrderListId) {
        let list = *self.list(id);
        if list.open != 0 {
            return;
        }
        self.empty_purse(id);
        let terms = &mut self.state.terms;
        terms.lists.remove(&id);
        if !list.client.is_empty() {
            terms.list_clients.remove(&(list.account, list.client));
        }
        terms.count((list.account, list.symbol), |counts| counts.lists -= 1);
        self.out.push(Event::OrderListDone(OrderListDone {
            symbol: list.symbol,
            list: id,
            account: list.account,
        }));
    }

    /// What the other order of a pair holds already; they share it, only one can act.
    pub(crate) fn held_by_sibling(&self, list: &OrderList, index: usize) -> Amount {
        let orders = &self.state.books.orders;
        let sibling = list.sibling(index).filter(|leg| list.is_open(*leg));
        let handle = sibling.and_then(|leg| self.state.books.find(list.symbol, list.orders[leg]));
        let Some(handle) = handle else {
            return Amount::ZERO;
        };
        let order = orders.get(handle);
        match orders.extras(handle) {
            Some(extras) if extras.aside => extras.held,
            _ => {
                let market = &self.state.symbols[list.symbol.0 as usize].market;
                let total = orders.total_open(handle);
                match order.side {
                    schemas::instrument::Side::Sell => market.base_atoms(total),
                    schemas::instrument::Side::Buy => market
                        .notional(order.price, total)
                        .expect("a resting order was priced"),
                }
            }
        }
    }

    /// The working order was filled: its pending ones are placed, as far as they may.
    pub(crate) fn activate(&mut self, id: OrderListId) {
        let list = *self.list(id);
        // A limit maker first: it holds for both what it needs itself.
        let makes = |leg: &usize| {
            let handle = self.state.books.find(list.symbol, list.orders[*leg]);
            handle.is_some_and(|handle| {
                self.state.books.orders.get(handle).order_type == OrderType::LimitMaker
            })
        };
        let mut legs: Vec<usize> = (1..list.contingency.legs()).collect();
        legs.sort_by_key(|leg| !makes(leg));
        if let Err(handle) = self.size_pending(id) {
            return self.expire_aside(handle, ExpiryReason::Rejected);
        }
        for leg in legs {
            let still_open = self.state.terms.lists.get(&id);
            if !still_open.is_some_and(|list| list.is_open(leg)) {
                return;
            }
            let handle = self.state.books.find(list.symbol, list.orders[leg]);
            let handle = handle.expect("an open leg is in the index");
            if self.activate_leg((id, leg), handle).is_err() {
                return self.expire_aside(handle, ExpiryReason::Rejected);
            }
        }
    }

    fn activate_leg(
        &mut self,
        (id, leg): (OrderListId, usize),
        handle: u32,
    ) -> Result<(), RejectReason> {
        let list = *self.list(id);
        let order = *self.state.books.orders.get(handle);
        self.check_open(order.symbol, order.account)?;
        let mut asked = self.asked_again(handle);
        if !order.order_type.is_contingent() {
            let waiting = self.take_peg(handle);
            let waiting = waiting.map_err(|_| RejectReason::PegLiquidity)?;
            asked = self.asked_again(handle);
            let admitted = self
                .admit_again(handle, &asked)
                .ok_or(RejectReason::InsufficientBalance)?;
            if order.order_type == OrderType::LimitMaker && self.would_match(&asked) {
                return Err(RejectReason::WouldMatch);
            }
            self.tell_activated(handle, OrderStage::Working);
            self.tell_peg_taken(handle, waiting);
            self.act(handle, &asked, &admitted);
            return Ok(());
        }
        asked.order_type = order.order_type;
        let terms = self.state.books.orders.extras_mut(handle).terms;
        let (asset, needed) = self.hold_asleep(&asked, &terms)?;
        let shared = self.held_by_sibling(&list, leg);
        let needed = Amount((needed.0 - shared.0).max(0));
        if self.state.ledger.balance(order.account, asset).free < needed {
            return Err(RejectReason::InsufficientBalance);
        }
        self.check_trigger(&asked, &terms)?;
        self.tell_activated(handle, OrderStage::Waiting);
        self.sleep(handle, (&asked, &terms), (asset, needed));
        Ok(())
    }

    fn tell_activated(&mut self, handle: u32, stage: OrderStage) {
        let order = self.state.books.orders.get(handle);
        self.out.push(Event::OrderActivated(OrderActivated {
            symbol: order.symbol,
            order: order.id,
            account: order.account,
            stage,
        }));
    }

    /// Cancels every order of a list.
    pub(crate) fn cancel_list(&mut self, command: &CancelOrderListV1) {
        let (account, symbol) = (command.account, command.symbol);
        let found = self
            .admit_cancel(account, symbol, command.valid_until)
            .and_then(|()| self.find_list(command));
        match found {
            Ok(list) => self.cancel_found(symbol, &list, command),
            Err(reason) => self.reject_cancel(account, symbol, reason),
        }
    }

    fn cancel_found(&mut self, symbol: SymbolId, list: &OrderList, command: &CancelOrderListV1) {
        let first = (0..list.contingency.legs()).find(|leg| list.is_open(*leg));
        let first = first.expect("an open list has an open order");
        let handle = self.state.books.find(symbol, list.orders[first]);
        let ending = Ending::canceled(command.cancel_client);
        let handle = handle.expect("an open leg is in the index");
        self.end_special(handle, ending, ExpiryReason::None);
    }

    fn find_list(&self, command: &CancelOrderListV1) -> Result<OrderList, RejectReason> {
        let terms = &self.state.terms;
        let named = (command.account, command.list_client);
        let id = match command.list {
            OrderListId(0) => *terms
                .list_clients
                .get(&named)
                .ok_or(RejectReason::UnknownList)?,
            id => id,
        };
        let list = terms.lists.get(&id);
        let fits = |list: &&OrderList| {
            list.account == command.account
                && list.symbol == command.symbol
                && (command.list_client.is_empty() || list.client == command.list_client)
        };
        list.filter(fits).copied().ok_or(RejectReason::UnknownList)
    }
}
