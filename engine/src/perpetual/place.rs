//! An order on a perpetual enters, walks, rests, ends.

use schemas::event::Event;
use schemas::ids::{AccountId, SymbolId};
use schemas::instrument::{OrderStatus, Side};
use schemas::perpetual::PositionSide;
use schemas::perpetual_command::PlacePerpetualV1;
use schemas::perpetual_event::PerpetualAccepted;
use schemas::units::Qty;

use super::Timer;
use super::admit::{Fitted, closes, is_reducing};
use super::walk::Walker;
use crate::apply::Engine;
use crate::book::order::{Details, Order};
use crate::matching::cancel::Ending;
use crate::matching::carried::Work;
use crate::matching::taker::Taker;
use crate::trace::Trace;

impl<T: Trace> Engine<T> {
    #[inline(never)]
    pub(crate) fn place_perpetual(&mut self, command: &PlacePerpetualV1) {
        if command.order.order_type.is_contingent() {
            return match self.admit_conditional(command) {
                Ok(fitted) => self.accept_conditional(command, &fitted),
                Err(reason) => self.reject_order(&command.order, reason),
            };
        }
        match self.admit_perpetual(command) {
            Ok(fitted) => self.accept_perpetual(&fitted),
            Err(reason) => self.reject_order(&command.order, reason),
        }
    }

    /// The point of no return.
    fn accept_perpetual(&mut self, fitted: &Fitted) {
        let (order, terms) = (&fitted.order, &fitted.terms);
        let (account, symbol) = (order.account, order.symbol);
        let id = self.enter(order);
        self.out.push(Event::PerpetualAccepted(PerpetualAccepted {
            symbol,
            order: id,
            account,
            terms: *terms,
            stop_price: schemas::units::Price::ZERO,
            callback: 0,
            waits: false,
        }));
        if let Some(due) = terms.good_till() {
            self.set_timer(due, Timer::Expire(symbol, id));
        }
        let listed = &self.state.symbols[symbol.0 as usize];
        let mut taker = Taker::new(order, listed);
        taker.order = id;
        taker.rate = self.rates_of(account, listed).taker;
        taker.created = self.state.now;
        taker.client_tag = fitted.client_tag;
        let mut walker = Walker {
            taker,
            position: terms.position_side,
            reducing: is_reducing(order, terms),
            is_forced: false,
            is_broke: false,
        };
        if fitted.killed {
            self.end_taker(&walker.taker, OrderStatus::Expired);
        } else {
            self.run_walker(&mut walker);
        }
    }

    /// Walks on; what does not fit this frame is carried over.
    pub(crate) fn run_walker(&mut self, walker: &mut Walker) {
        let (from, symbol) = (self.out.len(), walker.taker.market.symbol);
        if !self.walk_perpetual(walker) {
            let carried = Work::Perpetual(Box::new(*walker));
            self.state.work.push_front(carried);
        } else if walker.is_forced {
            self.finish_forced(walker);
        } else {
            self.finish_walker(walker);
        }
        self.watch_trades(symbol, from);
    }

    fn finish_walker(&mut self, walker: &Walker) {
        let taker = &walker.taker;
        match taker.end() {
            Some(status) => self.end_taker(taker, status),
            None if walker.is_broke => self.end_taker(taker, OrderStatus::Expired),
            None => self.rest_walker(walker),
        }
    }

    /// What is left goes into the book.
    fn rest_walker(&mut self, walker: &Walker) {
        let taker = &walker.taker;
        let order = Order {
            made: taker.executed != Qty::ZERO,
            position: walker.position,
            reducing: walker.reducing,
            ..Order::of_taker(taker)
        };
        let details = Details {
            quote: taker.quote,
            qty: taker.qty,
            prevented: taker.prevented,
            created: taker.created,
            client_order: taker.client_order,
        };
        self.count_open(&order, taker.left);
        self.state.stand(order, details);
        self.out.push(Event::OrderRested(order.rested()));
    }

    /// Open lots of an order are counted for its position.
    pub(crate) fn count_open(&mut self, order: &Order, qty: Qty) {
        let key = (order.account, order.symbol, order.position);
        let leg = self.state.perpetuals.leg_mut(key);
        match (order.reducing, order.side) {
            (true, _) => leg.reducing += 1,
            (false, Side::Buy) => leg.bids += i128::from(qty.0),
            (false, Side::Sell) => leg.asks += i128::from(qty.0),
        }
    }

    /// Open lots of a resting order are gone, all of them or a part.
    pub(crate) fn uncount_open(&mut self, order: &Order, qty: Qty) {
        let key = (order.account, order.symbol, order.position);
        let leg = self.state.perpetuals.leg_mut(key);
        match (order.reducing, order.side) {
            (true, _) => leg.reducing -= u32::from(qty == order.open && qty != Qty::ZERO),
            (false, Side::Buy) => leg.bids -= i128::from(qty.0),
            (false, Side::Sell) => leg.asks -= i128::from(qty.0),
        }
    }

    /// Reduce-only orders of a position that shrank are clipped to it, by number; what is
    /// left for later goes on in the next frame.
    pub(crate) fn clip_reducing(
        &mut self,
        (account, symbol, side): (AccountId, SymbolId, PositionSide),
    ) {
        let contract = &self.state.perpetuals.contracts[&symbol];
        let leg = contract.leg(account, side);
        if leg.reducing == 0 {
            return;
        }
        let Some(seat) = self.state.seats.find(&self.state.tags, account, symbol) else {
            return;
        };
        let size = leg.holding.size.0;
        for handle in self.state.seats.orders(&self.state.books.orders, seat) {
            let order = *self.state.books.orders.get(handle);
            if !order.reducing || order.position != side || order.special {
                continue;
            }
            let closable = match order.side {
                Side::Buy => -size,
                Side::Sell => size,
            };
            if order.open.0 <= closable {
                continue;
            }
            if self.is_full() {
                let clip = Work::Clip(account, symbol, side);
                return self.state.work.push_back(clip);
            }
            self.steps += 1;
            if closable <= 0 {
                self.end_resting(handle, Ending::of(OrderStatus::Expired));
            } else {
                self.amend_resting(handle, Qty(order.open.0 - closable));
            }
        }
    }

    /// A timer expires an order, if it is still there.
    pub(crate) fn expire_by_date(&mut self, symbol: SymbolId, order: schemas::ids::OrderId) {
        if let Some(handle) = self.state.books.find(symbol, order) {
            self.end_resting(handle, Ending::of(OrderStatus::Expired));
        }
    }

    /// Sets a timer; it gets the next number among all timers.
    pub(crate) fn set_timer(&mut self, due: schemas::units::TimeNs, timer: Timer) {
        let key = (due, self.state.timers_made);
        self.state.timers_made += 1;
        self.state.perpetuals.timers.insert(key, timer);
    }
}

/// Whether a maker may only close: it is checked again where it fills.
pub(crate) fn must_close(order: &Order) -> bool {
    order.reducing || closes(order.side, order.position)
}
