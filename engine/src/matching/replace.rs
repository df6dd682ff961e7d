//! One order in favour of another.
//!
//! Nearly all of them move a resting order to another price where it rests again. That is
//! one operation here: the order keeps its place in the slab and on its owner's seat, its
//! hold changes by the difference, and its balance is told once. What comes out is, byte
//! for byte, what a cancel and a placement would have told.
//!
//! ```text
//! terms ─▶ may it move? ─ yes ─▶ point of no return ─▶ moved
//!                       └ no  ─▶ cancel ─▶ funds ─▶ placed or refused
//! ```

use schemas::command::{CancelReplaceV1, PlaceOrderV1};
use schemas::event::{BalanceChanged, Event};
use schemas::ids::{AccountId, AssetId, ClientOrderId, SymbolId};
use schemas::instrument::{CancelReplaceMode, Side, TimeInForce};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Qty};

use crate::apply::Engine;
use crate::book::order::{Details, Order};
use crate::clearing::ledger::Balance;
use crate::lookup::Vacancy;
use crate::matching::cancel::Ending;
use crate::matching::place::rested;
use crate::risk::filters::Replaced;
use crate::trace::Trace;

/// A move that passed every check but that of the money.
struct Move {
    handle: u32,
    /// Tag of the new client order id, and where the look-up has room for it.
    client: (u32, Option<Vacancy>),
    asset: AssetId,
    /// What the old order gives back and the new one needs.
    released: u64,
    needed: u64,
}

impl<T: Trace> Engine<T> {
    #[inline]
    pub(crate) fn cancel_replace(&mut self, command: &CancelReplaceV1) {
        // A trace hears of a cancel and a placement; carried work tells its own balances.
        let is_short = !T::HEARS && !self.is_faulty() && self.state.ledger.touched_count() == 0;
        if is_short && let Some(admitted) = self.admit_move(command) {
            let of = (command.order.account, admitted.asset);
            let (released, needed) = (admitted.released.into(), admitted.needed.into());
            let ledger = &mut self.state.ledger;
            // The last check and the first write are one look at the balance.
            if let Some(balance) = ledger.hold_instead(of, Amount(released), Amount(needed)) {
                return self.commit_move(command, &admitted, balance);
            }
        }
        self.cancel_then_place(command);
    }

    /// RULES, Spot: parameters and filters of the new order, then the cancel, then the
    /// new order admitted as after the cancel.
    #[inline(never)]
    fn cancel_then_place(&mut self, command: &CancelReplaceV1) {
        let order = &command.order;
        let (account, symbol) = (order.account, order.symbol);
        let found = match self.state.symbol(symbol) {
            Some(_) => self.find_target(account, symbol, &command.target),
            None => Err(RejectReason::UnknownOrder),
        };
        let notional = match self.admit_terms(order, self.replaced(found.ok())) {
            Ok(notional) => notional,
            Err(reason) => return self.reject_order(order, reason),
        };
        if !self.make_way(
            found,
            (account, symbol),
            (command.cancel_client, command.mode),
        ) {
            return;
        }
        match self.admit_funds(order, notional) {
            Ok(admitted) => self.accept(order, admitted),
            Err(reason) => self.reject_order(order, reason),
        }
    }

    /// Ends the order that another shall replace, or tells why it cannot; whether the other
    /// may come.
    pub(crate) fn make_way(
        &mut self,
        found: Result<u32, RejectReason>,
        (account, symbol): (AccountId, SymbolId),
        (cancel_client, mode): (ClientOrderId, CancelReplaceMode),
    ) -> bool {
        match found {
            Ok(handle) => {
                self.end_resting(handle, Ending::canceled(cancel_client));
                true
            }
            Err(reason) => {
                self.reject_cancel(account, symbol, reason);
                mode != CancelReplaceMode::StopOnFailure
            }
        }
    }

