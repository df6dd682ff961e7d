//! An order with terms enters: aside first, then asleep or to work.

use schemas::command::{CancelReplaceV1, OrderRef, PlaceOrderV1};
use schemas::event::{Event, OrderRested};
use schemas::ids::{AccountId, OrderListId, SymbolId};
use schemas::instrument::{CancelRestriction, OrderStage, OrderStatus, Side, TimeInForce};
use schemas::order_command::{
    CancelOrderIfV1, CancelReplaceWithTermsV1, OrderTerms, PlaceOrderWithTermsV1,
};
use schemas::order_event::{OrderStep, OrderTermsAccepted};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty};

use crate::apply::Engine;
use crate::book::extras::Extras;
use crate::book::order::{Details, Order};
use crate::matching::cancel::Ending;
use crate::matching::taker::Taker;
use crate::risk::admit::Admitted;
use crate::risk::filters::Replaced;
use crate::terms::SpecialCounts;
use crate::terms::admit::{Ready, acting, tracks, wait_of};
use crate::trace::Trace;
use crate::triggers::trigger_book::{Wait, Waiter};

impl<T: Trace> Engine<T> {
    #[inline(never)]
    pub(crate) fn place_with_terms(&mut self, command: &PlaceOrderWithTermsV1) {
        let order = &command.order;
        let counted = self.state.terms.counts_of(order.account, order.symbol);
        let ready = self
            .admit_special(command, Replaced::default(), counted)
            .and_then(|notional| self.admit_special_funds(command, notional));
        match ready {
            Ok(ready) => self.accept_with_terms(command, &ready),
            Err(reason) => self.reject_order(order, reason),
        }
    }

    fn accept_with_terms(&mut self, command: &PlaceOrderWithTermsV1, ready: &Ready) {
        let stage = match ready {
            Ready::Act(_) => OrderStage::Working,
            Ready::Sleep { .. } => OrderStage::Waiting,
        };
        let handle = self.enter_aside(command, ready.client_tag(), (None, stage));
        self.start_special(handle, command, ready);
    }

    /// The point of no return: the order gets its number and lies aside.
    pub(crate) fn enter_aside(
        &mut self,
        command: &PlaceOrderWithTermsV1,
        client_tag: u32,
        (list, stage): (Option<OrderListId>, OrderStage),
    ) -> u32 {
        let order = &command.order;
        let (account, symbol) = (order.account, order.symbol);
        let id = self.enter(order);
        self.out.push(Event::OrderTermsAccepted(OrderTermsAccepted {
            symbol,
            order: id,
            account,
            terms: command.terms,
            list,
            stage,
        }));
        let aside = Order {
            special: true,
            ..Order::new(order, id, client_tag)
        };
        let details = Details::new(order, self.state.now);
        let extras = Extras::new(command.terms, list, stage);
        self.state.lie_aside(aside, details, extras)
    }

    /// An order that lies aside goes to sleep or to work.
    pub(crate) fn start_special(
        &mut self,
        handle: u32,
        command: &PlaceOrderWithTermsV1,
        ready: &Ready,
    ) {
        match ready {
            Ready::Sleep { hold, .. } => {
                self.sleep(handle, (&command.order, &command.terms), *hold)
            }
            Ready::Act(admitted) => self.act(handle, &acting(&command.order), admitted),
        }
    }

    /// Lays a contingent order to sleep; it holds its money meanwhile.
    pub(crate) fn sleep(
        &mut self,
        handle: u32,
        (order, terms): (&PlaceOrderV1, &OrderTerms),
        (asset, amount): (schemas::ids::AssetId, Amount),
    ) {
        self.move_hold((order.account, asset), amount);
        let id = self.state.books.orders.get(handle).id;
        let last = self.state.symbols[order.symbol.0 as usize].last_trade;
        let wait = wait_of(order, terms, last);
        let book = self.state.terms.book(order.symbol);
        let arrival = book.next_arrival();
        let waiter = Waiter {
            order: id,
            delta: terms.trailing_delta,
            tracks: tracks(order.side),
        };
        book.lay(wait, (waiter, arrival), last);
        let extras = self.state.books.orders.extras_mut(handle);
        extras.stage = OrderStage::Waiting;
        extras.held = amount;
        extras.wait = Some(wait);
        extras.arrival = arrival;
        if matches!(wait, Wait::Tracking(_) | Wait::FirstTrade) {
            self.out.push(Event::TrailingStarted(OrderStep {
                symbol: order.symbol,
                order: id,
                account: order.account,
                price: last.unwrap_or(Price::ZERO),
            }));
        }
    }

