//! A seat: one account on one symbol, with the list of its open orders.
//!
//! It exists while there is an order. Cancel-all, MAX_NUM_ORDERS and MAX_POSITION
//! read it; the list stands in order of the orders' numbers.

use schemas::ids::{AccountId, SymbolId};
use schemas::instrument::Side;
use schemas::units::Qty;

use crate::book::order::Orders;
use crate::lookup::{Lookup, NIL, Tags};

/// One account on one symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seat {
    pub account: AccountId,
    pub symbol: SymbolId,
    /// First and last order of the list.
    pub head: u32,
    pub tail: u32,
    /// Open quantity of its bids, in quantity units; a sum, so wider than one order.
    pub bids: i128,
    /// Open orders.
    pub count: u32,
}

/// All seats taken.
#[derive(Default, Debug)]
pub struct Seats {
    records: Vec<Seat>,
    free: Vec<u32>,
    lookup: Lookup,
    /// The seat emptied last. It stays until another is: who cancels mostly replaces.
    emptied: Option<u32>,
    /// The seat that an order left last; it is still taken. Only a hint for `find`.
    left: Option<u32>,
}

impl Seats {
    /// The seat of an account on a symbol, if it has open orders there or just lost the last.
    #[inline]
    pub fn find(&self, tags: &Tags, account: AccountId, symbol: SymbolId) -> Option<u32> {
        let is_sought = |place: u32| {
            let seat = &self.records[place as usize];
            seat.account == account && seat.symbol == symbol
        };
        if let Some(place) = self.left
            && is_sought(place)
        {
            return Some(place);
        }
        self.lookup.find(tags.of_seat(account, symbol), is_sought)
    }

    /// The seat of an account on a symbol, if there is an order to cancel.
    #[inline]
    pub fn with_orders(&self, tags: &Tags, account: AccountId, symbol: SymbolId) -> Option<u32> {
        let seat = self.find(tags, account, symbol);
        seat.filter(|place| self.get(*place).count > 0)
    }

    /// The seat in that place.
    #[inline]
    pub fn get(&self, place: u32) -> &Seat {
        &self.records[place as usize]
    }

    /// The seat in that place, if there is one.
    #[inline]
    pub(crate) fn peek(&self, place: u32) -> Option<&Seat> {
        self.records.get(place as usize)
    }

    /// How many seats are taken.
    pub fn count(&self) -> usize {
        let is_empty = |place: u32| self.records[place as usize].count == 0;
        self.lookup.count() - usize::from(self.emptied.is_some_and(is_empty))
    }

    /// Appends a resting order to its owner's list. `known` is the seat if one exists.
    #[inline]
    pub(crate) fn link(&mut self, tags: &Tags, orders: &mut Orders, added: (u32, Option<u32>)) {
        let (handle, known) = added;
        let (account, symbol) = (orders.get(handle).account, orders.get(handle).symbol);
        let place = match known {
            Some(place) => place,
            None => self.take(tags, account, symbol),
        };
        let seat = &mut self.records[place as usize];
        assert!(
            seat.account == account && seat.symbol == symbol,
            "known seat"
        );
        let tail = std::mem::replace(&mut seat.tail, handle);
        seat.count += 1;
        let order = orders.get_mut(handle);
        order.seat = place;
        order.seat_prev = tail;
        order.seat_next = NIL;
        if order.side == Side::Buy {
            seat.bids += i128::from(order.open.0);
        }
        if tail == NIL {
            seat.head = handle;
        } else {
            orders.get_mut(tail).seat_next = handle;
        }
    }

    /// Lets go of an order that is about to leave the book.
    #[inline]
    pub(crate) fn unlink(&mut self, tags: &Tags, orders: &mut Orders, handle: u32) {
        let order = *orders.get(handle);
        self.left = Some(order.seat);
        let seat = &mut self.records[order.seat as usize];
        seat.count -= 1;
        if order.side == Side::Buy {
            seat.bids -= i128::from(order.open.0);
        }
        if seat.count == 0 {
            seat.head = NIL;
            seat.tail = NIL;
            let before = self.emptied.replace(order.seat);
            if let Some(place) = before.filter(|place| *place != order.seat) {
                self.give_up(tags, place);
            }
            return;
        }
        if order.seat_prev == NIL {
            seat.head = order.seat_next;
        } else {
            orders.get_mut(order.seat_prev).seat_next = order.seat_next;
        }
        if order.seat_next == NIL {
            seat.tail = order.seat_prev;
        } else {
            orders.get_mut(order.seat_next).seat_prev = order.seat_prev;
        }
    }

    /// An order of the seat gets a new number, the highest: it moves to the end of the list.
    #[inline]
    pub(crate) fn move_last(&mut self, orders: &mut Orders, handle: u32) {
        let order = orders.get(handle);
        let (prev, next) = (order.seat_prev, order.seat_next);
        if next == NIL {
            return;
        }
        let seat = &mut self.records[order.seat as usize];
        if prev == NIL {
            seat.head = next;
        } else {
            orders.get_mut(prev).seat_next = next;
        }
        orders.get_mut(next).seat_prev = prev;
        let tail = std::mem::replace(&mut seat.tail, handle);
        orders.get_mut(tail).seat_next = handle;
        let order = orders.get_mut(handle);
        order.seat_prev = tail;
        order.seat_next = NIL;
    }

    /// Frees a seat, unless orders came back to it.
    #[inline]
    fn give_up(&mut self, tags: &Tags, place: u32) {
        let seat = &self.records[place as usize];
        if seat.count == 0 {
            let tag = tags.of_seat(seat.account, seat.symbol);
            self.lookup.remove(tag, place);
            self.free.push(place);
            if self.left == Some(place) {
                self.left = None;
            }
        }
    }

    /// A resting bid became another, larger by so much, or smaller.
    #[inline]
    pub(crate) fn grow_bids(&mut self, place: u32, by: Qty) {
        self.records[place as usize].bids += i128::from(by.0);
    }

    /// A resting bid shrank.
    #[inline]
    pub(crate) fn shrink_bids(&mut self, place: u32, by: Qty) {
        self.records[place as usize].bids -= i128::from(by.0);
    }

    #[inline]
    fn take(&mut self, tags: &Tags, account: AccountId, symbol: SymbolId) -> u32 {
        let seat = Seat {
            account,
            symbol,
            head: NIL,
            tail: NIL,
            bids: 0,
            count: 0,
        };
        let place = match self.free.pop() {
            Some(place) => {
                self.records[place as usize] = seat;
                place
            }
            None => {
                self.records.push(seat);
                u32::try_from(self.records.len() - 1).expect("fewer seats than orders")
            }
        };
        self.lookup.insert(tags.of_seat(account, symbol), place);
        place
    }

    /// The open orders of a seat, in order of their numbers.
    pub fn orders(&self, orders: &Orders, place: u32) -> Vec<u32> {
        let mut list = Vec::new();
        let mut at = self.records[place as usize].head;
        while at != NIL {
            list.push(at);
            at = orders.get(at).seat_next;
        }
        list
    }
}