    pub(crate) fn replaced(&self, handle: Option<u32>) -> Replaced {
        handle.map_or(Replaced::default(), |handle| {
            let order = self.state.books.orders.get(handle);
            Replaced {
                orders: 1,
                bids: match order.side {
                    Side::Buy => i128::from(self.state.books.orders.total_open(handle).0),
                    Side::Sell => 0,
                },
                seat: Some(order.seat),
            }
        })
    }

    /// Whether the old order can become the new one where it stands: a limit order of the
    /// same side that meets nobody, under a client order id of its own. Reads only; `None`
    /// says nothing: the long way finds the reason.
    #[inline]
    fn admit_move(&mut self, command: &CancelReplaceV1) -> Option<Move> {
        let order = &command.order;
        let (account, symbol) = (order.account, order.symbol);
        self.state.symbol(symbol)?;
        let handle = self.find_target(account, symbol, &command.target).ok()?;
        let old = self.state.books.orders.get(handle);
        let replaced = Replaced {
            orders: 1,
            bids: 0,
            seat: Some(old.seat),
        };
        let (open, price) = (old.open, old.price);
        let rests = old.is_plain() && order.side == old.side;
        if !rests || order.time_in_force != TimeInForce::Gtc || self.would_match(order) {
            return None;
        }
        let notional = self.admit_ordinary(order, replaced)?;
        let client = self.find_room(order, handle)?;
        self.check_request(account, &order.request).ok()?;
        let market = &self.state.symbols[symbol.0 as usize].market;
        let (asset, released, needed) = match order.side {
            Side::Buy => (market.quote, market.short_notional(price, open)?, notional),
            Side::Sell => {
                let needed = market.short_base_atoms(order.qty)?;
                (market.base, market.short_base_atoms(open)?, needed)
            }
        };
        Some(Move {
            handle,
            client,
            asset,
            released,
            needed,
        })
    }

    /// The tag of the new client order id and where to put it; `None` when another order
    /// bears it.
    #[inline]
    fn find_room(&self, order: &PlaceOrderV1, handle: u32) -> Option<(u32, Option<Vacancy>)> {
        let id = &order.client_order;
        let tag = self.client_tag(order.account, order.symbol, id);
        if tag == 0 {
            return Some((0, None));
        }
        let is_same = |known| self.bears(known, order.account, order.symbol, id);
        match self.state.clients.search(tag, is_same) {
            Ok(known) => (known == handle).then_some((tag, None)),
            Err(vacancy) => Some((tag, Some(vacancy))),
        }
    }

    /// The events of a cancel and of a placement that rests, and the order at its new place.
    #[inline]
    fn commit_move(&mut self, command: &CancelReplaceV1, admitted: &Move, balance: Balance) {
        let (order, handle) = (&command.order, admitted.handle);
        let old = *self.state.books.orders.get(handle);
        let done = Ending::canceled(command.cancel_client).of_resting(&old);
        self.out.push(Event::OrderDone(done));
        let id = self.enter(order);
        let state = &mut self.state;
        let (tag, vacancy) = admitted.client;
        if let Some(vacancy) = vacancy {
            state.clients.fill(vacancy, tag, handle);
        }
        if old.client_tag != 0 && (vacancy.is_some() || tag == 0) {
            state.clients.remove(old.client_tag, handle);
        }
        if order.side == Side::Buy {
            let by = Qty(order.qty.0 - old.open.0);
            state.seats.grow_bids(old.seat, by);
        }
        state.seats.move_last(&mut state.books.orders, handle);
        let details = Details::new(order, state.now);
        let renewed = Order::new(order, id, tag);
        state.books.renew(handle, renewed, details);
        self.out.push(Event::OrderRested(rested(order, id)));
        self.out.push(Event::BalanceChanged(BalanceChanged {
            account: order.account,
            asset: admitted.asset,
            free: balance.free,
            held: balance.held,
        }));
    }
}
