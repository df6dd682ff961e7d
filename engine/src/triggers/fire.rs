//! Trades set sleeping orders off; a bounded slice of them acts in each command.
//!
//! What is left goes on in later frames, symbols in turn, and keeps nobody waiting but new
//! orders on its own symbol: commands for other symbols run in the same frames.

use schemas::command::{Command, PlaceOrderV1};
use schemas::event::Event;
use schemas::ids::{OrderId, SymbolId};
use schemas::instrument::{
    ExpiryReason, OrderStage, OrderStatus, OrderType, Side, SymbolKind, SymbolState, TimeInForce,
    VenueState,
};
use schemas::order_event::OrderStep;
use schemas::units::{Amount, Price};

use crate::apply::Engine;
use crate::matching::cancel::Ending;
use crate::risk::admit::Admitted;
use crate::terms::admit::acting;
use crate::trace::Trace;
use crate::triggers::trigger_book::Wait;

/// So many orders are set to work per frame.
pub(crate) const FIRES_PER_FRAME: usize = 256;

impl<T: Trace> Engine<T> {
    /// Shows the trades among the events from `from` on to the sleeping orders.
    #[inline]
    pub(crate) fn watch_trades(&mut self, symbol: SymbolId, from: usize) {
        if !self.state.terms.books[symbol.0 as usize].is_asleep() {
            self.show_trades(symbol, from);
        }
    }

    #[cold]
    #[inline(never)]
    fn show_trades(&mut self, symbol: SymbolId, from: usize) {
        let mut seen = None;
        for index in from..self.out.len() {
            let Event::Trade(trade) = self.out[index] else {
                continue;
            };
            if trade.symbol == symbol && seen != Some(trade.price) {
                seen = Some(trade.price);
                self.show_price(symbol, trade.price);
            }
        }
        if !self.state.terms.book(symbol).fired.is_empty() {
            self.wake_symbol(symbol);
        }
    }

    fn show_price(&mut self, symbol: SymbolId, price: Price) {
        for started in self.state.terms.book(symbol).watch(price) {
            let handle = self.state.books.find(symbol, started.order);
            let handle = handle.expect("a sleeping order is in the index");
            let account = self.state.books.orders.get(handle).account;
            let extras = self.state.books.orders.extras_mut(handle);
            extras.wait = Some(Wait::Tracking(started.tracks));
            extras.arrival = started.start;
            if !started.told {
                self.out.push(Event::TrailingStarted(OrderStep {
                    symbol,
                    order: started.order,
                    account,
                    price,
                }));
            }
        }
    }

    fn is_open(&self, symbol: SymbolId) -> bool {
        self.state.venue == VenueState::Open
            && self.state.symbols[symbol.0 as usize].state == SymbolState::Trading
    }

    /// A symbol whose queue is not empty takes its turn, if it trades.
    pub(crate) fn wake_symbol(&mut self, symbol: SymbolId) {
        if self.is_open(symbol) {
            self.state.terms.set_firing(symbol);
        }
    }

    /// A switch was turned: what was set off before goes on where it may.
    pub(crate) fn wake_all(&mut self) {
        for index in 0..self.state.terms.books.len() {
            if !self.state.terms.books[index].fired.is_empty() {
                self.wake_symbol(SymbolId(index as u32));
            }
        }
    }

    /// Whether a command would come between orders that were set off and their turn.
    pub(crate) fn is_firing_for(&self, command: &Command) -> bool {
        let symbol = match command {
            Command::PlaceOrder(order) => order.symbol,
            Command::CancelReplace(replace) => replace.order.symbol,
            Command::AmendOrder(amend) => amend.symbol,
            Command::PlaceOrderWithTerms(place) => place.order.symbol,
            Command::CancelReplaceWithTerms(replace) | Command::ReplaceRest(replace) => {
                replace.new.order.symbol
            }
            Command::PlaceOrderList(list) => list.symbol,
            Command::PlacePegged(place) => place.new.order.symbol,
            Command::ReplacePegged(peg) => peg.replace.new.order.symbol,
            Command::PlacePeggedList(peg) | Command::PlacePayingList(peg) => peg.list.symbol,
            Command::PlacePerpetual(place) => place.order.symbol,
            Command::ModifyOrder(modify) => modify.symbol,
            Command::Numbered(numbered) => return self.is_firing_for(numbered.command()),
            _ => return false,
        };
        self.state.terms.firing.contains(&symbol)
    }

