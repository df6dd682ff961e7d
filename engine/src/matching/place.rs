//! A new order: admitted or refused, walked, rested or done.

use schemas::command::{OrderSize, PlaceOrderV1};
use schemas::event::{Event, OrderAccepted, OrderDone, OrderRejected, OrderRested};
use schemas::ids::{ClientOrderId, OrderId, SymbolId};
use schemas::instrument::{OrderStatus, OrderType, Side, SymbolState, TimeInForce};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty};

use crate::apply::Engine;
use crate::book::order::{Details, Order};
use crate::matching::carried::Work;
use crate::matching::taker::Taker;
use crate::risk::admit::Admitted;
use crate::risk::filters::Replaced;
use crate::trace::Trace;

impl<T: Trace> Engine<T> {
    #[inline]
    pub(crate) fn place(&mut self, order: &PlaceOrderV1) {
        let admitted = self
            .admit_terms(order, Replaced::default())
            .and_then(|notional| self.admit_funds(order, notional));
        match admitted {
            Ok(admitted) => self.accept(order, admitted),
            Err(reason) => self.reject_order(order, reason),
        }
    }

    /// Refuses an order; a fault found in admission halts the symbol in the same frame.
    #[cold]
    #[inline(never)]
    pub(crate) fn reject_order(&mut self, order: &PlaceOrderV1, reason: RejectReason) {
        self.out.push(Event::OrderRejected(OrderRejected {
            account: order.account,
            symbol: order.symbol,
            client_order: order.client_order,
            reason,
        }));
        self.blow_fuse(order.symbol, reason);
    }

    /// A fault found in admission halts its symbol, and no other, in the same frame.
    pub(crate) fn blow_fuse(&mut self, symbol: SymbolId, reason: RejectReason) {
        if reason == RejectReason::SymbolFault {
            self.end_collecting(symbol);
            self.change_symbol_state(symbol, SymbolState::Halt);
        }
    }

    /// The point of no return: from here on the order cannot be refused.
    #[inline]
    pub(crate) fn accept(&mut self, order: &PlaceOrderV1, admitted: Admitted) {
        let id = self.enter(order);
        let stays = order.order_type != OrderType::Market
            && order.time_in_force == TimeInForce::Gtc
            && (!self.would_match(order) || self.is_collecting(order.symbol));
        if stays {
            self.rest_whole(order, id, &admitted);
        } else {
            self.start(order, id, &admitted);
        }
    }

    /// Gives an admitted order its number, counts it, remembers its request and tells it.
    #[inline]
    pub(crate) fn enter(&mut self, order: &PlaceOrderV1) -> OrderId {
        let id = self.state.symbols.number_order(order.symbol);
        let counts = &mut self.state.accounts[order.account.0 as usize].counts;
        let (orders_10s, orders_1d) = counts.add(&self.windows);
        self.remember_request(order.account, &order.request);
        let (qty, quote_qty) = match order.size() {
            OrderSize::Base(qty) => (qty, Amount::ZERO),
            OrderSize::Quote(quote) => (Qty::ZERO, quote),
        };
        self.out.push(Event::OrderAccepted(OrderAccepted {
            symbol: order.symbol,
            order: id,
            account: order.account,
            client_order: order.client_order,
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
            price: order.price,
            qty,
            quote_qty,
            orders_10s,
            orders_1d,
        }));
        id
    }

    /// The order may trade: it walks, unless it is killed.
    #[inline(never)]
    fn start(&mut self, order: &PlaceOrderV1, id: OrderId, admitted: &Admitted) {
        let symbol = &self.state.symbols[order.symbol.0 as usize];
        let rate = self.rates_of(order.account, symbol).taker;
        let mut taker = self.taker_of(order);
        taker.order = id;
        taker.rate = rate;
        taker.created = self.state.now;
        taker.client_tag = admitted.client_tag;
        taker.reserve = admitted.reserve;
        if admitted.killed {
            self.end_taker(&taker, OrderStatus::Expired);
        } else {
            self.run_taker(&mut taker);
        }
    }

    /// Most orders meet nobody: straight into the book, without a walk.
    #[inline]
    fn rest_whole(&mut self, order: &PlaceOrderV1, id: OrderId, admitted: &Admitted) {
        let (asset, amount) = admitted.hold;
        self.move_hold((order.account, asset), amount);
        let resting = Order::new(order, id, admitted.client_tag);
        let details = Details::new(order, self.state.now);
        self.state.stand(resting, details);
        self.out.push(Event::OrderRested(rested(order, id)));
    }

