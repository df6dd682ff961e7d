//! The order books of every symbol: who stands where, in which order.
//!
//! No money, no rules and no matching here. Orders lie in one slab and hang in three
//! lists by `u32` handles: the queue of their price level, the seat of their owner, and
//! the index by order id. Handles never leave the engine.
//!
//! Reading order: `order`, `extras`, `level`, `behind`, `order_index`, `draw`.

pub mod order;
pub mod extras;
pub mod level;
pub mod behind;
pub mod order_index;
pub mod draw;

use schemas::ids::{OrderId, SymbolId};
use schemas::instrument::Side;
use schemas::units::{Price, Qty};

use crate::lookup::NIL;
use level::{PagedLevels, PriceIndex};
use order::{Details, Order, Orders};
use order_index::{ChunkPool, OrderIndex};

/// Both sides and the id index of one symbol.
#[derive(Default, Debug)]
pub struct Book {
    sides: [PagedLevels; 2],
    index: OrderIndex,
}

/// All books over one slab.
#[derive(Default, Debug)]
pub struct Books {
    /// Every resting order of the venue.
    pub orders: Orders,
    chunks: ChunkPool,
    books: Vec<Book>,
    #[cfg(feature = "planted-faults")]
    pub(crate) last_in_first_out: bool,
}

/// Smaller is better on both sides.
#[inline]
pub(crate) fn key_of(side: Side, price: Price) -> i64 {
    // Without a branch: which side comes next is what nobody can predict.
    price.0 * (i64::from(side as u8) * 2 - 1)
}

/// Takes an order out of the queue of its price.
#[inline(always)]
fn unlink(levels: &mut PagedLevels, orders: &mut Orders, order: &Order) {
    let key = key_of(order.side, order.price);
    let (prev, next) = (order.prev, order.next);
    if prev == NIL && next == NIL {
        levels.remove(key);
    } else if prev == NIL {
        levels.taken_level(key).head = next;
        orders.get_mut(next).prev = NIL;
    } else if next == NIL {
        levels.taken_level(key).tail = prev;
        orders.get_mut(prev).next = NIL;
    } else {
        orders.get_mut(prev).next = next;
        orders.get_mut(next).prev = prev;
    }
}

impl Books {
    /// Opens an empty book for the next symbol.
    pub fn add_symbol(&mut self) {
        self.books.push(Book::default());
    }

    /// The first order in the queue of the best price.
    #[inline]
    pub fn best(&self, symbol: SymbolId, side: Side) -> Option<u32> {
        self.books[symbol.0 as usize].sides[side as usize].best_head()
    }

    /// The best price of a side.
    #[inline]
    pub fn best_price(&self, symbol: SymbolId, side: Side) -> Option<Price> {
        let key = self.books[symbol.0 as usize].sides[side as usize].best_key()?;
        Some(match side {
            Side::Buy => Price(-key),
            Side::Sell => Price(key),
        })
    }

    /// Whether a price reaches the best price of a side, so that they would trade.
    #[inline]
    pub fn reaches(&self, symbol: SymbolId, side: Side, price: Price) -> bool {
        let best = self.books[symbol.0 as usize].sides[side as usize].best_key();
        best.is_some_and(|best| best <= key_of(side, price))
    }

    /// The order that is met after this one, if this one were gone.
    #[inline]
    pub fn after(&self, handle: u32) -> Option<u32> {
        let order = self.orders.get(handle);
        if order.next != NIL {
            return Some(order.next);
        }
        let side = &self.books[order.symbol.0 as usize].sides[order.side as usize];
        side.head_after(key_of(order.side, order.price))
    }

    /// The resting order of that number.
    #[inline]
    pub fn find(&self, symbol: SymbolId, order: OrderId) -> Option<u32> {
        self.books[symbol.0 as usize].index.get(order, &self.chunks)
    }

    /// Reads the level of a price, so that it lies in the cache.
    #[inline]
    pub(crate) fn fetch_level(&self, symbol: SymbolId, side: Side, price: Price) {
        let levels = &self.books[symbol.0 as usize].sides[side as usize];
        levels.fetch(key_of(side, price));
    }

    /// Reads the level and the neighbours of a resting order, so that they lie in the cache.
    #[inline]
    pub(crate) fn fetch_queue(&self, order: &Order) {
        self.fetch_level(order.symbol, order.side, order.price);
        for neighbour in [order.prev, order.next] {
            std::hint::black_box(self.orders.peek(neighbour).map(|order| order.next));
        }
    }

    /// Puts an order last into the queue of its price.
    #[inline]
    pub fn insert(&mut self, order: Order, details: Details) -> u32 {
        let handle = self.orders.add(order, details);
        self.attach(handle);
        handle
    }

    /// Takes an order out of its queue and the index. Its seat must have let go of it.
    #[inline]
    pub fn remove(&mut self, handle: u32) {
        self.detach(handle);
        self.orders.free(handle);
    }