    /// An order that lies aside walks.
    pub(crate) fn act(&mut self, handle: u32, order: &PlaceOrderV1, admitted: &Admitted) {
        let extras = self.state.books.orders.extras_mut(handle);
        extras.stage = OrderStage::Working;
        extras.wait = None;
        let symbol = &self.state.symbols[order.symbol.0 as usize];
        let rate = self.rates_of(order.account, symbol).taker;
        let mut taker = self.taker_of(order);
        taker.aside = true;
        taker.order = self.state.books.orders.get(handle).id;
        taker.rate = rate;
        taker.created = self.state.books.orders.details(handle).created;
        taker.client_tag = admitted.client_tag;
        taker.reserve = admitted.reserve;
        if admitted.killed {
            self.end_aside(&taker, OrderStatus::Expired);
        } else {
            self.run_taker(&mut taker);
        }
    }

    /// The walk of an order that lies aside is over.
    #[inline(never)]
    pub(crate) fn finish_aside(&mut self, taker: &Taker) {
        match taker.end() {
            Some(status) => self.end_aside(taker, status),
            None => self.rest_aside(taker),
        }
    }

    /// What is left goes into the book, of an iceberg its first part; its money on hold.
    fn rest_aside(&mut self, taker: &Taker) {
        let (asset, amount) = taker.remaining_funds();
        self.move_hold((taker.account, asset), amount);
        let symbol = taker.market.symbol;
        let handle = self.aside_handle(symbol, taker);
        let extras = self.state.books.orders.extras_mut(handle);
        let shown = extras
            .terms
            .iceberg_qty()
            .unwrap_or(taker.left)
            .min(taker.left);
        extras.aside = false;
        extras.hidden = Qty(taker.left.0 - shown.0);
        let order = self.state.books.orders.get_mut(handle);
        let gone = Qty(order.open.0 - taker.left.0);
        order.open = shown;
        order.made = taker.executed != Qty::ZERO;
        let (side, seat, id) = (order.side, order.seat, order.id);
        if side == Side::Buy {
            self.state.seats.shrink_bids(seat, gone);
        }
        let details = self.state.books.orders.details_mut(handle);
        details.quote = taker.quote;
        details.prevented = taker.prevented;
        self.state.books.enqueue(handle);
        self.out.push(Event::OrderRested(OrderRested {
            symbol,
            order: id,
            account: taker.account,
            side,
            price: taker.limit,
            open: shown,
        }));
    }

    pub(crate) fn aside_handle(&self, symbol: SymbolId, taker: &Taker) -> u32 {
        let handle = self.state.books.find(symbol, taker.order);
        handle.expect("an order that walks lies aside")
    }

    /// Cancel if the order has the wanted status.
    pub(crate) fn cancel_if(&mut self, command: &CancelOrderIfV1) {
        let cancel = &command.cancel;
        let found = self
            .admit_cancel(cancel.account, cancel.symbol, cancel.valid_until)
            .and_then(|()| self.find_target(cancel.account, cancel.symbol, &cancel.target))
            .and_then(|handle| self.check_restriction(handle, command.restriction));
        match found {
            Ok(handle) => self.end_resting(handle, Ending::canceled(cancel.cancel_client)),
            Err(reason) => self.reject_cancel(cancel.account, cancel.symbol, reason),
        }
    }

    /// The order that a replacement is to cancel.
    pub(crate) fn find_restricted(
        &self,
        (account, symbol): (AccountId, SymbolId),
        target: &OrderRef,
        restriction: CancelRestriction,
    ) -> Result<u32, RejectReason> {
        match self.state.symbol(symbol) {
            Some(_) => self
                .find_target(account, symbol, target)
                .and_then(|handle| self.check_restriction(handle, restriction)),
            None => Err(RejectReason::UnknownOrder),
        }
    }

    fn check_restriction(
        &self,
        handle: u32,
        restriction: CancelRestriction,
    ) -> Result<u32, RejectReason> {
        let orders = &self.state.books.orders;
        let traded = orders.executed(handle) != Qty::ZERO;
        let is_pending = orders
            .extras(handle)
            .is_some_and(|extras| extras.stage == OrderStage::Pending);
        let holds = match restriction {
            CancelRestriction::Any => true,
            CancelRestriction::OnlyNew => !traded && !is_pending,
            CancelRestriction::OnlyPartiallyFilled => traded,
        };
        if holds {
            Ok(handle)
        } else {
            Err(RejectReason::CancelRestricted)
        }
    }