    /// Sets orders to work, symbols in turn, as far as this frame goes.
    #[cold]
    #[inline(never)]
    pub(crate) fn fire(&mut self) {
        while self.fires_left > 0
            && self.state.work.is_empty()
            && !self.is_full()
            && let Some(symbol) = self.state.terms.firing.pop_front()
        {
            if !self.is_open(symbol) {
                continue;
            }
            if let Some((order, price)) = self.state.terms.book(symbol).fired.pop_front() {
                self.fires_left -= 1;
                self.steps += 1;
                self.fire_one((symbol, order), price);
            }
            if !self.state.terms.book(symbol).fired.is_empty() {
                self.wake_symbol(symbol);
            }
        }
    }

    fn fire_one(&mut self, (symbol, id): (SymbolId, OrderId), price: Price) {
        // One that was cancelled meanwhile bears its number no more.
        let Some(handle) = self.state.books.find(symbol, id) else {
            return;
        };
        let extras = *self.state.books.orders.extras_mut(handle);
        match extras.stage {
            OrderStage::Pending => self.activate(extras.list.expect("only a leg is pending")),
            OrderStage::Waiting => {
                let listed = &self.state.symbols[symbol.0 as usize];
                match listed.kind {
                    SymbolKind::Spot => self.set_off(handle, price),
                    SymbolKind::Perpetual => self.set_off_perpetual(handle, price),
                }
            }
            OrderStage::Working => unreachable!("it was set off once"),
        }
    }

    /// A sleeping order works from here on.
    fn set_off(&mut self, handle: u32, price: Price) {
        let order = *self.state.books.orders.get(handle);
        self.out.push(Event::OrderTriggered(OrderStep {
            symbol: order.symbol,
            order: order.id,
            account: order.account,
            price,
        }));
        let extras = self.state.books.orders.extras_mut(handle);
        let (held, list) = (std::mem::take(&mut extras.held), extras.list);
        extras.wait = None;
        if let Some(list) = list {
            self.leg_touched(list, order.id);
        }
        let asset = self.pays_with(&order);
        self.move_hold((order.account, asset), Amount(-held.0));
        match self.take_peg(handle) {
            Ok(waiting) => self.tell_peg_taken(handle, waiting),
            Err(reason) => return self.expire_aside(handle, reason),
        }
        let order = self.asked_again(handle);
        match self.admit_again(handle, &order) {
            Some(admitted) => self.act(handle, &order, &admitted),
            None => self.expire_aside(handle, ExpiryReason::InsufficientLiquidity),
        }
    }

    /// An order that lies aside, as the order that it acts as.
    pub(crate) fn asked_again(&self, handle: u32) -> PlaceOrderV1 {
        let orders = &self.state.books.orders;
        let (order, details) = (orders.get(handle), orders.details(handle));
        acting(&PlaceOrderV1 {
            quote_qty: Amount::ZERO,
            price: order.price,
            qty: order.open,
            valid_until: schemas::units::TimeNs(0),
            account: order.account,
            symbol: order.symbol,
            request: schemas::command::RequestDigest::default(),
            client_order: details.client_order,
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
        })
    }

    /// Whether its owner can pay for it now, and what a new one of its kind is asked.
    pub(crate) fn admit_again(&mut self, handle: u32, order: &PlaceOrderV1) -> Option<Admitted> {
        let market = self.state.symbols[order.symbol.0 as usize].market;
        let hold = match (order.side, order.order_type) {
            (Side::Sell, _) => (market.base, market.base_atoms(order.qty)),
            (Side::Buy, OrderType::Market) => (market.quote, self.sweep(order).quote_moved()),
            (Side::Buy, _) => (market.quote, market.notional(order.price, order.qty)?),
        };
        if self.state.ledger.balance(order.account, hold.0).free < hold.1 {
            return None;
        }
        let killed = order.time_in_force == TimeInForce::Fok && self.falls_short(order);
        Some(Admitted {
            client_tag: self.state.books.orders.get(handle).client_tag,
            reserve: hold.1,
            hold,
            killed,
        })
    }

    /// Ends an order that lies aside because it could not act.
    pub(crate) fn expire_aside(&mut self, handle: u32, reason: ExpiryReason) {
        self.end_special(handle, Ending::of(OrderStatus::Expired), reason);
    }

    /// Lowers the bound of orders set to work per frame, so that tests reach it.
    #[doc(hidden)]
    pub fn limit_fires(&mut self, fires_max: usize) {
        self.fires_max = fires_max;
    }
}