    /// Puts an order into the slab and the index, but into no queue.
    pub(crate) fn insert_aside(&mut self, order: Order, details: Details) -> u32 {
        let (symbol, id) = (order.symbol, order.id);
        let handle = self.orders.add(order, details);
        let book = &mut self.books[symbol.0 as usize];
        book.index.insert(id, handle, &mut self.chunks);
        handle
    }

    /// Takes an order out that is in no queue. Its seat must have let go of it.
    pub(crate) fn remove_aside(&mut self, handle: u32) {
        let order = self.orders.get(handle);
        let book = &mut self.books[order.symbol.0 as usize];
        book.index.remove(order.id, &mut self.chunks);
        self.orders.free(handle);
    }

    /// Puts an order of the slab last into the queue of its price, and into the index.
    #[inline]
    fn attach(&mut self, handle: u32) {
        let Order { id, symbol, .. } = *self.orders.get(handle);
        let book = &mut self.books[symbol.0 as usize];
        book.index.insert(id, handle, &mut self.chunks);
        self.enqueue(handle);
    }

    /// Puts an order of the slab, linked to no other, last into the queue of its price.
    #[inline]
    pub(crate) fn enqueue(&mut self, handle: u32) {
        let Order {
            side,
            price,
            symbol,
            ..
        } = *self.orders.get(handle);
        let book = &mut self.books[symbol.0 as usize];
        let level = book.sides[side as usize].level(key_of(side, price));
        #[cfg(feature = "planted-faults")]
        if self.last_in_first_out && level.head != NIL {
            let head = std::mem::replace(&mut level.head, handle);
            self.orders.get_mut(head).prev = handle;
            self.orders.get_mut(handle).next = head;
            return;
        }
        let tail = level.push(handle);
        if tail != NIL {
            self.orders.get_mut(tail).next = handle;
            self.orders.get_mut(handle).prev = tail;
        }
    }

    /// Takes an order out of its queue and the index; it keeps its place in the slab.
    #[inline]
    fn detach(&mut self, handle: u32) {
        let order = *self.orders.get(handle);
        let book = &mut self.books[order.symbol.0 as usize];
        book.index.remove(order.id, &mut self.chunks);
        let levels = &mut book.sides[order.side as usize];
        unlink(levels, &mut self.orders, &order);
    }

    /// Takes an order out of the queue of its price; it keeps its place in the slab.
    pub(crate) fn dequeue(&mut self, handle: u32) {
        let order = *self.orders.get(handle);
        let book = &mut self.books[order.symbol.0 as usize];
        let levels = &mut book.sides[order.side as usize];
        unlink(levels, &mut self.orders, &order);
        let order = self.orders.get_mut(handle);
        (order.prev, order.next) = (NIL, NIL);
    }

    /// Gives a resting order another number, price and quantity on the same side: it goes
    /// last into the queue of that price, and keeps its places in the slab and on its seat.
    #[inline]
    pub(crate) fn renew(&mut self, handle: u32, order: Order, details: Details) {
        let old = *self.orders.get(handle);
        debug_assert!(old.side == order.side && old.symbol == order.symbol);
        let book = &mut self.books[old.symbol.0 as usize];
        book.index.remove(old.id, &mut self.chunks);
        book.index.insert(order.id, handle, &mut self.chunks);
        let levels = &mut book.sides[old.side as usize];
        unlink(levels, &mut self.orders, &old);
        let tail = levels.level(key_of(order.side, order.price)).push(handle);
        if tail != NIL {
            self.orders.get_mut(tail).next = handle;
        }
        *self.orders.details_mut(handle) = details;
        *self.orders.get_mut(handle) = Order {
            prev: tail,
            seat: old.seat,
            seat_prev: old.seat_prev,
            seat_next: old.seat_next,
            ..order
        };
    }

    /// Every order of a symbol that is in no queue, by number.
    pub fn aside(&self, symbol: SymbolId) -> Vec<u32> {
        let range = (symbol, OrderId(0))..=(symbol, OrderId(u64::MAX));
        let aside = self.orders.extras.range(range);
        let aside = aside.filter(|(_, extras)| extras.aside);
        let found = aside.map(|((_, id), _)| self.find(symbol, *id));
        found
            .map(|handle| handle.expect("an order with extras is in the index"))
            .collect()
    }

    /// Every order of a side, best price first, then in the order of the queue.
    pub fn queue(&self, symbol: SymbolId, side: Side) -> Vec<u32> {
        let mut handles = Vec::new();
        let mut at = self.best(symbol, side);
        while let Some(handle) = at {
            handles.push(handle);
            at = self.after(handle);
        }
        handles
    }

    /// Open quantity and number of orders at each price, best first.
    pub fn totals(&self, symbol: SymbolId, side: Side) -> Vec<(Price, Qty, u32)> {
        let mut levels: Vec<(Price, Qty, u32)> = Vec::new();
        for handle in self.queue(symbol, side) {
            let order = self.orders.get(handle);
            match levels.last_mut() {
                Some(level) if level.0 == order.price => {
                    level.1.0 = level.1.0.saturating_add(order.open.0);
                    level.2 += 1;
                }
                _ => levels.push((order.price, order.open, 1)),
            }
        }
        levels
    }
}
