//! Special orders as makers: icebergs show their next part, pairs lose their other leg.

use schemas::event::Event;
use schemas::instrument::Side;
use schemas::order_event::IcebergRefilled;
use schemas::units::{Amount, Qty};

use crate::apply::Engine;
use crate::trace::Trace;

impl<T: Trace> Engine<T> {
    /// A special maker traded: what is left of it, and of its list.
    #[cold]
    #[inline(never)]
    pub(crate) fn special_filled(&mut self, handle: u32, (qty, quote): (Qty, Amount)) {
        let order = *self.state.books.orders.get(handle);
        let extras = *self.state.books.orders.extras_mut(handle);
        self.state.books.orders.get_mut(handle).made = true;
        self.state.books.orders.details_mut(handle).quote.0 += quote.0;
        if order.open == qty && extras.hidden == Qty::ZERO {
            self.close_special(handle);
            if let Some(list) = extras.list {
                self.leg_filled(list, order.id);
            }
            return;
        }
        self.shrink_resting(handle, qty);
        if order.open == qty {
            self.refill(handle);
        }
        if let Some(list) = extras.list {
            self.leg_touched(list, order.id);
        }
    }

    /// Self-trade prevention took a quantity off a special maker, its hold is given back.
    /// True when nothing is left of it.
    #[cold]
    #[inline(never)]
    pub(crate) fn special_decremented(&mut self, handle: u32) -> bool {
        let order = *self.state.books.orders.get(handle);
        let extras = *self.state.books.orders.extras_mut(handle);
        if order.open == Qty::ZERO {
            if extras.hidden == Qty::ZERO {
                return true;
            }
            self.refill(handle);
        }
        if let Some(list) = extras.list {
            self.leg_touched(list, order.id);
        }
        false
    }

    /// The part in the book is used up: the next one stands last at the price.
    fn refill(&mut self, handle: u32) {
        let extras = self.state.books.orders.extras_mut(handle);
        let part = extras.terms.iceberg_qty().expect("only an iceberg hides");
        let shown = part.min(extras.hidden);
        extras.hidden.0 -= shown.0;
        let order = self.state.books.orders.get_mut(handle);
        assert!(order.open == Qty::ZERO, "the part before is used up");
        order.open = shown;
        let order = *order;
        self.state.books.dequeue(handle);
        self.state.books.enqueue(handle);
        self.out.push(Event::IcebergRefilled(IcebergRefilled {
            symbol: order.symbol,
            order: order.id,
            account: order.account,
            side: order.side,
            price: order.price,
            shown,
        }));
    }

    /// Takes a quantity off an order that stays, the hidden part first; its money is the
    /// caller's matter.
    pub(crate) fn shrink_special(&mut self, handle: u32, by: Qty) {
        let extras = self.state.books.orders.extras_mut(handle);
        let hidden = by.min(extras.hidden);
        extras.hidden.0 -= hidden.0;
        let (side, seat) = {
            let order = self.state.books.orders.get_mut(handle);
            order.open.0 -= by.0 - hidden.0;
            (order.side, order.seat)
        };
        if side == Side::Buy {
            self.state.seats.shrink_bids(seat, by);
        }
    }
}
