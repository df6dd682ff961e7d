//! An order gets another price or quantity; its number stays.
//!
//! It keeps its place when the price stays and the quantity does not grow. Else it leaves
//! the queue, walks as a new order would, and what is left joins the end of its level. It
//! stays in the slab and on its seat meanwhile.

use schemas::command::PlaceOrderV1;
use schemas::event::{CancelRejected, Event, OrderAmended};
use schemas::ids::ClientOrderId;
use schemas::instrument::{OrderStatus, OrderType, Side};
use schemas::perpetual::PriceMatch;
use schemas::perpetual_command::ModifyOrderV1;
use schemas::perpetual_event::OrderModified;
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty};

use super::admit::Counted;
use super::place::must_close;
use super::walk::Walker;
use crate::apply::Engine;
use crate::matching::taker::Taker;
use crate::trace::Trace;

/// A modification that passed.
struct Admitted {
    handle: u32,
    price: Price,
}

impl<T: Trace> Engine<T> {
    pub(crate) fn modify_order(&mut self, command: &ModifyOrderV1) {
        match self.admit_modify(command) {
            Ok(admitted) => self.commit_modify(command, &admitted),
            Err(reason) => self.out.push(Event::ModifyRejected(CancelRejected {
                account: command.account,
                symbol: command.symbol,
                reason,
            })),
        }
    }

    fn admit_modify(&mut self, command: &ModifyOrderV1) -> Result<Admitted, RejectReason> {
        let (account, symbol) = (command.account, command.symbol);
        self.check_window(command.valid_until)?;
        self.state
            .symbol(symbol)
            .ok_or(RejectReason::UnknownSymbol)?;
        let handle = self.find_target(account, symbol, &command.target)?;
        let old = *self.state.books.orders.get(handle);
        let details = *self.state.books.orders.details(handle);
        let executed = self.state.books.orders.executed(handle);
        if old.special {
            return Err(RejectReason::UnknownOrder);
        }
        if old.side != command.side {
            return Err(RejectReason::SideMismatch);
        }
        let price = match command.price_match {
            PriceMatch::None => command.new_price,
            by => self.matched_price(symbol, old.side, by)?,
        };
        let left = command.new_qty.0 - executed.0 - details.prevented.0;
        let order = PlaceOrderV1 {
            quote_qty: Amount::ZERO,
            price,
            qty: Qty(left),
            valid_until: command.valid_until,
            account,
            symbol,
            request: command.request,
            client_order: ClientOrderId::EMPTY,
            side: old.side,
            order_type: old.order_type,
            time_in_force: old.time_in_force,
            self_trade: old.self_trade,
        };
        self.check_perpetual_open(&order)?;
        if command.new_qty.0 <= 0 || left <= 0 {
            return Err(RejectReason::QtyExecuted);
        }
        let whole = PlaceOrderV1 {
            qty: command.new_qty,
            ..order
        };
        let gone = Counted {
            orders: 1,
            lots: match old.reducing {
                true => 0,
                false => i128::from(old.open.0),
            },
        };
        self.check_perpetual_filters(&whole, old.reducing, gone)?;
        if price == old.price && command.new_qty == details.qty {
            return Err(RejectReason::Unmodified);
        }
        self.check_request(account, &command.request)?;
        if self.state.perpetuals.is_due(account) {
            return Err(RejectReason::Liquidating);
        }
        if must_close(&old) {
            let contract = &self.state.perpetuals.contracts[&symbol];
            let size = contract.leg(account, old.position).holding.size.0;
            if left > size.abs() {
                return Err(RejectReason::ReduceOnly);
            }
        } else {
            self.check_margin(&order, old.position, gone)?;
        }
        if old.order_type == OrderType::LimitMaker && self.would_match(&order) {
            return Err(RejectReason::WouldMatch);
        }
        Ok(Admitted { handle, price })
    }

