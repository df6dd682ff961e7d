//! A call auction: when it begins and ends, and at which price it would trade.
//!
//! The price of an auction is a limit price of an order in the book at which most can
//! trade; of several the one that leaves least unmatched; of several the nearest to the
//! reference price; of two as near, and without a reference price, the lowest.

use schemas::event::Event;
use schemas::ids::SymbolId;
use schemas::instrument::{Side, SymbolState};
use schemas::protection::AuctionIndicative;
use schemas::units::{Price, Qty, TimeNs};

use crate::apply::Engine;
use crate::book::Books;
use crate::trace::Trace;

/// The indicative price is told so long after the book changed: many changes, one price.
const TELL_AFTER_NS: u64 = 100_000_000;

/// One symbol that collects orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Auction {
    /// Zero = until an operator reopens the symbol.
    pub ends: TimeNs,
    /// When the indicative price is told next; zero = the book has not changed.
    pub tell_at: TimeNs,
    /// What was told last.
    pub told: Indication,
}

/// What an auction gives at its price; all zero when nothing would trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Indication {
    pub price: Price,
    pub qty: Qty,
    /// Positive of bids, negative of asks.
    pub surplus: i64,
}

/// Open quantities by price, hidden parts included, best first, as far as they cross.
fn crossed(books: &Books, symbol: SymbolId, side: Side) -> Vec<(Price, i128)> {
    let mut levels: Vec<(Price, i128)> = Vec::new();
    let mut at = books.best(symbol, side);
    while let Some(handle) = at {
        let price = books.orders.get(handle).price;
        if !books.reaches(symbol, side.opposite(), price) {
            break;
        }
        let open = i128::from(books.orders.total_open(handle).0);
        match levels.last_mut() {
            Some(level) if level.0 == price => level.1 += open,
            _ => levels.push((price, open)),
        }
        at = books.after(handle);
    }
    levels
}

/// The price at which the book uncrosses; `None` when it is not crossed.
pub(crate) fn auction_price(
    books: &Books,
    symbol: SymbolId,
    reference: Option<Price>,
) -> Option<Indication> {
    let bids = crossed(books, symbol, Side::Buy);
    let asks = crossed(books, symbol, Side::Sell);
    let mut prices: Vec<Price> = bids.iter().chain(&asks).map(|level| level.0).collect();
    prices.sort_unstable();
    prices.dedup();
    // From the lowest price up: asks at or below come in, bids below it go out.
    let mut wanted: i128 = bids.iter().map(|level| level.1).sum();
    let mut offered: i128 = 0;
    let (mut lowest_bids, mut lowest_asks) = (bids.iter().rev().peekable(), asks.iter().peekable());
    let mut best: Option<(i128, i128, Price)> = None;
    for price in prices {
        while let Some((_, open)) = lowest_bids.next_if(|level| level.0 < price) {
            wanted -= open;
        }
        while let Some((_, open)) = lowest_asks.next_if(|level| level.0 <= price) {
            offered += open;
        }
        let (qty, surplus) = (wanted.min(offered), wanted - offered);
        let rank = |(qty, surplus, price): (i128, i128, Price)| {
            let distance = reference.map_or(0, |reference| price.0.abs_diff(reference.0));
            (-qty, surplus.abs(), distance, price)
        };
        if best.is_none_or(|best| rank((qty, surplus, price)) < rank(best)) {
            best = Some((qty, surplus, price));
        }
    }
    let (qty, surplus, price) = best?;
    let short = |number: i128| i64::try_from(number).unwrap_or(i64::MAX);
    Some(Indication {
        price,
        qty: Qty(short(qty)),
        surplus: match surplus < 0 {
            true => -short(-surplus),
            false => short(surplus),
        },
    })
}

impl<T: Trace> Engine<T> {
    /// The symbol stops matching and collects orders, for as long as its protection says.
    pub(crate) fn call_auction(&mut self, symbol: SymbolId) {
        self.end_collecting(symbol);
        let rule = self.state.guard.rules.get(&symbol);
        let mut auction = Auction::default();
        if let Some(ms) = rule.map(|rule| rule.auction_ms).filter(|ms| *ms != 0) {
            let now = self.state.now.0;
            auction.ends = TimeNs(now.saturating_add(u64::from(ms) * 1_000_000));
            self.set_auction_timer(symbol, auction.ends);
        }
        self.state.guard.auctions.insert(symbol, auction);
        self.change_symbol_state(symbol, SymbolState::Auction);
    }

    fn set_auction_timer(&mut self, symbol: SymbolId, due: TimeNs) {
        let number = self.state.timers_made;
        self.state.timers_made += 1;
        self.state.timers.insert((due, number), symbol);
    }

    /// Nothing is due any more of an auction that is over.
    pub(crate) fn end_collecting(&mut self, symbol: SymbolId) {
        if self.state.guard.auctions.remove(&symbol).is_some() {
            self.state.timers.retain(|_, other| *other != symbol);
        }
    }

    /// A timer of a symbol in an auction is due: its end, or its indicative price.
    pub(crate) fn go_on_with_auction(&mut self, symbol: SymbolId) {
        let now = self.state.now;
        let Some(auction) = self.state.guard.auctions.get_mut(&symbol) else {
            return;
        };
        if auction.ends.0 != 0 && auction.ends <= now {
            return self.uncross(symbol);
        }
        if auction.tell_at.0 == 0 || auction.tell_at > now {
            return;
        }
        auction.tell_at = TimeNs(0);
        let before = auction.told;
        let told = self.indication(symbol).unwrap_or_default();
        if told != before {
            let auction = self.state.guard.auctions.get_mut(&symbol);
            auction.expect("it was there").told = told;
            self.out.push(Event::AuctionIndicative(AuctionIndicative {
                symbol,
                price: told.price,
                qty: told.qty,
                surplus: told.surplus,
            }));
        }
    }

    /// What an auction of the symbol would give now.
    pub(crate) fn indication(&mut self, symbol: SymbolId) -> Option<Indication> {
        let reference = self.reference_price(symbol);
        auction_price(&self.state.books, symbol, reference)
    }

    /// Looks at the events of the command for orders that came or went where orders are
    /// being collected.
    #[cold]
    pub(crate) fn watch_auctions(&mut self, from: usize) {
        for index in from..self.out.len() {
            let symbol = match &self.out[index] {
                Event::OrderRested(order) => order.symbol,
                Event::OrderDone(order) => order.symbol,
                Event::OrderAmended(order) => order.symbol,
                _ => continue,
            };
            let due = TimeNs(self.state.now.0.saturating_add(TELL_AFTER_NS));
            if let Some(auction) = self.state.guard.auctions.get_mut(&symbol)
                && auction.tell_at.0 == 0
            {
                auction.tell_at = due;
                self.set_auction_timer(symbol, due);
            }
        }
    }
}
