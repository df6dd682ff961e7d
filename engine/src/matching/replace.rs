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
use schemas::ids::AssetId;
use schemas::instrument::{CancelReplaceMode, OrderStatus, OrderType, Side, TimeInForce};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Qty};

use crate::apply::Engine;
use crate::book::order::{Details, Order};
use crate::clearing::ledger::Balance;
use crate::matching::cancel::Ending;
use crate::matching::place::rested;
use crate::risk::filters::Replaced;
use crate::trace::Trace;

/// A move that passed every check but that of the money.
struct Move {
    handle: u32,
    /// Tag of the new client order id; zero when there is none.
    client_tag: u32,
    asset: AssetId,
    /// What the old order gives back and the new one needs.
    released: Amount,
    needed: Amount,
}

impl<T: Trace> Engine<T> {
    /// RULES, Spot: parameters and filters of the new order, then the cancel, then the
    /// new order admitted as after the cancel.
    #[inline]
    pub(crate) fn cancel_replace(&mut self, command: &CancelReplaceV1) {
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
        if let Ok(handle) = found
            && let Some(admitted) = self.admit_move(order, handle, notional)
        {
            let (asset, released, needed) = (admitted.asset, admitted.released, admitted.needed);
            let ledger = &mut self.state.ledger;
            // The last check and the first write in one look at the balance.
            if let Some(balance) = ledger.hold_instead((account, asset), released, needed) {
                return self.commit_move(command, &admitted, balance);
            }
        }
        self.cancel_then_place(command, found, notional);
    }

    #[inline(never)]
    fn cancel_then_place(
        &mut self,
        command: &CancelReplaceV1,
        found: Result<u32, RejectReason>,
        notional: Amount,
    ) {
        let order = &command.order;
        match found {
            Ok(handle) => self.end_resting(
                handle,
                Ending {
                    status: OrderStatus::Canceled,
                    cancel_client: command.cancel_client,
                },
            ),
            Err(reason) => {
                self.reject_cancel(order.account, order.symbol, reason);
                if command.mode == CancelReplaceMode::StopOnFailure {
                    return;
                }
            }
        }
        match self.admit_funds(order, notional) {
            Ok(admitted) => self.accept(order, admitted),
            Err(reason) => self.reject_order(order, reason),
        }
    }

    #[inline]
    fn replaced(&self, handle: Option<u32>) -> Replaced {
        handle.map_or(Replaced::default(), |handle| {
            let order = self.state.books.orders.get(handle);
            Replaced {
                orders: 1,
                bids: match order.side {
                    Side::Buy => i128::from(order.open.0),
                    Side::Sell => 0,
                },
                seat: Some(order.seat),
            }
        })
    }

    /// Whether the old order can become the new one where it stands: a limit order of the
    /// same side that meets nobody, with its money, under a client order id of its own.
    /// `None` has changed nothing and says nothing: the long way finds the reason.
    #[inline]
    fn admit_move(&self, order: &PlaceOrderV1, handle: u32, notional: Amount) -> Option<Move> {
        let old = self.state.books.orders.get(handle);
        let is_plain = |kind| matches!(kind, OrderType::Limit | OrderType::LimitMaker);
        let rests = is_plain(order.order_type)
            && is_plain(old.order_type)
            && order.time_in_force == TimeInForce::Gtc
            && order.side == old.side
            && !self.would_match(order);
        // A trace hears of the cancel and the placement; carried work tells its own balances.
        if !rests || T::HEARS || self.is_faulty() || self.state.ledger.touched_count() > 0 {
            return None;
        }
        let client_tag = self.client_tag(order.account, order.symbol, &order.client_order);
        if client_tag != 0 {
            let known =
                self.find_client(client_tag, order.account, order.symbol, &order.client_order);
            if known.is_some_and(|known| known != handle) {
                return None;
            }
        }
        self.check_request(order.account, &order.request).ok()?;
        let market = &self.state.symbols[order.symbol.0 as usize].market;
        let (asset, released, needed) = match order.side {
            Side::Buy => {
                let released = market.notional(old.price, old.open);
                let released = released.expect("a resting order was priced");
                (market.quote, released, notional)
            }
            Side::Sell => {
                let released = market.base_atoms(old.open);
                (market.base, released, market.base_atoms(order.qty))
            }
        };
        Some(Move {
            handle,
            client_tag,
            asset,
            released,
            needed,
        })
    }

    /// The events of a cancel and of a placement that rests, and the order at its new place.
    #[inline]
    fn commit_move(&mut self, command: &CancelReplaceV1, admitted: &Move, balance: Balance) {
        let (order, handle) = (&command.order, admitted.handle);
        let old = *self.state.books.orders.get(handle);
        let ending = Ending {
            status: OrderStatus::Canceled,
            cancel_client: command.cancel_client,
        };
        self.out.push(Event::OrderDone(ending.of_resting(&old)));
        let id = self.enter(order);
        let state = &mut self.state;
        if admitted.client_tag != old.client_tag {
            if old.client_tag != 0 {
                state.clients.remove(old.client_tag, handle);
            }
            if admitted.client_tag != 0 {
                state.clients.insert(admitted.client_tag, handle);
            }
        }
        state.books.detach(handle);
        if order.side == Side::Buy {
            state
                .seats
                .grow_bids(old.seat, Qty(order.qty.0 - old.open.0));
        }
        state.seats.move_last(&mut state.books.orders, handle);
        let resting = state.books.orders.get_mut(handle);
        *resting = Order {
            seat: resting.seat,
            seat_prev: resting.seat_prev,
            seat_next: resting.seat_next,
            ..Order::new(order, id, admitted.client_tag)
        };
        *state.books.orders.details_mut(handle) = Details::new(order, state.now);
        state.books.attach(handle);
        self.out.push(Event::OrderRested(rested(order, id)));
        self.out.push(Event::BalanceChanged(BalanceChanged {
            account: order.account,
            asset: admitted.asset,
            free: balance.free,
            held: balance.held,
        }));
    }
}