    fn commit_modify(&mut self, command: &ModifyOrderV1, admitted: &Admitted) {
        let handle = admitted.handle;
        self.remember_request(command.account, &command.request);
        let old = *self.state.books.orders.get(handle);
        let details = *self.state.books.orders.details(handle);
        let smaller = details.qty.0 - command.new_qty.0;
        if admitted.price == old.price && smaller > 0 {
            return self.amend_resting(handle, Qty(smaller));
        }
        let executed = self.state.books.orders.executed(handle);
        self.uncount_open(&old, old.open);
        self.state.books.dequeue(handle);
        self.out.push(Event::OrderModified(OrderModified {
            symbol: old.symbol,
            order: old.id,
            account: old.account,
            side: old.side,
            old_price: old.price,
            new_price: admitted.price,
            old_qty: details.qty,
            new_qty: command.new_qty,
            old_open: old.open,
            executed,
            count: 1,
        }));
        let listed = &self.state.symbols[old.symbol.0 as usize];
        let left = Qty(command.new_qty.0 - executed.0 - details.prevented.0);
        let taker = Taker {
            order: old.id,
            account: old.account,
            client_order: details.client_order,
            client_tag: old.client_tag,
            created: details.created,
            limit: admitted.price,
            qty: command.new_qty,
            left,
            executed,
            quote: details.quote,
            prevented: details.prevented,
            rate: self.rates_of(old.account, listed).taker,
            ..Taker::of_order(&old, listed)
        };
        let walker = Walker {
            taker,
            position: old.position,
            reducing: old.reducing,
            is_forced: false,
            is_broke: false,
        };
        self.run_standing(handle, walker);
    }

    /// An order that stands in no queue walks; what does not fit this frame expires.
    pub(crate) fn run_standing(&mut self, handle: u32, mut walker: Walker) {
        let (from, symbol) = (self.out.len(), walker.taker.market.symbol);
        // Its own fills shrink the position: it is not to be clipped as those that rest are.
        self.state.books.orders.get_mut(handle).reducing = false;
        let is_whole = self.walk_perpetual(&mut walker);
        let status = match walker.taker.end() {
            Some(status) => Some(status),
            None if walker.is_broke || !is_whole => Some(OrderStatus::Expired),
            None => None,
        };
        match status {
            Some(status) => self.end_standing(handle, &walker.taker, status),
            None => self.rest_standing(handle, &walker),
        }
        self.watch_trades(symbol, from);
    }

    /// The order leaves slab, seat and look-up; it is in no queue.
    pub(crate) fn end_standing(&mut self, handle: u32, taker: &Taker, status: OrderStatus) {
        self.end_taker(taker, status);
        let state = &mut self.state;
        if taker.client_tag != 0 {
            state.clients.remove(taker.client_tag, handle);
        }
        let orders = &mut state.books.orders;
        state.seats.unlink(&state.tags, orders, handle);
        state.books.remove_aside(handle);
    }

    /// The order joins the end of its level.
    fn rest_standing(&mut self, handle: u32, walker: &Walker) {
        let taker = &walker.taker;
        let old = *self.state.books.orders.get(handle);
        if old.side == Side::Buy {
            let by = Qty(taker.left.0 - old.open.0);
            self.state.seats.grow_bids(old.seat, by);
        }
        let details = self.state.books.orders.details_mut(handle);
        details.qty = taker.qty;
        details.quote = taker.quote;
        details.prevented = taker.prevented;
        let order = self.state.books.orders.get_mut(handle);
        order.price = taker.limit;
        order.open = taker.left;
        order.made = taker.executed != Qty::ZERO;
        order.reducing = walker.reducing;
        let order = *order;
        self.state.books.enqueue(handle);
        self.count_open(&order, order.open);
        self.out.push(Event::OrderRested(order.rested()));
    }

    /// Makes a resting order smaller; it keeps its place.
    pub(crate) fn amend_resting(&mut self, handle: u32, by: Qty) {
        let order = *self.state.books.orders.get(handle);
        let before = *self.state.books.orders.details(handle);
        debug_assert!(by < order.open, "something of it is left");
        self.uncount_open(&order, by);
        self.shrink_resting(handle, by);
        let new_qty = Qty(before.qty.0 - by.0);
        self.state.books.orders.details_mut(handle).qty = new_qty;
        self.out.push(Event::OrderAmended(OrderAmended {
            symbol: order.symbol,
            order: order.id,
            account: order.account,
            side: order.side,
            price: order.price,
            old_qty: before.qty,
            new_qty,
            executed: self.state.books.orders.executed(handle),
            quote: before.quote,
            open: Qty(order.open.0 - by.0),
            old_client: before.client_order,
            new_client: before.client_order,
        }));
    }
}