    /// As a plain cancel-replace: terms of the new order, the cancel, its funds.
    pub(crate) fn cancel_replace_with_terms(&mut self, command: &CancelReplaceWithTermsV1) {
        let order = &command.new.order;
        let (account, symbol) = (order.account, order.symbol);
        let found = self.find_restricted((account, symbol), &command.target, command.restriction);
        let replaced = self.replaced(found.ok());
        let counted = self.counted_without(account, symbol, found.ok());
        let notional = match self.admit_special(&command.new, replaced, counted) {
            Ok(notional) => notional,
            Err(reason) => return self.reject_order(order, reason),
        };
        let how = (command.cancel_client, command.mode);
        if !self.make_way(found, (account, symbol), how) {
            return;
        }
        match self.admit_special_funds(&command.new, notional) {
            Ok(ready) => self.accept_with_terms(&command.new, &ready),
            Err(reason) => self.reject_order(order, reason),
        }
    }

    /// As a replacement with terms; what the replaced order has traded until now counts
    /// toward the quantity of the new one.
    pub(crate) fn replace_rest(&mut self, command: &CancelReplaceWithTermsV1) {
        let order = &command.new.order;
        let (account, symbol) = (order.account, order.symbol);
        let known = self.state.symbol(symbol).is_some();
        let found = known.then(|| self.find_target(account, symbol, &command.target));
        let executed = match found {
            Some(Ok(handle)) => self.state.books.orders.executed(handle),
            _ => Qty::ZERO,
        };
        let mut rest = *command;
        rest.new.order.qty.0 = order.qty.0.saturating_sub(executed.0);
        if executed != Qty::ZERO && rest.new.order.qty.0 <= 0 {
            return self.reject_cancel(account, symbol, RejectReason::CancelRestricted);
        }
        let is_plain = rest.new.terms == OrderTerms::default()
            && !order.order_type.is_contingent()
            && rest.restriction == CancelRestriction::Any;
        if !is_plain {
            return self.cancel_replace_with_terms(&rest);
        }
        self.cancel_replace(&CancelReplaceV1 {
            order: rest.new.order,
            target: rest.target,
            cancel_client: rest.cancel_client,
            mode: rest.mode,
        });
    }

    /// Open special orders as if one of them were gone.
    pub(crate) fn counted_without(
        &self,
        account: AccountId,
        symbol: SymbolId,
        gone: Option<u32>,
    ) -> SpecialCounts {
        let mut counted = self.state.terms.counts_of(account, symbol);
        let orders = &self.state.books.orders;
        if let Some(handle) = gone
            && let Some(extras) = orders.extras(handle)
        {
            counted.algo -= u32::from(orders.get(handle).order_type.is_contingent());
            counted.iceberg -= u32::from(extras.terms.iceberg_qty().is_some());
        }
        counted
    }
}

impl Taker {
    /// How it ends now that its walk is over; `None` when the rest goes into the book.
    #[inline]
    pub(crate) fn end(&self) -> Option<OrderStatus> {
        let is_satisfied = self.is_satisfied();
        if self.expired_in_match || (self.decremented && is_satisfied) {
            return Some(OrderStatus::ExpiredInMatch);
        }
        if is_satisfied {
            return Some(OrderStatus::Filled);
        }
        let stays = self.order_type != schemas::instrument::OrderType::Market
            && self.time_in_force == TimeInForce::Gtc;
        (!stays).then_some(OrderStatus::Expired)
    }
}

impl crate::state::State {
    /// Puts an order into the slab, the index, onto its seat and into the look-up of client
    /// ids, but into no queue.
    pub(crate) fn lie_aside(&mut self, order: Order, details: Details, extras: Extras) -> u32 {
        let (account, symbol) = (order.account, order.symbol);
        let seat = self.seats.find(&self.tags, account, symbol);
        let handle = self.books.insert_aside(order, details);
        self.books.orders.extras.insert((symbol, order.id), extras);
        self.seats
            .link(&self.tags, &mut self.books.orders, (handle, seat));
        if order.client_tag != 0 {
            self.clients.insert(order.client_tag, handle);
        }
        self.terms.count((account, symbol), |counts| {
            counts.algo += u32::from(order.order_type.is_contingent());
            counts.iceberg += u32::from(extras.terms.iceberg_qty().is_some());
        });
        handle
    }
}