    /// Walks on; what does not fit this command is carried over, its money on hold.
    #[inline]
    pub(crate) fn run_taker(&mut self, taker: &mut Taker) {
        let from = self.out.len();
        if self.walk(taker) {
            self.finish(taker);
        } else {
            self.suspend(taker);
        }
        self.watch_trades(taker.market.symbol, from);
    }

    #[cold]
    #[inline(never)]
    fn suspend(&mut self, taker: &Taker) {
        let (asset, amount) = taker.remaining_funds();
        self.move_hold((taker.account, asset), amount);
        self.state.work.push_front(Work::Taker(Box::new(*taker)));
    }

    /// The walk is over: filled, expired, or the rest stands in the book.
    #[inline]
    fn finish(&mut self, taker: &Taker) {
        match self.meets_fence(taker) {
            Some(next) => self.finish_at_fence(taker, next),
            None => self.finish_walk(taker),
        }
    }

    #[inline]
    pub(crate) fn finish_walk(&mut self, taker: &Taker) {
        if taker.aside {
            return self.finish_aside(taker);
        }
        match taker.end() {
            Some(status) => self.end_taker(taker, status),
            None => self.rest(taker),
        }
    }

    pub(crate) fn end_taker(&mut self, taker: &Taker, status: OrderStatus) {
        let prevented = if taker.expired_in_match {
            taker.left
        } else {
            Qty::ZERO
        };
        self.out.push(Event::OrderDone(OrderDone {
            symbol: taker.market.symbol,
            order: taker.order,
            account: taker.account,
            side: taker.side,
            status,
            price: if taker.order_type == OrderType::Market {
                Price::ZERO
            } else {
                taker.limit
            },
            open: taker.left,
            prevented,
            rested: false,
            cancel_client: ClientOrderId::EMPTY,
        }));
    }

    /// What is left goes into the book, its money on hold.
    #[inline]
    fn rest(&mut self, taker: &Taker) {
        let (asset, amount) = taker.remaining_funds();
        self.move_hold((taker.account, asset), amount);
        let symbol = taker.market.symbol;
        let order = Order::of_taker(taker);
        let details = Details {
            quote: taker.quote,
            qty: taker.qty,
            prevented: taker.prevented,
            created: taker.created,
            client_order: taker.client_order,
        };
        self.state.stand(order, details);
        self.out.push(Event::OrderRested(OrderRested {
            symbol,
            order: taker.order,
            account: taker.account,
            side: taker.side,
            price: taker.limit,
            open: taker.left,
        }));
    }
}

/// An order that rests whole.
#[inline]
pub(crate) fn rested(order: &PlaceOrderV1, id: OrderId) -> OrderRested {
    OrderRested {
        symbol: order.symbol,
        order: id,
        account: order.account,
        side: order.side,
        price: order.price,
        open: order.qty,
    }
}

impl crate::state::State {
    /// Puts an order into the book, onto its seat and into the look-up of client ids.
    #[inline]
    pub(crate) fn stand(&mut self, order: Order, details: Details) -> u32 {
        let seat = self.seats.find(&self.tags, order.account, order.symbol);
        let handle = self.books.insert(order, details);
        self.seats
            .link(&self.tags, &mut self.books.orders, (handle, seat));
        if order.client_tag != 0 {
            self.clients.insert(order.client_tag, handle);
        }
        handle
    }
}

impl Taker {
    /// What the rest of the walk can use up at most: asset and atoms.
    #[inline]
    pub(crate) fn remaining_funds(&self) -> (schemas::ids::AssetId, Amount) {
        let market = &self.market;
        match (self.side, self.order_type, self.by_quote) {
            (Side::Buy, order_type, _) if order_type != OrderType::Market => {
                let held = market.notional(self.limit, self.left);
                (
                    market.quote,
                    held.expect("admission priced the whole order"),
                )
            }
            (Side::Buy, _, true) => (market.quote, self.quote_left),
            (Side::Buy, _, false) => {
                let paid = self.quote_moved();
                (market.quote, Amount(self.reserve.0 - paid.0))
            }
            (Side::Sell, _, false) => (market.base, market.base_atoms(self.left)),
            (Side::Sell, _, true) => {
                let sold = market.base_atoms(self.base_moved());
                (market.base, Amount(self.reserve.0 - sold.0))
            }
        }
    }
}
